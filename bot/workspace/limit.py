"""Slack's rate limits, and faults on demand: what a test asks of a Slack that has a bad day."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args


class Limits:
    """A token bucket per method, filled at its tier's rate, and one per channel for `chat.postMessage`.

    ``tiers`` maps tier → calls a minute; an empty mapping switches all limits off.
    """

    def __init__(self, tiers: dict[int, int], posts_per_second: float, ticks: Callable[[], float]) -> None:
        self.tiers = tiers
        self.posts_per_second = posts_per_second
        self._ticks = ticks
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, method: str, tier: int, channel: str = "") -> int:
        """0 where the call may go through (it is counted), else the seconds for `Retry-After`."""
        if not self.tiers:
            return 0
        if method == "chat.postMessage":
            # Slack allows short bursts over one message a second and channel.
            return self._take(f"{method}:{channel}", self.posts_per_second, 5)
        per_minute = self.tiers.get(tier, 0)
        return self._take(method, per_minute / 60, per_minute) if per_minute else 0

    def _take(self, name: str, rate: float, size: float) -> int:
        now = self._ticks()
        left, at = self._buckets.get(name, (size, now))
        left = min(size, left + (now - at) * rate)
        if left < 1:
            self._buckets[name] = (left, now)
            return max(1, math.ceil((1 - left) / rate))
        self._buckets[name] = (left - 1, now)
        return 0


Kind = Literal["ratelimited", "error", "cut", "slow", "refused"]


@dataclass
class Fault:
    """Something that goes wrong with calls of ``method`` (`*`: any), from the ``skip``-th on, ``times`` times.

    `ratelimited`: 429 with ``seconds`` as Retry-After. `error`: HTTP 500. `cut`: the connection ends in mid-answer.
    `slow`: the answer comes after ``seconds``. `refused`: Slack's own error ``code``. With ``after`` the effect has
    happened before it goes wrong: the caller cannot know.
    """

    method: str
    kind: Kind
    times: int = 1
    skip: int = 0
    seconds: float = 30.0
    code: str = "internal_error"
    after: bool = False

    def __post_init__(self) -> None:
        """Raises TypeError for a kind that does not exist: plans come over HTTP too."""
        if self.kind not in get_args(Kind):
            raise TypeError(f"There is no fault {self.kind!r}. There are: {', '.join(get_args(Kind))}.")


@dataclass
class Faults:
    """The faults that are still to come."""

    planned: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Plan one more."""
        self.planned.append(fault)

    def next(self, method: str) -> Fault | None:
        """The fault of this call, counted; None where it goes well."""
        for fault in self.planned:
            if fault.method not in (method, "*"):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.planned.remove(fault)
            return fault
        return None
