"""Lines that leave a review: not mine, handed over, reassigned, reviewer left, another manager. Unsigned marks are dropped."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.access_review.model import (
    AssignedLine,
    Cause,
    HandOver,
    LinesReleased,
    NotMine,
    Reassign,
    Rehome,
    Review,
    ReviewLine,
    SeekSecondLook,
)
from workflows.access_review.rules.assignment import access_of
from workflows.access_review.rules.campaign import standing_owner
from workflows.access_review.rules.refusal import checked_reason, not_for_them, refused
from workflows.access_review.rules.review import line_here, reviewer_only
from workflows.kernel.identity import PersonId
from workflows.kernel.independence import objection
from workflows.kernel.model import Actor, Addressed, Facts, Outcome

DELEGATIONS = 2


def release(
    state: Review,
    held: Sequence[ReviewLine],
    cause: Cause,
    reason: str,
    proposed: PersonId | None = None,
    *,
    strict: bool = False,
) -> Outcome:
    """The lines leave here and are given to the campaign to find their next reviewer."""
    lines = tuple(_leaving(state, x, cause) for x in held)
    refs = tuple(x.ref for x in lines)
    event = LinesReleased(cause=cause, reason=reason, refs=refs, proposed=proposed)
    if state.head.second_of:
        first = state.head.second_of
        sought = SeekSecondLook(review=first, reviewer=state.reviewer.id, lines=lines, proposed=proposed)
        return Outcome(events=(event,), commands=(Addressed(case=state.head.campaign, command=sought),))
    command = Rehome(review=state.case, lines=lines, cause=cause, reason=reason, proposed=proposed, strict=strict)
    return Outcome(events=(event,), commands=(Addressed(case=state.head.campaign, command=command),))


def _leaving(state: Review, held: ReviewLine, cause: Cause) -> AssignedLine:
    line = held.assigned
    # An exception from independence was for this reviewer; the next one is chosen by the rule again.
    update: dict[str, object] = {
        "chain": (*line.chain, state.reviewer.id),
        "cosigner": None,
        "exception_reason": "",
    }
    if cause == "not_mine":
        update["not_mine"] = line.not_mine + 1
    if cause == "handed_over":
        update["delegations"] = line.delegations + 1
    return line.model_copy(update=update)


def not_mine(state: Review, command: NotMine, by: Actor, facts: Facts) -> Outcome:
    """Somebody else should judge this line; the third time it goes to the control owner."""
    held = line_here(state, command.ref)
    reviewer_only(state, by)
    if held.settled:
        raise refused("already_decided")
    reason = checked_reason(command.reason)
    if command.proposed is not None:
        _may_take(state, held, command.proposed, facts)
    return release(state, [held], "not_mine", reason, command.proposed)


def hand_over(state: Review, command: HandOver, by: Actor, facts: Facts) -> Outcome:
    """Some or all lines go to a person who is independent of each; at most three people deep, never back."""
    reviewer_only(state, by)
    held = _named(state, command.refs)
    for x in held:
        if x.assigned.delegations >= DELEGATIONS:
            raise refused("chain_too_long")
        _may_take(state, x, command.person, facts)
    reason = checked_reason(command.reason) if command.reason else ""
    return release(state, held, "handed_over", reason, command.person, strict=True)


def reassign(state: Review, command: Reassign, by: Actor, facts: Facts) -> Outcome:
    """The control owner, or the manager who was asked when the reviewer was silent, gives lines to somebody else."""
    owner = standing_owner(facts) or state.head.owner
    if by.somebody().id not in (owner.id, state.manager_asked):
        raise refused("not_yours", f"Only {owner.name} may give these lines to somebody else.")
    held = _named(state, command.refs)
    for x in held:
        _may_take(state, x, command.person, facts)
    reason = checked_reason(command.reason)
    return release(state, held, "reassigned", reason, command.person, strict=True)


def _named(state: Review, refs: Sequence[str]) -> list[ReviewLine]:
    held = [line_here(state, r) for r in dict.fromkeys(refs)] if refs else state.unsettled()
    if any(x.settled for x in held):
        raise refused("already_decided")
    if not held:
        raise refused("no_such_line", "There is no undecided line here.")
    return held


def _may_take(state: Review, held: ReviewLine, person: PersonId, facts: Facts) -> None:
    line = held.assigned
    if person in line.chain:
        raise refused("been_asked")
    found = objection(person, access_of(line.line, state.head.only_administrator), facts.directory)
    if found is not None:
        raise not_for_them(found, line)
