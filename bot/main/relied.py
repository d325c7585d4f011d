"""What the newest scans show of a repository, for whoever decides whether it is deployed, and what is accepted of it."""

from __future__ import annotations

from collections import Counter

from bot.main.pieces import Pieces
from bot.main.scan import covering
from bot.store.finding import Findings
from workflows.approval.rules.risk import base_case, finding_case
from workflows.kernel.weakness import SEVERITIES, Weakness

MOST = 3
"""Exceptions that are named one by one."""


def relied(pieces: Pieces, repository: str) -> tuple[str, ...]:
    """A sentence for each tool that found something, and one for each exception that the deploy relies on, at most three.

    Nothing is said of a repository that no scan came of: that is no clean scan.
    """
    known = Findings(pieces.database).open(repository.lower())
    if not known:
        return ()
    # Only these can be accepted: asking for each finding of a large scan would take long.
    accepted = {base_case(s.case) for s in pieces.record.summaries(open_only=True) if s.status == "effective"}
    covered: dict[str, str] = {}
    for one in known:
        if finding_case(one.tool, one.repository, one.mark) in accepted:
            case = covering(pieces, (one.tool, one.repository), one.mark, one.place, one.severity)
            covered |= {one.id: case} if case else {}
    tools = sorted({one.tool for one in known})
    said = [_counted(tool, [one for one in known if one.tool == tool], covered) for tool in tools]
    named = [f"Accepted for a time: {one.title} ({covered[one.id]})" for one in known if one.id in covered]
    more = [f"{len(named) - MOST} more are accepted for a time"] if len(named) > MOST else []
    return (*said, *named[:MOST], *more)


def _counted(tool: str, found: list[Weakness], covered: dict[str, str]) -> str:
    counts = Counter(one.severity for one in found)
    there = ", ".join(f"{counts[s]} {s}" for s in reversed(SEVERITIES) if counts[s])
    ours = sum(one.id in covered for one in found)
    newest = max(one.scan_at for one in found)
    return f"Newest scan by {tool} ({newest:%Y-%m-%d}): {there} open, {ours} of them accepted for a time"
