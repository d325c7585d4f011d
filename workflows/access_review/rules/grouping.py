"""Keeping many unchanged lines at once, with guards: opened first, spot lines one by one, a reason for the rest.

Only lines that were signed before and are unchanged, plain, of one entitlement; at most 50. Which lines are the spot lines
follows from the digest of the population certificate, so that nobody can choose them.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from workflows.access_review.model import (
    AssignedLine,
    Flag,
    Group,
    GroupKept,
    GroupOpened,
    KeepGroup,
    OpenGroup,
    Review,
    ReviewLine,
)
from workflows.access_review.rules.refusal import checked_reason, refused
from workflows.access_review.rules.review import independent, reviewer_only
from workflows.kernel.model import Actor, Facts, Outcome
from workflows.kernel.text import count

LARGEST = 50
SMALLEST = 3
SPOT_SHARE = 10
HARMLESS: frozenset[Flag] = frozenset({"use_unknown", "grant_date_unknown"})
"""Facts that are shown as unknown and that do not raise a line's tier."""


def groupable(held: ReviewLine) -> bool:
    """Whether a line may be kept together with others like it."""
    line = held.assigned
    return (
        held.status == "undecided"
        and not held.settled
        and not held.void
        and line.tier == "plain"
        and line.delta == "unchanged"
        and not set(line.flags) - HARMLESS
        and line.cosigner is None
    )


def offered(state: Review) -> list[Group]:
    """The groups that the reviewer may open now, and those opened already that still stand; largest first."""
    taken = {ref for g in state.groups.values() for ref in g.refs}
    alike: dict[tuple[str, str], list[AssignedLine]] = {}
    for held in state.queue():
        if held.assigned.ref not in taken and groupable(held):
            e = held.assigned.line.entitlement
            alike.setdefault((e.resource, e.native_id), []).append(held.assigned)
    fresh = []
    for (resource, _), lines in alike.items():
        for start in range(0, len(lines), LARGEST):
            part = lines[start : start + LARGEST]
            if len(part) >= SMALLEST:
                fresh.append(_group(resource, part))
    standing = [g for g in state.groups.values() if not dissolved(state, g) and remaining(state, g)]
    return sorted([*standing, *fresh], key=lambda g: (-len(g.refs), g.resource, g.id))


def _group(resource: str, lines: list[AssignedLine]) -> Group:
    refs = tuple(sorted(x.ref for x in lines))
    seed = lines[0].collection
    drawn = sorted(refs, key=lambda ref: hashlib.sha256(f"{seed}/{ref}".encode()).digest())
    spots = tuple(drawn[: max(1, -(-len(refs) // SPOT_SHARE))])
    name = hashlib.sha256("/".join(refs).encode()).hexdigest()[:16]
    return Group(id=name, resource=resource, name=lines[0].line.entitlement.name, refs=refs, spots=spots)


def remaining(state: Review, group: Group) -> list[ReviewLine]:
    """The lines that a keep of the group would cover."""
    held = [state.lines[r] for r in group.refs if r in state.lines and r not in group.spots]
    return [x for x in held if groupable(x)]


def dissolved(state: Review, group: Group) -> bool:
    """Whether a spot line was not kept: revoked, changed, moved away, or changed in the meantime."""
    for ref in group.spots:
        held = state.lines.get(ref)
        if held is None or held.void or held.changes:
            return True
        verdict = held.verdict.verdict if held.verdict else held.mark.verdict if held.mark else "keep"
        if verdict != "keep":
            return True
    return False


def open_spots(state: Review, group: Group) -> list[str]:
    """The spot lines that are not decided yet."""
    return [r for r in group.spots if r in state.lines and state.lines[r].status == "undecided"]


def open_group(state: Review, command: OpenGroup, by: Actor) -> Outcome:
    """The full list is shown, and that is recorded."""
    reviewer_only(state, by)
    if state.sealed:
        raise refused("campaign_closed")
    group = next((g for g in offered(state) if g.id == command.group), None)
    if group is None:
        raise refused("no_such_group")
    shown = {r: state.lines[r].digest for r in group.refs if r in state.lines}
    return Outcome(events=(GroupOpened(group=group.id, refs=group.refs, spots=group.spots, shown=shown),))


def keep_group(state: Review, command: KeepGroup, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The rest of an opened group is kept, each line on what was shown of it."""
    reviewer_only(state, by)
    if state.sealed:
        raise refused("campaign_closed")
    group = state.groups.get(command.group)
    if group is None:
        raise refused("group_not_opened")
    if dissolved(state, group):
        raise refused("group_dissolved")
    if waiting := open_spots(state, group):
        raise refused(
            "spot_lines_open",
            f"{len(waiting)} of the {count(len(group.spots), 'line')} drawn from this group are not decided yet.",
        )
    reason = checked_reason(command.reason, state.head.reason_min)
    held = remaining(state, group)
    if not held:
        raise refused("already_decided", "Every line of this group is decided.")
    for x in held:
        independent(state, x, facts)
        if x.shown != x.digest:
            raise refused("changed_since_shown")
    shown = {x.assigned.ref: x.shown for x in held}
    return Outcome(events=(GroupKept(group=group.id, reason=reason, shown=shown),))
