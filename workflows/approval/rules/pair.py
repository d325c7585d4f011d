"""An exception for a pair of duties: asked for, over at its end, and watched while both are still held. CC6.3.

The control owner decides, or the deputy. It gives no access: it lets one request pass one guard, and never beyond its end.
"""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    Approval,
    AskPair,
    EndPair,
    Entry,
    OpenPair,
    PairExceptionEnded,
    Pairing,
    PairSettled,
    Request,
    SeeCollection,
    Settings,
)
from workflows.approval.rules.approver import fresh
from workflows.approval.rules.asking import opened
from workflows.approval.rules.desk import NAME, PENDING, free, holder_case
from workflows.approval.rules.duty import duty_of, in_force, lists_of, seen_in
from workflows.approval.rules.frame import asker, closed_days, framed, here, settings_of, zone
from workflows.approval.rules.plan import planned
from workflows.approval.rules.refusal import checked_reason, refused
from workflows.kernel.calendar import after, spelled
from workflows.kernel.duty import Duty, pair_of
from workflows.kernel.follow_up import proves
from workflows.kernel.identity import Person
from workflows.kernel.model import Actor, Addressed, CaseId, FactNeeds, Facts, Outcome, case_id


def pair_prefix(command: AskPair) -> CaseId:
    """The beginning of the ids of all cases for this pair and this person."""
    try:
        return case_id(NAME, "pair", *pair_of(command.one, command.other), command.subject_login)
    except ValueError:
        raise refused("name_too_long") from None


def listed_pair(one: str, other: str, settings: Settings) -> tuple[Entry, Entry] | None:
    """The two entries, in order, where the program lists them as a pair."""
    if other not in settings.opposed(one):
        return None
    first, second = (settings.entry(e) for e in pair_of(one, other))
    return (first, second) if first and second else None


def ask_pair(command: AskPair, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """An exception that is asked for gets its case, unless the same is asked for already."""
    by.somebody()
    subject = facts.directory.get(command.subject)
    if subject is None or subject.login.lower() != command.subject_login.lower():
        raise refused("unknown_person")
    if listed_pair(command.one, command.other, settings_of(facts)) is None:
        raise refused("no_such_pair")
    prefix = pair_prefix(command)
    earlier = {c: s for c, s in facts.folded.items() if c.startswith(f"{prefix}/") and isinstance(s, Approval)}
    if waiting := next((c for c, s in sorted(earlier.items()) if s.status in PENDING), None):
        raise refused("already_asked", f"This is asked for already: case {waiting}.")
    before = sum(s.approved_at is not None for s in earlier.values())
    opens = OpenPair(asked=command, renewals=before)
    return Outcome(commands=(Addressed(case=free(prefix, at, facts), command=opens),))


def open_pair(command: OpenPair, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """An exception for one pair and one person, with an end, decided by whoever answers for the control."""
    settings, asked, directory = settings_of(facts), command.asked, facts.directory
    fresh(directory, at)
    requester, subject = asker(by.somebody().id, directory), here(asked.subject, directory)
    entries = listed_pair(asked.one, asked.other, settings)
    if entries is None:
        raise refused("no_such_pair")
    if not asked.compensating.strip():
        raise refused("compensating_missing")
    checked_reason(asked.compensating)
    reason = checked_reason(asked.reason, settings.reason_min)
    if asked.until <= at:
        raise refused("end_passed", "The end lies in the past.", "Choose a day after today, then send it again.")
    if asked.until > after(at, settings.conflict_longest, zone(facts), closed_days(facts.company)):
        raise refused(
            "end_too_far", f"That is longer than {spelled(settings.conflict_longest)}, the longest time for a pair."
        )
    sides = (duty_of(entries[0]), duty_of(entries[1]))
    seen = [facts.duties.holds(subject.id, side) for side in sides]
    held = None if None in seen else tuple(d.title for d, there in zip(sides, seen, strict=True) if there)
    pairing = Pairing(sides=sides, compensating=asked.compensating, held=held, renewals=command.renewals)
    request = Request(
        kind="exception",
        title=f"{sides[0].title} and {sides[1].title}",
        plain="One person would have two accesses that the program lists as a conflict of duties.",
        requester=requester,
        subject=subject,
        reason=reason,
        until=asked.until,
        pair=pairing,
    )
    steps, frame = planned(request, settings, facts), framed(request, settings, at, facts)
    return Outcome(events=opened(request, steps, frame, at, directory, files=seen_in(sides, facts)))


def needs_of(person: Person | None) -> FactNeeds:
    """What must be known of a person where two duties are looked at."""
    if person is None:
        return FactNeeds()
    return FactNeeds(duties=True, holder=person.id, folded=(holder_case(person.id),))


def end(state: Approval, at: datetime, facts: Facts) -> Outcome:
    """The end passed: it allows nothing any more, and the control owner hears where both are still held."""
    request = state.request
    if request.pair is None or request.subject is None or request.until is None:
        raise refused("not_due")
    sides = _now(request.pair, settings_of(facts))
    # What no list shows counts as held: nobody has looked.
    held = all(facts.duties.holds(request.subject.id, side) is not False for side in sides)
    still = bool(sides) and held and not _otherwise(state, at, facts)
    event = PairExceptionEnded(until=request.until, still_held=still, lists=lists_of(sides, facts))
    over = Addressed(case=holder_case(request.subject.id), command=EndPair(of=state.case, over=True))
    return Outcome(events=(event,), commands=(over,))


def see(state: Approval, command: SeeCollection, at: datetime, facts: Facts) -> Outcome:
    """A later list: whether both are still held after the exception, and nothing else allows it."""
    pair, subject, until = state.request.pair, state.request.subject, state.request.until
    if pair is None or subject is None or until is None or state.status != "not_ended":
        raise refused("not_due")
    if command.collection.verdict != "complete":
        raise refused("not_due")
    sides = _now(pair, settings_of(facts))
    lists = lists_of(sides, facts)
    if not sides:
        return Outcome(events=(PairSettled(because="unlisted"),))
    later = {c.source for c in lists if proves(c, until)}
    if any(side.source in later and facts.duties.holds(subject.id, side) is False for side in sides):
        return Outcome(events=(PairSettled(because="parted", lists=lists),))
    if _otherwise(state, at, facts):
        return Outcome(events=(PairSettled(because="allowed"),))
    return Outcome()


def _now(pair: Pairing, settings: Settings) -> tuple[Duty, ...]:
    """Both sides as the program has them now; none where it lists the pair no longer."""
    entries = listed_pair(pair.sides[0].entry, pair.sides[1].entry, settings)
    return tuple(duty_of(e) for e in entries) if entries else ()


def _otherwise(state: Approval, at: datetime, facts: Facts) -> bool:
    """Whether another exception allows the same pair now."""
    pair, subject = state.request.pair, state.request.subject
    if pair is None or subject is None:
        return False
    entries = pair_of(pair.sides[0].entry, pair.sides[1].entry)
    holder = facts.folded.get(holder_case(subject.id))
    return in_force(holder, facts.control.id, entries, at, but=state.case) is not None
