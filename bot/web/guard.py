"""What stands before Slack's endpoint: refuses what cannot be Slack's, before anything is parsed.

Plain ASGI. Three inputs that nobody signed make Bolt's adapters answer 500 with a trace (a timestamp that is no integer,
a signature outside ASCII, a body that is not UTF-8); they and all other malformed ones end here, empty and with a reason
that is only counted.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import structlog
from prometheus_client import Counter

from workflows.kernel.ports import Clock

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handle = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], str]]]

LARGEST = 1024 * 1024
BODY_SECONDS = 2.0
SKEW_SECONDS = 300
TIMESTAMP = re.compile(rb"[0-9]{1,12}")
SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")
KINDS = (b"application/json", b"application/x-www-form-urlencoded")

REJECTED = Counter("slack_rejected_total", "Requests to Slack's endpoint that were turned away, by reason", ["reason"])
LOG = structlog.get_logger("attester.web")


class Rejected(Exception):
    """A request that is turned away: the status, and a reason code for log and metric."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Guard:
    """Takes POSTs of at most 1 MiB that are complete within 2 s and bear one fresh timestamp and one signature.

    ``wall`` is the clock on the wall, because Slack's timestamps are of it. ``skew`` is how far that clock and Slack's
    differed at the last request that got through, in seconds; None before the first.
    """

    def __init__(self, handle: Handle, wall: Clock) -> None:
        self._handle = handle
        self._wall = wall
        self.skew: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        size = 0
        try:
            headers = self._headers(scope)
            body = await whole_body(receive)
            size = len(body)
            stamp = self._signed(scope)
            _text(body)
        except Rejected as no:
            REJECTED.labels(no.reason).inc()
            LOG.info("slack_rejected", reason=no.reason, size=size)
            await _answer(send, no.status, {}, b"")
            return
        status, answered, text = await self._handle(body, headers)
        if status != 401:
            self.skew = self._wall.now().timestamp() - stamp
        await _answer(send, status, answered, text.encode())

    def _headers(self, scope: Scope) -> dict[str, str]:
        if scope["method"] != "POST":
            raise Rejected(405, "method")
        kinds = _all(scope, b"content-type")
        if len(kinds) != 1 or kinds[0].partition(b";")[0].strip().lower() not in KINDS:
            raise Rejected(415, "content_type")
        lengths = _all(scope, b"content-length")
        if lengths and lengths[0].isdigit() and int(lengths[0][:12]) > LARGEST:
            raise Rejected(413, "size")
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

    def _signed(self, scope: Scope) -> int:
        stamps, signatures = _all(scope, b"x-slack-request-timestamp"), _all(scope, b"x-slack-signature")
        if len(stamps) != 1 or not TIMESTAMP.fullmatch(stamps[0]):
            raise Rejected(401, "timestamp")
        if abs(self._wall.now().timestamp() - int(stamps[0])) > SKEW_SECONDS:
            raise Rejected(401, "stale")
        if len(signatures) != 1 or not SIGNATURE.fullmatch(signatures[0]):
            raise Rejected(401, "signature")
        return int(stamps[0])


async def whole_body(receive: Receive, largest: int = LARGEST, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body, counted while it is read: what a header says about its length proves nothing."""
    parts, size = [], 0
    try:
        with anyio.fail_after(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Rejected(400, "disconnected")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > largest:
                    raise Rejected(413, "size")
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Rejected(408, "slow") from None


def _text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Rejected(401, "charset") from None


def _all(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key.lower() == name]


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    raw += [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if name.lower() not in ("content-length", "cache-control", "connection", "transfer-encoding")
    ]
    if status == 405:
        raw.append((b"allow", b"POST"))
    if status in (408, 413):
        raw.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
