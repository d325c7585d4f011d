"""Fields that several forms share, and reading them back: what was typed is checked here, what it means in the rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

from workflows.kernel.blocks import Block, field, select_input, text_input
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


def reason_field(label: str, hint: str, *, typed: str = "", optional: bool = False) -> Block:
    """A reason, in any language, up to 1,000 characters."""
    return field(REASON, label, text_input(long=True, most=MOST, typed=typed), hint=hint, optional=optional)


def person_field(people: list[Person], label: str, hint: str = "", *, optional: bool = False) -> Block:
    """One person of the directory: a list to choose from, or their login where the list would be too long."""
    if len(people) > LISTED:
        wanted = text_input(hint="maya@example.com")
        return field(PERSON, label, wanted, hint=f"Their login. {hint}".strip(), optional=optional)
    choices = [(f"{p.name} ({p.login})", token(p.id)) for p in people]
    return field(PERSON, label, select_input(choices, hint="Choose a person"), hint=hint, optional=optional)


def until_field(hint: str) -> Block:
    """The last day of an exception."""
    return field(UNTIL, "Until", text_input(hint="2026-12-31", most=10), hint=hint)


def token(value: str) -> str:
    """A value of any length as one that fits into a select's option."""
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

    def text(self, name: str) -> str:
        """What was typed or chosen, without the spaces around it."""
        value = self._values.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def reason(self, least: int = 1, name: str = REASON) -> str:
        """A reason of at least ``least`` characters."""
        text = self.text(name)
        if not text:
            self.errors[name] = "Please give a reason."
        elif len(text) < least:
            self.errors[name] = f"Please write at least {least} characters; an auditor reads this."
        elif len(text) > MOST:
            self.errors[name] = f"At most {MOST:,} characters; this has {len(text):,}."
        elif not writable(text):
            self.errors[name] = "This holds a broken character. Please type it again."
        return text

    def person(self, directory: Directory, *, optional: bool = False) -> Person | None:
        """The chosen person."""
        text = self.text(PERSON)
        if not text:
            if not optional:
                self.errors[PERSON] = "Please choose a person."
            return None
        found = directory.by_login(text) or next((p for p in directory.people.values() if token(p.id) == text), None)
        if found is None:
            self.errors[PERSON] = "Nobody in the directory has this login. Check the spelling."
        return found

    def until(self, today: date, most_days: int) -> date | None:
        """A day after today, at most so many days ahead."""
        text = self.text(UNTIL)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.errors[UNTIL] = "Write the last day as 2026-12-31."
            return None
        if not 0 < (day - today).days <= most_days:
            self.errors[UNTIL] = f"Choose a day after today and at most {most_days} days ahead."
            return None
        return day

    def done(self) -> None:
        """Raises FieldErrors with everything that is wrong."""
        if self.errors:
            raise FieldErrors(self.errors)
