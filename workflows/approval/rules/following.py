"""What follows the last yes, and what follows where it is over: for the person's record, and in other systems. CC6.1, CC6.3."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    AllowPair,
    Approval,
    EndPair,
    ExceptionStarted,
    GrantRequested,
    Release,
    Request,
    Reserve,
    StepApproved,
    Supersede,
)
from workflows.approval.rules.desk import holder_case
from workflows.approval.rules.duty import listed, opposed
from workflows.approval.rules.frame import settings_of
from workflows.kernel.calendar import after
from workflows.kernel.duty import Allowed, pair_of
from workflows.kernel.model import Addressed, Facts, Outcome, Want

GRANT_DUE = "1wd"


def effect_of(state: Approval, yes: StepApproved, at: datetime, facts: Facts) -> Outcome:
    request, frame = state.request, state.frame
    if request.pair is not None:
        return _pair(state, yes, facts)
    if request.kind == "exception" and request.until is not None:
        earlier = request.finding.earlier if request.finding else ""
        ended = Addressed(case=earlier, command=Supersede(because="extended", extended_by=state.case))
        return Outcome(events=(yes, ExceptionStarted(until=request.until)), commands=(ended,) if earlier else ())
    if request.access is None or request.subject is None:
        return Outcome(events=(yes,))
    granter = facts.directory.get(request.access.granter.id) or request.access.granter
    due_at = after(at, "1h" if request.emergency else GRANT_DUE, frame.time_zone, state.closed_days)
    way = request.access.way
    wish = GrantRequested(granter=granter, granter_id=granter.id, until=request.until, due_at=due_at, way=way)
    others = opposed(request.access.entry, settings_of(facts))
    note = Reserve(
        person=request.subject,
        entry=request.access.entry,
        entitlement=request.access.entitlement,
        source=request.access.source,
        of=state.case,
        until=request.until,
        control=facts.control.id,
        opposed=others,
        listed=tuple(d.entry for d in listed(request.subject.id, others, facts)),
        completes=request.access.completes,
    )
    commands = [Addressed(case=holder_case(request.subject.id), command=note)]
    if request.access.earlier:
        over = Supersede(because="extended", extended_by=state.case)
        commands.append(Addressed(case=request.access.earlier, command=over))
    return Outcome(events=(yes, wish), commands=tuple(commands), wants=by_itself(request))


def _pair(state: Approval, yes: StepApproved, facts: Facts) -> Outcome:
    """The person may have both sides until the end; their own record says so, where every request for access looks."""
    pair, subject, until = state.request.pair, state.request.subject, state.request.until
    if pair is None or subject is None or until is None:
        return Outcome(events=(yes,))
    entries = pair_of(pair.sides[0].entry, pair.sides[1].entry)
    known = Allowed(case=state.case, control=facts.control.id, person=subject.id, entries=entries, until=until)
    note = Addressed(case=holder_case(subject.id), command=AllowPair(name=subject.name, allowed=known))
    return Outcome(events=(yes, ExceptionStarted(until=until)), commands=(note,))


def by_itself(request: Request) -> tuple[Want, ...]:
    """What is wanted of the system that grants and removes this access, where one does."""
    access = request.access
    return (Want(kind="grant", source=access.source, reason=access.way),) if access and access.way else ()


def released(state: Approval) -> tuple[Addressed, ...]:
    """The person's record told that this access or exception is over, where it was approved."""
    subject = state.request.subject
    if state.request.pair is not None and subject is not None and state.approved_at is not None:
        return (Addressed(case=holder_case(subject.id), command=EndPair(of=state.case)),)
    if state.request.access is None or subject is None or state.approved_at is None:
        return ()
    return (Addressed(case=holder_case(subject.id), command=Release(of=state.case)),)
