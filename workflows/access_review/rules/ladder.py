"""The ladder of a review: when its reviewer is reminded, and who is told or asked when nobody answers.

Every rung is at 09:00 of a working day in the reviewer's own zone; nobody is reminded at night. Silence is never keep.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.access_review.model import ClimbLadder, Review, ReviewerReminded, ReviewEscalated, ReviewHead, Rung
from workflows.access_review.rules.refusal import refused
from workflows.access_review.rules.releasing import release
from workflows.kernel.calendar import (
    MORNING,
    at_local,
    local_day,
    next_working_day,
    shift_working_days,
    working_days_between,
)
from workflows.kernel.independence import unfit
from workflows.kernel.model import Facts, Outcome

REMINDERS = ("half", "two_left", "one_left")


def ladder(head: ReviewHead, opened_at: datetime) -> tuple[Rung, ...]:
    """The rungs of a review that opened then; those that would come at once are left out."""
    zone = _zone(head)
    closed = head.closed_days
    opened = local_day(opened_at, zone)
    # Counted from the day on which the due instant falls for the reviewer, else a rung could come before "overdue".
    due = local_day(head.due_at, zone)
    half = shift_working_days(opened, max(1, working_days_between(opened, due, closed) // 2), closed)
    days = {
        "half": half,
        "two_left": shift_working_days(due, -2, closed),
        "one_left": shift_working_days(due, -1, closed),
        "manager": shift_working_days(due, 2, closed),
        "owner": shift_working_days(due, 5, closed),
        "no_response": shift_working_days(due, 10, closed),
    }
    rungs = [Rung(name, at_local(day, MORNING, zone)) for name, day in days.items()]
    rungs.append(Rung("overdue", _morning_after(head.due_at, zone, head)))
    kept = [r for r in rungs if r.at > opened_at]
    return tuple(sorted(kept, key=lambda r: r.at))


def _morning_after(at: datetime, zone: str, head: ReviewHead) -> datetime:
    day = next_working_day(local_day(at, zone), head.closed_days)
    morning = at_local(day, MORNING, zone)
    if morning > at:
        return morning
    return at_local(next_working_day(day + timedelta(days=1), head.closed_days), MORNING, zone)


def _zone(head: ReviewHead) -> str:
    return head.reviewer.time_zone or head.time_zone


def due_rungs(state: Review, now: datetime) -> list[Rung]:
    """The rungs that are reached and not acted on, lowest first; none once nothing is wanted of the reviewer."""
    if state.sealed or not state.unsettled():
        return []
    return [r for r in state.ladder if r.at <= now and r.name not in state.climbed]


def climb(state: Review, command: ClimbLadder, at: datetime, facts: Facts) -> Outcome:
    """Remind or escalate. A reviewer who left is not reminded: their lines move on."""
    due = due_rungs(state, at)
    if command.rung not in [r.name for r in due]:
        raise refused("not_due")
    held = state.unsettled()
    person = facts.directory.get(state.reviewer.id)
    if person is None or unfit(person) is not None:
        return release(state, held, "reviewer_left", f"{state.reviewer.name} is no longer an active employee.")
    if command.rung in REMINDERS:
        reminded = ReviewerReminded(
            rung=command.rung, was_due_at=command.due_at, open_lines=len(held), skipped=command.skipped
        )
        return Outcome(events=(reminded,))
    escalated = ReviewEscalated(
        rung=command.rung,
        told=_told(state, command.rung, facts),
        was_due_at=command.due_at,
        open_lines=len(held),
        skipped=command.skipped,
    )
    return Outcome(events=(escalated,))


def _told(state: Review, rung: str, facts: Facts) -> tuple[str, ...]:
    """Privileged or flagged lines go to the control owner at once, plain ones to the reviewer's manager first."""
    owner = facts.owner or state.head.owner.id
    pressing = any(x.assigned.tier != "plain" for x in state.unsettled())
    me = facts.directory.get(state.reviewer.id)
    manager = facts.directory.get(me.manager if me else state.head.manager)
    told = [manager.id] if manager and unfit(manager) is None and manager.id != state.reviewer.id else []
    if rung in ("owner", "no_response") or pressing or not told:
        told.append(owner)
    return tuple(dict.fromkeys(told))
