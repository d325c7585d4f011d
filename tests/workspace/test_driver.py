"""What people do reaches the bot as Slack would send it, and what the bot answers is what they see."""

from __future__ import annotations

import pytest

from bot.workspace.driver import ActFailed, WorkspaceDriver
from tests.workspace.payloads import EVERY_ELEMENT, actions
from tests.workspace.toy import Toy, form


def test_a_press_reaches_the_bot_signed_and_the_card_changes_in_place(toy: Toy, driver: WorkspaceDriver) -> None:
    channel, ts = toy.card()

    seen = driver.press("U0MAYA", channel, ts, "verdict", "keep")

    assert (seen.ok, seen.status) == (True, 200)
    assert [message["text"] for message in seen.messages] == ["Kept by <@U0MAYA>"]
    assert seen.messages[0]["ts"] == ts
    assert "edited" in seen.messages[0]


def test_the_payload_of_a_press_has_slacks_shape(toy: Toy, driver: WorkspaceDriver) -> None:
    channel, ts = toy.card()

    driver.press("U0MAYA", channel, ts, "verdict", "keep")
    [body] = toy.seen

    assert body["type"] == "block_actions"
    assert body["user"] == {"id": "U0MAYA", "username": "maya.chen", "name": "maya.chen", "team_id": "T0ACME"}
    assert body["team"] == {"id": "T0ACME", "domain": "acme"}
    assert body["container"] == {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False}
    assert body["api_app_id"] == "A0ATTESTER"
    assert body["message"]["ts"] == ts
    assert body["state"] == {"values": {}}
    assert body["trigger_id"].count(".") == 2
    assert "/response/" in body["response_url"]
    [action] = body["actions"]
    assert {key: action[key] for key in ("type", "action_id", "block_id", "value", "style")} == {
        "type": "button", "action_id": "keep", "block_id": "verdict", "value": "keep", "style": "primary",
    }  # fmt: skip
    assert float(action["action_ts"]) > float(ts)


def test_an_outsider_and_a_guest_press_under_their_own_team(toy: Toy, driver: WorkspaceDriver) -> None:
    for user, team in (("U0SAM", "T0OTHER"), ("U0LENA", "T0ACME")):
        channel, ts = toy.card(user)
        driver.press(user, channel, ts, "verdict", "refuse")

        assert toy.seen[-1]["user"]["team_id"] == team
        assert toy.seen[-1]["team"]["id"] == "T0ACME"


def test_a_refusal_is_seen_by_its_person_only_and_gone_after_a_reload(toy: Toy, driver: WorkspaceDriver) -> None:
    ts = toy.client.chat_postMessage(channel="C0SEC", text="A card", blocks=toy_card(toy))["ts"]

    seen = driver.press("U0MAYA", "C0SEC", str(ts), "verdict", "refuse")

    assert "Nothing was recorded" in driver.wait_for_message("U0MAYA", "not yours")["text"]
    assert seen.ok
    assert "not yours" not in str(driver.state("U0DANA"))
    driver._http.get("state", params={"user": "U0MAYA", "fresh": "1"})
    assert "not yours" not in str(driver.state("U0MAYA"))


def toy_card(toy: Toy) -> list[dict[str, object]]:
    channel, ts = toy.card()
    found = next(m for m in toy.space.conversations[channel].messages if m["ts"] == ts)
    return list(found["blocks"])


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ("bad", {"why": "Say more than that.", "until": "Choose a day."}),
        ("", {"why": "Please complete this required field."}),
    ],
)
def test_field_errors_stand_under_their_fields_and_the_form_stays(
    toy: Toy, driver: WorkspaceDriver, said: str, errors: dict[str, str]
) -> None:
    view = driver.command("U0MAYA", "/toy form").view
    assert view is not None

    seen = driver.submit(view["id"], {"why": said})

    assert not seen.ok
    assert seen.errors == errors
    assert seen.view is not None
    assert seen.view["id"] == view["id"]


