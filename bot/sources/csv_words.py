"""What a cell means: yes, no, a date, a kind; anything else is unknown, never a guess."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from bot.sources.settings import CsvSettings
from workflows.kernel.identity import Kind, Why

EARLIEST, LATEST = 1970, 9998


class Words:
    """The words of one file."""

    def __init__(self, settings: CsvSettings) -> None:
        self._yes = {w.strip().lower() for w in settings.yes}
        self._no = {w.strip().lower() for w in settings.no}
        self._kinds = {w.strip().lower(): kind for w, kind in settings.kinds.items()}
        self._dates = settings.dates

    def fact(self, text: str) -> bool | None:
        """Yes, no, or None for a word that is not declared."""
        word = text.strip().lower()
        if word in self._yes:
            return True
        return False if word in self._no else None

    def kind(self, text: str) -> Kind:
        """The kind of account that the word is declared to mean."""
        word = text.strip().lower()
        if word in self._kinds:
            return self._kinds[word]
        return _PLAIN_KINDS.get(word, "unknown")

    def moment(self, text: str) -> datetime | None:
        """The instant, in UTC; a date is its first instant. None for what is neither a declared form nor ISO 8601."""
        found = next((at for form in self._dates if (at := _parsed(text, form))), None) or _iso(text)
        if found is None or not EARLIEST <= found.year <= LATEST:
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

    def day(self, text: str) -> date | None:
        """The day."""
        found = self.moment(text)
        return found.date() if found else None


_PLAIN_KINDS: dict[str, Kind] = {
    "human": "human",
    "service": "service",
    "shared": "shared",
    "external": "external",
    "unknown": "unknown",
}


def why(mapped: bool) -> Why:
    """Why a field is unknown: the file has no such column, or the cell is empty or holds a word that nobody declared."""
    return "absent" if mapped else "not_offered"


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parsed(text: str, form: str) -> datetime | None:
    try:
        # A form without %z gives a naive time, which the caller reads as UTC.
        return datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return None
