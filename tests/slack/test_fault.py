"""What goes wrong on the way: before the commit nothing is recorded, after it the person reads `Recorded`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.slack.app import build_app
from bot.slack.chat import SlackWeb
from bot.slack.decide import Desk
from bot.slack.door import Door
from tests.slack.twin import TwinChat
from tests.slack.world import ERRAND, SECRET, World, signed
from workflows.kernel.ports import ChatFailure, SigningFailed


def test_an_unforeseen_error_before_the_commit_is_a_500_and_leaves_the_key_free(world: World) -> None:
    world.open_errand()
    broken = world.press("broken")
    assert broken.status_code == 500

    world.press("approve")

    assert world.names()[-1] == "errand_approved"
    assert "Something went wrong on our side. Nothing was recorded. Give this reference" in world.said()[0]


def test_the_log_of_an_unforeseen_error_names_its_type_and_never_its_message(world: World) -> None:
    world.open_errand()

    with capture_logs() as logs:
        world.press("broken")

    failed = [entry for entry in logs if entry["event"] == "listener_failed"]
    assert failed[0]["error"] == "RuntimeError"
    assert "xoxb-secret" not in str(logs)
    assert "hooks.slack.com" not in str(logs)


def test_an_error_after_the_commit_still_answers_recorded(world: World) -> None:
    world.open_errand()

    def fails() -> None:
        raise RuntimeError("the worker could not be woken")

    world.runtime.after_commit.append(fails)
    click = world.press("approve")

    assert (click.status_code, click.text) == (200, "")
    assert world.names()[-1] == "errand_approved"
    assert world.said() == []


def test_a_form_whose_commit_stood_before_the_error_says_recorded(world: World) -> None:
    world.open_errand()

    def fails() -> None:
        raise RuntimeError("the worker could not be woken")

    world.runtime.after_commit.append(fails)
    answer = world.interact(world.submission("decline", {"reason": "The shop is closed."}))

    assert answer.status_code == 200
    assert answer.json()["view"]["blocks"][0]["text"]["text"].startswith("Recorded, ")


def test_a_lost_key_records_nothing_and_says_so(world: World) -> None:
    world.open_errand()

    class LostKey:
        keyid, public_der, public_pem = "", b"", b""

        def sign(self, data: bytes) -> bytes:
            raise SigningFailed("the key is gone")

    world.runtime._mill = type(world.runtime._mill)(LostKey(), "attester.acme.test", "0.1.0", lambda: "n")
    world.press("approve")

    assert world.names() == ["errand_opened"]
    assert world.said() == ["The signing key could not be used, so nothing was recorded. Try again later."]


def test_a_slack_that_trickles_costs_two_seconds_and_a_sentence(world: World) -> None:
    world.open_errand()

    def trickle(method: str) -> None:
        if method == "views.open":
            time.sleep(2.6)

    world.chat.fail = trickle

    began = time.monotonic()
    answer = world.press("decline")
    took = time.monotonic() - began
    world.chat.fail = lambda method: None
    time.sleep(0.8)
    world.press("decline")

    assert answer.status_code == 200
    assert took < 2.9
    assert world.said() == ["Slack was slow to open the form. Nothing was recorded. Press the button again."]
    assert len(world.chat.views) == 2


@pytest.mark.parametrize("code", ["expired_trigger_id", "exchanged_trigger_id", "hash_conflict", "invalid_arguments"])
def test_a_form_that_slack_does_not_open_is_a_sentence_and_a_200(world: World, code: str) -> None:
    world.open_errand()

    def fails(method: str) -> None:
        if method == "views.open":
            raise ChatFailure("ours", code)

    world.chat.fail = fails
    answer = world.press("decline")

    assert answer.status_code == 200
    assert world.said()[0].endswith("Nothing was recorded. Press the button again.")


def test_where_the_response_url_fails_the_sentence_is_whispered(world: World) -> None:
    world.open_errand()

    def fails(method: str) -> None:
        if method == "response_url":
            raise ChatFailure("gone", "response_url_404")

    world.chat.fail = fails
    world.press("approve", "U0RAVI")
    world.settle()

    assert [(w[0], w[1]) for w in world.chat.whispers] == [("DU0RAVI", "U0RAVI")]


def test_no_call_to_slack_comes_before_the_record(world: World) -> None:
    world.open_errand()
    calls: list[str] = []
    world.chat.fail = calls.append

    world.press("approve")
    world.settle()

    assert calls == []


def reachable(start: object, wanted: tuple[type, ...]) -> list[object]:
    """Everything of these types that can be reached from an object through attributes and items."""
    seen: dict[int, object] = {}
    found, queue = [], [start]
    while queue:
        here = queue.pop()
        if (
            id(here) in seen
            or isinstance(here, type)
            or not type(here).__module__.startswith(("bot", "tests", "slack"))
        ):
            continue
        seen[id(here)] = here
        if isinstance(here, wanted):
            found.append(here)
        inner = list(vars(here).values()) if hasattr(here, "__dict__") else []
        queue += [x for value in inner for x in (value if isinstance(value, list | tuple | set) else [value])]
    return found


def test_what_decides_has_no_attribute_through_which_slack_can_be_reached(world: World) -> None:
    desk = world.parts.desk

    assert isinstance(desk, Desk)
    assert reachable(desk, (TwinChat, SlackWeb, WebClient)) == []
    assert reachable(world.parts.window, (TwinChat,)) == [world.chat]


def test_bolts_own_client_carries_no_token_although_one_stands_in_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-environment")
    app = build_app(world.parts.deps, world.parts)
    tokens: list[str | None] = []

    @app.use
    def listen(client: WebClient, next: Callable[[], None]) -> None:
        tokens.append(client.token)
        next()

    world.open_errand()
    body = urlencode({"payload": json.dumps(world.click("approve"))}).encode()
    door = Door(app, SECRET, world.parts.deps.clock)
    status, _, _ = door.receive(body, signed(body) | {"content-type": "application/x-www-form-urlencoded"})

    assert status == 200
    assert [app.client.token, *tokens] == [None, None]


def test_sixteen_clicks_at_once_are_sixteen_decisions(world: World) -> None:
    cases = [world.open_errand(f"errand/2026-Q4/{n}") for n in range(16)]
    clicks = [world.click("approve", case=case) for case in cases]

    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        statuses = [a.status_code for a in pool.map(world.interact, clicks)]
    took = time.monotonic() - began

    assert set(statuses) == {200}
    assert all(world.names(case)[-1] == "errand_approved" for case in cases)
    assert took < 10


def test_a_decision_on_a_second_card_is_untouched_by_the_first(world: World) -> None:
    world.open_errand()
    world.open_errand("errand/2026-Q4/second")

    world.press("approve")

    assert world.names(ERRAND)[-1] == "errand_approved"
    assert world.names("errand/2026-Q4/second") == ["errand_opened"]
