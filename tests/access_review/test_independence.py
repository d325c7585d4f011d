"""The holder of an access is never its judge, nor anybody who depends on them. Acceptance 4, 5, 6, 21."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.access_review.people import CAMPAIGN, CONTROL, company, line, person
from tests.access_review.world import World
from workflows.access_review.model import (
    AssignLine,
    CoSign,
    CoSignVerdicts,
    IndependenceExcepted,
    LinesAssigned,
    MarkLine,
    Propose,
    RemovalRequested,
    SignMarks,
)
from workflows.kernel.identity import directory_of
from workflows.kernel.independence import Access, objection
from workflows.kernel.program import SourceConfig


@pytest.mark.parametrize(
    ("judge", "access", "pairs", "code"),
    [
        ("nina", Access("nina"), (), "own_access"),
        ("nina", Access(None, owner="nina"), (), "account_owner"),
        ("nina", Access("maya"), (), "subordinate"),
        ("nina", Access("dana"), (), "subordinate"),
        ("lena", Access("nina"), {("nina", "lena")}, "reciprocal"),
        ("ravi", Access("nina", only_administrator="ravi"), (), "only_administrator"),
        ("ravi", Access("nina", requester="ravi"), (), "requester"),
        ("ghost", Access("nina"), (), "unknown_person"),
        ("left", Access("nina"), (), "not_employed"),
        ("vague", Access("nina"), (), "not_employed"),
        ("apart", Access("nina"), (), "not_linked"),
        ("maya", Access("nina"), (), None),
    ],
)
def test_who_may_judge_an_access(judge: str, access: Access, pairs: set[tuple[str, str]], code: str | None) -> None:
    people = [
        *company(),
        person("left", employed=False),
        person("vague", employed=None),
        person("apart", slack_user=None),
    ]

    found = objection(judge, access, directory_of(people), pairs)

    assert (found.code if found else None) == code


def rejected_for(world: World, holder: str) -> list[tuple[str, str]]:
    assignments = world.events(LinesAssigned)[0].assignments
    found = next(a for a in assignments if a.subject == holder)
    return [(r.rule, r.reason) for r in found.rejected]


def test_managers_who_report_to_each_other_are_passed_over_with_the_reason() -> None:
    world = World(lines={"github": [line("ada")]})
    world.people += [person("ada", manager="bob"), person("bob", manager="ada")]

    world.open()

    assert ("manager", "Ada and Bob report to each other in the directory.") in rejected_for(world, "ada")
    assert world.held(line("ada").ref)[0].reviewer.id == "dana"


@pytest.mark.parametrize(
    ("manager", "more", "reason"),
    [
        ("ada", [], "The directory names Ada as their own manager."),
        ("4711", [], "The manager of Ada is not in the directory."),
        ("eve", [person("eve", employed=False)], "Eve has left."),
        ("eve", [person("eve", employed=None)], "Eve is not known to be employed."),
    ],
)
def test_a_manager_who_cannot_be_asked_is_passed_over_with_the_reason(
    manager: str, more: list[object], reason: str
) -> None:
    world = World(lines={"github": [line("ada")]})
    world.people += [person("ada", manager=manager), *more]  # type: ignore[list-item]

    world.open()

    assert ("manager", reason) in rejected_for(world, "ada")
    assert world.held(line("ada").ref)[0].reviewer.id == "dana"


def test_a_manager_on_leave_is_passed_over() -> None:
    world = World(lines={"github": [line("nina")]})
    away = next(p for p in world.people if p.id == "maya")
    world.people[world.people.index(away)] = away.model_copy(update={"absent_until": world.now.date()})

    world.open()

    assert world.held(line("nina").ref)[0].reviewer.id == "dana"
    assert "Maya is away until" in rejected_for(world, "nina")[-1][1]


def test_the_only_administrator_judges_nobody_in_their_system() -> None:
    github = SourceConfig(id="github", kind="csv", system="GitHub", owner="maya@acme.test")
    world = World(lines={"github": [line("maya", "admin", entitlement={"privileged": True}), line("nina")]})
    world.sources["github"] = github

    world.open()

    assert world.held(line("nina").ref)[0].reviewer.id == "dana"
    assert world.campaign().sources["github"].only_administrator == "maya"


def test_of_a_reciprocal_pair_only_one_half_is_assigned() -> None:
    owned = {"owner": "maya"}
    world = World(
        lines={
            "github": [
                line("lena", "a", entitlement=owned),
                line("maya", "b", entitlement={"owner": "lena"}),
            ]
        }
    )

    world.open()

    assert world.held(line("lena", "a").ref)[0].reviewer.id == "maya"
    assert world.held(line("maya", "b").ref)[0].reviewer.id == "tom"


def test_machines_and_accounts_of_nobody_go_to_the_owner_of_the_application() -> None:
    robot = line("robot", account={"kind": "service", "person": None, "owner": "ravi"})
    world = World(lines={"github": [robot, line(None)]})
    world.sources["github"] = SourceConfig(id="github", kind="csv", system="GitHub", owner="maya@acme.test")

    world.open()

    assert set(world.review("maya").lines) == {robot.ref, line(None).ref}
    assert "orphan" in world.held(line(None).ref)[1].assigned.flags


def small() -> World:
    """Five people, and only Dana to fall back on: her own line and her manager's are hers to judge by nobody."""
    settings_ = {**CONTROL.settings, "reviewers": {"order": ["manager"], "fallback": ["dana@acme.test"]}}
    world = World(lines={"github": [line("dana")]}, control=CONTROL.model_copy(update={"settings": settings_}))
    world.open()
    return world


