"""Closing a campaign: refused while anything is missing; what closes it is the count of everything.

Each review is sealed in the same transaction, so no decision can slip in between the counting and the closing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from workflows.access_review.model import (
    Campaign,
    CampaignClosed,
    CampaignMissed,
    CampaignOverdue,
    CloseCampaign,
    NoteProgress,
    ReviewProgressed,
    ReviewResult,
    SealReview,
)
from workflows.access_review.rules.refusal import missing, refused
from workflows.kernel.identity import PersonId
from workflows.kernel.model import Addressed, CaseSummary, Facts, Outcome
from workflows.kernel.text import count

WANTED: dict[str, tuple[str, str]] = {
    "undecided": ("line undecided", "lines undecided"),
    "marked": ("line marked but not signed", "lines marked but not signed"),
    "cosign_open": ("line without its second signature", "lines without their second signature"),
    "removals_open": ("removal not verified", "removals not verified"),
}


def blockers(state: Campaign, children: tuple[CaseSummary, ...]) -> list[str]:
    """Everything that stands in the way of closing, in words."""
    parts = [
        f"{s.source} has no complete list ({'; '.join(s.reasons) or s.status})"
        for s in state.sources.values()
        if s.status not in ("opened", "excepted")
    ]
    excepted = {e.item for e in state.standing()}
    unassigned = [ref for ref in state.unassigned if ref not in excepted]
    if unassigned:
        parts.append(f"{count(len(unassigned), 'line')} without an independent reviewer")
    for child in children:
        for key, words in WANTED.items():
            if number := child.counts.get(key, 0):
                parts.append(f"{child.title}: {count(number, *words)}")
    parts.extend(f"a second signature of {p.second.name}" for p in state.waiting() if p.kind != "close")
    return parts


def only_reviewer(facts: Facts, owner: PersonId) -> bool:
    """Whether the control owner reviewed everything alone."""
    return bool(facts.children) and {c.owner for c in facts.children if c.counts.get("lines")} == {owner}


def close(
    state: Campaign, command: CloseCampaign, at: datetime, facts: Facts, by: PersonId, second: PersonId | None
) -> Outcome:
    """The summary of the campaign, and the seal on every review."""
    sources = [s for s in state.sources.values() if s.status not in ("opened", "excepted")]
    parts = blockers(state, facts.children)
    if parts:
        raise refused("source_not_complete" if sources else "lines_open", missing(parts))
    counts: Counter[str] = Counter()
    for child in facts.children:
        counts.update(child.counts)
    counts["unassigned_excepted"] = len(state.unassigned)
    standing = tuple(state.standing())
    settings = state.settings
    outside = tuple(s.id for s in settings.sources if s.out_of_scope)
    event = CampaignClosed(
        with_exceptions=bool(standing),
        control=state.control,
        text=state.text,
        period=state.period,
        due_at=state.due_at,
        late=at > state.due_at or state.late,
        missed=state.missed_at is not None,
        scope=tuple(state.sources),
        out_of_scope=outside,
        populations=tuple(s.collection for s in state.sources.values() if s.collection and s.status == "opened"),
        counts=dict(sorted(counts.items())),
        exemptions=standing,
        closed_by=by,
        second=second,
        reviews=tuple(ReviewResult(case=c.case, reviewer=c.owner, counts=c.counts) for c in facts.children),
    )
    seals = tuple(Addressed(case=c.case, command=SealReview(counts=c.counts)) for c in facts.children)
    return Outcome(events=(event,), commands=seals)


def note_progress(state: Campaign, command: NoteProgress) -> Outcome:
    """A review got further; after the campaign ended nobody counts any more."""
    if not state.open or state.progress.get(command.review) == command.counts:
        return Outcome()
    return Outcome(events=(ReviewProgressed(review=command.review, counts=command.counts),))


def record_missed(state: Campaign, at: datetime) -> Outcome:
    """The due date passed and nothing was opened: a fact, not an end."""
    if state.missed_at or state.opened_at or at <= state.due_at or not state.open:
        raise refused("not_due")
    return Outcome(events=(CampaignMissed(was_due_at=state.due_at),))


def record_overdue(state: Campaign, at: datetime) -> Outcome:
    """The due date passed and the campaign is not closed."""
    if state.overdue_at or at <= state.due_at or not state.open:
        raise refused("not_due")
    return Outcome(events=(CampaignOverdue(was_due_at=state.due_at),))
