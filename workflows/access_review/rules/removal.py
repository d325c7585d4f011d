"""After the signature: who removes, what they report, and what a later complete pull shows. CC6.2, CC6.3.

"Done" is a claim. Only a complete pull whose data is later than the claim proves it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.access_review.model import (
    CannotRemove,
    EndException,
    ExceptionGranted,
    ExceptionLapsed,
    FollowUp,
    FollowUpLate,
    RecordException,
    RecordLateRemoval,
    RemovalBlocked,
    RemovalReported,
    ReportRemoved,
    Review,
)
from workflows.access_review.rules.campaign import standing_owner
from workflows.access_review.rules.refusal import checked_reason, refused
from workflows.kernel.calendar import after
from workflows.kernel.model import Actor, Facts, Outcome, Want

FIRST_CHECK = timedelta(minutes=10)
SECOND_LEVEL = "2wd"


def _for_remover(state: Review, ref: str, by: Actor, facts: Facts) -> FollowUp:
    follow_up = state.follow_ups.get(ref)
    if follow_up is None:
        raise refused("no_such_line", "No removal was asked for this line.")
    person = by.somebody()
    owner = standing_owner(facts) or state.head.owner
    if person.id not in (follow_up.remover.id, owner.id):
        raise refused("not_yours", f"{follow_up.remover.name} was asked to do this.")
    if not follow_up.open:
        raise refused("removal_over")
    return follow_up


def report(state: Review, command: ReportRemoved, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The remover says it is done; the source is pulled soon to see."""
    follow_up = _for_remover(state, command.ref, by, facts)
    if follow_up.status == "reported_done":
        raise refused("removal_over", "This is reported already; the next complete list shows whether it is so.")
    event = RemovalReported(ref=command.ref, by=by.id)
    reason = "to see whether a reported removal is done"
    want = Want(kind="pull", source=state.head.source, reason=reason, not_before=at + FIRST_CHECK)
    return Outcome(events=(event,), wants=(want,))


def cannot(state: Review, command: CannotRemove, by: Actor, facts: Facts) -> Outcome:
    """The remover says why it cannot be done; the control owner sees it."""
    _for_remover(state, command.ref, by, facts)
    because = checked_reason(command.because)
    return Outcome(events=(RemovalBlocked(ref=command.ref, by=by.id, because=because),))


def late(state: Review, command: RecordLateRemoval, at: datetime) -> Outcome:
    """The due time passed; lateness counts from the signature."""
    follow_up = state.follow_ups.get(command.ref)
    if follow_up is None or not follow_up.open or follow_up.late >= command.level:
        raise refused("not_due")
    if at <= late_at(state, follow_up, command.level):
        raise refused("not_due")
    return Outcome(events=(FollowUpLate(ref=command.ref, was_due_at=follow_up.due_at, level=command.level),))


def late_at(state: Review, follow_up: FollowUp, level: int) -> datetime:
    """When a removal is late at this level."""
    if level <= 1:
        return follow_up.due_at
    return after(follow_up.due_at, SECOND_LEVEL, state.head.time_zone, state.head.closed_days)


def except_(state: Review, command: RecordException) -> Outcome:
    """Two people accepted that this line or removal stays as it is for a time."""
    exemption = command.exemption
    held = state.lines.get(exemption.item)
    if held is None:
        raise refused("moved_away")
    follow_up = state.follow_ups.get(exemption.item)
    if exemption.kind == "follow_up" and (follow_up is None or not follow_up.open):
        raise refused("removal_over")
    if exemption.kind in ("line", "leaver") and held.settled:
        raise refused("already_decided")
    if exemption.kind == "leaver" and not held.assigned.leaver:
        raise refused("no_such_line", "This line does not belong to somebody who has left.")
    return Outcome(events=(ExceptionGranted(exemption=exemption),))


def end_exception(state: Review, command: EndException) -> Outcome:
    """The exception is over; what it covered is open again."""
    exemption = command.exemption
    held = state.lines.get(exemption.item)
    follow_up = state.follow_ups.get(exemption.item)
    covered = follow_up.exemption if follow_up and exemption.kind == "follow_up" else held.exemption if held else None
    if covered is None or covered.number != exemption.number:
        return Outcome()
    return Outcome(events=(ExceptionLapsed(exemption=exemption),))
