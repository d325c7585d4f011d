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
    HandedOn,
    HandedOver,
    HandOver,
    RefuseRequest,
    RequestShortened,
    Shorten,
    StepApproved,
    Supersede,
    Withdraw,
)
from workflows.approval.rules.approver import SHORT, closed_already, feasible, fit_for, fresh, level_reached, may
from workflows.approval.rules.asking import asked
from workflows.approval.rules.following import effect_of, released
from workflows.approval.rules.frame import settings_of
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.model import Actor, Event, Facts, Outcome

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
        return effect_of(state, yes, at, facts)
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


def no_longer_offered(state: Approval, facts: Facts) -> str | None:
    """What changed in the program about the access that is asked for, or None: then earlier yeses still mean the same."""
    access = state.request.access
    settings, pair = settings_of(facts), state.request.pair
    if pair is not None and pair.sides[1].entry not in settings.opposed(pair.sides[0].entry):
        return "The program lists this pair no longer."
    if access is None:
        return None
    entry = settings.entry(access.entry)
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
    """Whoever asked takes it back, as long as nothing has come of it; an exception for a pair, whoever decided it too."""
    person = by.somebody()
    if all(p.id != person.id for p in state.takers):
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
    if (state.request.access or state.request.pair) and state.approved_at is not None and not command.extended_by:
        raise refused("in_effect")
    return Outcome(events=(ApprovalSuperseded(because=command.because),), commands=released(state))