def test_a_form_carries_its_values_in_slacks_shape(toy: Toy, driver: WorkspaceDriver) -> None:
    view = driver.command("U0MAYA", "/toy form").view
    assert view is not None

    seen = driver.submit(view["id"], {"why": "She runs payments.", "until": "2026-12-31"})

    assert (seen.ok, seen.view) == (True, None)
    assert toy.seen[-1]["view"]["state"]["values"] == {
        "why": {"say": {"type": "plain_text_input", "value": "She runs payments."}},
        "until": {"day": {"type": "datepicker", "selected_date": "2026-12-31"}},
    }


def test_a_form_can_be_pushed_upon_updated_cleared_and_closed(toy: Toy, driver: WorkspaceDriver) -> None:
    first = driver.command("U0MAYA", "/toy form").view
    assert first is not None

    second = driver.press_in_view("U0MAYA", first["id"], "inside", "push").view
    assert second is not None
    assert second["previous_view_id"] == first["id"]
    third = driver.press_in_view("U0MAYA", second["id"], "inside", "push").view
    assert third is not None
    failed = driver.press_in_view("U0MAYA", third["id"], "inside", "push")
    assert (failed.ok, failed.status) == (False, 500)
    assert len(driver.state("U0MAYA")["stack"]) == 3

    updated = driver.submit(third["id"], {"why": "update"}).view
    assert updated is not None
    assert "Recorded" in str(updated["blocks"])
    assert driver.dismiss("U0MAYA").view == second
    assert driver.submit(second["id"], {"why": "clear"}).view is None


def test_closing_a_form_is_told_where_the_bot_asked(toy: Toy, driver: WorkspaceDriver) -> None:
    driver.command("U0MAYA", "/toy form")

    driver.dismiss("U0MAYA")

    assert (toy.seen[-1]["type"], toy.seen[-1]["is_cleared"]) == ("view_closed", False)


def test_a_command_answers_only_who_typed_it(toy: Toy, driver: WorkspaceDriver) -> None:
    seen = driver.command("U0MAYA", "/toy help & <more>", channel="C0SEC")

    assert "*The toy bot*" in seen.text
    assert seen.messages[0]["is_ephemeral"]
    assert toy.seen[-1]["text"] == "help &amp; &lt;more&gt;"
    assert toy.seen[-1]["user_id"] == "U0MAYA"
    assert "The toy bot" not in str(driver.state("U0DANA"))


@pytest.mark.parametrize(("user", "text"), [("U0SAM", "/toy help"), ("U0MAYA", "/nothing"), ("U0MAYA", "hello")])
def test_what_slack_would_not_send_is_not_sent(toy: Toy, driver: WorkspaceDriver, user: str, text: str) -> None:
    with pytest.raises(ActFailed, match=r"workspace|valid command"):
        driver.command(user, text)

    assert toy.seen == []


def test_no_answer_in_time_is_an_error_on_the_screen(toy: Toy, driver: WorkspaceDriver) -> None:
    seen = driver.command("U0MAYA", "/toy slow")

    assert not seen.ok
    assert "did not answer within 0.5 seconds" in seen.sentence
    assert 450 < seen.ms < 1500


def test_a_failing_bot_and_a_bad_answer_are_errors_on_the_screen(toy: Toy, driver: WorkspaceDriver) -> None:
    channel, ts = toy.card()

    assert "status 500" in driver.press("U0MAYA", channel, ts, "verdict", "boom").sentence
    assert "Slack refuses: invalid_blocks" in driver.command("U0MAYA", "/toy bad").sentence
    view = driver.command("U0MAYA", "/toy form").view
    assert view is not None
    assert "no input of this form: nowhere" in driver.submit(view["id"], {"why": "stranger"}).sentence


