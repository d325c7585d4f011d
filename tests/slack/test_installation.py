"""Before Slack told us who we are nobody may act; a process that knew it once starts while Slack is down."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.slack.installation import Installed
from bot.slack.lookup import LookUp
from bot.slack.payload import Where
from tests.slack.acme import MEMBERS, TEAM
from tests.slack.twin import TwinChat
from tests.slack.world import World
from workflows.kernel.ports import ChatFailure

MAYA = Where(team=TEAM, user="U0MAYA", user_team=TEAM)


class DownChat(TwinChat):
    """A Slack that is down."""

    def _called(self, method: str) -> None:
        raise ChatFailure("later", "connection_refused")


def test_what_slack_told_is_kept_for_the_next_start(tmp_path: Path) -> None:
    kept = tmp_path / "installation.json"

    asked = Installed(TwinChat(MEMBERS), kept).ask()

    assert asked.team == TEAM
    assert Installed(DownChat(), kept)() == asked


@pytest.mark.parametrize("text", [None, "", "{", '{"team": 7}', '{"app": "A"}'])
def test_a_file_that_is_none_counts_for_nothing(tmp_path: Path, text: str | None) -> None:
    kept = tmp_path / "installation.json"
    if text is not None:
        kept.write_text(text, encoding="utf-8")

    assert Installed(DownChat(), kept)() is None


def test_it_is_asked_in_the_background_and_not_for_every_request() -> None:
    chat = TwinChat(MEMBERS)
    calls: list[str] = []
    chat.fail = calls.append
    installed = Installed(chat)

    deadline = time.monotonic() + 5
    while installed() is None and time.monotonic() < deadline:
        time.sleep(0.01)

    assert installed() is not None
    assert calls.count("auth.test") == 1


def test_without_an_installation_nobody_may_act_and_slack_will_try_again(world: World) -> None:
    world.open_errand()
    world.book.installed = None

    answers = [world.press("approve"), world.event({"type": "app_home_opened", "user": "U0MAYA", "tab": "home"})]

    assert world.names() == ["errand_opened"]
    assert {answer.status_code for answer in answers} == {503}


def test_before_a_program_is_applied_people_are_told_so_and_help_works(world: World) -> None:
    world.book.programmed = False

    said, helped = world.command().json(), world.command("help").json()

    assert "attester program apply DIR" in said["text"]
    assert "/review help" in str(helped)


def test_an_unknown_person_is_asked_about_once_a_minute(world: World) -> None:
    calls: list[str] = []
    world.chat.fail = calls.append
    lookup = LookUp(world.members, world.chat, world.parts.deps.clock, lambda: calls.append("everybody"))

    for _ in range(3):
        lookup.ask(MAYA)

    assert calls == ["users.info"]


def test_where_the_directory_is_old_everybody_is_asked_about(world: World) -> None:
    calls: list[str] = []
    lookup = LookUp(world.members, world.chat, LateClock(), lambda: calls.append("everybody"))

    for _ in range(3):
        lookup.ask(MAYA)

    assert calls == ["everybody"]


class LateClock:
    """Long after the directory was read."""

    def now(self) -> datetime:
        return datetime(2099, 1, 1, tzinfo=UTC)
