"""How a campaign's state follows from its events."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from workflows.access_review.model import (
    Campaign,
    CampaignCancelled,
    CampaignClosed,
    CampaignMissed,
    CampaignOpened,
    CampaignOverdue,
    CampaignPlanned,
    ExceptionGranted,
    ExceptionLapsed,
    ExceptionProposed,
    Home,
    IndependenceExcepted,
    LinesArrived,
    LinesAssigned,
    LinesMoved,
    OwnerChanged,
    Proposal,
    ProposalDeclined,
    ReviewProgressed,
    SecondLookSought,
    SourceCollected,
    SourceExcepted,
    SourceRefused,
    SourceState,
)
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.model import CaseId, Event, Recorded, case_segments


def planned(recorded: Recorded, event: CampaignPlanned) -> Campaign:
    """The campaign as it begins."""
    return Campaign(
        case=recorded.case, control=event.control, title=event.title, text=event.text, period=event.period,
        starts_on=event.starts_on, ends_on=event.ends_on, opens_at=event.opens_at, due_at=event.due_at,
        planned_at=recorded.at, late=event.late, owner=event.owner, deputy=event.deputy,
        directory_source=event.directory_source, time_zone=event.time_zone, closed_days=event.closed_days,
        settings=event.settings, earlier=event.earlier, sources={s: SourceState(source=s) for s in event.sources},
    )  # fmt: skip


def fold(state: Campaign, recorded: Recorded) -> Campaign:
    """The campaign after this event."""
    event = recorded.event
    if isinstance(event, SourceCollected | SourceRefused | SourceExcepted | LinesAssigned):
        return _source(state, event)
    if isinstance(event, LinesArrived):
        known = len(event.assignments)
        held = state.sources[event.source]
        state = _assigned(state, event)
        sources = {**state.sources, event.source: replace(held, lines=held.lines + known)}
        return replace(state, sources=sources, arrived=state.arrived | set(event.later), status="open")
    if isinstance(event, SecondLookSought):
        pairs = {(look.reviewer, subject) for look in event.looks for subject in look.subjects}
        looks = (*state.looks, *(look.case for look in event.looks))
        return replace(state, looks=looks, second_pairs=state.second_pairs | pairs)
    if isinstance(event, LinesMoved):
        return _moved(state, event)
    if isinstance(event, OwnerChanged):
        return replace(state, owner=event.owner, deputy=event.deputy)
    if isinstance(event, CampaignOpened):
        return replace(state, status="open", opened_at=recorded.at, late=state.late or event.late)
    if isinstance(event, CampaignMissed):
        return replace(state, missed_at=recorded.at, late=True)
    if isinstance(event, CampaignOverdue):
        return replace(state, overdue_at=recorded.at)
    if isinstance(event, CampaignCancelled):
        return _ended(replace(state, status="cancelled"), recorded.at)
    if isinstance(event, CampaignClosed):
        ended = (
            replace(state, status="closed_with_exceptions")
            if event.with_exceptions
            else replace(state, status="closed")
        )
        return _ended(replace(ended, counts=event.counts), recorded.at)
    if isinstance(event, ReviewProgressed):
        return _progressed(state, event)
    return _signing(state, event, recorded.at)


def _source(state: Campaign, event: SourceCollected | SourceRefused | SourceExcepted | LinesAssigned) -> Campaign:
    if isinstance(event, SourceExcepted):
        name = event.exemption.item
        exemptions = {**state.exemptions, event.exemption.number: event.exemption}
        sources = {**state.sources, name: replace(state.sources[name], status="excepted")}
        proposals = _signed(state, event.exemption.number)
        return replace(state, sources=sources, exemptions=exemptions, proposals=proposals)
    name = event.collection.source
    state = replace(state, status="collecting") if state.status == "planned" else state
    if isinstance(event, SourceCollected):
        directory = event.collection if name == state.directory_source else state.directory
        state = replace(state, directory=directory)
    held = state.sources.get(name)
    if held is None:
        return state
    if isinstance(event, SourceRefused):
        changed = replace(
            held, status="refused", collection=event.collection, reasons=event.reasons, again_at=event.again_at
        )
    elif isinstance(event, SourceCollected):
        changed = replace(held, status="complete", collection=event.collection, reasons=(), again_at=None)
    else:
        changed = replace(
            held, status="opened", collection=event.collection, lines=len(event.assignments), choices=event.choices,
            only_administrator=event.only_administrator, removed=event.removed, due_at=event.due_at,
        )  # fmt: skip
        state = _assigned(state, event)
    return replace(state, sources={**state.sources, name: changed})


def _assigned(state: Campaign, event: LinesAssigned | LinesArrived) -> Campaign:
    homes = dict(state.homes)
    reviewers = dict(state.reviewers)
    for a in event.assignments:
        homes[a.ref] = Home(a.review, a.reviewer, a.subject)
        _remember(reviewers, a.review, a.reviewer)
    unassigned = {**state.unassigned, **{x.ref: x for x in event.unassigned}}
    return replace(state, homes=homes, reviewers=reviewers, unassigned=unassigned)


def _moved(state: Campaign, event: LinesMoved) -> Campaign:
    homes = dict(state.homes)
    reviewers = dict(state.reviewers)
    unassigned = dict(state.unassigned)
    for m in event.moves:
        homes[m.ref] = Home(m.review, m.reviewer, m.subject)
        _remember(reviewers, m.review, m.reviewer)
        unassigned.pop(m.ref, None)
    unassigned.update({x.ref: x for x in event.unassigned})
    return replace(state, homes=homes, reviewers=reviewers, unassigned=unassigned)


def _progressed(state: Campaign, event: ReviewProgressed) -> Campaign:
    """Once every line of every source is settled, only removals are left."""
    state = replace(state, progress={**state.progress, event.review: event.counts})
    # Fewer settled in all than there are lines: no need to count them by review, which costs the whole campaign.
    settled = sum(counts.get("settled", 0) for counts in state.progress.values()) >= len(state.homes)
    if settled:
        held = Counter(h.review for h in state.homes.values())
        settled = all(review and state.progress.get(review, {}).get("settled") == n for review, n in held.items())
    sources = all(s.status in ("opened", "excepted") for s in state.sources.values())
    return replace(state, status="removing" if settled and sources else "open")


def _remember(reviewers: dict[CaseId, Person], review: CaseId | None, reviewer: PersonId | None) -> None:
    """A review's id is taken by a person; only the id counts, the name stands in the review itself."""
    if review and reviewer and review not in reviewers:
        login = case_segments(review)[-1]
        reviewers[review] = Person(id=reviewer, issuer="", login=login, name=login)


