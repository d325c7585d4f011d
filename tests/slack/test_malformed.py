"""Signed, and still not believed: what has no shape is a 4xx, what is not ours is refused, and nothing is recorded."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.slack.acme import TEAM
from tests.slack.toy import link
from tests.slack.world import ERRAND, SECRET, World, signed

JSON = "application/json"


def form(payload: object) -> str:
    return urlencode({"payload": json.dumps(payload)})


CLICK: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": TEAM},
    "user": {"id": "U0MAYA", "team_id": TEAM},
    "api_app_id": "A0ATT",
}

BODIES = {
    "half a JSON": ('{"type": "event_callback", "ev', JSON),
    "half a payload": (urlencode({"payload": '{"type": "block_act'}), ""),
    "payload twice": (f"{form(CLICK)}&{form(CLICK)}", ""),
    "no payload": ("pay=load", ""),
    "an empty body": ("", ""),
    "a list": ("[1]", JSON),
    "a payload that is a list": (form([1]), ""),
    "a payload that is a text": (form("x"), ""),
    "a deep one": ("[" * 100_000, JSON),
    "an unknown type": (form(CLICK | {"type": "teleport"}), ""),
    "no type": (form({"team": {"id": TEAM}, "api_app_id": "A0ATT"}), ""),
    "no actions": (form(CLICK | {"actions": []}), ""),
    "actions that are none": (form(CLICK | {"actions": [1]}), ""),
    "an action without id": (form(CLICK | {"actions": [{}]}), ""),
    "a user that is a number": (form(CLICK | {"user": 7, "actions": [{"action_id": "a"}]}), ""),
    "a view that is a list": (form(CLICK | {"view": [], "type": "view_submission"}), ""),
    "a team that is a list": (form(CLICK | {"team": [], "type": "view_submission"}), ""),
    "an unknown event": (json.dumps({"type": "event_callback", "team_id": TEAM, "event": {"type": "rain"}}), JSON),
    "an event without type": (json.dumps({"type": "event_callback", "team_id": TEAM, "event": {}}), JSON),
}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_signed_body_without_shape_is_a_4xx_that_slack_does_not_repeat(world: World, name: str) -> None:
    world.open_errand()
    body, kind = BODIES[name]

    answer = world.send(body, kind or "application/x-www-form-urlencoded")

    assert 400 <= answer.status_code < 500
    assert answer.text == ""
    assert world.names() == ["errand_opened"]


def test_an_event_that_can_never_succeed_tells_slack_not_to_retry(world: World) -> None:
    answer = world.event({"type": "rain"})

    assert answer.status_code == 404
    assert answer.headers["x-slack-no-retry"] == "1"


@pytest.mark.parametrize(
    "value", ["", "approve", "1~approve~zz~~", "0~approve~0000000000000000~~", "<script>", "é" * 75]
)
def test_a_value_that_is_not_ours_is_outdated(world: World, value: str) -> None:
    world.open_errand()
    click = world.click("approve")
    click["actions"][0]["value"] = value

    answer = world.interact(click)

    assert answer.status_code == 200
    assert world.said() == [
        "This button is outdated or not ours. Open the Home tab for what is waiting. Nothing was recorded."
    ]
    assert world.names() == ["errand_opened"]


def test_a_value_of_a_case_that_does_not_exist_is_outdated(world: World) -> None:
    world.press("approve", case="errand/1999/nobody")

    assert "outdated" in world.said()[0]


def test_a_value_of_another_case_acts_on_that_case_or_not_at_all(world: World) -> None:
    world.open_errand()
    other = world.open_errand("errand/2026-Q4/ravi", who="00u-ravi")
    click = world.click("approve")
    click["actions"][0]["value"] = link(other, "approve").text()

    world.interact(click)

    assert world.names(other) == ["errand_opened", "attempt_refused"]
    assert world.names(ERRAND) == ["errand_opened"]


def test_an_act_that_the_workflow_does_not_know_is_refused(world: World) -> None:
    world.open_errand()

    world.press("teleport")

    assert "outdated" in world.said()[0]


def test_a_form_without_our_link_is_outdated(world: World) -> None:
    world.open_errand()
    form = world.submission("decline", {"reason": "The shop is closed."}, private_metadata="")

    answer = world.interact(form)

    assert answer.json()["response_action"] == "push"
    assert world.names() == ["errand_opened"]


def test_a_closed_form_records_nothing(world: World) -> None:
    world.open_errand()
    closed = world.submission("decline", {"reason": "The shop is closed."}) | {"type": "view_closed"}

    answer = world.interact(closed)

    assert answer.status_code == 200
    assert world.names() == ["errand_opened"]


NAMES = """type team user enterprise api_app_id container view message channel actions event authorizations state
is_ext_shared_channel trigger_id response_url response_urls item assistant_thread function_data bot_access_token team_id
user_id"""
KEYS = "id team_id type blocks state values callback_id private_metadata action_id value user x"
KINDS = "block_actions view_submission view_closed event_callback shortcut app_home_opened"
names, keys, types = (st.sampled_from(text.split()) for text in (NAMES, KEYS, KINDS))
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | types
things = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
)
payloads = st.dictionaries(names, things, max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=payloads, kind=types, ours=st.booleans(), as_event=st.booleans())
@example(payload={"authorizations": True}, kind="block_actions", ours=False, as_event=False)
def test_no_signed_payload_of_any_shape_makes_the_door_fail(
    world: World, payload: dict[str, Any], kind: str, ours: bool, as_event: bool
) -> None:
    body = {"type": kind} | payload
    if ours:
        body |= {"team": {"id": TEAM}, "api_app_id": "A0ATT"}
    data = (json.dumps(body) if as_event else form(body)).encode()
    headers = signed(data) | {"content-type": JSON if as_event else "application/x-www-form-urlencoded"}

    status, _, _ = world.door.receive(data, headers)

    assert status < 500


def test_slacks_question_whether_the_address_is_ours_is_answered_only_when_signed(world: World) -> None:
    question = json.dumps({"type": "url_verification", "challenge": "3eZb"}).encode()

    answer = world.send(question, JSON)
    unsigned = world.door.receive(question, {"content-type": JSON})

    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZb"})
    assert unsigned[0] == 401


def test_only_what_slack_signed_is_read_at_all(world: World) -> None:
    for body in (b"{", b"payload=[", b"\xff\xfe", b""):
        wrong = signed(body) | {"x-slack-signature": "v0=" + "0" * 64}

        assert world.door.receive(body, wrong) == (401, {}, "")
    assert SECRET not in repr(world.parts.deps.installation())
