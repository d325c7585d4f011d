"""The only reader of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)


class ShiftedClock:
    """The machine's clock, moved: the demo tells a story of weeks in seconds, and says so on every page it makes."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self._shift = shift

    def now(self) -> datetime:
        """This instant, shifted."""
        return datetime.now(UTC) + self._shift

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._shift += by
