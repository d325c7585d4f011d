"""A reviewer's marks: shown, marked, withdrawn. Nothing here is a verdict until it is signed. CC6.2, CC6.3."""

from __future__ import annotations

from datetime import datetime

from workflows.access_review.model import (
    LineMarked,
    LinesShown,
    LinesTaken,
    Mark,
    MarkLine,
    MarkWithdrawn,
    Review,
    ReviewLine,
    TakeLines,
    TurnPage,
    VerdictWord,
    WithdrawMark,
)
from workflows.access_review.rules.assignment import access_of
from workflows.access_review.rules.refusal import checked_reason, not_for_you, refused
from workflows.kernel.assured import reached
from workflows.kernel.errors import StepUpNeeded
from workflows.kernel.identity import Person
from workflows.kernel.independence import objection
from workflows.kernel.model import Actor, Facts, Outcome
from workflows.kernel.text import utc

PAGE = 10
STAMP = 8


def take(state: Review | None, command: TakeLines) -> Outcome:
    """Lines enter this review. A review is one person's: another's lines never enter it."""
    if state is not None and state.reviewer.id != command.head.reviewer.id:
        raise refused("not_yours", f"This is the review of {state.reviewer.name}.")
    if state is not None and state.sealed:
        raise refused("campaign_closed")
    refs = tuple(x.ref for x in command.lines)
    event = LinesTaken(head=command.head, cause=command.cause, refs=refs, lines=command.lines, choices=command.choices)
    return Outcome(events=(event,))


def reviewer_only(state: Review, by: Actor) -> Person:
    """The reviewer, or refused."""
    person = by.somebody()
    if person.id != state.reviewer.id:
        raise refused("not_yours", f"These lines are {state.reviewer.name}'s to decide.")
    return person


def line_here(state: Review, ref: str) -> ReviewLine:
    """The line, or refused where it moved away or never was here."""
    if state.cancelled:
        raise refused("campaign_closed")
    held = state.lines.get(ref)
    if held is None:
        raise refused("moved_away")
    if state.sealed and held.settled:
        raise refused("campaign_closed")
    return held


def independent(state: Review, held: ReviewLine, facts: Facts) -> None:
    """Refused where the reviewer may not judge this line: asked again at every step, as the directory is now."""
    line = held.assigned
    if line.cosigner is not None:
        # A small company's exception: two people accepted this reviewer, and the second co-signs each verdict.
        if state.reviewer.id in (line.line.account.person, line.line.account.owner):
            raise refused("own_access")
        return
    found = objection(state.reviewer.id, access_of(line.line, state.head.only_administrator), facts.directory)
    if found is not None:
        raise not_for_you(found)


def level_reached(required: str, by: Actor) -> None:
    """Refused below the level that the control asks of a signature."""
    if not reached(required, by):
        no = refused("step_up_needed")
        raise StepUpNeeded(required, no.why, no.next_step)


def turn_page(state: Review, command: TurnPage, by: Actor) -> Outcome:
    """A page of the queue is shown; what was shown when is kept."""
    reviewer_only(state, by)
    queue = state.queue()
    last = max(0, (len(queue) - 1) // PAGE)
    page = min(max(0, command.page), last)
    shown = {x.assigned.ref: x.digest for x in queue[page * PAGE : (page + 1) * PAGE]}
    return Outcome(events=(LinesShown(page=page, shown=shown),))


def mark(state: Review, command: MarkLine, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """A mark on a line, made on what was shown. Refusals stand in the order in which a person would ask."""
    held = line_here(state, command.ref)
    reviewer_only(state, by)
    if held.status == "signed":
        raise refused("already_decided", _decided(held))
    if held.gone is not None:
        raise refused("already_decided", "A later list no longer has this access; nothing has to be decided.")
    if held.exemption is not None:
        raise refused("already_decided", f"An exception covers this line until {held.exemption.until:%-d %B %Y}.")
    # CC6.3: the holder of an access is never its judge.
    independent(state, held, facts)
    digest = held.digest
    # What is decided is what was seen: a line that changed since is looked at again.
    if len(command.shown) < STAMP or not digest.startswith(command.shown):
        raise refused("changed_since_shown")
    reason = checked_verdict(state, held, command.verdict, command.reason, command.target)
    made = Mark(verdict=command.verdict, reason=reason, target=command.target, shown=digest, marked_at=at)
    return Outcome(events=(LineMarked(ref=command.ref, mark=made),))


def checked_verdict(state: Review, held: ReviewLine, verdict: VerdictWord, reason: str, target: str) -> str:
    """The reason, if the verdict is one that may be given on this line."""
    line = held.assigned
    # CC6.2: access of somebody who has left is removed; only two people together may let it stand for a while.
    if verdict == "keep" and line.leaver:
        raise refused("leaver")
    if verdict == "change":
        entitlement = line.line.entitlement
        offered = [c.native_id for c in state.choices.get(entitlement.resource, ())]
        if target not in offered or target == entitlement.native_id:
            raise refused("target_missing")
    elif target:
        raise refused("target_missing", "Only a change has a target.", "Choose Change, or leave the target out.")
    if verdict == "keep" and line.tier == "plain" and not reason.strip():
        return ""
    return checked_reason(reason, state.head.reason_min if line.tier != "plain" else 1)


def withdraw(state: Review, command: WithdrawMark, by: Actor) -> Outcome:
    """A mark is taken back."""
    held = line_here(state, command.ref)
    reviewer_only(state, by)
    if held.status == "signed":
        raise refused("already_decided", _decided(held))
    if held.status != "marked":
        raise refused("nothing_marked", "This line is not marked.", "Nothing has to be taken back.")
    return Outcome(events=(MarkWithdrawn(ref=command.ref),))


def _decided(held: ReviewLine) -> str:
    """Who decided what and when."""
    if held.verdict is None or held.signed_at is None or held.signed_by is None:
        return ""
    return f"{held.signed_by.name} signed “{held.verdict.verdict}” on this line on {utc(held.signed_at)}."
