"""A known weakness, as the newest scans of a place show it: what an exception may be asked for (CC3.2, CC7.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from workflows.kernel.identity import Value

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
MARK = 12
"""So many hex digits of a fingerprint name a finding within its tool and repository."""
MOST_LISTED = 100
"""Slack's limit of a select."""


class Weakness(Value):
    """A finding of a scanner that stands in stored evidence.

    ``fingerprint`` is the same in every scan of it; where a tool gives none it is empty, and the finding is that of one
    ``commit``. ``dismissed`` says how somebody put it aside in the tool. ``scan_…`` is the newest report that shows it, as it
    came in; ``gone`` where a whole later one does not.
    """

    tool: str
    repository: str
    mark: str
    rule: str
    title: str
    text: str
    place: str
    severity: Severity
    fingerprint: str = ""
    commit: str = ""
    live_secret: bool = False
    dismissed: str = ""
    scan_name: str
    scan_sha256: str
    scan_kind: str
    scan_media_type: str
    scan_at: AwareDatetime
    first_seen: AwareDatetime
    gone: bool = False

    @property
    def id(self) -> str:
        """A name that fits into a button."""
        return weakness_id(self.tool, self.repository, self.mark)


def weakness_id(tool: str, repository: str, mark: str) -> str:
    """16 hex digits for a finding of a tool in a repository."""
    return hashlib.sha256(f"{tool}\0{repository}\0{mark}".encode()).hexdigest()[:16]


def mark_of(fingerprint: str, rule: str, place: str, title: str, commit: str) -> str:
    """What names a finding within its tool and repository: its fingerprint, or what else is known of it at one commit."""
    if fingerprint:
        return fingerprint[:MARK]
    return hashlib.sha256("\0".join((rule, place, title, commit)).encode()).hexdigest()[:MARK]


class Accepted(Value):
    """A weakness that people accepted until a day, in this place and up to this severity; ``case`` is where they did, and
    ``attestations`` are the ids of their decisions."""

    tool: str
    repository: str
    mark: str
    rule: str
    place: str
    fingerprint: str
    severity: Severity
    until: AwareDatetime
    case: str
    attestations: tuple[str, ...] = ()


def accepted_by(
    accepted: Iterable[Accepted], where: tuple[str, str], mark: str, place: str, severity: Severity, now: datetime
) -> str | None:
    """The case by which a finding of a tool and repository is accepted now, in this place and as severe as it is, or None."""
    for one in accepted:
        same = (one.tool, one.repository, one.mark, one.place) == (*where, mark, place)
        if same and now <= one.until and SEVERITIES.index(one.severity) >= SEVERITIES.index(severity):
            return one.case
    return None
