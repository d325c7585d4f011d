"""Two entries that one person may not hold at once: what is asked for, what happened with it, what an access rests on."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.kernel.duty import Allowed, Duty
from workflows.kernel.identity import Collection, PersonId, Value
from workflows.kernel.model import CaseId, Command, Event, EvidenceRef, Need


def population(collection: Collection) -> EvidenceRef:
    """The certificate of a pull, as evidence."""
    return EvidenceRef(
        name=f"{collection.source}/population.json",
        sha256=collection.id,
        kind="population",
        source=collection.source,
        collected_at=collection.ended_at,
    )


class Pairing(Value):
    """Two duties that somebody is to have at once for a time. ``held`` are the titles of those that the newest complete
    lists show already; None where a list is missing. ``renewals`` is how often it was allowed before."""

    sides: tuple[Duty, Duty]
    compensating: str
    held: tuple[str, ...] | None = None
    renewals: int = 0


class Completed(Value):
    """The other side of a pair that an access completes, and the exception that allows it."""

    duty: Duty
    exception: CaseId
    until: AwareDatetime


class AskPair(Command):
    """Somebody asks that one person may have both sides of a pair for a time."""

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    one: str
    other: str
    subject: PersonId
    subject_login: str
    compensating: str
    reason: str
    until: AwareDatetime


class PairCommand(Command):
    """A command of another case."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class OpenPair(PairCommand):
    """The case of an exception for a pair. ``renewals`` is how often it was allowed before."""

    asked: AskPair
    renewals: int = 0


class AllowPair(PairCommand):
    """Note for a person that they may have both sides of a pair."""

    name: str
    allowed: Allowed


class EndPair(PairCommand):
    """An exception for a pair is over, or is taken back; not ``over``, it is refused while access rests on it."""

    of: CaseId
    over: bool = False


class PairAllowed(Event):
    """A person may have both sides of a pair until a day."""

    NAME: ClassVar[str] = "pair_allowed"
    DETACHED: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    allowed: Allowed


class PairForbidden(Event):
    """A person may no longer have both sides of a pair: the exception ended, or was taken back."""

    NAME: ClassVar[str] = "pair_forbidden"
    of: CaseId
    entries: tuple[str, str]


class PairExceptionEnded(Event):
    """The end of an exception for a pair passed. ``still_held``: the person has both sides, or nothing shows that they do
    not, and no other exception allows it."""

    NAME: ClassVar[str] = "pair_exception_ended"
    until: AwareDatetime
    still_held: bool
    lists: tuple[Collection, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return tuple(population(c) for c in self.lists)


class PairSettled(Event):
    """A pair that was still held after its exception is in order: a later list shows one side gone (`parted`), another
    exception allows it (`allowed`), or the program names the pair no longer (`unlisted`)."""

    NAME: ClassVar[str] = "pair_settled"
    because: Literal["parted", "allowed", "unlisted"]
    lists: tuple[Collection, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return tuple(population(c) for c in self.lists)
