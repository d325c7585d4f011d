"""Two duties that must not be in one hand: what completes a pair, and which exception allows it. CC6.3.

What the newest lists show counts, and what was approved. What is not known counts as held.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from workflows.approval.model import Completed, Entry, Holder, Settings
from workflows.approval.model.pairing import population
from workflows.approval.rules.refusal import refused
from workflows.kernel.duty import Allowed, Duty, Pair, pair_of
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Collection, Person, PersonId
from workflows.kernel.model import CaseId, Control, EvidenceRef, Facts


def duty_of(entry: Entry) -> Duty:
    """An entry of the catalogue as a duty."""
    return Duty(entry=entry.id, source=entry.source, entitlement=entry.entitlement, title=entry.title)


def pairs(control: Control) -> tuple[Pair, ...]:
    """The pairs of a control that one person may not hold at once."""
    settings = Settings.model_validate(control.settings)
    known = {e.id: duty_of(e) for e in settings.catalogue}
    return tuple(Pair(control=control.id, sides=(known[a], known[b])) for a, b in settings.conflicts)


def opposed(entry: str, settings: Settings) -> tuple[Duty, ...]:
    """The other sides of an entry's pairs."""
    return tuple(duty_of(e) for name in settings.opposed(entry) if (e := settings.entry(name)))


def listed(person: PersonId, duties: Iterable[Duty], facts: Facts) -> tuple[Duty, ...]:
    """Those of the duties that the newest complete lists show. Refused where there is no list to look into."""
    found = []
    for duty in duties:
        seen = facts.duties.holds(person, duty)
        if seen is None:
            # CC6.3: a pair that must not be held together cannot be ruled out without looking.
            raise refused("no_list")
        found += [duty] if seen else []
    return tuple(found)


def lists_of(duties: Iterable[Duty], facts: Facts) -> tuple[Collection, ...]:
    """The newest complete lists in which these duties are seen, each once."""
    known = facts.duties.lists
    return tuple(known[s] for s in dict.fromkeys(d.source for d in duties) if s in known)


def in_force(holder: object, control: str, entries: tuple[str, str], at: datetime, but: CaseId = "") -> Allowed | None:
    """The exception by which a person may have a pair now: of several the one that ends last."""
    known = holder.allowed.values() if isinstance(holder, Holder) else ()
    fit = [a for a in known if (a.control, a.entries) == (control, entries) and a.until > at and a.case != but]
    return max(fit, key=lambda a: (a.until, a.case), default=None)


def completed(
    entry: str, subject: Person, until: datetime | None, at: datetime, settings: Settings, holder: object, facts: Facts
) -> tuple[Completed, ...]:
    """The pairs that an access would complete, each with its exception. Refused where one has none that lasts as long."""
    others = opposed(entry, settings)
    there = {d.entry for d in listed(subject.id, others, facts)}
    there |= {r.entry for r in holder.held.values()} if isinstance(holder, Holder) else set()
    found = []
    for duty in (d for d in others if d.entry in there):
        allowed = in_force(holder, facts.control.id, pair_of(entry, duty.entry), at)
        if allowed is None:
            raise conflict(subject.name, duty.title)
        within(until, allowed)
        found.append(Completed(duty=duty, exception=allowed.case, until=allowed.until))
    return tuple(found)


def within(until: datetime | None, allowed: Allowed) -> None:
    """Refused where an access would outlast the exception that it rests on."""
    if until is None or until > allowed.until:
        why = f"It rests on an exception that ends on {allowed.until:%-d %b %Y at %H:%M} UTC, and may not last longer."
        raise refused("end_too_far", why)


def conflict(name: str, title: str) -> Refused:
    """The refusal of what would put two conflicting duties into one hand."""
    return refused("conflict_of_duties", f"{name} has “{title}”, and one person may not hold both.")


def seen_in(duties: Iterable[Duty], facts: Facts) -> tuple[EvidenceRef, ...]:
    """The certificates of the lists in which these duties are seen."""
    return tuple(population(c) for c in lists_of(duties, facts))
