"""Where a case stands, for lists: its summary, what is asked of whom, and who may act in it at all."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.approval.model import AROUND, Approval, Desk, Holder, Settings
from workflows.approval.rules import State
from workflows.approval.rules.desk import NAME
from workflows.approval.schedule import wake_at
from workflows.kernel.approved import ApprovedAccess
from workflows.kernel.identity import PersonId
from workflows.kernel.model import Ask, CaseSummary, Control

AROUND_DETAIL = {
    "bypassed": "It went out without an approval. Say how.",
    "unproven": "It was approved at GitHub, and not shown to be by another person. Say how.",
    "unguarded": "It can go out around us. Close it, or say why.",
    "uncovered": "Nobody accepted these. Have them accepted or shown again, or say why.",
}


def title(state: Approval) -> str:
    """What the case is about, in a line: `Admin of payments for Tom Reyes`."""
    request = state.request
    if request.access is not None and request.subject is not None:
        word = "Emergency: " if request.emergency else ""
        return f"{word}{request.title} for {request.subject.name}"
    if request.deploy is not None:
        return f"Deploy {request.deploy.repository} to {request.deploy.environment}: {request.title}"
    return request.title if state.status == "uncovered" else f"Accept a risk: {request.title}"


def summary(state: State) -> CaseSummary:
    """The row by which a case is found without folding it."""
    if isinstance(state, Desk):
        return CaseSummary(
            case=state.case,
            workflow=NAME,
            control=state.control,
            title=f"Requests: {state.title}",
            status="open",
            open=True,
            opened_at=state.opened_at,
            watches=state.sources,
        )
    if isinstance(state, Holder):
        return CaseSummary(
            case=state.case,
            workflow=NAME,
            control=state.control,
            title=f"Approved access of {state.name}",
            status="held" if state.held else "empty",
            open=False,
            opened_at=state.since,
            counts={"held": len(state.held)},
        )
    if state is None:
        raise TypeError("a case that does not exist has no summary")
    return _approval_summary(state)


RESTS: frozenset[str] = frozenset({"approved", "effect_failed", "effective", "ending", "not_ended"})


def approved(state: State) -> ApprovedAccess | None:
    """The access that this case stands behind: approved, and not seen to be gone."""
    if not isinstance(state, Approval) or state.approved_at is None or state.status not in RESTS:
        return None
    request = state.request
    if request.access is None or request.subject is None:
        return None
    return ApprovedAccess(
        case=state.case, attestation=state.decisions[-1].attestation, person=request.subject.id,
        source=request.access.source, entitlement=request.access.entitlement, key=state.line,
        by=tuple(d.person.id for d in state.decisions), by_names=tuple(d.person.name for d in state.decisions),
        at=state.approved_at, until=request.until,
    )  # fmt: skip


def offered(control: Control) -> Sequence[tuple[str, str]]:
    """What the control's catalogue lets people ask for."""
    return [(entry.source, entry.entitlement) for entry in Settings.model_validate(control.settings).catalogue]


def _approval_summary(state: Approval) -> CaseSummary:
    request = state.request
    waits = state.status in ("approved", "effect_failed", "effective", "ending", "not_ended")
    owner = request.requester or request.subject or state.frame.owner
    due_at = state.frame.lapse_at if state.status in ("collecting", "asked") else request.until
    flags = {
        "emergency": request.emergency,
        "review overdue": bool(state.review and state.review.overdue and not state.review.by),
        "grant differs": state.status == "effect_failed",
        "not ended": state.status == "not_ended",
        "stuck": bool((state.grant and state.grant.blocked) or (state.removal and state.removal.blocked)),
    }
    return CaseSummary(
        case=state.case,
        workflow=NAME,
        control=state.frame.control,
        title=title(state),
        status=state.status,
        open=not state.over,
        owner=owner.id,
        opened_at=state.requested_at,
        due_at=due_at,
        wake_at=wake_at(state),
        # Standing access is over as a case, and still watched: once it is gone it no longer counts as held.
        watches=(request.access.source,) if request.access and waits else (),
        counts={"steps": len(state.steps), "decided": len(state.decisions)},
        notes=tuple(name for name, here in flags.items() if here),
    )


def asks(state: State) -> Sequence[Ask]:
    """What is wanted of whom. One that is done stays listed as not open, so that it can be closed where it is shown."""
    if not isinstance(state, Approval):
        return ()
    found = [*_step_asks(state), *_errand_asks(state)]
    about, owner = title(state), state.request.subject
    if owner is not None and state.request.kind == "exception" and not state.request.severity:
        wanted = state.status == "collecting"
        detail = "Say how severe it is."
        found.append(Ask(key="rate", person=owner.id, title=about, detail=detail, open=wanted))
    if state.review is not None:
        for person in state.review.people:
            detail = "It was an emergency. Say whether it was justified."
            found.append(
                Ask(
                    key=f"review:{person.id}",
                    person=person.id,
                    title=about,
                    detail=detail,
                    due_at=state.review.due_at,
                    open=not state.review.by,
                )
            )
    if state.status in AROUND:
        detail = AROUND_DETAIL[state.status]
        found.append(
            Ask(key="bypass", person=state.frame.owner.id, title=about, detail=detail, open=not state.explained)
        )
    return found


def _step_asks(state: Approval) -> list[Ask]:
    about, reason = title(state), state.request.reason
    found = []
    for step, person in state.everyone:
        now = state.now is not None and step == state.step and any(p.id == person.id for p in state.asked)
        found.append(
            Ask(
                key=f"ask:{step}:{person.id}",
                person=person.id,
                title=about,
                detail=reason,
                due_at=state.frame.lapse_at,
                open=now,
            )
        )
    return found


def _errand_asks(state: Approval) -> list[Ask]:
    found = []
    about = title(state)
    if state.grant is not None and not state.grant.by_itself:
        wanted = state.status in ("approved", "effect_failed") and state.grant.reported_at is None
        found.append(
            Ask(
                key="grant",
                person=state.grant.person.id,
                title=f"Grant: {about}",
                detail=state.grant.refuted,
                due_at=state.grant.due_at,
                open=wanted,
            )
        )
    if state.removal is not None and not state.removal.by_itself:
        wanted = state.status in ("ending", "not_ended") and state.removal.reported_at is None
        found.append(
            Ask(
                key="remove",
                person=state.removal.person.id,
                title=f"Remove: {about}",
                detail=state.removal.refuted,
                due_at=state.removal.due_at,
                open=wanted,
            )
        )
    return found


def assigned(state: State, person: PersonId) -> bool:
    """Whether this person has anything to do, or to see, in this case."""
    if not isinstance(state, Approval):
        return False
    request, frame = state.request, state.frame
    people = {p.id for p in (request.requester, request.subject, frame.owner, frame.deputy) if p}
    people |= {p.id for _, p in state.everyone}
    people |= {link for h in state.handed.values() for link in h.chain}
    people |= {e.person.id for e in (state.grant, state.removal) if e}
    people |= {p.id for p in state.review.people} if state.review else set()
    return person in people
