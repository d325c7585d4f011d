"""`POST /github/events`: what GitHub sends is checked, kept, and worked on later. The answer never waits for the work."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from bot.github.payload import Part, Requested, Reviewed
from bot.github.signature import signed
from workflows.kernel.errors import Conflict, Unsure
from workflows.kernel.model import EvidenceRef
from workflows.kernel.ports import Clock

Said = tuple[int, dict[str, str], str]
"""Status, headers, body."""


class Heard(NamedTuple):
    """A kind of webhook that is kept: of which actions, in what shape, and the row that has it worked on."""

    actions: tuple[str, ...]
    shape: type[Part]
    kind: str


KIND, REVIEWED = "github.asked", "github.reviewed"
EVENTS = {
    "deployment_protection_rule": Heard(("requested",), Requested, KIND),
    "deployment_review": Heard(("approved", "rejected"), Reviewed, REVIEWED),
}
_DELIVERY = re.compile(r"[A-Za-z0-9-]{8,100}")

HEARD = Counter("attester_github_events", "Webhooks of GitHub, by what became of them", ["outcome"])
LOG = structlog.get_logger("attester.github")


class Box(Protocol):
    """Keeps requests (`bot.store.pipeline.Pipelines`)."""

    def receive(self, delivery: str, ref: EvidenceRef, body: bytes, at: datetime, lane: str, kind: str) -> bool: ...


class EventDoor:
    """Takes GitHub's webhooks. ``host`` is the API's host: the lane in which they are worked on."""

    def __init__(self, secret: str, box: Box, clock: Clock, host: str) -> None:
        self._secret = secret
        self._box = box
        self._clock = clock
        self._host = host

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Said:
        """202 where the request was kept, 204 where it is of no concern, 401 and 400 where it is not to be believed."""
        if not signed(self._secret, body, headers.get("x-hub-signature-256", "")):
            return _said(401, "signature")
        event = EVENTS.get(headers.get("x-github-event", ""))
        if event is None:
            return _said(204, "other_event")
        delivery = headers.get("x-github-delivery", "")
        if not _DELIVERY.fullmatch(delivery):
            return _said(400, "delivery", "X-GitHub-Delivery is missing or no id.")
        try:
            said = json.loads(body)
            if isinstance(said, dict) and said.get("action") not in event.actions:
                return _said(204, "other_action")
            event.shape.model_validate(said)
        except ValidationError as wrong:
            where = ".".join(str(part) for part in wrong.errors()[0]["loc"])
            return _said(400, "shape", f"The payload is no request of this kind: look at {where or 'its type'}.")
        except (ValueError, RecursionError):
            return _said(400, "json", "The body is no JSON.")
        now = self._clock.now()
        ref = EvidenceRef(
            name="request.json", sha256=hashlib.sha256(body).hexdigest(), kind="github.request",
            source=f"github:{self._host}", collected_at=now,
        )  # fmt: skip
        try:
            fresh = self._box.receive(delivery, ref, body, now, f"github:{self._host}", event.kind)
        except (Conflict, Unsure):
            # GitHub shows the failed delivery and can send it again; the same id then makes no second case.
            return _said(503, "busy", "The database had no room. Deliver it again.")
        return _said(202, "kept" if fresh else "repeated")


def _said(status: int, outcome: str, text: str = "") -> Said:
    HEARD.labels(outcome).inc()
    LOG.info("github_event", outcome=outcome)
    return status, {"content-type": "text/plain; charset=utf-8"} if text else {}, text
