"""What was approved for one person: two racing approvals meet here, and the second sees the first. CC6.3."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    AccessReleased,
    AccessReserved,
    AllowPair,
    EndPair,
    Holder,
    PairAllowed,
    PairForbidden,
    Release,
    Reserve,
)
from workflows.approval.rules.duty import conflict, in_force, within
from workflows.approval.rules.refusal import refused
from workflows.kernel.duty import pair_of
from workflows.kernel.model import Facts, Outcome


def reserve(state: Holder | None, command: Reserve, at: datetime, facts: Facts) -> Outcome:
    """Note an approved access, unless it completes a pair that no exception allows now, or that nobody was shown."""
    under = _under(state, command, at)
    event = AccessReserved(
        control=facts.control.id,
        person=command.person.id,
        name=command.person.name,
        entry=command.entry,
        entitlement=command.entitlement,
        source=command.source,
        of=command.of,
        until=command.until,
        under=under,
    )
    return Outcome(events=(event,))


def _under(state: Holder | None, command: Reserve, at: datetime) -> tuple[str, ...]:
    titles = {d.entry: d.title for d in command.opposed} | {c.duty.entry: c.duty.title for c in command.completes}
    shown = {c.duty.entry for c in command.completes}
    met = {h.entry for h in state.held.values() if h.case != command.of} if state else set()
    found = []
    for entry in sorted((met & {d.entry for d in command.opposed}) | set(command.listed) | shown):
        # CC6.3: checked anew at the last step, on what is approved, listed and allowed at this moment.
        allowed = in_force(state, command.control, pair_of(command.entry, entry), at)
        if allowed is None:
            raise conflict(command.person.name, titles.get(entry, entry))
        if entry not in shown:
            why = f"{command.person.name} got “{titles.get(entry, entry)}” meanwhile, and nobody here was shown that."
            raise refused("conflict_of_duties", why, "Take the request back and ask anew: an exception allows it.")
        within(command.until, allowed)
        found.append(allowed.case)
    return tuple(found)


def release(state: Holder | None, command: Release) -> Outcome:
    """An approved access is over; a second word about it changes nothing."""
    held = state.held.get(command.of) if state else None
    return Outcome(events=(AccessReleased(of=command.of, entry=held.entry),)) if held else Outcome()


def allow(command: AllowPair) -> Outcome:
    """Note that a person may have both sides of a pair for a time."""
    return Outcome(events=(PairAllowed(name=command.name, allowed=command.allowed),))


def end_pair(state: Holder | None, command: EndPair) -> Outcome:
    """An exception no longer counts. Taking it back is refused while an access rests on it."""
    known = state.allowed.get(command.of) if state else None
    if state is None or known is None:
        return Outcome()
    resting = next((r.case for r in state.held.values() if command.of in r.under), "")
    if resting and not command.over:
        next_step = "It ends by itself. To end it sooner, have that access taken away first."
        raise refused("in_effect", f"An access rests on this exception: case {resting}.", next_step)
    return Outcome(events=(PairForbidden(of=command.of, entries=known.entries),))
