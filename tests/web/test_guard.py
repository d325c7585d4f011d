"""The guard: what cannot be Slack's ends with a 4xx, empty, and none of it is in the log."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.web.app import build_web
from bot.web.guard import BODY_SECONDS, LARGEST
from bot.web.ports import WebDeps
from bot.web.server import running

SIGNATURE = "v0=" + "0" * 64
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A web app behind whose guard nobody answers but with 200 and what it got."""
    with running(
        build_web(WebDeps(wall=SystemClock(), slack=lambda body, headers: (200, {}, str(len(body)))))
    ) as address:
        yield f"{address}/slack/events"


def stamp(off: float = 0) -> str:
    return str(int(time.time() + off))


def send(url: str, body: bytes = b"a=b", **headers: str) -> httpx.Response:
    plain = {"content-type": FORM, "x-slack-request-timestamp": stamp(), "x-slack-signature": SIGNATURE}
    return httpx.post(url, content=body, headers=plain | {k.replace("_", "-"): v for k, v in headers.items()})


def test_a_well_formed_request_passes(url: str) -> None:
    answer = send(url, b"a=bcd")

    assert (answer.status_code, answer.text) == (200, "5")


@pytest.mark.parametrize(
    "headers",
    [
        {"x_slack_request_timestamp": "abc"},
        {"x_slack_request_timestamp": ""},
        {"x_slack_request_timestamp": "-1"},
        {"x_slack_request_timestamp": "1" * 13},
        {"x_slack_signature": "v0=0"},
        {"x_slack_signature": ""},
        {"x_slack_signature": SIGNATURE.upper()},
        {"x_slack_signature": SIGNATURE + "0"},
    ],
)
def test_a_timestamp_or_signature_of_another_form_is_a_401(url: str, headers: dict[str, str]) -> None:
    answer = send(url, **headers)

    assert (answer.status_code, answer.text) == (401, "")


@pytest.mark.parametrize("off", [-305, 305])
def test_a_timestamp_over_five_minutes_off_is_a_401(url: str, off: int) -> None:
    assert send(url, x_slack_request_timestamp=stamp(off)).status_code == 401


def test_two_timestamps_are_a_401(url: str) -> None:
    twice = [("content-type", FORM), ("x-slack-signature", SIGNATURE)]
    twice += [("x-slack-request-timestamp", stamp()), ("x-slack-request-timestamp", stamp())]

    assert httpx.post(url, content=b"a=b", headers=twice).status_code == 401


def test_a_signature_outside_ascii_is_a_401(url: str) -> None:
    headers = {b"content-type": FORM.encode(), b"x-slack-request-timestamp": stamp().encode()}

    answer = httpx.post(url, content=b"a=b", headers={**headers, b"x-slack-signature": "v0=é".encode()})

    assert answer.status_code == 401


def test_a_body_that_is_not_utf_8_is_a_401(url: str) -> None:
    assert send(url, b"\xff\xfe").status_code == 401


def test_another_method_is_a_405(url: str) -> None:
    answer = httpx.get(url)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/jsonx", ""])
def test_another_content_type_is_a_415(url: str, kind: str) -> None:
    assert send(url, content_type=kind).status_code == 415


def test_a_body_over_one_mebibyte_is_a_413(url: str) -> None:
    assert send(url, b"a" * (LARGEST + 1)).status_code == 413
    assert send(url, b"a" * LARGEST).status_code == 200


def test_a_body_is_counted_whatever_its_header_says(url: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(17):
            yield b"a" * (LARGEST // 16)

    headers = {"content-type": FORM, "x-slack-request-timestamp": stamp(), "x-slack-signature": SIGNATURE}

    assert httpx.post(url, content=chunks(), headers=headers).status_code == 413


def raw(url: str, text: bytes, wait: float) -> bytes:
    """What the server answers to these bytes, sent over a plain connection that then goes silent."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    with socket.create_connection((str(host), int(port or 0)), timeout=wait) as connection:
        connection.sendall(text)
        return connection.recv(4096)


def test_a_body_that_does_not_come_in_time_is_a_408(url: str) -> None:
    began = time.monotonic()
    request = (
        f"POST /slack/events HTTP/1.1\r\nhost: a\r\ncontent-type: {FORM}\r\ncontent-length: 100\r\n"
        f"x-slack-request-timestamp: {stamp()}\r\nx-slack-signature: {SIGNATURE}\r\n\r\nhalf"
    )

    answer = raw(url, request.encode(), BODY_SECONDS + 3)

    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < BODY_SECONDS + 1


def test_a_content_length_that_is_no_number_is_a_4xx(url: str) -> None:
    text = f"POST /slack/events HTTP/1.1\r\nhost: a\r\ncontent-type: {FORM}\r\ncontent-length: ten\r\n\r\n"

    assert raw(url, text.encode(), 3).startswith(b"HTTP/1.1 4")


def test_a_body_never_reaches_the_log() -> None:
    app = build_web(WebDeps(wall=SystemClock(), slack=lambda body, headers: (200, {}, "")))
    structlog.reset_defaults()

    with capture_logs() as logs, running(app) as address:
        send(f"{address}/slack/events", b"token=xoxb-secret", x_slack_request_timestamp="abc")

    assert [(entry["event"], entry["reason"]) for entry in logs] == [("slack_rejected", "timestamp")]
    assert "xoxb" not in str(logs)
    assert SIGNATURE not in str(logs)


def test_a_clock_that_is_off_shows_in_readiness() -> None:
    class Late:
        def now(self) -> datetime:
            return datetime.fromtimestamp(time.time() - 90, UTC)

    with running(build_web(WebDeps(wall=Late(), slack=lambda body, headers: (200, {}, "")))) as address:
        before = httpx.get(f"{address}/readyz")
        send(f"{address}/slack/events")
        after = httpx.get(f"{address}/readyz")

    assert before.status_code == 200
    assert after.status_code == 503
    assert re.fullmatch(
        r"This machine's clock is (89|9\d) s off Slack's\. Let it follow a time server\.", *after.json()["reasons"]
    )
