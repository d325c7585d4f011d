"""Asking people for a step: who is asked now, on which evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workflows.approval.model import Approval, ApprovalRequested, Frame, Request, Step, StepAsked
from workflows.approval.rules.approver import AT_ONCE, askable
from workflows.kernel.identity import Directory, Person
from workflows.kernel.model import Event, EvidenceRef


def asked(state: Approval, number: int, directory: Directory, at: datetime, more: int = 0) -> StepAsked:
    """The first people of a step, and ``more`` of the next ones, asked on the case as it stands."""
    step = state.steps[number]
    people = askable(state, number, directory, at)[: min(AT_ONCE, step.first + more)]
    return StepAsked(
        step=number,
        steps=len(state.steps),
        role=step.role,
        people=tuple(p.id for p in people),
        asked=tuple(people),
        request_sha256=state.request.digest(),
        files=state.files,
    )


def next_ones(state: Approval, directory: Directory, at: datetime) -> list[Person]:
    """Who is asked as well where nobody answered: the next of the step, as long as there is room."""
    room = AT_ONCE - len(state.asked)
    already = {p.id for p in state.asked}
    already |= {link for h in state.handed.values() for link in h.chain}
    return [p for p in askable(state, state.step, directory, at) if p.id not in already][: max(0, min(1, room))]


def opened(
    request: Request,
    steps: Sequence[Step],
    frame: Frame,
    at: datetime,
    directory: Directory,
    *,
    files: Sequence[EvidenceRef] = (),
    missing: Sequence[str] = (),
) -> tuple[Event, ...]:
    """A new case: asked at once where nothing is awaited."""
    first = ApprovalRequested(
        request=request,
        request_sha256=request.digest(),
        steps=tuple(steps),
        frame=frame,
        files=tuple(files),
        missing=tuple(missing),
    )
    if missing:
        return (first,)
    state = Approval(
        case="",
        request=request,
        steps=tuple(steps),
        frame=frame,
        requested_at=at,
        files=tuple(files),
    )
    return (first, asked(state, 0, directory, at))
