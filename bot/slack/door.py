"""From Slack's bytes to Bolt and back: verified, checked for shape, and the same bytes have their effect once.

Bolt verifies too. It is done here first, because Bolt parses the body before it verifies, and its parsing of a body that
nobody signed can end in an exception.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import structlog
from prometheus_client import Counter
from slack_bolt import App, BoltRequest
from slack_bolt.request.internals import build_context
from slack_sdk.signature import SignatureVerifier

from bot.slack.shape import Malformed, check_shape, payload_of
from workflows.kernel.ports import Clock

KEPT_SECONDS = 600
MOST_KEPT = 20_000
WAIT_SECONDS = 1.0

REPLAYED = Counter("attester_replayed_total", "Signed requests whose exact bytes came again")
MALFORMED = Counter("attester_malformed_total", "Signed requests that are no payload of Slack's, by reason", ["reason"])

LOG = structlog.get_logger("attester.slack")
Said = tuple[int, dict[str, str], str]
"""Status, headers, body."""


@dataclass
class _Seen:
    at: float
    done: Event = field(default_factory=Event)
    said: Said | None = None


class Door:
    """Where verified requests of one process enter. ``wall`` is the clock on the wall: Slack's timestamps are of it."""

    def __init__(self, app: App, signing_secret: str, wall: Clock) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)
        self._wall = wall
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lock = Lock()

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Said:
        """Answer one request; ``headers`` have lower-case names. 401 unless Slack signed it; 400 where it has no shape."""
        signature, stamp = headers.get("x-slack-signature", ""), headers.get("x-slack-request-timestamp", "")
        try:
            text = body.decode()
            signed = self._verifier.is_valid(text, stamp, signature)
        except (UnicodeDecodeError, ValueError, TypeError):
            signed = False
        if not signed:
            return 401, {}, ""
        key = hashlib.sha256(f"{stamp}\x00{signature}\x00".encode() + body).hexdigest()
        mine, entry = self._claim(key)
        if not mine:
            REPLAYED.inc()
            # The first one is still at work: its answer is this one's too. Slack waits 3 s, we wait 1.
            entry.done.wait(WAIT_SECONDS)
            return entry.said or (503, {}, "")
        try:
            entry.said = self._dispatch(text, headers)
        finally:
            self._keep(key, entry)
        return entry.said

    def _dispatch(self, text: str, headers: Mapping[str, str]) -> Said:
        try:
            payload = payload_of(text, headers.get("content-type", ""))
            check_shape(payload)
            request = _request(text, headers, payload)
        except Malformed as reason:
            MALFORMED.labels(str(reason)).inc()
            LOG.warning("malformed", reason=str(reason), size=len(text))
            return 400, {"x-slack-no-retry": "1"}, ""
        said = self._app.dispatch(request)
        answered = dict(said.first_headers_without_set_cookie())
        if said.status == 404:  # an event that we did not subscribe to can never succeed
            return 404, {"x-slack-no-retry": "1"}, ""
        return said.status, answered, said.body or ""

    def _claim(self, key: str) -> tuple[bool, _Seen]:
        now = self._wall.now().timestamp()
        with self._lock:
            while self._seen:
                oldest, entry = next(iter(self._seen.items()))
                if len(self._seen) < MOST_KEPT and now - entry.at <= KEPT_SECONDS:
                    break
                del self._seen[oldest]
            if (found := self._seen.get(key)) is not None:
                return False, found
            self._seen[key] = mine = _Seen(now)
            return True, mine

    def _keep(self, key: str, entry: _Seen) -> None:
        """Only what went well is kept: a failure may be tried again with the same bytes."""
        with self._lock:
            if entry.said is None or entry.said[0] >= 500:
                self._seen.pop(key, None)
        entry.done.set()


def _request(text: str, headers: Mapping[str, str], payload: Mapping[str, Any]) -> BoltRequest:
    """Bolt's request with our reading of the body: Bolt's own loses a command whose text holds the word "payload"."""
    try:
        request = BoltRequest(body=text, headers={name: [value] for name, value in headers.items()})
        if request.body != payload:
            request.body = dict(payload)
            request.context = build_context(request.context, request.body)
    except (AttributeError, TypeError, KeyError, IndexError, ValueError, RecursionError):
        raise Malformed("bad_shape") from None
    return request
