"""Reading answers of strangers: a field is what it is, text where text is wanted, or absent; nothing is guessed or dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

LONGEST = 10_000


def text(value: Any) -> str:
    """The value as text: a number stays readable, an object becomes its JSON, null becomes empty.

    No lone surrogate and no NUL survives: canonical JSON does not take the one, a database not the other.
    """
    if value is None:
        return ""
    try:
        found = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    except RecursionError:
        return ""
    return found.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}").strip()[:LONGEST]


def moment(value: Any) -> datetime | None:
    """An instant written in ISO 8601, in UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(value: Any) -> date | None:
    """A day; of an instant, its day in UTC."""
    found = moment(value)
    return found.date() if found else None


def inner(row: Mapping[str, Any], *names: str) -> Any:
    """A value deep in a row, or None where the path is not there."""
    here: Any = row
    for name in names:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here
