"""Erasing what people said, once its retention is over: two people agree, then the texts go and every proof stays (P4.3, C1.2).

Only whole cases go, closed ones, whose last attestation is older than the retention that the program states. What stays is
the leaf in the log, its signature and place, and the names of cases: they prove that something was decided, and when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
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
from workflows.kernel.workflow import State

NAME = "erasure"
RETENTION_YEARS = 7
"""Where the program says nothing."""
ANSWER_WITHIN = "5wd"
Status = Literal["asked", "agreed", "erased", "refused", "lapsed"]
NOTHING = "Nothing was erased and nothing was recorded."


class NoSettings(Value):
    """Nothing about these cases is set by the program, but the retention of the company."""


class ProposeErasure(Command):
    """These cases of a control are older than their retention; two people are asked whether their texts shall go."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    control: str
    before: AwareDatetime
    ground: str
    cases: tuple[CaseId, ...]
    attestations: int


class AgreeErasure(Command):
    """Yes: the texts shall go."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False


class RefuseErasure(Command):
    """No: they stay."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    reason: str


class LapseErasure(Command):
    """Nobody answered in time: they stay."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class NoteErased(Command):
    """The texts are gone; how many, and until when a locked bucket still holds copies."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    attestations: int
    files: int
    kept_until: AwareDatetime | None = None


class ErasureProposed(Event):
    """Two people are asked whether the texts of these cases shall go."""

    NAME: ClassVar[str] = "erasure_proposed"
    DETACHED: ClassVar[tuple[str, ...]] = ("cases", "asked")
    control: str
    before: AwareDatetime
    ground: str
    retention_years: int
    cases: tuple[CaseId, ...]
    attestations: int
    asked: tuple[Person, ...]
    lapse_at: AwareDatetime


class ErasureAgreed(Event):
    """One of the two said yes."""

    NAME: ClassVar[str] = "erasure_agreed"
    by: PersonId


class ErasureRefused(Event):
    """One of the two said no, and why."""

    NAME: ClassVar[str] = "erasure_refused"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    by: PersonId
    reason: str


class ErasureLapsed(Event):
    """They were not both heard in time."""

    NAME: ClassVar[str] = "erasure_lapsed"


class PayloadsErased(Event):
    """Both agreed: from here on the texts of these cases are erased. Leaves, signatures, places and proofs stay."""

    NAME: ClassVar[str] = "ledger_payload_erased"
    DETACHED: ClassVar[tuple[str, ...]] = ("cases",)
    control: str
    before: AwareDatetime
    ground: str
    retention_years: int
    cases: tuple[CaseId, ...]
    attestations: int
    by: tuple[PersonId, PersonId]


class ErasureDone(Event):
    """The texts are gone from the database and the folder; a locked bucket keeps its copies until the day named."""

    NAME: ClassVar[str] = "erasure_done"
    attestations: int
    files: int
    kept_until: AwareDatetime | None = None


@dataclass(frozen=True)
class Erasure:
    """The case's state."""

    case: CaseId
    control: str
    before: datetime
    ground: str
    retention_years: int
    cases: tuple[CaseId, ...]
    attestations: int
    asked: tuple[Person, ...]
    proposed_at: datetime
    lapse_at: datetime
    status: Status = "asked"
    agreed: tuple[PersonId, ...] = ()
    because: str = ""


def case_of(control: str, before: datetime) -> str:
    """The case of one erasure."""
    return case_id(NAME, control, before.date().isoformat())


def needs(_state: State, _command: Command) -> FactNeeds:
    """Nothing beyond the state."""
    return FactNeeds()


