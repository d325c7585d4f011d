"""Fields that several forms share, and reading them back: what was typed is checked here, what it means in the rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

from workflows.kernel.blocks import Block, field, select_input, text_input
from workflows.kernel.calendar import LAST_MINUTE, at_local
from workflows.kernel.errors import FieldErrors
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.text import writable

REASON = "reason"
PERSON = "person"
UNTIL = "until"
MOST = 1_000
LISTED = 100
"""Slack's limit of a select; a larger company types the login instead."""

Values = Mapping[str, str | tuple[str, ...]]


def reason_field(label: str, hint: str, *, optional: bool = False) -> Block:
    """A reason, in any language, up to 1,000 characters."""
    return field(REASON, label, text_input(long=True, most=MOST), hint=hint, optional=optional)


def person_field(people: list[Person], label: str, hint: str = "", chosen: Person | None = None) -> Block:
    """One person of the directory: a list to choose from, or their login where the list would be too long."""
    if len(people) > LISTED or not people:
        wanted = text_input(hint="maya@example.com", typed=chosen.login if chosen else "")
        return field(PERSON, label, wanted, hint=f"Their login. {hint}".strip())
    choices = [(f"{p.name} ({p.login})", token(p.id)) for p in people]
    return field(PERSON, label, select_input(choices, chosen=token(chosen.id) if chosen else ""), hint=hint)


def until_field(label: str, hint: str) -> Block:
    """A day, or a day and a time."""
    return field(UNTIL, label, text_input(hint="2026-12-31", most=16), hint=hint)


def token(value: str) -> str:
    """A value of any length as one that fits into a select's option or a button."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def colleagues(directory: Directory, without: Iterable[PersonId | None] = ()) -> list[Person]:
    """Everybody who is employed and linked to Slack, by name, without some."""
    left_out = set(without)
    fit = [p for p in directory.people.values() if p.employed is True and p.slack_user and p.id not in left_out]
    return sorted(fit, key=lambda p: (p.name.lower(), p.login))


class Reader:
    """Reads a submitted form; collects every error, so that a person sees all of them at once."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self.errors: dict[str, str] = {}

    def text(self, name: str, missing: str = "", most: int = MOST) -> str:
        """What was typed or chosen, without the spaces around it; ``missing`` is said where there is nothing."""
        value = self._values.get(name, "")
        text = value.strip() if isinstance(value, str) else ""
        if not text and missing:
            self.errors[name] = missing
        elif len(text) > most:
            self.errors[name] = f"At most {most:,} characters; this has {len(text):,}."
        elif not writable(text):
            self.errors[name] = "This has signs that cannot be written down. Please type it again."
        return text

    def reason(self, least: int = 1, *, optional: bool = False) -> str:
        """A reason of at least ``least`` characters."""
        text = self.text(REASON, "" if optional else "Please give a reason.")
        if text and len(text) < least:
            self.errors[REASON] = f"Please write at least {least} characters; others decide on it."
        return text

    def person(self, directory: Directory) -> Person | None:
        """The chosen person."""
        text = self.text(PERSON, "Please choose a person.")
        if not text:
            return None
        found = directory.by_login(text) or next((p for p in directory.people.values() if token(p.id) == text), None)
        if found is None:
            self.errors[PERSON] = "Nobody in the directory has this login. Check the spelling."
        return found

    def until(self, at: datetime, zone: str) -> datetime:
        """The end of a day that lies ahead, or an exact time. ``at`` is given back where it cannot be read."""
        text = self.text(UNTIL, "Write the last day as 2026-12-31.", 16)
        day, _, hour = text.replace("T", " ").partition(" ")
        try:
            clock = time.fromisoformat(hour) if hour else LAST_MINUTE
            until = at_local(date.fromisoformat(day), clock, zone)
        except (ValueError, OverflowError):
            self.errors[UNTIL] = "Write the last day as 2026-12-31, or with a time as 2026-12-31 14:00."
            return at
        if until <= at:
            self.errors[UNTIL] = "Choose a day or time that lies ahead."
        return until

    def done(self) -> None:
        """Raises FieldErrors with everything that is wrong."""
        if self.errors:
            raise FieldErrors(self.errors)
