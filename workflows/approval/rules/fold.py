"""What each event changes in a case. Nothing is decided here: an event is a fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from workflows.approval.model import (
    AccessReleased,
    AccessReserved,
    Approval,
    ApprovalEscalated,
    ApprovalLapsed,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalSuperseded,
    ApprovalWithdrawn,
    ApproverReminded,
    BypassExplained,
    Decision,
    DeployBypassed,
    DeployReviewed,
    DeployUnguarded,
    Desk,
    DeskOpened,
    DeskPulled,
    DismissalUncovered,
    EmergencyReviewed,
    EmergencyUnreviewed,
    EvidenceAttached,
    HandedOn,
    Holder,
    RequestShortened,
    Reserved,
    Review,
    RiskRated,
    StepApproved,
    StepAsked,
)
from workflows.approval.rules import effect_fold
from workflows.kernel.calendar import after
from workflows.kernel.identity import Person
from workflows.kernel.model import CaseId, Recorded

State = Approval | Desk | Holder | None
"""Any kind of case, or None before its first event."""


def evolve(state: State, recorded: Recorded) -> State:
    """The state after an event; a case's first event says which kind it is."""
    event = recorded.event
    if isinstance(event, DeskOpened):
        return Desk(
            case=recorded.case,
            control=event.control,
            title=event.title,
            opened_at=recorded.at,
            sources=event.sources,
        )
    if isinstance(event, ApprovalRequested):
        return Approval(
            case=recorded.case,
            request=event.request,
            steps=event.steps,
            frame=event.frame,
            requested_at=recorded.at,
            files=event.files,
            missing=event.missing,
        )
    if isinstance(event, DeployBypassed | DeployUnguarded):
        if isinstance(state, Approval):
            # Whoever was asked about it sees that nothing is left to decide.
            return replace(state, status="bypassed", asked=(), files=(*state.files, *event.files))
        return _around(recorded.case, recorded.at, event)
    if isinstance(event, DeployReviewed):
        return _reviewed(recorded.case, recorded.at, event)
    if isinstance(event, DismissalUncovered):
        return Approval(
            case=recorded.case, request=event.request, steps=(), frame=event.frame, requested_at=recorded.at,
            status="uncovered", files=(event.scan,),
        )  # fmt: skip
    if isinstance(event, AccessReserved):
        return _reserved(state if isinstance(state, Holder) else None, recorded.case, recorded.at, event)
    if isinstance(state, Holder) and isinstance(event, AccessReleased):
        return replace(state, held={c: r for c, r in state.held.items() if c != event.of})
    if isinstance(state, Desk) and isinstance(event, DeskPulled):
        pulls = {**state.pulls, event.collection.source: event.collection}
        return replace(state, pulls=pulls, sources=event.sources)
    if isinstance(state, Approval):
        return _approval(state, recorded)
    return state


def _around(case: CaseId, at: datetime, event: DeployBypassed | DeployUnguarded) -> Approval:
    return Approval(
        case=case,
        request=event.request,
        steps=(),
        frame=event.frame,
        requested_at=at,
        status="bypassed" if isinstance(event, DeployBypassed) else "unguarded",
        files=event.files,
    )


def _reviewed(case: CaseId, at: datetime, event: DeployReviewed) -> Approval:
    """Decided at GitHub: over as far as we are asked, unless the control owner has to say how it came."""
    approved = event.verdict == "approved"
    return Approval(
        case=case, request=event.request, steps=(), frame=event.frame, requested_at=at, files=event.files,
        status="refused" if not approved else "ended" if event.independent else "unproven",
        told=event.verdict, closed_at=at if not approved or event.independent else None, reviewed=event.review,
    )  # fmt: skip


def _reserved(state: Holder | None, case: CaseId, at: datetime, event: AccessReserved) -> Holder:
    held = Reserved(
        entry=event.entry,
        entitlement=event.entitlement,
        source=event.source,
        case=event.of,
        until=event.until,
    )
    before = state or Holder(case=case, control=event.control, person=event.person, name=event.name, since=at)
    return replace(before, held={**before.held, event.of: held})


