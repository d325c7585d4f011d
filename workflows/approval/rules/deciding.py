"""A yes, a no, a shorter time, somebody else in one's place: the rules of deciding. CC6.1, CC6.3, CC8.1."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.approval.model import (
    Approval,
    ApprovalRefused,
    ApprovalSuperseded,
    ApprovalWithdrawn,
    Approve,
    Decision,
    ExceptionStarted,
    GrantRequested,
    HandedOn,
    HandedOver,
    HandOver,
    RefuseRequest,
    Release,
    Request,
    RequestShortened,
    Reserve,
    Shorten,
    StepApproved,
    Supersede,
    Withdraw,
)
from workflows.approval.rules.approver import SHORT, closed_already, feasible, fit_for, fresh, level_reached, may
from workflows.approval.rules.asking import asked
from workflows.approval.rules.desk import holder_case
from workflows.approval.rules.frame import settings_of
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.calendar import after
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.model import Actor, Addressed, Event, Facts, Outcome, Want

GRANT_DUE = "1wd"
LONGEST_HANDOVER = timedelta(days=30)
LONGEST_CHAIN = 3


def decider(state: Approval, step: int, shown: str, by: Actor, at: datetime, facts: Facts) -> Person:
    """The person who acts, if they may decide this step on what they saw. Every way in asks here."""
    person = by.somebody()
    fresh(facts.directory, at)
    found = may(person.id, state, facts.directory, at)
    if found is not None:
        raise found
    if step != state.step:
        raise refused("changed_since_shown")
    # What was approved is what was shown, to the letter.
    if shown != state.stamp:
        raise refused("changed_since_shown")
    return facts.directory.get(person.id) or person


def approve(state: Approval, command: Approve, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A yes to the step; the last one lets the request take effect."""
    person = decider(state, command.step, command.shown, by, at, facts)
    request = state.request
    if request.deploy and request.deploy.unknown:
        raise refused("unknown_author")
    if request.until is not None and request.until <= at:
        raise refused("end_passed")
    reason = checked_reason(command.reason) if command.reason else ""
    if (changed := no_longer_offered(state, facts)) is not None:
        return Outcome(events=(ApprovalSuperseded(because=changed),))
    level_reached(state.frame.wanted, by)
    step = state.steps[state.step]
    given = 1 + sum(d.step == state.step for d in state.decisions)
    last = given >= step.needed and state.step == len(state.steps) - 1
    handed = state.handed.get(person.id)
    yes = StepApproved(
        step=state.step,
        steps=len(state.steps),
        role=step.role,
        last=last,
        approver=person,
        approver_id=person.id,
        requester=_id(request.requester),
        subject=_id(request.subject),
        chain=handed.chain if handed else (),
        request=request,
        request_sha256=request.digest(),
        shown=state.digest,
        reason=reason,
        wanted=state.frame.wanted,
        reached=by.assurance,
        files=state.files,
    )
    if last:
        return _effect(state, yes, at, facts)
    return Outcome(events=(yes, *_ask_on(state, yes, at, facts)))


def _id(person: Person | None) -> PersonId | None:
    return person.id if person else None


def _ask_on(state: Approval, yes: StepApproved, at: datetime, facts: Facts) -> list[Event]:
    """The next step's people, or, within a step of several, more where the others who were asked do not suffice."""
    decided = Decision(step=yes.step, person=yes.approver, at=at)
    after_it = _with(state, decided)
    given = sum(d.step == yes.step for d in after_it.decisions)
    step = state.steps[yes.step]
    if given >= step.needed:
        following = _with(state, decided, step=yes.step + 1)
        return [asked(following, yes.step + 1, facts.directory, at)]
    rest = [p for p in state.asked if p.id != yes.approver_id]
    return [] if len(rest) >= step.needed - given else [asked(after_it, yes.step, facts.directory, at, more=given)]


def _with(state: Approval, decided: Decision, step: int | None = None) -> Approval:
    return Approval(
        case=state.case,
        request=state.request,
        steps=state.steps,
        frame=state.frame,
        requested_at=state.requested_at,
        status="asked",
        files=state.files,
        step=state.step if step is None else step,
        decisions=(*state.decisions, decided),
    )


def _effect(state: Approval, yes: StepApproved, at: datetime, facts: Facts) -> Outcome:
    request, frame = state.request, state.frame
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
    note = Reserve(
        person=request.subject,
        entry=request.access.entry,
        entitlement=request.access.entitlement,
        source=request.access.source,
        of=state.case,
        until=request.until,
        opposed=settings_of(facts).opposed(request.access.entry),
    )
    commands = [Addressed(case=holder_case(request.subject.id), command=note)]
    if request.access.earlier:
        over = Supersede(because="extended", extended_by=state.case)
        commands.append(Addressed(case=request.access.earlier, command=over))
    return Outcome(events=(yes, wish), commands=tuple(commands), wants=by_itself(request))


def by_itself(request: Request) -> tuple[Want, ...]:
    """What is wanted of the system that grants and removes this access, where one does."""
    access = request.access
    return (Want(kind="grant", source=access.source, reason=access.way),) if access and access.way else ()


