"""Figures of care come from events alone, and a signal changes no verdict. Acceptance 18."""

from __future__ import annotations

from datetime import timedelta

from tests.access_review.people import CAMPAIGN, CONTROL, line
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.world import World
from workflows.access_review.model import (
    CampaignClosed,
    CloseCampaign,
    MarkLine,
    NotMine,
    RemovalRequested,
    Review,
    SecondLookGiven,
    SecondLookSought,
    SignMarks,
    TurnPage,
    VerdictsSigned,
)


def decide(
    seconds: float,
    *,
    reason: str = "",
    privileged: bool = False,
    fallback: str = "dana@acme.test",
    care: dict[str, object] | None = None,
) -> World:
    """Maya keeps forty lines, each so many seconds after the one before."""
    lines = [line("nina", f"role-{n:02}", entitlement={"privileged": privileged}) for n in range(40)]
    reviewers = {"order": ["manager"], "fallback": [fallback]}
    control = CONTROL.model_copy(update={"settings": {**CONTROL.settings, "reviewers": reviewers, "care": care or {}}})
    world = World(lines={"github": lines}, control=control)
    world.open()
    for page in range(4):
        world.act(REVIEW, TurnPage(page=page), "maya")
    for each in lines:
        world.now += timedelta(seconds=seconds)
        world.act(REVIEW, mark(world, each, "keep", reason), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    return world


def test_forty_lines_kept_in_a_minute_raise_a_signal_and_the_verdicts_stand() -> None:
    world = decide(1.5)

    signed = world.events(VerdictsSigned)[0]
    assert signed.signals == ("fast",)
    assert (signed.care["median_ms"], signed.care["kept_percent"]) == (1500, 100)
    assert world.review("maya").status == "signed"


def test_forty_lines_kept_in_ten_minutes_raise_none_and_the_figures_are_recorded_all_the_same() -> None:
    signed = decide(15).events(VerdictsSigned)[0]

    assert signed.signals == ()
    assert signed.care["median_ms"] == 15_000


def test_privileged_lines_kept_in_a_second_with_one_reason_for_all_raise_two_more() -> None:
    signed = decide(1, reason="Still needed.", privileged=True).events(VerdictsSigned)[0]

    assert signed.signals == ("fast", "privileged_fast", "one_reason")
    assert signed.care["same_reason"] == 40


def second(world: World) -> Review:
    (found,) = [r for r in world.reviews() if r.head.second_of]
    return found


def look(world: World, *, revoke: str = "") -> None:
    """Dana judges what she was given, and signs."""
    review = second(world)
    for ref, held in review.lines.items():
        verdict = "revoke" if ref == revoke else "keep"
        shown = held.assigned.shown()
        mark_ = MarkLine(ref=ref, verdict=verdict, shown=shown, reason="Has moved to sales.")  # type: ignore[arg-type]
        world.act(review.case, mark_, "dana")
    world.act(review.case, SignMarks(), "dana")


def test_a_signal_sends_three_kept_lines_to_another_independent_person_who_does_not_see_the_first_verdict() -> None:
    world = decide(1.5)

    review = second(world)

    assert review.reviewer.id == "dana"
    assert len(review.lines) == 3
    assert {(x.status, x.verdict, x.assigned.earlier) for x in review.lines.values()} == {("undecided", None, ())}
    assert world.refusal(CAMPAIGN, CloseCampaign(), "dana").why.startswith("Still open: Second look")


def test_a_second_look_that_agrees_is_recorded_and_the_campaign_closes() -> None:
    world = decide(1.5)

    look(world)
    world.act(CAMPAIGN, CloseCampaign(), "dana")

    assert len(world.events(SecondLookGiven)[0].agreed) == 3
    counts = world.events(CampaignClosed)[0].counts
    assert (counts["lines"], counts["signals"], counts["second_looks"], counts["second_looks_agreed"]) == (40, 1, 3, 3)


def test_a_second_look_that_disagrees_asks_the_first_reviewer_again_with_both_reasons() -> None:
    world = decide(1.5)
    ref = next(iter(second(world).lines))

    look(world, revoke=ref)
    again = world.review("maya").lines[ref]
    world.act(REVIEW, mark(world, again.assigned.line, "revoke", "Right, no longer needed."), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    assert (again.status, again.second_look) == ("undecided", "disagreed")
    assert again.refused_because == "revoke: Has moved to sales."
    assert world.events(RemovalRequested)[0].ref == ref
    assert world.campaign().homes[ref].review == REVIEW


def test_a_second_look_is_passed_on_like_any_line_and_never_to_the_first_reviewer() -> None:
    world = decide(1.5)
    ref = next(iter(second(world).lines))

    world.act(second(world).case, NotMine(ref=ref, reason="Not mine.", proposed="ravi"), "dana")

    sought = world.events(SecondLookSought)[-1]
    assert [look_.reviewer for look_ in sought.looks] == ["ravi"]
    assert world.campaign().homes[ref].review == REVIEW


def test_a_second_look_for_which_nobody_is_left_is_recorded_and_blocks_nothing() -> None:
    world = decide(1.5, fallback="maya@acme.test")

    assert len(world.events(SecondLookSought)[0].nobody) == 3
    world.act(CAMPAIGN, CloseCampaign(), "dana")
    assert world.campaign().status == "closed"


def test_a_company_may_settle_that_signals_are_recorded_and_nobody_is_asked_again() -> None:
    world = decide(1.5, care={"second_look": False})

    assert world.events(VerdictsSigned)[0].signals == ("fast",)
    assert world.events(SecondLookSought) == []
