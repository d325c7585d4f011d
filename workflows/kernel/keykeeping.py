"""Ending a signing key, as retired or as compromised: two people agree, and another key signs that they did (CC6.1).

What a retired key signed goes on holding; from the end of its time on it counts for nothing. After the moment from which
a key was in wrong hands its signatures hold only where outside time shows that they are older.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.kernel.assured import sure_enough
from workflows.kernel.calendar import after
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person, PersonId, Value
from workflows.kernel.model import (
    Actor,
    CaseId,
    Command,
    Event,
    FactNeeds,
    Facts,
    Need,
    Outcome,
    Recorded,
    case_id,
)
from workflows.kernel.publickey import der
from workflows.kernel.workflow import State

NAME = "keys"
ANSWER_WITHIN = "5wd"
SETTLES = timedelta(minutes=5)
"""A retired key counts so long after the decision: processes that still have it look within seconds, and clocks differ."""
Status = Literal["asked", "retired", "compromised", "refused", "lapsed"]
NOTHING = "Nothing was changed and nothing was recorded."


class NoSettings(Value):
    """Nothing about these cases is set by the program."""


class EndKey(Command):
    """A key is to be retired, or declared compromised ``since``; two people are asked.

    ``not_before``, ``not_after`` and ``compromised_since`` are what the ledger knows of it, ``signed`` how many
    attestations it signed, ``successors`` the other keys that noted themselves and still count.
    """

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    control: str
    keyid: str
    not_before: AwareDatetime
    not_after: AwareDatetime | None = None
    compromised_since: AwareDatetime | None = None
    signed: int
    successors: tuple[str, ...]
    since: AwareDatetime | None = None


class AgreeKey(Command):
    """Yes: the key shall end so. ``round`` is that of the proposal that was read."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    round: int = 1


class RefuseKey(Command):
    """No: it goes on counting."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    round: int = 1
    reason: str


class LapseKey(Command):
    """They were not both heard in time: it goes on counting."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class KeyRetireProposed(Event):
    """Two people are asked whether a key shall be retired or, where ``since`` is given, declared compromised from then on."""

    NAME: ClassVar[str] = "key_retire_proposed"
    DETACHED: ClassVar[tuple[str, ...]] = ("asked",)
    control: str
    keyid: str
    not_before: AwareDatetime
    signed: int
    successors: tuple[str, ...]
    since: AwareDatetime | None
    asked: tuple[Person, ...]
    lapse_at: AwareDatetime


class KeyAgreed(Event):
    """One of the two said yes."""

    NAME: ClassVar[str] = "key_agreed"
    by: PersonId


class KeyRefused(Event):
    """One of the two said no, and why."""

    NAME: ClassVar[str] = "key_refused"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    by: PersonId
    reason: str


class KeyLapsed(Event):
    """They were not both heard in time."""

    NAME: ClassVar[str] = "key_lapsed"


class KeyRetired(Event):
    """Both agreed: what this key signs from ``not_after`` on does not count. What it signed before goes on holding."""

    NAME: ClassVar[str] = "key_retired"
    control: str
    keyid: str
    not_after: AwareDatetime
    by: tuple[PersonId, PersonId]


class KeyCompromised(Event):
    """Both agreed: what this key signed counts only where outside time proves it older than ``since``."""

    NAME: ClassVar[str] = "key_compromised"
    control: str
    keyid: str
    since: AwareDatetime
    by: tuple[PersonId, PersonId]


@dataclass(frozen=True)
class KeyEnd:
    """The case's state. ``not_after`` and ``compromised_since`` are what was decided here, whatever is asked now."""

    case: CaseId
    control: str
    keyid: str
    not_before: datetime
    signed: int
    successors: tuple[str, ...]
    since: datetime | None
    asked: tuple[Person, ...]
    proposed_at: datetime
    lapse_at: datetime
    round: int = 1
    status: Status = "asked"
    agreed: tuple[PersonId, ...] = ()
    because: str = ""
    not_after: datetime | None = None
    compromised_since: datetime | None = None


def case_of(control: str, pem: str, at: datetime) -> CaseId:
    """The case of one key's end, by the day on which it is proposed. Raises ValueError for what is no public key."""
    return case_id(NAME, control, hashlib.sha256(der(pem)).hexdigest()[:16], at.date().isoformat())


def needs(_state: State, command: Command) -> FactNeeds:
    """A proposal looks at those that are open: two keys could otherwise be each other's successor."""
    return FactNeeds(folded=(f"{NAME}/",)) if isinstance(command, EndKey) else FactNeeds()


def decide(
    state: KeyEnd | None, command: Command, by: Actor, at: datetime, facts: Facts, signs_with: str = ""
) -> Outcome:
    """What a command leads to, or Refused with its reason and next step. ``signs_with`` is the key of this process."""
    if isinstance(command, EndKey):
        return _propose(state, command, by, at, facts, signs_with)
    if state is None:
        raise Refused("no_such_case", "There is no such proposal.", NOTHING)
    if state.status != "asked":
        raise Refused("already_decided", "This is decided already.", "Look at the message as it is now.")
    if isinstance(command, LapseKey):
        if by.kind != "time" or at < state.lapse_at:
            raise Refused("not_due", "There is still time to answer.", NOTHING)
        return Outcome(events=(KeyLapsed(),))
    return _answer(state, command, by, at, facts, signs_with)


