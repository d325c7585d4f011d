"""What a later pull says about an open review: changed lines are asked again, gone ones noted, removals proved or refuted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from workflows.access_review.model import (
    AccessReappeared,
    AssignedLine,
    Cause,
    Change,
    FollowUp,
    LineGone,
    LineVoided,
    OwnerChanged,
    RemovalRefuted,
    RemovalRequested,
    RemovalVerified,
    Review,
    ReviewLine,
    SeeCollection,
    SeeDirectory,
    StopWatching,
    WatchEnded,
)
from workflows.access_review.rules.assignment import access_of
from workflows.access_review.rules.campaign import remover_of, standing_owner
from workflows.access_review.rules.classify import WORDS, flags_of, substance_changes, tier_of
from workflows.access_review.rules.releasing import release
from workflows.kernel.calendar import after
from workflows.kernel.follow_up import removal_seen
from workflows.kernel.identity import Collection, Line, LineKey, Person
from workflows.kernel.independence import manager_of, objection, unfit
from workflows.kernel.model import Addressed, Event, Facts, Outcome


def keys_of_interest(state: Review) -> tuple[LineKey, ...]:
    """The lines that a review looks for in a later pull: its own, and what a change should have led to."""
    own = [x.assigned.key for x in state.lines.values()]
    targets = [target_key(f) for f in state.follow_ups.values() if f.target]
    return tuple(dict.fromkeys([*own, *targets]))


def target_key(follow_up: FollowUp) -> LineKey:
    """The key of the line that a change should have led to."""
    system, account, _ = follow_up.line.key
    return (system, account, follow_up.target)


def see_collection(state: Review, command: SeeCollection, at: datetime, facts: Facts) -> Outcome:
    """Compare with a later complete pull. A partial or an older one says nothing."""
    pull = command.collection
    if pull.verdict != "complete" or state.cancelled:
        return Outcome()
    events: list[Event] = []
    gone: list[str] = []
    for ref, held in state.lines.items():
        if held.status == "signed" or pull.as_of <= held.assigned.as_of:
            continue
        now = facts.lines.get(held.assigned.key)
        if now is None:
            gone.extend([ref] if held.gone is None else [])
        elif (voided := _voided(state, held, now, pull, at, facts)) is not None:
            events.append(voided)
    if gone:
        events.append(LineGone(refs=tuple(sorted(gone)), collection=pull))
    for follow_up in state.follow_ups.values():
        events.extend(_follow_up(state, follow_up, pull, facts))
    # A directory can be reviewed too: its pull then also says who left.
    people = [Addressed(case=state.case, command=SeeDirectory())] if pull.source == state.head.directory_source else []
    return Outcome(events=tuple(events), commands=tuple(people))


def _voided(
    state: Review, held: ReviewLine, now: Line, pull: Collection, at: datetime, facts: Facts
) -> LineVoided | None:
    """The line as it is now, where its substance changed or it came back; a later last use alone voids nothing."""
    before = held.assigned
    back = held.gone is not None
    if now.substance() == before.line.substance() and not back:
        return None
    changes = substance_changes(before, now, facts.directory)
    if back:
        changes = (Change(field="access", before="gone", after="there again"), *changes)
    person = facts.directory.get(now.account.person)
    fresh = _as_now(state, before, now, person, at).model_copy(
        update={
            "owner": facts.directory.get(now.account.owner),
            "collection": pull.id,
            "as_of": pull.as_of,
            "changes": changes,
            "delta": "changed" if before.delta != "new" else "new",
        }
    )
    return LineVoided(ref=before.ref, collection=pull.id, changes=changes, line=fresh)


def _as_now(state: Review, before: AssignedLine, line: Line, person: Person | None, at: datetime) -> AssignedLine:
    still = "unexplained" in before.flags
    # What somebody else has says nothing about whoever has the account now.
    beside = before.beside if line.account.person == before.line.account.person else ()
    flags = flags_of(line, person, state.head.unused_days, at, unexplained=still, conflict=bool(beside))
    tier = tier_of(line, flags)
    return before.model_copy(update={"line": line, "person": person, "flags": flags, "tier": tier, "beside": beside})


def _follow_up(state: Review, follow_up: FollowUp, pull: Collection, facts: Facts) -> list[Event]:
    now = facts.lines.get(follow_up.line.key)
    before = follow_up.line
    if follow_up.status == "verified":
        since = follow_up.verified_by.as_of if follow_up.verified_by else follow_up.requested_at
        if now is not None and pull.as_of > since:
            return [AccessReappeared(ref=follow_up.ref, key=before.key, collection=pull, paths=now.via)]
        return []
    claimed = follow_up.status == "reported_done" and follow_up.reported_at is not None
    asked = follow_up.reported_at if claimed and follow_up.reported_at else follow_up.requested_at
    seen = removal_seen(
        pull,
        asked,
        before.line,
        now,
        wants_target=bool(follow_up.target),
        target=facts.lines.get(target_key(follow_up)) if follow_up.target else None,
        grace=_grace(state, asked),
    )
    if seen.finding == "done":
        ended = before.person.ended_on if before.person else None
        days = (pull.as_of.date() - ended).days if ended else None
        verified = RemovalVerified(
            ref=follow_up.ref, key=before.key, before=before.collection, collection=pull, days_after_leaving=days
        )
        return [verified]
    if seen.finding == "not_done" and claimed:
        return [
            RemovalRefuted(
                ref=follow_up.ref,
                key=before.key,
                before=before.collection,
                collection=pull,
                cause=seen.cause,
                paths=seen.paths,
            )
        ]
    return []


def _grace(state: Review, asked: datetime) -> timedelta:
    return after(asked, state.head.grace, state.head.time_zone, state.head.closed_days) - asked


def stop(state: Review, command: StopWatching) -> Outcome:
    """No longer watched, unless a removal is still open here."""
    if not state.sealed or not state.watched or any(f.open for f in state.follow_ups.values()):
        return Outcome()
    return Outcome(events=(WatchEnded(campaign=command.campaign),))


def see_directory(state: Review, command: SeeDirectory, at: datetime, facts: Facts) -> Outcome:
    """People left or have another manager: their reviewer's lines move, and what is shown of the subject is renewed."""
    if state.cancelled:
        return Outcome()
    answering = _answering(state, at, facts)
    if state.sealed:
        return Outcome(events=tuple(answering))
    moved = _lines_move(state, at, facts)
    return moved.model_copy(update={"events": (*answering, *moved.events)})


