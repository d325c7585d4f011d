"""Duties that one person may not have at once: the pairs of the program, who holds what of them, what was allowed. CC6.3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import AwareDatetime

from workflows.kernel.identity import Collection, Line, PersonId, Value


class Duty(Value):
    """One side of a pair: an entry of a catalogue, and the access that it is."""

    entry: str
    source: str
    entitlement: str
    title: str


class Pair(Value):
    """Two duties that one person may not have at once, and the control that says so."""

    control: str
    sides: tuple[Duty, Duty]

    @property
    def entries(self) -> tuple[str, str]:
        """The ids of its two entries, in order: what names the pair within its control."""
        return pair_of(self.sides[0].entry, self.sides[1].entry)


class Allowed(Value):
    """An exception: one person may have both sides of a pair until a day. ``attestation`` is that of the last yes."""

    case: str
    attestation: str | None = None
    control: str
    person: PersonId
    entries: tuple[str, str]
    until: AwareDatetime


class Beside(Value):
    """What the holder of an access has that no one person may have with it, and the exception that allows it, if one does."""

    duty: Duty
    allowed: Allowed | None = None


class Duties(Value):
    """The pairs of the program and who holds what of them, by the newest complete list of each source (``lists``).

    ``held`` is (source, entitlement, person).
    """

    pairs: tuple[Pair, ...] = ()
    lists: dict[str, Collection] = {}
    held: frozenset[tuple[str, str, PersonId]] = frozenset()

    def holds(self, person: PersonId, duty: Duty) -> bool | None:
        """Whether the newest complete list shows that somebody has it; None where there is no such list."""
        return (duty.source, duty.entitlement, person) in self.held if duty.source in self.lists else None

    def beside(
        self, source: str, entitlement: str, person: PersonId, allowed: Iterable[Allowed], at: datetime
    ) -> tuple[Beside, ...]:
        """What somebody has in conflict with an access of theirs, with the exception that is in force at an instant."""
        found = []
        known = [a for a in allowed if a.person == person and a.until > at]
        for pair in self.pairs:
            for one, other in (pair.sides, pair.sides[::-1]):
                if (one.source, one.entitlement) == (source, entitlement) and self.holds(person, other):
                    fit = [a for a in known if (a.control, a.entries) == (pair.control, pair.entries)]
                    found.append(Beside(duty=other, allowed=max(fit, key=lambda a: (a.until, a.case), default=None)))
        return tuple(found)


def pair_of(one: str, other: str) -> tuple[str, str]:
    """Two entries in the order in which a pair is written everywhere."""
    return (one, other) if one < other else (other, one)


def wanted_of(pairs: Iterable[Pair]) -> dict[str, frozenset[str]]:
    """The entitlements of these pairs, by source: what a list must be looked through for."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        for side in pair.sides:
            found.setdefault(side.source, set()).add(side.entitlement)
    return {source: frozenset(wanted) for source, wanted in found.items()}


def held_in(lines: Iterable[Line], entitlements: frozenset[str]) -> frozenset[tuple[str, PersonId]]:
    """(entitlement, person) of whoever has one of these entitlements in a list; accounts of nobody are left out."""
    return frozenset(
        (x.entitlement.native_id, x.account.person)
        for x in lines
        if x.account.person and x.entitlement.native_id in entitlements
    )


def duties_in(pairs: tuple[Pair, ...], lists: Mapping[str, tuple[Collection, Iterable[Line]]]) -> Duties:
    """The duties that complete lists show, each list with its lines."""
    wanted = {s: e for s, e in wanted_of(pairs).items() if s in lists}
    held = {(s, e, p) for s, entitlements in wanted.items() for e, p in held_in(lists[s][1], entitlements)}
    return Duties(pairs=pairs, lists={s: lists[s][0] for s in wanted}, held=frozenset(held))
