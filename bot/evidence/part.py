"""Parts of reports, read without trust: any JSON value is taken, and what is not as documented counts as not there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workflows.kernel.text import cut
from workflows.kernel.weakness import SEVERITIES, Severity

RULE, TITLE, TEXT, PLACE, DISMISSED = 200, 150, 600, 300, 200
"""Most characters of each."""
WORDS: Mapping[str, Severity] = {
    "critical": "critical", "blocker": "critical", "high": "high", "error": "high", "major": "high",
    "medium": "medium", "moderate": "medium", "warning": "medium", "warn": "medium",
    "low": "low", "minor": "low", "info": "low", "informational": "low", "note": "low", "none": "low",
    "negligible": "low",
}  # fmt: skip
"""Each tool's own words. What is in none of them is `high`, so that nothing is taken for less than it may be."""
_SLUG = re.compile("[^a-z0-9._-]+")
_COMMIT = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Found:
    """A finding. ``place`` is a file without its line, a package or a resource; ``fingerprint`` is 64 hex digits, the same
    in every scan of it, or empty. ``dismissed`` says how it was put aside in the tool."""

    rule: str
    title: str
    text: str
    place: str
    severity: Severity
    fingerprint: str = ""
    live_secret: bool = False
    dismissed: str = ""


@dataclass(frozen=True)
class Scan:
    """What one tool says in a report. ``complete`` only where it shows that everything was looked at, else ``why`` not.

    ``commit`` and ``repository`` are what the report itself names, or empty.
    """

    tool: str
    version: str
    complete: bool
    why: str
    commit: str
    repository: str
    findings: tuple[Found, ...]


def at(value: Any, *keys: str | int) -> Any:
    """What lies under these keys; None where something else is on the way."""
    for key in keys:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and -len(value) <= key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def said(value: Any, *keys: str | int) -> str:
    """A text, or a whole number as one; empty for anything else."""
    found = at(value, *keys)
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return ""
    return str(found)[:4000]


def items(value: Any, *keys: str | int) -> list[Mapping[str, Any]]:
    """The objects of a list; other things in it are left out."""
    found = at(value, *keys)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def whole(value: Any, *keys: str | int) -> bool:
    """Whether there is a list, and everything in it is an object."""
    found = at(value, *keys)
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)


def number(value: Any, *keys: str | int) -> int | None:
    """A whole number that is no truth value."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def plain(text: str, most: int) -> str:
    """Text on one line without anything that cannot be seen: control characters, direction overrides."""
    return cut(" ".join("".join(c if c.isprintable() else " " for c in text).split()), most)


def severity(word: str) -> Severity:
    """A tool's word for how severe it is."""
    return WORDS.get(word.strip().lower(), "high")


def by_score(score: float) -> Severity:
    """A CVSS score as a word (CVSS 3.1, section 5)."""
    return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"


def fingerprint(*parts: str) -> str:
    """SHA-256 over parts, with white space in each of them collapsed."""
    return hashlib.sha256("\0".join(" ".join(part.split()) for part in parts).encode()).hexdigest()


def by_snippet(rule: str, path: str, snippet: str) -> str:
    """For a tool without fingerprints: rule, file and the code found. Empty where there is no code."""
    return fingerprint("snippet", rule, path, snippet) if snippet.strip() and path else ""


def by_package(advisory: str, package: str, manifest: str) -> str:
    """For a dependency: the advisory, the package and where it is declared, without its version."""
    return fingerprint("package", advisory, package, manifest) if advisory and package else ""


def lined(text: str, line: int | None) -> str:
    """The text, with the line where it stood."""
    return f"{plain(text, TEXT - 20)} (line {line})" if line is not None else plain(text, TEXT)


def path_of(uri: str) -> str:
    """A file as it is written in a repository: no scheme, no leading `/` or `./`."""
    return re.sub(r"^(?:file:/*|\./|/+)", "", uri.replace("\\", "/"))


def found(
    rule: str, title: str, text: str, place: str, how_severe: Severity, *, mark: str = "", line: int | None = None,
    secret: bool = False, dismissed: str = "",
) -> Found:  # fmt: skip
    """A finding whose words fit; without a title its rule stands there."""
    name = plain(rule, RULE) or "unnamed rule"
    return Found(
        rule=name,
        title=plain(title, TITLE).rstrip(".") or name[:TITLE],
        text=lined(text or title or name, line),
        place=plain(place, PLACE),
        severity=how_severe,
        fingerprint=mark,
        live_secret=secret,
        dismissed=plain(dismissed, DISMISSED),
    )


def scan(
    tool: str, findings: Iterable[Found], why: str = "", *, version: str = "", commit: str = "", repository: str = ""
) -> Scan:
    """One tool's scan; findings that are the same are one, as severe as the worst, put aside only where all are."""
    name = _SLUG.sub("-", tool.lower()).strip("-._")[:40].strip("-._") or "unnamed"
    full = commit.lower() if _COMMIT.fullmatch(commit.lower()) else ""
    return Scan(name, plain(version, 40), not why, plain(why, 300), full, repository, tuple(_merged(findings)))


def _merged(findings: Iterable[Found]) -> Iterator[Found]:
    known: dict[tuple[str, ...], Found] = {}
    for one in findings:
        # Without a fingerprint two places in one file cannot be told apart in a later scan.
        key = (one.fingerprint,) if one.fingerprint else (one.rule, one.place, one.title)
        before = known.setdefault(key, one)
        if before is not one:
            worst = max(before.severity, one.severity, key=SEVERITIES.index)
            aside = before.dismissed if before.dismissed and one.dismissed else ""
            secret = before.live_secret or one.live_secret
            known[key] = replace(before, severity=worst, dismissed=aside, live_secret=secret)
    yield from known.values()
