"""What changed since a line was last signed, whatever campaign that was in. Acceptance 1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.access_review.people import CONTROL, line
from tests.access_review.world import World
from workflows.access_review.model import LinesAssigned, MarkLine, Review, SignMarks
from workflows.kernel.identity import Line, Person

FIRST = "access_review/2026-Q4"
NEXT = "access_review/2027-Q1"


def reviewed(*lines: Line, people: Sequence[Person] = ()) -> World:
    """A company whose fourth quarter is signed, and that has come to the next."""
    control = CONTROL.model_copy(update={"settings": {**CONTROL.settings, "unused_days": 1000}})
    world = World(lines={"github": list(lines)}, control=control)
    world.people += people
    world.open()
    for review in world.reviews():
        for ref, held in review.lines.items():
            mark = MarkLine(ref=ref, verdict="keep", shown=held.assigned.shown(), reason="Needed for the work.")
            world.act(review.case, mark, review.reviewer.id)
        world.act(review.case, SignMarks(), review.reviewer.id)
    world.now = datetime(2027, 1, 8, 9, 0, tzinfo=UTC)
    return world


def lines_of(world: World, campaign: str) -> dict[str, object]:
    reviews = [s for s in world.states.values() if isinstance(s, Review) and s.head.campaign == campaign]
    return {ref: held.assigned for r in reviews for ref, held in r.lines.items()}


def test_a_member_who_became_administrator_reads_changed_and_privileged() -> None:
    world = reviewed(line("nina", "role"), line("omar"))
    world.lines["github"][0] = line("nina", "role", entitlement={"privileged": True, "plain": "May do everything"})

    world.open()

    found = lines_of(world, NEXT)
    changed = found[line("nina", "role").ref]
    assert (changed.delta, changed.tier) == ("changed", "privileged")  # type: ignore[attr-defined]
    fields = {c.field: (c.before, c.after) for c in changed.changes}  # type: ignore[attr-defined]
    assert fields["privileged"] == ("no", "yes")
    same = found[line("omar").ref]
    assert same.delta == "unchanged"  # type: ignore[attr-defined]
    assert [v.reviewer for v in same.earlier] == ["Maya"]  # type: ignore[attr-defined]


def test_an_account_that_the_last_review_did_not_have_reads_new() -> None:
    world = reviewed(line("nina"))
    world.lines["github"].append(line("omar"))

    world.open()

    assert lines_of(world, NEXT)[line("omar").ref].delta == "new"  # type: ignore[attr-defined]


def test_a_line_that_went_is_reported_removed_once() -> None:
    world = reviewed(line("nina"), line("omar"))
    world.lines["github"].pop()

    world.open()
    for review in [r for r in world.reviews() if r.head.campaign == NEXT]:
        for ref, held in review.lines.items():
            world.act(review.case, MarkLine(ref=ref, verdict="keep", shown=held.assigned.shown()), "maya")
        world.act(review.case, SignMarks(), "maya")
    world.now = datetime(2027, 4, 8, 9, 0, tzinfo=UTC)
    world.open()

    removed = {e.collection.number: [(x.ref, x.how) for x in e.removed] for e in world.events(LinesAssigned)}
    assert list(removed.values()) == [[], [(line("omar").ref, "gone_by_itself")], []]
