"""How a review's state follows from its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from workflows.access_review.model import (
    AccessReappeared,
    Choice,
    ExceptionGranted,
    ExceptionLapsed,
    FollowUp,
    FollowUpLate,
    Group,
    GroupKept,
    GroupOpened,
    LineGone,
    LineMarked,
    LinesReleased,
    LinesShown,
    LinesTaken,
    LineVoided,
    Mark,
    MarkWithdrawn,
    OwnerChanged,
    RemovalBlocked,
    RemovalRefuted,
    RemovalReported,
    RemovalRequested,
    RemovalVerified,
    Review,
    ReviewerReminded,
    ReviewEscalated,
    ReviewLine,
    ReviewSealed,
    SecondLookGiven,
    VerdictCorrected,
    VerdictRefused,
    VerdictsCosigned,
    VerdictsSigned,
    WatchEnded,
)
from workflows.access_review.rules.ladder import ladder
from workflows.kernel.model import Event, Recorded


def taken(state: Review | None, recorded: Recorded, event: LinesTaken) -> Review:
    """The review with lines that entered it; the first ones begin it."""
    if state is None:
        rungs = ladder(event.head, recorded.at)
        state = Review(case=recorded.case, head=event.head, opened_at=recorded.at, ladder=rungs)
    elif not state.lines:
        # It was emptied before: what comes now has its own time to be decided in.
        state = replace(state, head=event.head, ladder=ladder(event.head, recorded.at), climbed={}, owner_asked=False)
    lines = {**state.lines, **{x.ref: ReviewLine(assigned=x) for x in event.lines}}
    return replace(state, lines=lines, choices=_choices(state, event.choices))


def _choices(state: Review, fresh: Iterable[Choice]) -> dict[str, tuple[Choice, ...]]:
    held = {c.native_id: c for choices in state.choices.values() for c in choices}
    held.update({c.native_id: c for c in fresh})
    found: dict[str, tuple[Choice, ...]] = {}
    for choice in sorted(held.values(), key=lambda c: (c.name, c.native_id)):
        found[choice.resource] = (*found.get(choice.resource, ()), choice)
    return found


def fold(state: Review, recorded: Recorded) -> Review:
    """The review after this event."""
    event, at = recorded.event, recorded.at
    if isinstance(event, LinesReleased):
        lines = {r: x for r, x in state.lines.items() if r not in event.refs}
        left = state.left or event.cause == "reviewer_left"
        return replace(state, lines=lines, moved_out=state.moved_out + len(event.refs), left=left)
    if isinstance(event, VerdictsSigned):
        return _signed(state, recorded, event)
    if isinstance(event, ReviewerReminded | ReviewEscalated):
        return _climbed(state, event, at)
    if isinstance(event, ReviewSealed):
        return replace(state, sealed=True, cancelled=event.cancelled)
    if isinstance(event, OwnerChanged):
        return replace(state, head=state.head.model_copy(update={"owner": event.owner}))
    if isinstance(event, LinesShown):
        state = replace(state, page=event.page)
        return _lines(state, event.shown, lambda x: replace(x, shown_at=at, shown=event.shown[x.assigned.ref]))
    if isinstance(event, GroupOpened | GroupKept):
        return _group(state, event, at)
    if isinstance(event, WatchEnded):
        return replace(state, watched=False)
    if isinstance(event, LineGone):
        pull = event.collection
        return _lines(state, event.refs, lambda x: replace(x, gone=pull, status="undecided", mark=None))
    if isinstance(event, ExceptionGranted | ExceptionLapsed):
        return _excepted(state, event)
    if isinstance(event, SecondLookGiven):
        return _looked(state, event)
    if isinstance(event, VerdictsCosigned):
        return _lines(state, event.refs, lambda x: replace(x, cosign="given"))
    if isinstance(event, LineMarked | MarkWithdrawn | LineVoided | VerdictCorrected | VerdictRefused):
        return _line(state, event, at)
    return _removal(state, event, at)


def _lines(state: Review, refs: Iterable[str], change: Callable[[ReviewLine], ReviewLine]) -> Review:
    lines = dict(state.lines)
    for ref in refs:
        if ref in lines:
            lines[ref] = change(lines[ref])
    return replace(state, lines=lines)


def _group(state: Review, event: GroupOpened | GroupKept, at: datetime) -> Review:
    if isinstance(event, GroupKept):
        made = {
            ref: Mark(verdict="keep", reason=event.reason, shown=digest, marked_at=at, in_group=event.group)
            for ref, digest in event.shown.items()
        }
        return _lines(state, made, lambda x: replace(x, status="marked", mark=made[x.assigned.ref], void=False))
    entitlement = state.lines[event.refs[0]].assigned.line.entitlement
    group = Group(event.group, entitlement.resource, entitlement.name, event.refs, event.spots)
    state = _lines(state, event.shown, lambda x: replace(x, shown_at=at, shown=event.shown[x.assigned.ref]))
    return replace(state, groups={**state.groups, event.group: group})


def _line(
    state: Review, event: LineMarked | MarkWithdrawn | LineVoided | VerdictCorrected | VerdictRefused, at: datetime
) -> Review:
    held = state.lines.get(event.ref)
    if held is None:
        return state
    if isinstance(event, LineMarked):
        mark = event.mark
        shown_at = held.shown_at if held.shown == mark.shown else at
        held = replace(held, status="marked", mark=mark, void=False, refused_because="")
        held = replace(held, shown_at=shown_at, shown=mark.shown)
    elif isinstance(event, MarkWithdrawn):
        held = replace(held, status="undecided", mark=None)
    elif isinstance(event, LineVoided):
        void = held.void or held.mark is not None
        fresh = replace(held, assigned=event.line, status="undecided", mark=None, gone=None, shown="", shown_at=None)
        held = replace(fresh, void=void, changes=(*held.changes, *event.changes))
    elif isinstance(event, VerdictRefused):
        held = ReviewLine(assigned=held.assigned, refused_because=event.reason, changes=held.changes)
    elif held.verdict is not None:
        verdict = held.verdict.model_copy(update={"verdict": event.verdict, "target": event.target})
        held = replace(held, verdict=verdict, reason=event.reason)
        held = replace(held, cosign="wanted" if held.assigned.cosigner else "")
    return replace(state, lines={**state.lines, event.ref: held})


def _looked(state: Review, event: SecondLookGiven) -> Review:
    state = _lines(state, event.agreed, lambda x: replace(x, second_look="agreed"))
    found = {o.ref: f"{o.verdict}: {o.reason}" for o in event.disagreed}
    return _lines(
        state,
        found,
        lambda x: ReviewLine(
            assigned=x.assigned,
            changes=x.changes,
            second_look="disagreed",
            refused_because=found[x.assigned.ref],
            reason=x.reason,
        ),
    )


def _signed(state: Review, recorded: Recorded, event: VerdictsSigned) -> Review:
    lines = dict(state.lines)
    for v in event.verdicts:
        held = lines[v.ref]
        signed = replace(held, status="signed", mark=None, verdict=v, reason=event.reasons.get(v.ref, ""), void=False)
        signed = replace(signed, signed_at=recorded.at, attestation=recorded.attestation)
        signed = replace(signed, signed_by=state.reviewer, cosign="wanted" if held.assigned.cosigner else "")
        lines[v.ref] = signed
    signatures = (*state.signatures, recorded.attestation or "")
    raised = state.signals + len(event.signals)
    return replace(state, lines=lines, signatures=signatures, signed_at=recorded.at, signals=raised)


def _climbed(state: Review, event: ReviewerReminded | ReviewEscalated, at: datetime) -> Review:
    climbed = {**state.climbed, **dict.fromkeys((*event.skipped, event.rung), at)}
    state = replace(state, climbed=climbed)
    if isinstance(event, ReviewerReminded):
        return state
    owner = state.head.owner.id
    manager = next((p for p in event.told if p != owner), None)
    return replace(
        state, manager_asked=manager or state.manager_asked, owner_asked=state.owner_asked or owner in event.told
    )


def _excepted(state: Review, event: ExceptionGranted | ExceptionLapsed) -> Review:
    exemption = event.exemption
    granted = isinstance(event, ExceptionGranted)
    if exemption.kind == "follow_up":
        held = state.follow_ups.get(exemption.item)
        if held is None:
            return state
        if granted:
            held = replace(held, status="excepted", exemption=exemption)
        else:
            held = replace(held, status="requested", exemption=None, reported_at=None)
        return replace(state, follow_ups={**state.follow_ups, exemption.item: held})
    return _lines(
        state,
        [exemption.item],
        lambda x: replace(x, exemption=exemption if granted else None, status="undecided", mark=None),
    )


def _removal(state: Review, event: Event, at: datetime) -> Review:
    if isinstance(event, RemovalRequested):
        follow_up = FollowUp(
            ref=event.ref, line=state.lines[event.ref].assigned, verdict=event.verdict, target=event.target,
            remover=event.remover, requested_at=at, due_at=event.due_at,
        )  # fmt: skip
        if (before := state.follow_ups.get(event.ref)) is not None and before.open:
            # Asked of somebody else: what was seen of it and how late it is stay as they are.
            follow_up = replace(before, remover=event.remover, blocked="")
        return replace(state, follow_ups={**state.follow_ups, event.ref: follow_up})
    if not isinstance(
        event,
        RemovalReported | RemovalBlocked | RemovalVerified | RemovalRefuted | AccessReappeared | FollowUpLate,
    ):
        return state
    held = state.follow_ups.get(event.ref)
    if held is None:
        return state
    if isinstance(event, RemovalReported):
        held = replace(held, status="reported_done", reported_at=at, reported_by=event.by, blocked="", cause="")
    elif isinstance(event, RemovalBlocked):
        held = replace(held, blocked=event.because)
    elif isinstance(event, RemovalVerified):
        held = replace(
            held, status="verified", verified_by=event.collection, verified_at=at, cause="", paths=(), blocked=""
        )
    elif isinstance(event, RemovalRefuted):
        held = replace(held, status="still_present", cause=event.cause, paths=event.paths)
    elif isinstance(event, AccessReappeared):
        held = replace(held, status="reappeared", cause="it was verified gone and is there again", paths=event.paths)
    else:
        held = replace(held, late=event.level)
    return replace(state, follow_ups={**state.follow_ups, event.ref: held})
