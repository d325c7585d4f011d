"""What each event after the last yes changes in a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from workflows.approval.model import (
    AccessEnded,
    AccessNotEnded,
    Approval,
    DeployOutcomeSeen,
    DeployRejected,
    DeployReleased,
    EndAnnounced,
    Errand,
    ExceptionLapsed,
    ExceptionStarted,
    FindingGone,
    GrantRefuted,
    GrantRequested,
    GrantVerified,
    Request,
    TaskBlocked,
    TaskReported,
)
from workflows.approval.rules.ladder import GONE_WITHIN
from workflows.kernel.model import Recorded


def told_anew(request: Request, facts: tuple[str, ...]) -> Request:
    """The request with what its evidence says now, where it says anything."""
    if request.deploy is None or not facts:
        return request
    return request.model_copy(update={"deploy": request.deploy.model_copy(update={"facts": facts})})


def fold(state: Approval, recorded: Recorded) -> Approval:
    """The state after something that came of an approval."""
    event, at = recorded.event, recorded.at
    match event:
        case GrantRequested():
            return replace(state, grant=Errand(event.granter, at, event.due_at, way=event.way))
        case TaskReported():
            return _errand(state, event, reported_at=at)
        case TaskBlocked():
            # Without a person it is the system that would not: whoever grants is asked, and has said nothing yet.
            return _errand(state, event, **{"blocked" if event.by else "stopped": event.because})
        case GrantVerified():
            return replace(
                state,
                status="effective",
                effective_at=at,
                seen=event.collection,
                line=event.key,
                via=event.via,
                extra=(),
            )
        case GrantRefuted():
            return _refuted(state, event, at)
        case EndAnnounced():
            return _announced(state, event, at)
        case AccessEnded():
            return replace(state, status="ended", closed_at=at, seen=event.collection)
        case AccessNotEnded():
            removal = replace(state.removal, reported_at=None, refuted=event.cause) if state.removal else None
            via, seen = event.via or state.via, event.collection or state.seen
            first = state.not_ended_at or at
            return replace(
                state, status="not_ended", not_ended_at=first, cause=event.cause, via=via, seen=seen, removal=removal
            )
    return _outside(state, recorded)


def _errand(state: Approval, event: TaskReported | TaskBlocked, **changed: object) -> Approval:
    if event.task == "grant" and state.grant is not None:
        return replace(state, grant=replace(state.grant, **changed))  # type: ignore[arg-type]
    if event.task == "remove" and state.removal is not None:
        return replace(state, removal=replace(state.removal, **changed))  # type: ignore[arg-type]
    return state


def _refuted(state: Approval, event: GrantRefuted, at: datetime) -> Approval:
    if event.what == "extra":
        return replace(state, status="effect_failed", extra=event.extra, seen=event.collection, failed_at=at)
    refuted = f"the list of {event.collection.system} does not show it"
    grant = replace(state.grant, reported_at=None, refuted=refuted) if state.grant else None
    return replace(state, grant=grant, seen=event.collection)


def _announced(state: Approval, event: EndAnnounced, at: datetime) -> Approval:
    announced = {**state.announced, event.rung: at}
    if event.rung != "end" or state.request.access is None:
        return replace(state, announced=announced)
    granter = state.grant.person if state.grant else state.request.access.granter
    removal = Errand(granter, at, event.until + GONE_WITHIN, way=state.request.access.way)
    return replace(state, announced=announced, status="ending", removal=removal)


def _outside(state: Approval, recorded: Recorded) -> Approval:
    event, at = recorded.event, recorded.at
    match event:
        case ExceptionStarted():
            return replace(state, status="effective", effective_at=at)
        case FindingGone():
            return replace(state, status="ended", closed_at=at, files=(*state.files, event.scan))
        case ExceptionLapsed():
            watched = bool(state.request.finding and state.request.finding.fingerprint)
            return replace(state, status="not_ended" if watched else "ended", not_ended_at=at, closed_at=at)
        case DeployReleased():
            return replace(
                state, status="effective", effective_at=at, told="approved", files=(*state.files, *event.files)
            )
        case DeployRejected():
            return replace(state, told="rejected", files=(*state.files, *event.files))
        case DeployOutcomeSeen():
            return replace(
                state,
                status="ended",
                outcome=event.outcome,
                closed_at=at,
                files=(*state.files, *event.files),
            )
    return state
