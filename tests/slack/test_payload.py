"""What Slack sent, read: where a press points, what was typed or chosen, and which requests are the same one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.identify import is_installed
from bot.slack.payload import read_action, read_handles, read_submission, read_via, read_where
from bot.slack.ports import Installation
from workflows.kernel.link import Link
from workflows.kernel.model import Via

LINK = Link(act="keep", ref="0123456789abcdef", item="7f", stamp="4f0a")
FORM = Link(act="mark", ref="0123456789abcdef")
OTHER = Link(act="undo", ref="0123456789abcdef")

ELEMENTS: list[tuple[dict[str, Any], str | tuple[str, ...]]] = [
    ({"type": "plain_text_input", "value": "Ravi left"}, "Ravi left"),
    ({"type": "static_select", "selected_option": {"value": "read"}}, "read"),
    ({"type": "radio_buttons", "selected_option": {"value": "a"}}, "a"),
    ({"type": "users_select", "selected_user": "U0RAVI"}, "U0RAVI"),
    ({"type": "datepicker", "selected_date": "2026-10-03"}, "2026-10-03"),
    ({"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "b"}]}, ("a", "b")),
    ({"type": "multi_static_select", "selected_options": []}, ()),
]


def body(action: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": "T0ACME"},
        "user": {"id": "U0MAYA", "team_id": "T0ACME"},
        "api_app_id": "A0ATT",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "D1"},
        "actions": [{"action_id": "attester:keep:", "block_id": "row", "action_ts": "9.9"} | action],
    } | more


@pytest.mark.parametrize(("element", "chosen"), ELEMENTS, ids=lambda e: e["type"] if isinstance(e, dict) else "")
def test_what_was_typed_or_chosen_is_delivered_by_its_block(
    element: dict[str, Any], chosen: str | tuple[str, ...]
) -> None:
    view = {
        "id": "V1",
        "type": "modal",
        "private_metadata": FORM.text(),
        "state": {"values": {"field": {"typed": element}}},
    }

    submitted = read_submission({"view": view}, Via())
    pressed = read_action(body({"value": LINK.text()}, view=view), Via())

    assert submitted.values == {"field": chosen}
    assert pressed.values == {"field": chosen, "row": LINK.text()}


@pytest.mark.parametrize("nothing", [{"value": None}, {"selected_option": None}, {"selected_user": None}, {}])
def test_what_was_left_empty_is_not_there(nothing: dict[str, Any]) -> None:
    view = {"id": "V1", "private_metadata": FORM.text(), "state": {"values": {"field": {"typed": nothing}}}}

    assert read_submission({"view": view}, Via()).values == {}


@pytest.mark.parametrize(
    "action",
    [
        {"type": "button", "value": LINK.text()},
        {"type": "static_select", "selected_option": {"value": LINK.text()}},
        {"type": "overflow", "selected_option": {"value": LINK.text()}},
        {"type": "checkboxes", "selected_options": [{"value": LINK.text()}]},
        {"type": "users_select", "selected_user": "U0RAVI", "block_id": LINK.text()},
    ],
    ids=lambda action: action["type"],
)
def test_the_link_is_in_the_pressed_value_the_choice_or_the_block(action: dict[str, Any]) -> None:
    assert read_action(body(action), Via()).link == LINK


def test_an_element_without_a_link_belongs_to_the_form_around_it() -> None:
    view = {"id": "V1", "type": "modal", "private_metadata": FORM.text(), "root_view_id": "V1"}
    chosen = {"type": "static_select", "selected_option": {"value": "read"}}

    seen = read_action(body(chosen, view=view), Via())

    assert seen.link == FORM
    assert seen.around == FORM
    assert seen.values["row"] == "read"


@pytest.mark.parametrize(
    ("view", "depth"),
    [
        ({"type": "home", "id": "V0"}, 0),
        ({"type": "modal", "id": "V1", "root_view_id": "V1", "previous_view_id": None}, 1),
        ({"type": "modal", "id": "V2", "root_view_id": "V1", "previous_view_id": "V1"}, 2),
        ({"type": "modal", "id": "V3", "root_view_id": "V1", "previous_view_id": "V2"}, 3),
    ],
)
def test_how_many_windows_are_open_is_known(view: dict[str, Any], depth: int) -> None:
    assert read_action(body({"value": LINK.text()}, view=view), Via()).depth == depth


def test_two_presses_are_the_same_one_only_if_everything_about_them_is() -> None:
    first = read_action(body({"value": LINK.text()}), Via()).claim

    assert read_action(body({"value": LINK.text()}, trigger_id="other"), Via()).claim == first
    others = [
        body({"value": LINK.text(), "action_ts": "9.91"}),
        body({"value": LINK.text(), "action_id": "attester:keep:x"}),
        body({"value": LINK.text()}, user={"id": "U0RAVI", "team_id": "T0ACME"}),
        body({"value": LINK.text()}, team={"id": "T0OTHER"}),
        body({"value": LINK.text()}, container={"message_ts": "1.2", "channel_id": "D1"}),
        body({"value": LINK.text()}, container={"message_ts": "1.1", "channel_id": "D2"}),
        body({"value": LINK.text()}, view={"id": "V1"}),
    ]
    assert len({first, *(read_action(b, Via()).claim for b in others)}) == 1 + len(others)


def test_secrets_of_a_press_are_never_shown() -> None:
    url = "https://hooks.slack.com/actions/secret"

    handles = read_handles(body({}, trigger_id="1.2.trigger", response_url=url, view={"hash": "h4sh"}))

    assert handles.trigger == "1.2.trigger"
    assert not any(secret in repr(handles) for secret in ("trigger_id", "1.2.trigger", url, "h4sh"))


@pytest.mark.parametrize("stamp", ["", "abc", "-1", "１７", "1.5"])
def test_a_time_that_slack_did_not_send_is_left_out(stamp: str) -> None:
    via = read_via({}, "", stamp, socket=True, now=datetime(2026, 10, 1, tzinfo=UTC))

    assert via.requested_at is None
    assert via.transport == "socket"
    assert len(via.body_sha256) == 64


SINGLE = Installation(team="T0ACME", app="A0ATT")
ORGANISATION = Installation(team="T0ACME", enterprise="E0ACME", app="A0ATT")


@pytest.mark.parametrize(
    ("payload", "installed", "ours"),
    [
        ({"team": {"id": "T0ACME"}, "api_app_id": "A0ATT"}, SINGLE, True),
        ({"team_id": "T0ACME", "api_app_id": "A0ATT"}, SINGLE, True),
        ({"team": {"id": "T0OTHER"}, "api_app_id": "A0ATT"}, SINGLE, False),
        ({"team": {"id": "T0ACME"}, "api_app_id": "A0EVIL"}, SINGLE, False),
        ({"team": {"id": "T0OTHER"}, "enterprise": {"id": "E0ACME"}, "api_app_id": "A0ATT"}, SINGLE, False),
        ({"team": {"id": "T0OTHER"}, "enterprise": {"id": "E0ACME"}, "api_app_id": "A0ATT"}, ORGANISATION, True),
        ({"team": None, "enterprise": {"id": "E0OTHER"}, "user": {"team_id": "T0OTHER"}}, ORGANISATION, False),
        ({"team_id": "T0OTHER", "authorizations": [{"team_id": "T0ACME"}], "type": "event_callback"}, SINGLE, True),
        ({}, SINGLE, False),
        ({"team": {"id": "T0ACME"}}, None, False),
    ],
)
def test_a_payload_is_ours_by_app_and_workspace_or_organisation(
    payload: dict[str, Any], installed: Installation | None, ours: bool
) -> None:
    assert is_installed(read_where(payload), installed) is ours


@given(text=st.text(max_size=120))
def test_no_text_but_a_link_of_ours_is_a_link(text: str) -> None:
    seen = read_action(body({"value": text}), Via())

    assert seen.link is None or seen.link.text() == text
