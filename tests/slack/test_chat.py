"""The adapter before a Slack that fails in every way it can: each failure is classed by what follows from it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.slack import chat as chat_module
from bot.slack.chat import SlackWeb
from bot.slack.member import read_member
from workflows.kernel.ports import ChatFailure

Answer = tuple[int, dict[str, str], bytes]


class FailingSlack:
    """A server that answers what a test says; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answer: Callable[[str], Answer | None] = lambda method: ok({})
        outer = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                method = self.path.rpartition("/")[2]
                fields = {name: values[0] for name, values in parse_qs(form).items()}
                outer.asked.append((method, fields, dict(self.headers)))
                said = outer.answer(method)
                if said is None:  # the connection is cut after the effect
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(said[0])
                for name, value in ({"content-type": "application/json"} | said[1]).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said[2])))
                self.end_headers()
                self.wfile.write(said[2])

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api/"


def ok(data: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps({"ok": True} | data).encode()


def no(error: str, **more: str) -> Answer:
    return 200, {}, json.dumps({"ok": False, "error": error} | more).encode()


@pytest.fixture
def slack() -> Iterator[FailingSlack]:
    """A running server; its thread ends with the test."""
    failing = FailingSlack()
    thread = threading.Thread(target=failing.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield failing
    failing.server.shutdown()
    failing.server.server_close()
    thread.join()


def post(slack: FailingSlack) -> ChatFailure:
    with pytest.raises(ChatFailure) as failure:
        SlackWeb("xoxb-acme", slack.url).post("U0MAYA", "May it go?", [], {})
    return failure.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("invalid_auth", "stopped"),
        ("token_revoked", "stopped"),
        ("account_inactive", "stopped"),
        ("user_not_found", "gone"),
        ("channel_not_found", "gone"),
        ("is_archived", "gone"),
        ("not_in_channel", "gone"),
        ("message_not_found", "stale"),
        ("cant_update_message", "stale"),
        ("invalid_blocks", "ours"),
        ("msg_blocks_too_long", "ours"),
        ("no_text", "ours"),
        ("a_name_of_tomorrow", "ours"),
        ("internal_error", "unsure"),
        ("fatal_error", "unsure"),
        ("ratelimited", "later"),
    ],
)
def test_slacks_errors_are_classed_by_what_follows(slack: FailingSlack, error: str, kind: str) -> None:
    slack.answer = lambda method: no(error)

    failure = post(slack)

    assert (failure.kind, failure.code) == (kind, error)
    assert len(slack.asked) == 1


def test_a_missing_scope_names_the_scope(slack: FailingSlack) -> None:
    slack.answer = lambda method: no("missing_scope", needed="chat:write", provided="commands")

    assert post(slack).code == "missing_scope:chat:write"


def test_a_429_says_how_long_to_wait_and_is_not_repeated(slack: FailingSlack) -> None:
    slack.answer = lambda method: (429, {"retry-after": "30"}, b'{"ok":false,"error":"ratelimited"}')

    failure = post(slack)

    assert (failure.kind, failure.retry_after) == ("later", 30.0)
    assert len(slack.asked) == 1


@pytest.mark.parametrize("value", ["soon", "-1", "", "99999999"])
def test_a_wait_that_is_no_number_of_seconds_is_one_second(slack: FailingSlack, value: str) -> None:
    slack.answer = lambda method: (429, {"retry-after": value}, b"{}")

    assert post(slack).retry_after == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (503, {"content-type": "text/html"}, b"<html>down</html>"),
        (200, {}, b'{"ok": tr'),
        (200, {}, b"\xff\xfe"),
        None,
    ],
    ids=["500", "503", "half a JSON", "no UTF-8", "cut after the effect"],
)
def test_an_answer_that_cannot_be_read_is_unsure_and_sent_once(slack: FailingSlack, answer: Answer | None) -> None:
    slack.answer = lambda method: answer

    assert post(slack).kind == "unsure"
    assert len(slack.asked) == 1


def test_a_slack_that_is_not_there_is_asked_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(ChatFailure) as failure:
        SlackWeb("xoxb-acme", f"http://127.0.0.1:{port}/api").post("U0MAYA", "May it go?", [], {})

    assert failure.value.kind == "later"


def test_a_message_expands_no_link_and_names_its_row(slack: FailingSlack) -> None:
    slack.answer = lambda method: ok({"channel": "D1", "ts": "1.1"})

    place = SlackWeb("xoxb-acme", slack.url).post("U0MAYA", "May it go?", [], {"row": "7"})

    _, form, headers = slack.asked[0]
    assert place == ("D1", "1.1")
    assert (form["unfurl_links"], form["unfurl_media"]) == ("0", "0")
    assert json.loads(form["metadata"]) == {"event_type": "attester_ask", "event_payload": {"row": "7"}}
    assert headers["Authorization"] == "Bearer xoxb-acme"
    assert "token" not in form


def test_pages_of_people_are_followed_to_their_end(slack: FailingSlack) -> None:
    def pages(method: str) -> Answer:
        cursor = slack.asked[-1][1].get("cursor", "")
        row = {"id": f"U{cursor or 0}", "team_id": "T0ACME", "name": "x"}
        following = {"": "1", "1": "2"}.get(cursor, "")
        return ok({"members": [row, {"id": "no team"}, None], "response_metadata": {"next_cursor": following}})

    slack.answer = pages

    assert [u.user for u in SlackWeb("xoxb-acme", slack.url).users()] == ["U0", "U1", "U2"]


def test_all_pages_are_read_before_the_first_row_is_given(slack: FailingSlack) -> None:
    slack.answer = lambda method: ok({"members": [{"id": "U1", "team_id": "T0ACME", "name": "x"}]})

    SlackWeb("xoxb-acme", slack.url).users()

    assert [method for method, _, _ in slack.asked] == ["users.list"]


def test_a_cursor_that_repeats_itself_ends_the_list(slack: FailingSlack) -> None:
    slack.answer = lambda method: ok({"members": [], "response_metadata": {"next_cursor": "same"}})

    assert list(SlackWeb("xoxb-acme", slack.url).users()) == []
    assert len(slack.asked) == 2


def test_flags_that_slack_did_not_send_are_unknown() -> None:
    bare = read_member({"id": "U1", "team_id": "T1"})
    whole = read_member(
        {
            "id": "U1",
            "team_id": "T1",
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": 0,
        }
    )

    assert (bare.deleted, bare.bot, bare.restricted) == (None, None, None)
    assert (whole.deleted, whole.bot, whole.restricted) == (False, False, False)
    assert whole.ultra_restricted is None
    assert (whole.stranger, whole.invited) == (False, False)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/actions/1",
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com.evil.test/1",
        "https://user@evil.test/hooks.slack.com",
        "file:///etc/passwd",
        "https://[",
        "",
        "http://127.0.0.1:1/hook",
    ],
)
def test_no_other_host_than_slacks_is_ever_answered(url: str) -> None:
    with pytest.raises(ChatFailure) as failure:
        SlackWeb("xoxb-acme").respond(url, "Hello", [])

    assert failure.value.code == "foreign_response_url"


def test_a_stand_ins_own_response_url_is_answered(slack: FailingSlack) -> None:
    SlackWeb("xoxb-acme", slack.url).respond(f"{slack.url}hook", "Hello", [])

    assert slack.asked[0][0] == "hook"


def test_no_error_name_has_two_meanings() -> None:
    lists = [getattr(chat_module, name) for name in ("STOPPED", "GONE", "STALE", "LATER", "UNSURE")]

    assert len(frozenset().union(*lists)) == sum(len(names) for names in lists)
