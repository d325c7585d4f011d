"""Every row of the table, met on the road: by a click, a submitted form, a command and the Home tab."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from tests.slack.acme import MEMBERS, member
from tests.slack.world import ERRAND, Front, World, running_world
from workflows.kernel.identity import directory_of

Attempt = Callable[[World, str], httpx.Response]

# Lena is a guest, Tom left, of Ines the directory does not say whether she is employed, Ravi is not asked.
ROWS = [
    ("U0LENA", "guest", "Guests of the workspace cannot act here."),
    ("U0NOBODY", "not_linked", "not linked to a person"),
    ("U0TOM", "not_employed", "no longer lists you as employed"),
    ("U0INES", "not_employed", "does not say that you are employed"),
    ("U0SAM", "unverified", "We could not check who you are."),
]
DECIDED = {"errand_approved", "errand_declined"}


@pytest.mark.parametrize(("user", "reason", "text"), [*ROWS, ("U0RAVI", "not_yours", "Maya Chen (maya@acme.test)")])
def test_a_click_of_somebody_who_may_not_is_answered_and_noted(world: World, user: str, reason: str, text: str) -> None:
    world.open_errand()

    answer = world.press("approve", user)

    assert answer.status_code == 200
    assert text in world.said()[0]
    assert "Nothing was recorded." in world.said()[0]
    assert not DECIDED & set(world.names())
    assert [r[4] for r in world.refusals.all()] == [reason]


@pytest.mark.parametrize(("user", "reason", "text"), [*ROWS, ("U0RAVI", "not_yours", "Maya Chen (maya@acme.test)")])
def test_a_form_submitted_by_somebody_who_may_not_is_answered_and_noted(
    world: World, user: str, reason: str, text: str
) -> None:
    world.open_errand()

    answer = world.interact(world.submission("decline", {"reason": "The shop is closed today."}, user))

    assert text in json.dumps(answer.json()["view"], ensure_ascii=False)
    assert not DECIDED & set(world.names())
    assert [r[4] for r in world.refusals.all()] == [reason]


@pytest.mark.parametrize(("user", "reason", "text"), ROWS)
def test_a_command_of_somebody_who_may_not_is_answered_in_private(
    world: World, user: str, reason: str, text: str
) -> None:
    answer = world.command("", user)

    said = answer.json()
    assert said["response_type"] == "ephemeral"
    assert text in said["text"]
    assert [r[4] for r in world.refusals.all()] == [reason]


@pytest.mark.parametrize(("user", "reason", "text"), ROWS)
def test_the_home_tab_of_somebody_who_may_not_shows_why_and_nothing_else(
    world: World, user: str, reason: str, text: str
) -> None:
    world.open_errand(who="00u-tom")

    answer = world.event({"type": "app_home_opened", "user": user, "tab": "home"})

    world.settle()
    shown = json.dumps(world.chat.homes[user], ensure_ascii=False)
    assert answer.status_code == 200
    assert text in shown
    assert "Fetch the report" not in shown


def test_an_outsider_of_a_shared_channel_is_a_stranger_although_the_payload_says_our_team(world: World) -> None:
    world.open_errand()

    world.interact(world.click("approve") | {"user": {"id": "U0MAYA", "team_id": "T0OTHER"}})

    assert world.said() == ["Only members of Acme's workspace can answer this. Nothing was recorded."]
    assert not DECIDED & set(world.names())


def test_a_click_that_does_not_name_the_users_team_is_refused(world: World) -> None:
    world.open_errand()

    world.interact(world.click("approve") | {"user": {"id": "U0MAYA"}})

    assert "We could not check who you are." in world.said()[-1]


@pytest.mark.parametrize(
    "changes",
    [{"api_app_id": "A0EVIL"}, {"team": {"id": "T0OTHER"}}],
    ids=["another app", "another workspace"],
)
def test_another_app_or_workspace_gets_an_empty_401(world: World, changes: dict[str, object]) -> None:
    world.open_errand()

    answer = world.interact(world.click("approve") | changes)

    assert (answer.status_code, answer.text) == (401, "")
    assert world.names() == ["errand_opened"]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"deleted": True}, "deactivated"),
        ({"bot": True}, "bot"),
        ({"invited": True}, "not_joined"),
        ({"stranger": True}, "stranger"),
        ({"restricted": None}, "unverified"),
        ({"bot": None}, "unverified"),
    ],
)
def test_flags_of_slacks_directory_refuse_and_so_do_missing_ones(
    world: World, flags: dict[str, bool | None], reason: str
) -> None:
    world.open_errand()
    world.members.sync([*MEMBERS[1:], member("U0MAYA", "Maya Chen", **flags)], world.parts.deps.clock.now())

    world.press("approve")

    assert [r[4] for r in world.refusals.all()] == [reason]
    assert not DECIDED & set(world.names())


def test_a_directory_older_than_a_day_refuses_everybody(sqlite_url: str, served: tuple[Front, httpx.Client]) -> None:
    with running_world(sqlite_url, served, synced=timedelta(hours=24, seconds=5)) as world:
        world.open_errand()

        world.press("approve")

        assert "We could not check who you are." in world.said()[0]
        assert world.names() == ["errand_opened"]


def test_somebody_new_is_asked_about_in_the_background_and_may_act_the_next_time(world: World) -> None:
    world.open_errand()
    world.members.sync([m for m in MEMBERS if m.user != "U0MAYA"], world.parts.deps.clock.now())
    world.members.update(member("U0MAYA", "Maya Chen", deleted=None), world.parts.deps.clock.now())

    world.press("approve")
    world.settle()
    world.members.update(member("U0MAYA", "Maya Chen"), world.parts.deps.clock.now())
    world.press("approve")

    assert world.names()[-1] == "errand_approved"


def test_a_slack_account_linked_to_two_people_is_linked_to_nobody(world: World) -> None:
    world.open_errand()
    twice = [p.model_copy(update={"slack_user": "U0MAYA"}) for p in world.book.people.people.values()]
    world.book.people = directory_of(twice[:2], digest="e" * 64)

    world.press("approve")

    assert [r[4] for r in world.refusals.all()] == ["not_linked"]


def test_the_same_refused_attempt_is_one_event_an_hour_with_a_count(both: World) -> None:
    both.open_errand()

    for _ in range(3):
        both.press("approve", "U0RAVI")

    assert both.names().count("attempt_refused") == 1
    assert [r[5] for r in both.refusals.all()] == [3]
    event = both.record.events(ERRAND)[-1]
    assert event.body["reason"] == "not_yours"
    assert event.body["ask"] == "errand"
    assert event.by["person"]["sub"] == "00u-ravi"


def test_what_is_open_to_every_member_is_open_to_a_guest_too(world: World) -> None:
    world.open_errand()

    world.press("volunteer", "U0NOBODY")

    assert world.names()[-1] == "volunteered"
    assert world.record.events(ERRAND)[-1].by["person"]["sub"] == "slack:T0ACME:U0NOBODY"


def test_a_form_of_somebody_elses_is_not_shown(world: World) -> None:
    world.open_errand()

    world.press("decline", "U0RAVI")

    assert "for Maya Chen (maya@acme.test) to decide" in world.said()[0]
    assert world.chat.views == []


def test_a_form_that_any_person_may_see_is_shown(world: World) -> None:
    world.open_errand()

    world.press("story", "U0RAVI")

    assert [view[0] for view in world.chat.views] == ["views.open"]
