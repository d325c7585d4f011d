"""What passes between the outbox and those who deliver: what was claimed, how it went, how fast one may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


class QueueUnavailable(Exception):
    """The database did not answer; nothing of this round is lost, try again at the next."""


@dataclass(frozen=True)
class Limit:
    """At most ``per_minute`` calls in the long run and ``burst`` at once, over all workers; ``gap`` seconds between two
    rows of one lane."""

    per_minute: float
    burst: int
    gap: float = 0.0


SLACK_LIMITS: Mapping[str, Limit] = {
    "chat.postMessage": Limit(per_minute=240, burst=4, gap=1.0),
    "chat.update": Limit(per_minute=40, burst=10, gap=0.2),
    "views.publish": Limit(per_minute=80, burst=20, gap=0.2),
}
"""80 % of Slack's tiers (chat.update tier 3: 50 a minute, views.publish tier 4: 100), with a burst that keeps every minute
below the tier; chat.postMessage: one a second per channel, and several hundred a minute per workspace."""


@dataclass(frozen=True)
class Kind:
    """A kind of row that this version can deliver, up to payload version ``v``: the method that its first delivery calls,
    and the method once its subject was delivered. An empty method has no rate."""

    v: int = 1
    first: str = ""
    again: str = ""


@dataclass(frozen=True)
class Delivered:
    """How a card stands in Slack. ``channel`` and ``ts`` are None where it cannot be updated in place."""

    case: str
    key: str
    slack_user: str
    channel: str | None
    ts: str | None
    digest: str
    status: str = "sent"
    possible_duplicate: bool = False


@dataclass(frozen=True)
class Claimed:
    """A row that this worker may deliver now. ``doubt``: an earlier attempt may have been seen by the receiver."""

    id: int
    lane: str
    kind: str
    v: int
    subject: str | None
    payload: Mapping[str, Any]
    attempts: int
    doubt: bool
    method: str
    first_at: datetime
    claimed_at: datetime
    delivered: Delivered | None = None


@dataclass(frozen=True)
class Outcome:
    """How an attempt went.

    `sent`; `later`: not now, again after ``seconds`` (429); `unsure`: it may have happened, or the receiver is down: again;
    `stale`: the message to update is gone, post a fresh one; `gone`: the receiver cannot be reached, given up;
    `failed`: again with growing pauses, at last a dead letter; `dead`: a dead letter at once; `stopped`: nothing at all
    can be sent until somebody mends it. ``alarm`` is a sentence for whoever mends what went wrong on the way.
    """

    kind: Literal["sent", "later", "unsure", "stale", "gone", "failed", "dead", "stopped"]
    note: str = ""
    seconds: float = 0.0
    delivered: Delivered | None = None
    alarm: str = ""


@dataclass(frozen=True)
class Alarm:
    """Something that a person must mend."""

    name: str
    detail: str
    first_at: datetime
    last_at: datetime
    count: int
