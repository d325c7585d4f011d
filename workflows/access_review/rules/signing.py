"""Signing: marks become verdicts, and what was refused starts to go at once. CC6.2, CC6.3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from workflows.access_review.model import (
    AssignedLine,
    CorrectVerdict,
    CoSignVerdicts,
    RefuseVerdict,
    RemovalRequested,
    Review,
    ReviewLine,
    SeekSecondLook,
    SignedVerdict,
    SignMarks,
    VerdictCorrected,
    VerdictRefused,
    VerdictsCosigned,
    VerdictsSigned,
    VerdictWord,
)
from workflows.access_review.rules import second_look
from workflows.access_review.rules.care import figures, signals
from workflows.access_review.rules.refusal import checked_reason, refused
from workflows.access_review.rules.review import (
    checked_verdict,
    independent,
    level_reached,
    line_here,
    reviewer_only,
)
from workflows.kernel.calendar import after
from workflows.kernel.independence import unfit
from workflows.kernel.model import Actor, Addressed, Event, Facts, Outcome


def sign(state: Review, command: SignMarks, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """All or some marks become verdicts, each checked once more; removals are asked for in the same transaction."""
    person = reviewer_only(state, by)
    limit = state.head.lines_per_signature
    held = _chosen(state, command, limit)
    if not held:
        raise refused("nothing_marked")
    for x in held:
        independent(state, x, facts)
    level_reached(_level(state, [x.mark.verdict for x in held if x.mark], held), by)
    verdicts = tuple(v for x in held if (v := _verdict(x)) is not None)
    reasons = {x.assigned.ref: x.mark.reason for x in held if x.mark and x.mark.reason}
    found = figures(verdicts, reasons, state.head.care)
    signed = VerdictsSigned(
        campaign=state.head.campaign,
        reviewer=person.id,
        assurance=by.assurance,
        source=state.head.source,
        populations=tuple(sorted({x.assigned.collection for x in held})),
        verdicts=verdicts,
        reasons=reasons,
        care=found,
        signals=signals(found, state.head.care),
    )
    if state.head.second_of:
        return Outcome(events=(signed,), commands=(second_look.compare(state, verdicts, reasons, by),))
    removals = [
        removal(state, x.assigned, x.mark.verdict, x.mark.target, at)
        for x in held
        if x.mark and x.mark.verdict != "keep" and x.assigned.cosigner is None
    ]
    return Outcome(events=(signed, *removals), commands=_second_look(state, held, signed))


def _level(state: Review, verdicts: Sequence[VerdictWord], held: Sequence[ReviewLine]) -> str:
    """How well it must be known who signs these: surer where privileged or flagged access is kept."""
    risky = any(v == "keep" and x.assigned.tier != "plain" for v, x in zip(verdicts, held, strict=True))
    return (risky and state.head.assurance_privileged) or state.head.assurance


def _second_look(state: Review, held: Sequence[ReviewLine], signed: VerdictsSigned) -> tuple[Addressed, ...]:
    """A signal voids nothing: it adds a second look at some of what was kept."""
    lines = second_look.picked(held) if signed.signals and state.head.care.second_look else []
    if not lines:
        return ()
    command = SeekSecondLook(review=state.case, reviewer=state.reviewer.id, lines=tuple(lines), signals=signed.signals)
    return (Addressed(case=state.head.campaign, command=command),)


def _chosen(state: Review, command: SignMarks, limit: int) -> list[ReviewLine]:
    if not command.refs:
        return state.marked()[:limit]
    if len(command.refs) > limit:
        raise refused("too_many", f"One signature covers at most {limit} lines.")
    held = [line_here(state, ref) for ref in dict.fromkeys(command.refs)]
    for x in held:
        if x.status == "signed":
            raise refused("already_decided")
        if x.status != "marked" or x.settled:
            raise refused("nothing_marked", f"{x.assigned.line.entitlement.name} is not marked.")
    return held


def _verdict(held: ReviewLine) -> SignedVerdict | None:
    line, made = held.assigned, held.mark
    if made is None:
        return None
    return SignedVerdict(
        ref=line.ref, key=line.key, subject=line.line.account.person, shown=made.shown, shown_at=held.shown_at,
        substance=line.line.substance(), tier=line.tier, flags=line.flags, delta=line.delta, verdict=made.verdict,
        target=made.target, marked_at=made.marked_at, in_group=made.in_group, rule=line.rule, chain=line.chain,
        cosigner=line.cosigner.id if line.cosigner else None, approval=line.approved.attestation if line.approved else None,
    )  # fmt: skip


def removal(state: Review, line: AssignedLine, verdict: VerdictWord, target: str, at: datetime) -> RemovalRequested:
    """The removal that a verdict asks for; due in working days from the signature."""
    head = state.head
    span = head.removal_privileged if line.tier == "privileged" else head.removal_other
    return RemovalRequested(
        ref=line.ref,
        key=line.key,
        subject=line.line.account.person,
        verdict=verdict,
        target=target,
        remover=head.remover,
        due_at=after(at, span, head.time_zone, head.closed_days),
    )


def correct(state: Review, command: CorrectVerdict, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A signed verdict is corrected, as long as nothing was asked to be removed."""
    held = state.lines.get(command.ref)
    if held is None:
        raise refused("moved_away")
    reviewer_only(state, by)
    if held.verdict is None:
        raise refused("nothing_marked", "This line is not signed yet.", "Mark it anew instead.")
    if command.ref in state.follow_ups:
        raise refused("removal_asked")
    if state.sealed:
        raise refused("campaign_closed")
    if state.head.second_of:
        raise refused("already_decided", "A second look that is signed is compared already; it cannot be corrected.")
    independent(state, held, facts)
    checked_reason(command.reason)
    reason = checked_verdict(state, held, command.verdict, command.reason, command.target)
    level_reached(_level(state, [command.verdict], [held]), by)
    corrected = VerdictCorrected(
        ref=command.ref, before=held.verdict.verdict, verdict=command.verdict, target=command.target, reason=reason
    )
    events: list[Event] = [corrected]
    if command.verdict != "keep" and held.assigned.cosigner is None:
        events.append(removal(state, held.assigned, command.verdict, command.target, at))
    return Outcome(events=tuple(events))


