"""The same request again: one outcome, and the same answer for every copy."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx

from bot.slack.app import build_app
from bot.slack.door import KEPT_SECONDS, Door
from tests.slack.world import SECRET, World, signed


def test_the_same_click_three_times_at_once_is_one_decision(both: World) -> None:
    both.open_errand()
    click = both.click("approve")

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda n: both.interact(click | {"trigger_id": f"1.2.{n}"}), range(3)))

    assert {(a.status_code, a.text) for a in answers} == {(200, "")}
    assert both.names() == ["errand_opened", "errand_approved"]
    assert both.said() == []


def test_the_same_bytes_again_get_the_same_answer_and_run_nothing(world: World) -> None:
    world.open_errand()
    body = urlencode({"payload": json.dumps(world.submission("decline", {"reason": "The shop is closed."}))}).encode()
    headers = signed(body) | {"content-type": "application/x-www-form-urlencoded"}

    answers = [httpx.post(f"{world.url}/slack/events", content=body, headers=headers) for _ in range(3)]

    assert len({(a.status_code, a.text) for a in answers}) == 1
    assert answers[0].json()["response_action"] == "update"
    assert world.names() == ["errand_opened", "errand_declined"]


def test_a_form_sent_again_under_another_signature_gets_the_first_answer(both: World) -> None:
    both.open_errand()
    form = both.submission("decline", {"reason": "The shop is closed."})

    first = both.interact(form)
    second = both.interact(form | {"trigger_id": "another"})

    assert first.json() == second.json()
    assert both.names() == ["errand_opened", "errand_declined"]


def test_four_forms_at_once_get_equal_answers(both: World) -> None:
    both.open_errand()
    form = both.submission("decline", {"reason": "The shop is closed."})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: both.interact(form | {"trigger_id": f"{n}"}), range(4)))

    assert len({a.text for a in answers}) == 1
    assert both.names() == ["errand_opened", "errand_declined"]


def test_an_event_with_retry_headers_is_handled_like_the_first(world: World) -> None:
    for number in ("1", "2", "3"):
        body = json.dumps(
            {
                "type": "event_callback",
                "team_id": "T0ACME",
                "api_app_id": "A0ATT",
                "event_id": "Ev1",
                "event": {"type": "app_home_opened", "user": "U0MAYA", "tab": "home"},
            }
        )
        answer = world.send(body, "application/json", x_slack_retry_num=number, x_slack_retry_reason="http_timeout")
        assert answer.status_code == 200

    world.settle()
    assert set(world.chat.homes) == {"U0MAYA"}


def test_a_second_click_on_another_copy_of_the_card_is_told_who_decided(world: World) -> None:
    world.open_errand()
    world.press("approve")

    other = world.click("approve")
    other["container"]["message_ts"] = "1790000999.000100"
    world.interact(other)

    assert world.said() == ["Maya Chen has approved this already. Look at the card. Nothing was recorded."]


def test_two_people_at_once_on_one_ask_give_one_decision_and_one_refusal(both: World) -> None:
    both.open_errand()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: both.press("approve"), range(2)))

    assert both.names().count("errand_approved") == 1
    assert len(both.said()) == 1


class MovedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 10, 1, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_a_signature_is_remembered_for_ten_minutes(world: World) -> None:
    clock = MovedClock()
    door = Door(build_app(world.parts.deps, world.parts), SECRET, clock)
    world.open_errand()
    body = urlencode({"payload": json.dumps(world.click("story"))}).encode()
    headers = signed(body) | {"content-type": "application/x-www-form-urlencoded"}

    for seconds in (0, KEPT_SECONDS - 1, 2):
        clock.at += timedelta(seconds=seconds)
        door.receive(body, headers)

    assert len(world.chat.views) == 2


def test_a_click_that_was_refused_may_succeed_later(world: World) -> None:
    world.open_errand()
    click = world.click("approve")
    world.interact(click | {"user": {"id": "U0MAYA"}})

    world.interact(click)

    assert world.names()[-1] == "errand_approved"