def test_the_home_tab_is_published_when_it_is_opened(toy: Toy, driver: WorkspaceDriver) -> None:
    seen = driver.open_home("U0MAYA")

    assert seen.home is not None
    assert seen.home["type"] == "home"
    assert toy.seen[-1]["event"]["tab"] == "home"
    assert driver.press_in_view("U0MAYA", seen.home["id"], "open", "form").view is not None


def test_a_failed_event_is_sent_again_with_slacks_headers(toy: Toy, driver: WorkspaceDriver) -> None:
    toy.failures = 2

    assert not driver.open_home("U0MAYA").ok
    driver.wait("U0MAYA", lambda state: state["home"])

    entries = [entry for entry in toy.space.journal.entries if entry.kind == "home"]
    assert [entry.headers.get("x-slack-retry-num") for entry in entries] == [None, "1", "2"]
    assert entries[1].headers["x-slack-retry-reason"] == "http_error"
    assert len({entry.body for entry in entries}) == 1


@pytest.mark.parametrize(
    ("action_id", "value", "key", "found"),
    [
        ("more", "2", "selected_option", "2"),
        ("s", "1", "selected_option", "1"),
        ("m", ["1", "2"], "selected_options", ["1", "2"]),
        ("u", "U0RAVI", "selected_user", "U0RAVI"),
        ("r", "2", "selected_option", "2"),
        ("c", ["2"], "selected_options", ["2"]),
        ("d", "2026-11-03", "selected_date", "2026-11-03"),
    ],
)
def test_every_choice_arrives_in_slacks_shape(
    toy: Toy, driver: WorkspaceDriver, action_id: str, value: object, key: str, found: object
) -> None:
    blocks = [block | {"block_id": f"b{n}"} for n, block in enumerate(EVERY_ELEMENT)]
    channel, ts = toy.card(blocks=blocks)

    driver.press("U0MAYA", channel, ts, "b4", action_id, value)

    got = toy.seen[-1]["actions"][0][key]
    values = [one["value"] for one in got] if isinstance(got, list) else got["value"] if isinstance(got, dict) else got
    assert values == found
    state = toy.seen[-1]["state"]["values"]["b4"]
    assert state["d"] == {"type": "datepicker", "selected_date": "2026-11-02"}


def test_a_value_that_is_not_offered_is_not_sent(toy: Toy, driver: WorkspaceDriver) -> None:
    blocks = [
        actions(
            {"type": "static_select", "action_id": "s", "options": EVERY_ELEMENT[4]["elements"][3]["options"]},
            block_id="b",
        )
    ]
    channel, ts = toy.card(blocks=blocks)

    with pytest.raises(ActFailed, match="not one of the options"):
        driver.press("U0MAYA", channel, ts, "b", "s", "99")
    with pytest.raises(ActFailed, match="no longer there"):
        driver.press("U0MAYA", channel, ts, "b", "gone")
    with pytest.raises(ActFailed, match="does not see"):
        driver.press("U0DANA", channel, ts, "b", "s", "1")
    assert toy.seen == []


def test_the_inspector_has_request_answer_time_and_calls(toy: Toy, driver: WorkspaceDriver) -> None:
    channel, ts = toy.card()

    driver.press("U0MAYA", channel, ts, "verdict", "keep")

    entry = next(entry for entry in toy.space.journal.entries if entry.kind == "press")
    assert (entry.status, entry.verdict, entry.title) == (200, "ok", "Maya Chen: Keep")
    assert [(call.method, call.ok) for call in entry.calls] == [("chat.update", True)]
    assert entry.curl().startswith("curl -sS -i -X POST -H 'content-type: application/x-www-form-urlencoded'")
    assert "x-slack-signature: v0=" in entry.curl()


def test_a_shortcut_opens_a_form(toy: Toy, driver: WorkspaceDriver) -> None:
    assert driver.shortcut("U0MAYA", "toy_shortcut").view is not None
    assert toy.seen[-1]["callback_id"] == "toy_shortcut"
    assert form()["callback_id"] == "why"