def cosign(state: Review, command: CoSignVerdicts, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The second person agrees with verdicts of a reviewer who is not independent; now removals start."""
    held = [_for_cosigner(state, ref, by, facts) for ref in dict.fromkeys(command.refs)]
    if not held:
        raise refused("no_such_proposal")
    level_reached(state.head.assurance_closing or state.head.assurance, by)
    return Outcome(events=(_cosigned(held, by), *_held_back(state, held, at)))


def _cosigned(held: Iterable[ReviewLine], by: Actor) -> VerdictsCosigned:
    return VerdictsCosigned(refs=tuple(x.assigned.ref for x in held), second=by.id)


def _held_back(state: Review, held: Iterable[ReviewLine], at: datetime) -> list[Event]:
    return [
        removal(state, x.assigned, x.verdict.verdict, x.verdict.target, at)
        for x in held
        if x.verdict and x.verdict.verdict != "keep"
    ]


def refuse(state: Review, command: RefuseVerdict, by: Actor, facts: Facts) -> Outcome:
    """The second person disagrees: the line is open again, with both views in the record."""
    held = _for_cosigner(state, command.ref, by, facts)
    reason = checked_reason(command.reason)
    return Outcome(events=(VerdictRefused(ref=held.assigned.ref, second=by.id, reason=reason),))


def _for_cosigner(state: Review, ref: str, by: Actor, facts: Facts) -> ReviewLine:
    person = by.somebody()
    held = state.lines.get(ref)
    if held is None:
        raise refused("moved_away")
    if held.assigned.cosigner is None or held.assigned.cosigner.id != person.id:
        raise refused("not_yours", "Somebody else was asked for the second signature.")
    if (problem := unfit(facts.directory.get(person.id))) is not None:
        raise refused("not_employed" if problem.code == "not_employed" else "not_linked")
    if person.id in (held.assigned.line.account.person, held.assigned.line.account.owner):
        raise refused("own_access")
    if held.cosign != "wanted":
        raise refused("no_such_proposal")
    return held
