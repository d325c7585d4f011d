"""What time alone does in a case: it reminds, asks the next ones, lets lapse, announces ends. It never approves."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    AccessNotEnded,
    AnnounceEnd,
    Approval,
    ApprovalEscalated,
    ApprovalLapsed,
    ApproverReminded,
    Climb,
    EmergencyUnreviewed,
    EndAnnounced,
    ExceptionLapsed,
)
from workflows.approval.rules.asking import next_ones
from workflows.approval.rules.deciding import by_itself
from workflows.approval.rules.ladder import GONE_WITHIN, asking_rungs, moments
from workflows.approval.rules.refusal import refused
from workflows.kernel.model import Event, Facts, Outcome


def lapse(state: Approval, at: datetime) -> Outcome:
    """Nobody answered in time."""
    if state.status not in ("collecting", "asked") or at <= state.frame.lapse_at:
        raise refused("not_due")
    asked = tuple(p.id for p in state.asked)
    event = ApprovalLapsed(was_due_at=state.frame.lapse_at, status=state.status, asked=asked, missing=state.missing)
    return Outcome(events=(event,))


def climb(state: Approval, command: Climb, at: datetime, facts: Facts) -> Outcome:
    """Remind, and ask the next ones as well where nobody answered for a working day."""
    due = {r.name: r.at for r in asking_rungs(state)}
    if command.rung not in due or at < due[command.rung]:
        raise refused("not_due")
    asked = tuple(p.id for p in state.asked)
    if command.rung == "remind":
        return Outcome(events=(ApproverReminded(step=state.step, rung="remind", people=asked),))
    more = next_ones(state, facts.directory, at)
    event: Event = ApprovalEscalated(
        step=state.step,
        rung=command.rung,
        people=tuple(p.id for p in more),
        asked=tuple(more),
        skipped=command.skipped,
    )
    return Outcome(events=(event,))


def announce(state: Approval, command: AnnounceEnd, at: datetime) -> Outcome:
    """Tell the holder that the end comes; at the end, have the access taken away."""
    due = {r.name: r.at for r in moments(state)}
    until = state.request.until
    if command.rung not in ("first", "second", "last", "end") or until is None:
        raise refused("not_due")
    if command.rung not in due or at < due[command.rung]:
        raise refused("not_due")
    people = [state.request.subject] if state.request.subject else []
    event = EndAnnounced(rung=command.rung, until=until, people=tuple(p.id for p in people))
    return Outcome(events=(event,), wants=by_itself(state.request) if command.rung == "end" else ())


def not_ended(state: Approval, at: datetime) -> Outcome:
    """A day after the end nothing shows that the access is gone."""
    until = state.request.until
    if state.status != "ending" or until is None or state.not_ended_at is not None or at < until + GONE_WITHIN:
        raise refused("not_due")
    cause = "no complete list since its end shows that it is gone"
    return Outcome(events=(AccessNotEnded(until=until, cause=cause, via=state.via),))


def end_exception(state: Approval, at: datetime) -> Outcome:
    """The end passed, and no scan showed the weakness gone: it is accepted no longer."""
    until = state.request.until
    if state.request.kind != "exception" or state.status != "effective" or until is None or at <= until:
        raise refused("not_due")
    return Outcome(events=(ExceptionLapsed(until=until),))


def unreviewed(state: Approval, at: datetime) -> Outcome:
    """Nobody reviewed an emergency in time."""
    review = state.review
    if review is None or review.by or review.overdue or at <= review.due_at:
        raise refused("not_due")
    people = tuple(p.id for p in review.people)
    return Outcome(events=(EmergencyUnreviewed(was_due_at=review.due_at, people=people),))
