"""What is wrong with a program, where it stands and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.program.secret import hidden


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong. ``line`` and ``column`` count from 1; 0 means the file as a whole.

    ``what`` says what is wrong, ``mend`` what to do about it; both are sentences.
    """

    file: str
    line: int
    column: int
    what: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what} {self.mend}".strip()


class ProgramInvalid(Exception):
    """The program cannot be used. ``problems`` has everything that is wrong with it, by file and line; nothing was applied."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = sorted(set(problems))
        super().__init__("\n".join(str(p) for p in self.problems))


class Wrong(ValueError):
    """A value that a check of ours refuses: ``what`` is wrong and how to ``mend`` it, each a sentence."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what = what
        self.mend = mend


def quoted(text: str, limit: int = 60) -> str:
    """A piece of the customer's text in backquotes: invisible characters escaped, secrets hidden, long text cut."""
    text = hidden(text)
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: limit + 1])
    return f"`{shown[:limit]}…`" if len(shown) > limit else f"`{shown}`"


def listed(names: Iterable[str], limit: int = 24) -> str:
    """Names in backquotes, with commas; the rest of a long list as a number."""
    every = [quoted(n) for n in names]
    rest = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + rest


def close_to(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    every = {k.lower(): k for k in known}
    found = difflib.get_close_matches(word.lower()[:80], every, n=1, cutoff=0.7)
    return every[found[0]] if found else None


def meant(word: str, known: Iterable[str], label: str = "Known here") -> str:
    """`Did you mean …?` where something is close, and what is known."""
    every = list(known)
    near = close_to(word, every)
    guess = f"Did you mean {quoted(near)}? " if near else ""
    return f"{guess}{label}: {listed(every)}." if every else guess.strip()
