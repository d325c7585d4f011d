"""Many unchanged lines at once, with guards. Acceptance 11."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.access_review.people import line, person
from tests.access_review.test_delta import NEXT, reviewed
from tests.access_review.world import World
from workflows.access_review.model import (
    GroupKept,
    KeepGroup,
    MarkLine,
    NotMine,
    OpenGroup,
    Review,
    SignMarks,
    VerdictsSigned,
)
from workflows.access_review.rules.grouping import offered

REVIEW = f"{NEXT}/github/maya@acme.test"
WHY = "All of them build the web site."


def holders(number: int) -> World:
    """So many of Maya's people hold the same access, signed last quarter; the next quarter is open."""
    names = [f"p{n:02}" for n in range(number)]
    world = reviewed(*[line(n) for n in names], people=[person(n, manager="maya") for n in names])
    world.open()
    return world


def review(world: World) -> Review:
    state = world.states[REVIEW]
    assert isinstance(state, Review)
    return state


def keep(world: World, ref: str, verdict: str = "keep") -> MarkLine:
    shown = review(world).lines[ref].assigned.shown()
    return MarkLine(ref=ref, verdict=verdict, shown=shown, reason="Looked at it.")  # type: ignore[arg-type]


def test_a_group_is_kept_only_after_it_was_opened_and_its_spot_lines_were_decided() -> None:
    world = holders(50)
    (group,) = offered(review(world))

    unopened = world.refusal(REVIEW, KeepGroup(group=group.id, reason=WHY), "maya")
    world.act(REVIEW, OpenGroup(group=group.id), "maya")
    undecided = world.refusal(REVIEW, KeepGroup(group=group.id, reason=WHY), "maya")
    for ref in group.spots:
        world.act(REVIEW, keep(world, ref), "maya")
    unreasoned = world.refusal(REVIEW, KeepGroup(group=group.id, reason=" "), "maya")
    world.act(REVIEW, KeepGroup(group=group.id, reason=WHY), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    assert (unopened.code, undecided.code, unreasoned.code) == ("group_not_opened", "spot_lines_open", "reason_missing")
    assert len(group.spots) == 5
    assert len(world.events(GroupKept)[0].shown) == 45
    signed = world.events(VerdictsSigned)[-1]
    assert sorted(v.in_group for v in signed.verdicts) == [""] * 5 + [group.id] * 45


def test_a_group_has_at_most_50_lines() -> None:
    assert [len(g.refs) for g in offered(review(holders(53)))] == [50, 3]


@pytest.mark.parametrize("verdict", ["revoke", "not_mine"])
def test_a_spot_line_that_is_not_kept_dissolves_the_group(verdict: str) -> None:
    world = holders(20)
    (group,) = offered(review(world))
    world.act(REVIEW, OpenGroup(group=group.id), "maya")
    first, second = group.spots

    if verdict == "revoke":
        world.act(REVIEW, keep(world, first, "revoke"), "maya")
    else:
        world.act(REVIEW, NotMine(ref=first, reason="Not mine."), "maya")
    world.act(REVIEW, keep(world, second), "maya")

    assert world.refusal(REVIEW, KeepGroup(group=group.id, reason=WHY), "maya").code == "group_dissolved"


def test_no_group_is_offered_at_the_first_review_of_a_source() -> None:
    world = World(lines={"github": [line("nina"), line("omar"), line("nina", "b")]})
    world.open()

    assert offered(world.review("maya")) == []


def test_a_line_that_is_flagged_or_changed_stands_outside_every_group() -> None:
    world = reviewed(*[line(f"p{n}") for n in range(6)], people=[person(f"p{n}", manager="maya") for n in range(6)])
    world.lines["github"][0] = line("p0", account={"mfa": None})
    world.lines["github"][1] = line("p1", via=("group:web",))
    world.open()

    (group,) = offered(review(world))

    assert len(group.refs) == 4
    assert {line("p0").ref, line("p1").ref}.isdisjoint(group.refs)


def test_the_spot_lines_follow_from_the_list_and_are_the_same_for_everybody_who_computes_them() -> None:
    world = holders(30)

    assert offered(review(world)) == offered(review(world))
    assert len(offered(review(world))[0].spots) == 3


def test_a_line_that_changed_after_the_group_was_opened_is_not_kept_with_it() -> None:
    world = holders(10)
    (group,) = offered(review(world))
    world.act(REVIEW, OpenGroup(group=group.id), "maya")
    changed = next(r for r in group.refs if r not in group.spots)
    index = next(i for i, x in enumerate(world.lines["github"]) if x.ref == changed)
    world.lines["github"][index] = world.lines["github"][index].model_copy(update={"via": ("group:new",)})
    world.now = datetime(2027, 1, 9, 9, 0, tzinfo=UTC)
    world.pull("github")

    for ref in group.spots:
        world.act(REVIEW, keep(world, ref), "maya")
    world.act(REVIEW, KeepGroup(group=group.id, reason=WHY), "maya")

    assert review(world).lines[changed].status == "undecided"
    assert len(review(world).marked()) == 9