def decide(state: Erasure | None, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """What a command leads to, or Refused with its reason and next step."""
    if isinstance(command, ProposeErasure):
        return _propose(state, command, by, at, facts)
    if state is None:
        raise Refused("no_such_case", "There is no such erasure.", NOTHING)
    if isinstance(command, NoteErased):
        if by.kind != "system" or state.status != "agreed":
            raise Refused("not_agreed", "Both have not agreed to this erasure.", NOTHING)
        return Outcome(events=(ErasureDone(**command.model_dump()),))
    if state.status != "asked":
        raise Refused("already_decided", "This erasure is decided already.", "Look at the message as it is now.")
    if isinstance(command, LapseErasure):
        if by.kind != "time" or at < state.lapse_at:
            raise Refused("not_due", "There is still time to answer.", NOTHING)
        return Outcome(events=(ErasureLapsed(),))
    return _answer(state, command, by, facts)


def _propose(state: Erasure | None, command: ProposeErasure, by: Actor, at: datetime, facts: Facts) -> Outcome:
    if by.kind != "system":
        raise Refused("not_for_people", "An erasure is proposed on the command line.", "Run: attester ledger erase")
    if state is not None:
        raise Refused("already_asked", "This erasure was proposed already.", f"{NOTHING} Look at its case.")
    years = int(facts.company.get("retention_years") or RETENTION_YEARS)
    if command.before > years_before(at, years):
        why = f"What is younger than {years} years is kept: that is the retention in the program."
        raise Refused("retention_runs", why, f"{NOTHING} Give an earlier date.")
    if not command.cases:
        raise Refused("nothing_old", "No closed case of this control is that old.", NOTHING)
    if len(command.ground.strip()) < 10:
        raise Refused(
            "ground_too_short", "The ground needs at least 10 characters.", f"{NOTHING} Say what asks for it."
        )
    owner, deputy = facts.directory.get(facts.owner), facts.directory.get(facts.deputy)
    if owner is None or deputy is None or owner.id == deputy.id:
        why = "Erasing takes two people, and the control has no owner and deputy who work here."
        raise Refused("one_person", why, f"{NOTHING} Name a deputy in the program.")
    zone = str(facts.company.get("time_zone") or "UTC")
    closed = frozenset(facts.company.get("closed_days") or ())
    told = command.model_dump(exclude={"ground"})
    event = ErasureProposed(
        **told, ground=command.ground.strip(), retention_years=years, asked=(owner, deputy),
        lapse_at=after(at, ANSWER_WITHIN, zone, closed),
    )  # fmt: skip
    return Outcome(events=(event,))


def years_before(at: datetime, years: int) -> datetime:
    """The same day so many years ago; 28 February for a leap day."""
    day = at.date()
    try:
        return at.replace(year=day.year - years)
    except ValueError:
        return at.replace(year=day.year - years, day=28)


def _answer(state: Erasure, command: Command, by: Actor, facts: Facts) -> Outcome:
    person = by.somebody()
    if all(p.id != person.id for p in state.asked):
        raise Refused("not_asked", "You are not asked about this erasure.", NOTHING)
    if isinstance(command, RefuseErasure):
        reason = command.reason.strip()
        if len(reason) < 10:
            raise Refused("reason_too_short", "The reason needs at least 10 characters.", NOTHING)
        return Outcome(events=(ErasureRefused(by=person.id, reason=reason),))
    if not isinstance(command, AgreeErasure):
        raise Refused("unknown_command", "This is not done with an erasure.", NOTHING)
    if person.id in state.agreed:
        raise Refused("already_said", "You have agreed already; it takes the other one of the two.", NOTHING)
    sure_enough(facts, by)
    yes = ErasureAgreed(by=person.id)
    if not state.agreed:
        return Outcome(events=(yes,))
    done = PayloadsErased(
        control=state.control, before=state.before, ground=state.ground, retention_years=state.retention_years,
        cases=state.cases, attestations=state.attestations, by=(state.agreed[0], person.id),
    )  # fmt: skip
    return Outcome(events=(yes, done))


def evolve(state: Erasure | None, recorded: Recorded) -> Erasure | None:
    """What is known after this."""
    event = recorded.event
    if isinstance(event, ErasureProposed):
        return Erasure(
            case=recorded.case, control=event.control, before=event.before, ground=event.ground,
            retention_years=event.retention_years, cases=event.cases, attestations=event.attestations, asked=event.asked,
            proposed_at=recorded.at, lapse_at=event.lapse_at,
        )  # fmt: skip
    if state is None:
        return None
    match event:
        case ErasureAgreed(by=by):
            return replace(state, agreed=(*state.agreed, by))
        case ErasureRefused(reason=reason):
            return replace(state, status="refused", because=reason)
        case ErasureLapsed():
            return replace(state, status="lapsed")
        case PayloadsErased():
            return replace(state, status="agreed")
        case ErasureDone():
            return replace(state, status="erased")
    return state
