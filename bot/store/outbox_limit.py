"""GCRA: a rate shared by all workers as one instant per method, the theoretical arrival time of its next call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from bot.store.outbox_values import Limit
from bot.store.table_outbox import LimiterRow


def tokens(limit: Limit, tat: datetime, now: datetime) -> int:
    """How many calls the limit allows at this instant."""
    step = 60.0 / limit.per_minute
    ahead = max((tat - now).total_seconds(), 0.0)
    room = limit.burst * step - ahead
    # A hair of tolerance: an instant has microseconds, a step may have more digits.
    return max(int((room + 1e-6) / step), 0)


def spent(limit: Limit, tat: datetime, now: datetime, calls: int) -> datetime:
    """The arrival time after so many calls."""
    return max(tat, now) + timedelta(seconds=calls * 60.0 / limit.per_minute)


class Meter:
    """The limits within one transaction: locked when made, so that two workers never spend one token."""

    def __init__(self, session: Session, prefix: str, limits: Mapping[str, Limit], now: datetime) -> None:
        self._session = session
        self._prefix = prefix
        self._limits = limits
        self._now = now
        names = sorted(prefix + method for method in limits)
        rows = session.exec(
            select(LimiterRow).where(col(LimiterRow.name).in_(names)).order_by(col(LimiterRow.name)).with_for_update()
        )
        self._tat = {row.name: row.tat for row in rows}
        self._calls: dict[str, int] = {}

    def left(self, method: str) -> int | None:
        """Calls left for a method, or None where it has no limit."""
        limit = self._limits.get(method)
        if limit is None:
            return None
        allowed = tokens(limit, self._tat.get(self._prefix + method, self._now), self._now)
        return max(allowed - self._calls.get(method, 0), 0)

    def take(self, method: str) -> bool:
        """Use one call; False where none is left."""
        left = self.left(method)
        if left == 0:
            return False
        if left is not None:
            self._calls[method] = self._calls.get(method, 0) + 1
        return True

    def write(self) -> None:
        """Store what was used."""
        for method, calls in sorted(self._calls.items()):
            name = self._prefix + method
            tat = spent(self._limits[method], self._tat.get(name, self._now), self._now, calls)
            self._session.execute(update(LimiterRow).where(col(LimiterRow.name) == name).values(tat=tat))


def pause(session: Session, name: str, limit: Limit, until: datetime) -> None:
    """Let a method rest (429): its whole burst is spent until then."""
    tat = until + timedelta(seconds=(limit.burst - 1) * 60.0 / limit.per_minute)
    held = (col(LimiterRow.name) == name, col(LimiterRow.tat) < tat)
    session.execute(update(LimiterRow).where(*held).values(tat=tat))
