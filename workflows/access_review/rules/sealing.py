"""Sealing a review when its campaign ends, and telling the campaign how far a review is."""

from __future__ import annotations

from workflows.access_review.model import Review, ReviewSealed, SealReview
from workflows.access_review.rules.refusal import missing, refused
from workflows.kernel.errors import Conflict
from workflows.kernel.model import Outcome

TOLD = ("signed", "settled", "removals_open", "removals_late", "escalated")
"""The counts that the campaign follows; marks are the reviewer's own until signed."""


def counts_of(state: Review) -> dict[str, int]:
    """Everything that a campaign's summary counts, for one review."""
    if state.head.second_of:
        return _second(state)
    lines = list(state.lines.values())
    counts: dict[str, int] = {
        "lines": len(lines),
        "undecided": len(state.undecided()),
        "marked": len(state.marked()),
        "signed": sum(x.status == "signed" for x in lines),
        "settled": sum(x.settled for x in lines),
        "gone": sum(x.gone is not None for x in lines),
        "excepted": sum(x.exemption is not None for x in lines),
        "voided": sum(x.void for x in lines),
        "moved_out": state.moved_out,
        "leavers": sum(x.assigned.leaver for x in lines),
        "independence_exceptions": sum(x.assigned.cosigner is not None for x in lines),
        "cosign_open": sum(x.cosign == "wanted" for x in lines),
        "escalated": len(state.climbed),
        "signals": state.signals,
    }
    for x in lines:
        for key in (f"tier_{x.assigned.tier}", f"delta_{x.assigned.delta}"):
            counts[key] = counts.get(key, 0) + 1
        if x.verdict:
            key = f"verdict_{x.verdict.verdict}"
            counts[key] = counts.get(key, 0) + 1
    removals = list(state.follow_ups.values())
    counts["removals"] = len(removals)
    counts["removals_open"] = sum(f.open for f in removals)
    counts["removals_late"] = sum(f.late > 0 for f in removals)
    counts["removals_verified"] = sum(f.status == "verified" for f in removals)
    counts["removals_reported"] = sum(f.status == "reported_done" for f in removals)
    return counts


def _second(state: Review) -> dict[str, int]:
    """A second look counts apart: its lines are the first review's."""
    return {
        "second_looks": len(state.lines),
        "undecided": len(state.undecided()),
        "marked": len(state.marked()),
        "cosign_open": 0,
        "removals_open": 0,
        "second_looks_agreed": sum(x.verdict is not None and x.verdict.verdict == "keep" for x in state.lines.values()),
    }


def told(state: Review) -> dict[str, int]:
    """What the campaign follows of a review."""
    if state.head.second_of:
        return dict.fromkeys(TOLD, 0)
    lines, removals = state.lines.values(), state.follow_ups.values()
    return {
        "signed": sum(x.status == "signed" for x in lines),
        "settled": sum(x.settled for x in lines),
        "removals_open": sum(f.open for f in removals),
        "removals_late": sum(f.late > 0 for f in removals),
        "escalated": len(state.climbed),
    }


def seal(state: Review, command: SealReview) -> Outcome:
    """Refused while anything is open here; a decision that came between the counting and the seal makes it start again."""
    if state.sealed:
        return Outcome()
    counts = counts_of(state)
    if command.cancelled:
        if counts.get("signed"):
            raise refused("signed_already")
        return Outcome(events=(ReviewSealed(counts=counts, cancelled=True),))
    still = {k: counts[k] for k in ("undecided", "marked", "cosign_open", "removals_open") if counts[k]}
    if still:
        words = [f"{n} {k.replace('_', ' ')}" for k, n in still.items()]
        raise refused("lines_open", missing([f"{state.head.title} ({state.reviewer.name}): {', '.join(words)}"]))
    if counts != command.counts:
        raise Conflict(state.case)
    return Outcome(events=(ReviewSealed(counts=counts),))