def no_longer_offered(state: Approval, facts: Facts) -> str | None:
    """What changed in the program about the access that is asked for, or None: then earlier yeses still mean the same."""
    access = state.request.access
    if access is None:
        return None
    entry = settings_of(facts).entry(access.entry)
    if entry is None:
        return "The access is no longer in the catalogue."
    now = (entry.title, entry.plain, entry.source, entry.entitlement, entry.privileged)
    then = (state.request.title, state.request.plain, access.source, access.entitlement, access.privileged)
    return None if now == then else "The catalogue describes this access otherwise now."


def refuse(state: Approval, command: RefuseRequest, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """One no ends the case, with its reason. It takes no stronger sign-in: a no lets nothing happen."""
    person = decider(state, command.step, command.shown, by, at, facts)
    reason = checked_reason(command.reason, state.frame.reason_min)
    handed = state.handed.get(person.id)
    no = ApprovalRefused(
        step=state.step,
        steps=len(state.steps),
        role=state.steps[state.step].role,
        approver=person,
        approver_id=person.id,
        requester=_id(state.request.requester),
        subject=_id(state.request.subject),
        chain=handed.chain if handed else (),
        request_sha256=state.request.digest(),
        shown=state.digest,
        reason=reason,
        wanted="slack",
        reached=by.assurance,
        files=state.files,
    )
    return Outcome(events=(no,))


def shorten(state: Approval, command: Shorten, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """An earlier end. Whoever decides from here on sees the shorter request; a later end is never possible."""
    person = decider(state, command.step, command.shown, by, at, facts)
    was = state.request.until
    if state.request.kind == "deploy" or command.until <= at or (was is not None and command.until >= was):
        raise refused("only_shorter")
    reason = checked_reason(command.reason, state.frame.reason_min)
    request = state.request.model_copy(update={"until": command.until})
    event = RequestShortened(
        step=state.step,
        by=person.id,
        was=was,
        until=command.until,
        reason=reason,
        request=request,
        request_sha256=request.digest(),
    )
    return Outcome(events=(event,))


def hand_over(state: Approval, command: HandOver, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """Whoever is asked has somebody else asked in their place, until a day; the chain is recorded."""
    giver = by.somebody()
    fresh(facts.directory, at)
    if command.step != state.step:
        raise refused("changed_since_shown")
    if state.now is None or at > state.frame.lapse_at:
        raise closed_already(state, at) or refused("collecting")
    if all(p.id != giver.id for p in state.asked):
        raise refused("not_asked")
    if (found := may(giver.id, state, facts.directory, at)) is not None:
        raise found
    reason = checked_reason(command.reason)
    if not at < command.until <= at + LONGEST_HANDOVER:
        raise refused("too_long_away")
    before = state.handed.get(giver.id)
    chain = (*(before.chain if before else ()), giver.id)
    if len(chain) > LONGEST_CHAIN:
        raise refused("chain_too_long")
    person = facts.directory.get(command.person)
    problem = fit_for(person, state.steps[state.step], state.request, facts.directory)
    if problem is not None or person is None:
        name = person.name if person else "Whoever was chosen"
        why = SHORT.get(problem.code, "may not decide it") if problem else "is not in the directory"
        raise refused("not_independent", f"{name} {why}.")
    if person.id in chain or any(p.id == person.id for p in state.asked):
        raise refused("not_independent", f"{person.name} is or was asked already.")
    if any(d.person.id == person.id for d in state.decisions):
        raise refused("not_independent", f"{person.name} decided an earlier step.")
    used = {person.id, *(d.person.id for d in state.decisions)}
    if not feasible(state.steps[state.step + 1 :], used):
        raise refused("not_independent", f"{person.name} is the only one left for a later step.")
    handed = HandedOver(person=person, by=giver.id, chain=chain, until=command.until, reason=reason)
    event = HandedOn(step=state.step, by=giver.id, to=person.id, chain=chain, until=command.until, handed=handed)
    return Outcome(events=(event,))


def withdraw(state: Approval, command: Withdraw, by: Actor) -> Outcome:
    """Whoever asked takes it back, as long as nothing has come of it."""
    person = by.somebody()
    requester = state.request.requester
    if requester is None or person.id != requester.id:
        raise refused("not_yours")
    if state.status in ("withdrawn", "superseded", "lapsed"):
        raise refused(state.status)
    if not state.revocable:
        raise refused("already_decided" if state.status == "refused" else "in_effect")
    reason = checked_reason(command.reason) if command.reason else ""
    event = ApprovalWithdrawn(by=person.id, reason=reason)
    return Outcome(events=(event,), commands=released(state))


def supersede(state: Approval, command: Supersede) -> Outcome:
    """What was asked about changed, so that earlier answers count for nothing."""
    if state.over or state.status in ("ending", "not_ended"):
        raise refused("already_decided")
    # Access that may be there is never let out of sight: only its successor relieves it of its end.
    if state.request.access is not None and state.approved_at is not None and not command.extended_by:
        raise refused("in_effect")
    return Outcome(events=(ApprovalSuperseded(because=command.because),), commands=released(state))


def released(state: Approval) -> tuple[Addressed, ...]:
    """The person's record told that this access is over, where it was approved."""
    subject = state.request.subject
    if state.request.access is None or subject is None or state.approved_at is None:
        return ()
    return (Addressed(case=holder_case(subject.id), command=Release(of=state.case)),)
