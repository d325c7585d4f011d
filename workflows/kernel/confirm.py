"""What a command decides, in words: read in full before somebody signs in for it."""

from __future__ import annotations

import re
from typing import NamedTuple

from workflows.kernel.model import Command, Digest

APART = frozenset({"shown", "reason"})
"""Digests say nothing to a person, and the reason is shown by itself; the sign-in commits to both all the same."""


class Wording(NamedTuple):
    """A decision as it is read before the sign-in: ``facts`` as (label, words), and the digests of what it rests on."""

    facts: tuple[tuple[str, str], ...]
    evidence: tuple[Digest, ...] = ()


def plainly(command: Command) -> Wording:
    """The command's name and fields as words, for what needs no better ones: `Close campaign`, `Until: …`."""
    name = re.sub(r"(?<!^)(?=[A-Z])", " ", type(command).__name__).capitalize()
    told = [("Decision", name)]
    for field, value in command.model_dump(mode="json").items():
        if field not in APART and value not in ("", None, [], {}):
            said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            told.append((field.replace("_", " ").capitalize(), said))
    return Wording(tuple(told))