def _propose(
    state: KeyEnd | None, command: EndKey, by: Actor, at: datetime, facts: Facts, signs_with: str
) -> Outcome:  # fmt: skip
    if by.kind != "system":
        raise Refused(
            "not_for_people", "A key's end is proposed on the command line.", "Run: attester ledger retire KEYID"
        )
    open_ = [s for s in (state, *facts.folded.values()) if isinstance(s, KeyEnd) and s.status == "asked"]
    if open_:
        why = f"Two people are asked about a key already: {open_[0].case}"
        raise Refused("already_asked", f"{why}.", f"{NOTHING} Wait until both have answered.")
    _still_to_do(command, at)
    if not command.successors:
        why = "No other key has noted itself in the ledger: without this one nothing could be signed."
        raise Refused("no_successor", why, f"{NOTHING} Start Attester with a new ATTESTER_SIGNING_KEY first.")
    if command.keyid == signs_with:
        raise Refused(
            "key_in_use", "This very process signs with that key, and another one has to sign its end.",
            f"{NOTHING} Set ATTESTER_SIGNING_KEY to its successor everywhere, restart, then propose again.",
        )  # fmt: skip
    owner, deputy = facts.directory.get(facts.owner), facts.directory.get(facts.deputy)
    if owner is None or deputy is None or owner.id == deputy.id:
        why = "Ending a key takes two people, and the control has no owner and deputy who work here."
        raise Refused("one_person", why, f"{NOTHING} Name a deputy in the program.")
    zone = str(facts.company.get("time_zone") or "UTC")
    closed = frozenset(facts.company.get("closed_days") or ())
    told = command.model_dump(exclude={"not_after", "compromised_since"})
    lapse_at = after(at, ANSWER_WITHIN, zone, closed)
    return Outcome(events=(KeyRetireProposed(**told, asked=(owner, deputy), lapse_at=lapse_at),))


def _still_to_do(command: EndKey, at: datetime) -> None:
    """Refused where the ledger says it already, or where it cannot be meant."""
    known, since = command.compromised_since, command.since
    if since is not None and since > at:
        raise Refused("since_ahead", "A key cannot be compromised from a day that is yet to come.", NOTHING)
    if known is not None and (since is None or since >= known):
        why = f"That key is declared compromised since {known.date().isoformat()} already, which says more."
        raise Refused("already_ended", why, NOTHING)
    if since is None and command.not_after is not None:
        why = f"That key was retired on {command.not_after.date().isoformat()} already."
        raise Refused("already_ended", why, NOTHING)


def _answer(state: KeyEnd, command: Command, by: Actor, at: datetime, facts: Facts, signs_with: str) -> Outcome:
    person = by.somebody()
    if all(p.id != person.id for p in state.asked):
        raise Refused("not_asked", "You are not asked about this key.", NOTHING)
    if not isinstance(command, AgreeKey | RefuseKey):
        raise Refused("unknown_command", "This is not done with a key.", NOTHING)
    if command.round != state.round:
        raise Refused("outdated", "This button is of an earlier proposal.", "Use the newest message about this key.")
    if isinstance(command, RefuseKey):
        reason = command.reason.strip()
        if len(reason) < 10:
            raise Refused("reason_too_short", "The reason needs at least 10 characters.", NOTHING)
        return Outcome(events=(KeyRefused(by=person.id, reason=reason),))
    if person.id in state.agreed:
        raise Refused("already_said", "You have agreed already; it takes the other one of the two.", NOTHING)
    if state.keyid == signs_with:
        # CC6.1: a signature of the key in question proves nothing about who ended it.
        raise Refused(
            "key_in_use", "Attester itself still signs with that key, and another one has to sign your answer.",
            f"{NOTHING} Have Attester restarted with the successor, then press again.",
        )  # fmt: skip
    sure_enough(facts, by)
    yes = KeyAgreed(by=person.id)
    if not state.agreed:
        return Outcome(events=(yes,))
    both = (state.agreed[0], person.id)
    if state.since is not None:
        return Outcome(
            events=(yes, KeyCompromised(control=state.control, keyid=state.keyid, since=state.since, by=both))
        )
    ended = KeyRetired(control=state.control, keyid=state.keyid, not_after=at + SETTLES, by=both)
    return Outcome(events=(yes, ended))


def evolve(state: KeyEnd | None, recorded: Recorded) -> KeyEnd | None:
    """What is known after this."""
    event = recorded.event
    if isinstance(event, KeyRetireProposed):
        before = state and (state.round, state.not_after, state.compromised_since)
        rounds, not_after, compromised = before or (0, None, None)
        return KeyEnd(
            case=recorded.case, control=event.control, keyid=event.keyid, not_before=event.not_before,
            signed=event.signed, successors=event.successors, since=event.since, asked=event.asked,
            proposed_at=recorded.at, lapse_at=event.lapse_at, round=rounds + 1, not_after=not_after,
            compromised_since=compromised,
        )  # fmt: skip
    if state is None:
        return None
    match event:
        case KeyAgreed(by=by):
            return replace(state, agreed=(*state.agreed, by))
        case KeyRefused(reason=reason):
            return replace(state, status="refused", because=reason)
        case KeyLapsed():
            return replace(state, status="lapsed")
        case KeyRetired(not_after=not_after):
            return replace(state, status="retired", not_after=not_after)
        case KeyCompromised(since=since):
            return replace(state, status="compromised", compromised_since=since)
    return state