def _answering(state: Review, at: datetime, facts: Facts) -> list[Event]:
    """Who answers for the control, and for open removals, where the one who did is gone."""
    events: list[Event] = []
    owner = standing_owner(facts)
    if owner is not None and owner.id != state.head.owner.id:
        events.append(OwnerChanged(owner=owner, deputy=facts.directory.get(facts.deputy)))
    remover = remover_of(state.head.source, facts) or owner
    for f in state.follow_ups.values():
        if f.open and unfit(facts.directory.get(f.remover.id)) is not None and remover and remover.id != f.remover.id:
            events.append(
                RemovalRequested(
                    ref=f.ref,
                    key=f.line.key,
                    subject=f.line.line.account.person,
                    verdict=f.verdict,
                    target=f.target,
                    remover=remover,
                    due_at=f.due_at,
                )
            )
    return events


def _lines_move(state: Review, at: datetime, facts: Facts) -> Outcome:
    held = state.unsettled()
    # A second signer who left cannot sign any more: the verdict did not come about, and the line is wanted again.
    alone = [x for x in state.queue() if x.cosign == "wanted" and _gone(x.assigned.cosigner, facts)]
    if not held and not alone:
        return Outcome()
    reviewer = facts.directory.get(state.reviewer.id)
    if reviewer is None or (problem := unfit(reviewer)) is not None:
        reason = (
            problem.reason if reviewer is not None and problem else f"{state.reviewer.name} is not in the directory."
        )
        return release(state, [*held, *alone], "reviewer_left", reason)
    dependent = [*alone, *(x for x in held if _dependent(state, x, facts))]
    other = [x for x in held if x not in dependent and _other_manager(state, x, facts)]
    stay = [x for x in held if x not in dependent and x not in other]
    events = _renewed(state, stay, at, facts)
    commands: list[Addressed] = []
    moves: list[tuple[list[ReviewLine], Cause, str]] = [
        (dependent, "not_independent", "the directory now shows the reviewer as not independent of the holder"),
        (other, "manager_changed", "the holder has another manager now"),
    ]
    for lines, cause, reason in moves:
        if lines:
            released = release(state, lines, cause, reason)
            events.extend(released.events)
            commands.extend(released.commands)
    return Outcome(events=tuple(events), commands=tuple(commands))


def _dependent(state: Review, held: ReviewLine, facts: Facts) -> bool:
    line = held.assigned
    access = access_of(line.line, state.head.only_administrator)
    if line.cosigner is not None:
        return _gone(line.cosigner, facts)
    return objection(state.reviewer.id, access, facts.directory) is not None


def _gone(person: Person | None, facts: Facts) -> bool:
    return person is not None and unfit(facts.directory.get(person.id)) is not None


def _other_manager(state: Review, held: ReviewLine, facts: Facts) -> bool:
    """Whether an undecided line was given to its holder's manager, who is another person now."""
    line = held.assigned
    if line.rule != "manager" or held.status != "undecided":
        return False
    manager = manager_of(facts.directory.get(line.line.account.person), facts.directory)
    return isinstance(manager, str) and manager != state.reviewer.id


def _renewed(state: Review, held: Sequence[ReviewLine], at: datetime, facts: Facts) -> list[Event]:
    """Lines whose holder's employment changed: the mark is void, because what was shown is no longer so."""
    events: list[Event] = []
    for x in held:
        before = x.assigned
        if before.person is None:
            continue
        known = facts.directory.get(before.person.id)
        # A deleted person stays in the population: they count as gone, never as nobody.
        person = known or before.person.model_copy(update={"employed": False})
        if (person.employed, person.ended_on) == (before.person.employed, before.person.ended_on):
            continue
        change = Change(field="employed", before=WORDS[before.person.employed], after=WORDS[person.employed])
        fresh = _as_now(state, before, before.line, person, at)
        fresh = fresh.model_copy(update={"changes": (*before.changes, change)})
        collection = facts.directory.digest
        events.append(LineVoided(ref=before.ref, collection=collection, changes=(change,), line=fresh))
    return events