def _signing(state: Campaign, event: Event, at: datetime) -> Campaign:
    if isinstance(event, ExceptionProposed):
        fields = event.model_dump(exclude={"by", "second", "about", "judge"})
        proposal = Proposal(by=event.by, second=event.second, about=event.about, judge=event.judge, at=at, **fields)
        return replace(state, proposals={**state.proposals, event.number: proposal})
    if isinstance(event, ProposalDeclined):
        declined = replace(state.proposals[event.number], outcome="declined")
        return replace(state, proposals={**state.proposals, event.number: declined})
    if isinstance(event, IndependenceExcepted):
        return replace(state, proposals=_signed(state, event.number))
    if isinstance(event, ExceptionGranted):
        number = event.exemption.number
        return replace(
            state, exemptions={**state.exemptions, number: event.exemption}, proposals=_signed(state, number)
        )
    if isinstance(event, ExceptionLapsed):
        state = replace(state, lapsed=state.lapsed | {event.exemption.number})
        item = event.exemption.item
        if event.exemption.kind == "source" and state.open and item in state.sources:
            state = replace(state, sources={**state.sources, item: SourceState(source=item)})
        return state
    return state


def _signed(state: Campaign, number: int) -> dict[int, Proposal]:
    held = state.proposals.get(number)
    return {**state.proposals, number: replace(held, outcome="signed")} if held else dict(state.proposals)


def _ended(state: Campaign, at: datetime) -> Campaign:
    """An ended campaign: whatever waited for a second signer waits no more."""
    proposals = {
        n: replace(p, outcome="signed" if p.kind in ("close", "cancel") else "declined") if p.outcome == "open" else p
        for n, p in state.proposals.items()
    }
    return replace(state, ended_at=at, proposals=proposals)