def test_a_line_that_nobody_independent_can_judge_stands_on_the_control_owners_list() -> None:
    world = small()

    assert list(world.campaign().unassigned) == [line("dana").ref]
    assert [(r.rule, r.code) for r in world.campaign().unassigned[line("dana").ref].rejected] == [
        ("manager", "no_candidate"),
        ("fallback", "own_access"),
    ]
    assert world.reviews() == []


def independence(second: str, reviewer: str = "ravi") -> Propose:
    return Propose(
        kind="independence",
        second=second,
        reason="There are only seven of us.",
        refs=(line("dana").ref,),
        reviewer=reviewer,
    )


@pytest.mark.parametrize(
    ("second", "reviewer", "code"),
    [
        ("ravi", "ravi", "second_signer_needed"),
        ("dana", "ravi", "second_signer_needed"),
        ("maya", "dana", "own_access"),
        ("ghost", "ravi", "second_signer_needed"),
    ],
)
def test_an_exception_from_independence_needs_a_second_signer_who_is_not_the_subject(
    second: str, reviewer: str, code: str
) -> None:
    world = small()

    refused = world.refusal(CAMPAIGN, independence(second, reviewer), "dana")

    assert refused.code == code


def test_a_verdict_under_an_independence_exception_holds_once_the_second_signer_agrees() -> None:
    world = small()
    ref = line("dana").ref
    world.act(CAMPAIGN, independence("tom"), "dana")

    denied = world.refusal(CAMPAIGN, CoSign(number=1), "dana")
    world.act(CAMPAIGN, CoSign(number=1), "tom")
    review, held = world.held(ref)
    shown = held.assigned.shown()
    world.act(review.case, MarkLine(ref=ref, verdict="revoke", shown=shown, reason="No longer used."), "ravi")
    world.act(review.case, SignMarks(), "ravi")
    before = len(world.events(RemovalRequested))
    world.act(review.case, CoSignVerdicts(refs=(ref,)), "tom")

    assert denied.code == "not_yours"
    assert world.events(IndependenceExcepted)[0].second == "tom"
    assert (before, len(world.events(RemovalRequested))) == (0, 1)
    assert world.held(ref)[1].cosign == "given"


def test_the_control_owner_cannot_give_a_line_to_somebody_who_reports_to_its_holder() -> None:
    world = small()

    refused = world.refusal(CAMPAIGN, AssignLine(refs=(line("dana").ref,), person="tom"), "dana")

    assert refused.code == "not_independent"
    assert "Tom reports to Dana" in refused.why


NAMES = ["ana", "ben", "cleo", "dan", "eli", "fay"]
CHART = st.fixed_dictionaries({n: st.sampled_from([*NAMES, "ghost", None]) for n in NAMES})
OWNERS = st.lists(st.sampled_from([*NAMES, None]), min_size=len(NAMES), max_size=len(NAMES))
GONE = st.sets(st.sampled_from(NAMES), max_size=2)


@given(chart=CHART, owners=OWNERS, app=st.sampled_from(NAMES), gone=GONE)
@settings(max_examples=60, deadline=None)
def test_in_any_company_no_reviewer_is_the_subject_a_subordinate_or_half_of_a_pair(
    chart: dict[str, str | None], owners: list[str | None], app: str, gone: set[str]
) -> None:
    people = [person(n, manager=chart[n], employed=n not in gone) for n in NAMES]
    lines = [line(n, f"role-{n}", entitlement={"owner": o}) for n, o in zip(NAMES, owners, strict=True)]
    world = World(people=[*people, person("dana")], lines={"github": lines})
    world.sources["github"] = SourceConfig(id="github", kind="csv", system="GitHub", owner=f"{app}@acme.test")

    world.open()

    homes = world.campaign().homes
    assert set(homes) == {x.ref for x in lines}
    pairs = {(h.reviewer, h.subject) for h in homes.values() if h.reviewer}
    for reviewer, subject in pairs:
        assert reviewer != subject
        assert not world.directory.reports_to(reviewer, subject or "")
        assert (subject, reviewer) not in pairs
        assert reviewer not in gone
