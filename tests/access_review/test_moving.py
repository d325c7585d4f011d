"""Lines that change their reviewer: conservation, independence, no way around. Acceptance 4, 12, 13, 15, 21."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.access_review.people import CAMPAIGN, company, line, person
from tests.access_review.world import World
from workflows.access_review.model import (
    HandOver,
    LineMarked,
    LinesMoved,
    LinesReleased,
    MarkLine,
    NotMine,
    Reassign,
    SignMarks,
)
from workflows.kernel.errors import Refused
from workflows.kernel.model import Command

MAYA = f"{CAMPAIGN}/github/maya@acme.test"
LINES = [line("nina", "a"), line("nina", "b"), line("omar", "c")]


def opened() -> World:
    world = World(lines={"github": list(LINES)})
    world.people += [person("zoe", manager="tom"), person("kim", manager="tom"), person("gil", slack_user=None)]
    world.open()
    return world


def replace(world: World, name: str, **more: Any) -> None:
    """The directory says something else about a person from the next pull on."""
    found = next(p for p in world.people if p.id == name)
    world.people[world.people.index(found)] = found.model_copy(update=more)


def test_a_line_that_is_not_mine_goes_to_the_person_proposed() -> None:
    world = opened()

    world.act(MAYA, NotMine(ref=LINES[0].ref, reason="Zoe runs this.", proposed="zoe"), "maya")

    review, held = world.held(LINES[0].ref)
    assert review.reviewer.id == "zoe"
    assert held.assigned.rule == "proposed"
    assert held.assigned.chain == ("maya",)
    assert world.events(LinesMoved)[0].moves[0].taken_from == MAYA


def test_the_third_not_mine_goes_to_the_control_owner() -> None:
    world = opened()
    ref = LINES[0].ref

    for reviewer, proposed in (("maya", "zoe"), ("zoe", "lena"), ("lena", "kim")):
        case = world.held(ref)[0].case
        world.act(case, NotMine(ref=ref, reason="Not my system.", proposed=proposed), reviewer)

    assert list(world.campaign().unassigned) == [ref]
    assert world.campaign().unassigned[ref].chain == ("maya", "zoe", "lena")


def test_lines_are_handed_over_at_most_three_people_deep_and_never_back() -> None:
    world = opened()
    world.act(MAYA, HandOver(person="zoe"), "maya")
    zoe = f"{CAMPAIGN}/github/zoe@acme.test"

    back = world.refusal(zoe, HandOver(person="maya"), "zoe")
    world.act(zoe, HandOver(person="lena"), "zoe")
    fourth = world.refusal(f"{CAMPAIGN}/github/lena@acme.test", HandOver(person="kim"), "lena")

    assert back.code == "been_asked"
    assert fourth.code == "chain_too_long"
    assert world.review("maya").status == "emptied"


@pytest.mark.parametrize("to", ["gil", "ghost", "nina"])
def test_lines_are_not_handed_over_to_a_guest_a_stranger_or_the_subject(to: str) -> None:
    world = opened()

    refused = world.refusal(MAYA, HandOver(person=to, refs=(LINES[0].ref,)), "maya")

    assert refused.code == "not_independent"


def test_a_line_is_not_handed_over_to_somebody_who_reports_to_its_holder() -> None:
    world = World(lines={"github": [line("maya")]})
    world.open()

    refused = world.refusal(f"{CAMPAIGN}/github/tom@acme.test", HandOver(person="omar"), "tom")

    assert refused.code == "not_independent"
    assert "Omar reports to Maya" in refused.why


def test_the_former_reviewer_is_told_that_the_line_moved_away() -> None:
    world = opened()
    shown = world.held(LINES[0].ref)[1].assigned.shown()
    world.act(MAYA, HandOver(person="zoe"), "maya")

    refused = world.refusal(MAYA, MarkLine(ref=LINES[0].ref, verdict="keep", shown=shown), "maya")

    assert refused.code == "moved_away"


def test_marks_of_a_reviewer_who_left_are_dropped_and_signed_verdicts_stand() -> None:
    world = opened()
    for held, sign in ((LINES[0], True), (LINES[1], False)):
        shown = world.held(held.ref)[1].assigned.shown()
        world.act(MAYA, MarkLine(ref=held.ref, verdict="keep", shown=shown), "maya")
        if sign:
            world.act(MAYA, SignMarks(), "maya")
    replace(world, "maya", employed=False)

    world.pull("okta")

    assert world.events(LinesReleased)[0].cause == "reviewer_left"
    assert list(world.review("maya").lines) == [LINES[0].ref]
    assert world.held(LINES[1].ref)[0].reviewer.id == "dana"
    assert world.held(LINES[1].ref)[1].status == "undecided"


def test_a_new_manager_gets_the_undecided_lines() -> None:
    world = opened()
    shown = world.held(LINES[0].ref)[1].assigned.shown()
    world.act(MAYA, MarkLine(ref=LINES[0].ref, verdict="keep", shown=shown), "maya")
    replace(world, "nina", manager="lena")

    world.pull("okta")

    assert world.held(LINES[0].ref)[0].reviewer.id == "maya"
    assert world.held(LINES[1].ref)[0].reviewer.id == "lena"
    assert world.events(LinesMoved)[0].cause == "manager_changed"


def test_a_reviewer_who_now_reports_to_the_holder_loses_the_line() -> None:
    world = opened()
    replace(world, "omar", manager="dana")
    replace(world, "maya", manager="omar")

    world.pull("okta")

    assert world.held(LINES[2].ref)[0].reviewer.id == "dana"


def test_a_person_deleted_from_the_directory_stays_in_the_population_as_somebody_who_left() -> None:
    world = opened()
    world.people = [p for p in world.people if p.id != "nina"]

    world.pull("okta")

    held = world.held(LINES[0].ref)[1].assigned
    assert held.leaver
    assert held.person is not None
    assert held.person.name == "Nina"


def test_the_control_owner_gives_a_silent_reviewers_lines_to_somebody_else() -> None:
    world = opened()

    refused = world.refusal(MAYA, Reassign(person="zoe", reason="Maya is ill."), "tom")
    world.act(MAYA, Reassign(person="zoe", reason="Maya is ill."), "dana")

    assert refused.code == "not_yours"
    assert {world.held(x.ref)[0].reviewer.id for x in LINES} == {"zoe"}


WHO = [p.id for p in company()] + ["zoe", "kim"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mark", "sign", "not_mine", "hand_over", "reassign", "leave", "manager", "drop", "pull"]),
        st.integers(0, len(LINES) + 3),
        st.sampled_from(WHO),
    ),
    max_size=25,
)


def step(world: World, kind: str, index: int, who: str) -> None:
    if kind in ("leave", "manager", "drop", "pull"):
        _world_changes(world, kind, index, who)
        return
    ref = list(world.campaign().homes)[index % len(world.campaign().homes)]
    case = world.campaign().homes[ref].review
    if case is None:
        return
    review, held = world.held(ref)
    commands: dict[str, Command] = {
        "mark": MarkLine(ref=ref, verdict="revoke", shown=held.assigned.shown(), reason="Not needed any more."),
        "sign": SignMarks(),
        "not_mine": NotMine(ref=ref, reason="Not mine.", proposed=who),
        "hand_over": HandOver(person=who),
        "reassign": Reassign(person=who, reason="Please take these."),
    }
    try:
        world.act(case, commands[kind], "dana" if kind == "reassign" else review.reviewer.id)
    except Refused:
        return


def _world_changes(world: World, kind: str, index: int, who: str) -> None:
    if kind == "leave" and who != "dana":
        replace(world, who, employed=False)
    elif kind == "manager":
        replace(world, who, manager=WHO[index % len(WHO)])
    elif kind == "drop" and world.lines["github"]:
        world.lines["github"].pop(index % len(world.lines["github"]))
    world.pull("okta")
    world.pull("github")


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_after_any_history_every_line_is_in_exactly_one_place_and_no_mark_was_made_by_a_dependent(
    steps: list[tuple[str, int, str]],
) -> None:
    world = opened()
    population = {x.ref for x in LINES}

    for kind, index, who in steps:
        step(world, kind, index, who)

        campaign = world.campaign()
        held = [ref for r in world.reviews() for ref in r.lines]
        assert sorted([*held, *campaign.unassigned]) == sorted(population)
        for review in world.reviews():
            for ref, each in review.lines.items():
                assert campaign.homes[ref].review == review.case
                subject = each.assigned.line.account.person
                assert subject != review.reviewer.id
    for recorded in world.record:
        if isinstance(recorded.event, LineMarked):
            subject = next(x for x in LINES if x.ref == recorded.event.ref).account.person
            assert recorded.by.id != subject
