"""The Web API answers Slack's own Python client as Slack would, and refuses what Slack refuses, with Slack's names."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from bot.workspace.driver import WorkspaceDriver
from tests.workspace.call import ME, refused
from tests.workspace.payloads import BAD_MESSAGES, BAD_VIEWS, modal, mrkdwn, section
from tests.workspace.toy import Toy, running_toy


def test_the_client_learns_who_it_is(toy: Toy) -> None:
    got = toy.client.auth_test()

    assert (got["team_id"], got["user_id"], got["bot_id"]) == ("T0ACME", "U0ATTESTER", "B0ATTESTER")


def test_only_its_own_token_is_taken(toy: Toy) -> None:
    assert refused(WebClient(token="xoxb-1-2-real", base_url=toy.client.base_url).auth_test)["error"] == "invalid_auth"
    assert refused(WebClient(base_url=toy.client.base_url).auth_test)["error"] == "not_authed"


def test_a_scope_that_is_missing_is_named() -> None:
    with running_toy() as (toy, _address):
        object.__setattr__(toy.space.team, "scopes", ("users:read",))

        got = refused(lambda: toy.client.chat_postMessage(channel=ME, text="Hello"))

    assert (got["error"], got["needed"], got["provided"]) == ("missing_scope", "chat:write", "users:read")


def test_a_method_that_does_not_exist_is_refused(toy: Toy) -> None:
    assert refused(lambda: toy.client.api_call("chat.shout"))["error"] == "unknown_method"


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_bad_message_is_refused_with_slacks_error(toy: Toy, name: str) -> None:
    blocks, _kind, pointer = BAD_MESSAGES[name]

    got = refused(lambda: toy.client.chat_postMessage(channel=ME, text="A text", blocks=blocks))

    assert got["error"] == "invalid_blocks"
    assert any(f"json-pointer:{pointer}]" in line for line in got["response_metadata"]["messages"])
    assert not toy.space.direct(ME).messages


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_a_bad_view_is_refused_with_slacks_error(toy: Toy, name: str) -> None:
    view, _kind, pointer = BAD_VIEWS[name]
    trigger = toy.space.tickets.trigger(ME, 0)

    got = refused(lambda: toy.client.views_open(trigger_id=trigger, view=view))

    assert got["error"] == "invalid_arguments"
    assert any(f"json-pointer:{pointer}]" in line for line in got["response_metadata"]["messages"])
    assert toy.space.views.stack(ME) == []


def test_a_message_goes_to_a_person_a_channel_and_a_thread(toy: Toy, driver: WorkspaceDriver) -> None:
    to_person = toy.client.chat_postMessage(channel=ME, text="Hello &amp; *welcome*", metadata={
        "event_type": "ask", "event_payload": {"row": "7"}})  # fmt: skip
    to_channel = toy.client.chat_postMessage(channel="#security", text="In the channel")
    reply = toy.client.chat_postMessage(channel="C0SEC", text="A reply", thread_ts=to_channel["ts"])

    assert to_person["channel"] == "D0MAYA"
    assert to_person["message"]["metadata"]["event_payload"] == {"row": "7"}
    assert reply["message"]["thread_ts"] == to_channel["ts"]
    parent = driver.wait_for_message("U0DANA", "In the channel")
    assert (parent["channel"], parent["reply_count"]) == ("C0SEC", 1)
    assert [m["text"] for m in toy.client.conversations_replies(channel="C0SEC", ts=to_channel["ts"])["messages"]] == [
        "In the channel", "A reply",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": ME, "text": ""}, "no_text"),
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "U0TOM", "text": "x"}, "channel_not_found"),
        ({"channel": "C0SEC", "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
        ({"channel": ME, "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": ME, "text": "x", "blocks": [section(text=mrkdwn("y" * 2500)) for _ in range(5)]}, "msg_blocks_too_long"),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_posted_says_why(toy: Toy, arguments: dict[str, Any], error: str) -> None:
    assert refused(lambda: toy.client.api_call("chat.postMessage", json=arguments))["error"] == error


def test_a_long_text_is_cut_at_40000_characters(toy: Toy) -> None:
    got = toy.client.chat_postMessage(channel=ME, text="x" * 40_001)

    assert len(got["message"]["text"]) == 40_000
    assert got["response_metadata"]["warnings"] == ["message_truncated"]


def test_only_own_lasting_messages_can_be_updated(toy: Toy, driver: WorkspaceDriver) -> None:
    driver.say(ME, "C0SEC", "Mine")
    foreign = driver.wait_for_message(ME, "Mine")["ts"]
    whisper = toy.client.chat_postEphemeral(channel="C0SEC", user=ME, text="Psst")["message_ts"]

    def update(ts: str, channel: str = "C0SEC") -> Any:
        return refused(lambda: toy.client.chat_update(channel=channel, ts=ts, text="New"))["error"]

    assert update(foreign) == "cant_update_message"
    assert update(whisper) == "message_not_found"
    assert update("1.000") == "message_not_found"
    assert update(foreign, "C0GONE") == "channel_not_found"


def test_an_ephemeral_message_needs_a_person_of_the_channel(toy: Toy) -> None:
    def whisper(user: str) -> Any:
        return refused(lambda: toy.client.chat_postEphemeral(channel="C0SEC", user=user, text="Psst"))["error"]

    assert whisper("U0RAVI") == "user_not_in_channel"
    assert whisper("U0NOBODY") == "user_not_found"


def test_a_trigger_is_good_for_three_seconds_and_once(toy: Toy) -> None:
    now = [100.0]
    toy.space.tickets._ticks = lambda: now[0]
    first, second = (toy.space.tickets.trigger(ME, 0) for _ in range(2))

    def opened(trigger: str) -> Any:
        return refused(lambda: toy.client.views_open(trigger_id=trigger, view=modal(section())))["error"]

    now[0] = 102.9
    assert toy.client.views_open(trigger_id=first, view=modal(section()))["view"]["id"].startswith("V")
    assert opened(first) == "exchanged_trigger_id"
    now[0] = 103.1
    assert opened(second) == "expired_trigger_id"
    assert opened("1.2.3") == "invalid_trigger_id"


def test_at_most_three_views_lie_on_top_of_each_other(toy: Toy) -> None:
    first = toy.client.views_open(trigger_id=toy.space.tickets.trigger(ME, 0), view=modal(section()))["view"]["id"]

    def trigger(view: str = first) -> str:
        return toy.space.tickets.trigger(ME, 0, view)

    nowhere = refused(lambda: toy.client.views_push(trigger_id=trigger(""), view=modal(section())))
    assert nowhere["error"] == "not_found"
    for _ in range(2):
        toy.client.views_push(trigger_id=trigger(), view=modal(section()))

    got = refused(lambda: toy.client.views_push(trigger_id=trigger(), view=modal(section())))
    assert got["error"] == "push_limit_reached"


def test_a_stale_hash_is_a_conflict(toy: Toy) -> None:
    first = toy.client.views_open(trigger_id=toy.space.tickets.trigger(ME, 0), view=modal(section()))["view"]
    second = toy.client.views_update(view_id=first["id"], hash=first["hash"], view=modal(section()))["view"]

    def stale() -> Any:
        return toy.client.views_update(view_id=first["id"], hash=first["hash"], view=modal(section()))

    assert second["hash"] != first["hash"]
    assert refused(stale)["error"] == "hash_conflict"
    home = {"type": "home", "blocks": [section()]}
    published = toy.client.views_publish(user_id=ME, view=home)["view"]
    toy.client.views_publish(user_id=ME, view=home, hash=published["hash"])
    late = refused(lambda: toy.client.views_publish(user_id=ME, view=home, hash=published["hash"]))
    assert late["error"] == "hash_conflict"
    updated = toy.client.views_update(view_id=published["id"], view={"type": "home", "blocks": [section(block_id="n")]})
    assert toy.space.views.home(ME) == updated["view"]
    assert refused(lambda: toy.client.views_update(view_id="V0", view=modal(section())))["error"] == "not_found"


def test_an_external_id_is_unique(toy: Toy) -> None:
    toy.client.views_open(trigger_id=toy.space.tickets.trigger(ME, 0), view=modal(section(), external_id="one"))

    other = refused(lambda: toy.client.views_open(
        trigger_id=toy.space.tickets.trigger("U0DANA", 0), view=modal(section(), external_id="one")))  # fmt: skip

    assert other["error"] == "duplicate_external_id"
    assert toy.client.views_update(external_id="one", view=modal(section()))["ok"]


def test_calls_over_the_tier_get_429_with_the_seconds_to_wait() -> None:
    with running_toy(tiers={3: 60}, channel_posts_per_second=1.0) as (toy, _address):
        ts = toy.client.chat_postMessage(channel=ME, text="A card")["ts"]
        for _ in range(60):
            toy.client.chat_update(channel="D0MAYA", ts=ts, text="A card")
        posted = [toy.client.chat_postMessage(channel=ME, text="Burst") for _ in range(4)]

        over = refused(lambda: toy.client.chat_update(channel="D0MAYA", ts=ts, text="A card"))
        too_fast = refused(lambda: toy.client.chat_postMessage(channel=ME, text="Burst"))

    assert len(posted) == 4
    assert (over.status_code, over["error"], over.headers["retry-after"]) == (429, "ratelimited", "1")
    assert too_fast.status_code == 429


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ({"kind": "ratelimited", "seconds": 30}, 429, "ratelimited"),
        ({"kind": "refused", "code": "token_revoked"}, 200, "token_revoked"),
    ],
)
def test_a_planned_fault_happens_once_and_then_all_is_well(
    toy: Toy, driver: WorkspaceDriver, fault: dict[str, Any], status: int, error: str
) -> None:
    driver.plan_fault("chat.postMessage", **fault)

    got = refused(lambda: toy.client.chat_postMessage(channel=ME, text="x"))

    assert (got.status_code, got["error"]) == (status, error)
    assert toy.client.chat_postMessage(channel=ME, text="x")["ok"]


def test_a_slow_answer_comes_late_but_comes(toy: Toy, driver: WorkspaceDriver) -> None:
    driver.plan_fault("auth.test", "slow", seconds=0.3)
    started = time.monotonic()

    assert toy.client.auth_test()["ok"]
    assert time.monotonic() - started > 0.3


def test_a_fault_that_does_not_exist_is_refused(toy: Toy) -> None:
    got = httpx.post(f"{toy.page}change/fault", json={"method": "*", "kind": "mood"})

    assert got.status_code == 400
    assert "There is no fault 'mood'" in got.json()["sentence"]


@pytest.mark.parametrize("metadata", ["{", '"x"', '{"event_type": 7}', '{"event_type": "ask", "event_payload": []}'])
def test_metadata_that_slack_refuses_is_refused(toy: Toy, metadata: str) -> None:
    got = refused(
        lambda: toy.client.api_call("chat.postMessage", data={"channel": ME, "text": "x", "metadata": metadata})
    )

    assert got["error"] in {"invalid_metadata_format", "invalid_arguments"}


def test_a_call_can_fail_after_its_effect(toy: Toy, driver: WorkspaceDriver) -> None:
    driver.plan_fault("chat.postMessage", "error", after=True)
    driver.plan_fault("chat.update", "cut")

    base, headers = toy.client.base_url, {"authorization": f"Bearer {toy.space.token}"}
    got = httpx.post(f"{base}chat.postMessage", data={"channel": ME, "text": "Sent all the same"}, headers=headers)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{base}chat.update", data={"channel": ME}, headers=headers)

    assert got.status_code == 500
    assert driver.wait_for_message(ME, "Sent all the same")


def test_a_response_address_works_five_times_for_thirty_minutes(toy: Toy, driver: WorkspaceDriver) -> None:
    channel, ts = toy.card()
    driver.press(ME, channel, ts, "verdict", "form")
    address = toy.seen[-1]["response_url"]

    answers = [httpx.post(address, json={"text": f"Answer {n}"}) for n in range(6)]
    bad = httpx.post(address.replace("/response/", "/response/x"), json={"text": "x"})

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 404]
    assert answers[-1].json()["error"] == "used_url"
    assert bad.json()["error"] == "invalid_url"


def test_a_response_can_replace_or_delete_the_card(toy: Toy, driver: WorkspaceDriver) -> None:
    channel, ts = toy.card()
    driver.press(ME, channel, ts, "verdict", "form")
    address = toy.seen[-1]["response_url"]

    httpx.post(address, json={"text": "Replaced", "replace_original": True}).raise_for_status()
    assert driver.wait_for_message(ME, "Replaced")["ts"] == ts
    httpx.post(address, json={"text": "For all", "response_type": "in_channel"}).raise_for_status()
    assert not driver.wait_for_message(ME, "For all").get("is_ephemeral")
    httpx.post(address, json={"delete_original": True}).raise_for_status()
    assert "Replaced" not in str(driver.state(ME)["conversations"])
    assert httpx.post(address, json={"text": "x", "blocks": [{"type": "x"}]}).json()["error"] == "invalid_blocks"


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[1]", "application/json", "json_not_object"),
        (b"\xff\xfe", "application/x-www-form-urlencoded", "invalid_charset"),
        (b"text=x", "text/plain", "invalid_post_type"),
        (b"text=" + b"x" * 1_100_000, "application/x-www-form-urlencoded", "request_too_large"),
    ],
)
def test_what_is_no_request_gets_slacks_error(toy: Toy, content: bytes, kind: str, error: str) -> None:
    got = httpx.post(f"{toy.client.base_url}chat.postMessage", content=content, headers={"content-type": kind})

    assert (got.status_code, got.json()["error"]) == (200, error)