def _approval(state: Approval, recorded: Recorded) -> Approval:
    event, at = recorded.event, recorded.at
    match event:
        case EvidenceAttached():
            files, request = (*state.files, *event.files), effect_fold.told_anew(state.request, event.facts)
            return replace(state, files=files, missing=event.missing, request=request)
        case RiskRated():
            return replace(state, request=event.request, steps=event.steps, missing=())
        case StepAsked():
            asked = replace(state, status="asked", step=event.step, asked=event.asked, asked_at=at)
            return replace(asked, everyone=_everyone(state, event.step, event.asked), handed={}, climbed={})
        case ApproverReminded():
            reminded = (*state.reminded, *((event.step, person) for person in event.people))
            return replace(state, climbed={**state.climbed, event.rung: at}, reminded=reminded)
        case ApprovalEscalated():
            climbed = {**state.climbed, event.rung: at, **dict.fromkeys(event.skipped, at)}
            more = _everyone(state, event.step, event.asked)
            return replace(state, asked=(*state.asked, *event.asked), climbed=climbed, everyone=more)
        case HandedOn():
            people = tuple(event.handed.person if p.id == event.by else p for p in state.asked)
            more = _everyone(state, event.step, (event.handed.person,))
            return replace(state, asked=people, handed={**state.handed, event.to: event.handed}, everyone=more)
        case StepApproved():
            return _approved(state, event, recorded)
        case RequestShortened():
            return replace(state, request=event.request, shortened_by=event.by)
    return _closing(state, recorded)


def _everyone(state: Approval, step: int, people: tuple[Person, ...]) -> tuple[tuple[int, Person], ...]:
    known = {(number, person.id) for number, person in state.everyone}
    return (*state.everyone, *((step, p) for p in people if (step, p.id) not in known))


def _approved(state: Approval, event: StepApproved, recorded: Recorded) -> Approval:
    decision = Decision(
        step=event.step,
        person=event.approver,
        at=recorded.at,
        reason=event.reason,
        chain=event.chain,
        attestation=recorded.attestation,
    )
    decisions = (*state.decisions, decision)
    if not event.last:
        asked = tuple(p for p in state.asked if p.id != event.approver_id)
        return replace(state, decisions=decisions, asked=asked)
    after_it = replace(state, decisions=decisions, status="approved", approved_at=recorded.at)
    return replace(after_it, review=_review(after_it, recorded.at)) if state.request.emergency else after_it


def _review(state: Approval, at: datetime) -> Review:
    """Whoever answers for the control and neither asked, benefits nor decided looks at the emergency afterwards."""
    involved = {d.person.id for d in state.decisions}
    involved |= {p.id for p in (state.request.requester, state.request.subject) if p}
    people = [p for p in (state.frame.owner, state.frame.deputy) if p and p.id not in involved]
    due_at = after(at, state.frame.review_within, state.frame.time_zone, state.closed_days)
    return Review(due_at=due_at, people=tuple(people or [state.frame.owner]))


def _closing(state: Approval, recorded: Recorded) -> Approval:
    event, at = recorded.event, recorded.at
    match event:
        case ApprovalRefused():
            return replace(state, status="refused", closed_at=at, closed_by=event.approver, because=event.reason)
        case ApprovalWithdrawn():
            return replace(
                state, status="withdrawn", closed_at=at, closed_by=state.request.requester, because=event.reason
            )
        case ApprovalLapsed():
            return replace(state, status="lapsed", closed_at=at)
        case ApprovalSuperseded():
            return replace(state, status="superseded", closed_at=at, because=event.because)
        case EmergencyUnreviewed() if state.review is not None:
            return replace(state, review=replace(state.review, overdue=True))
        case EmergencyReviewed() if state.review is not None:
            reviewed = replace(state.review, by=event.by, justified=event.justified, reason=event.reason, at=at)
            return replace(state, review=reviewed)
        case BypassExplained():
            return replace(state, explained=event.reason, closed_at=at)
    return effect_fold.fold(state, recorded)
