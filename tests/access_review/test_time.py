"""What time alone causes: once, with its due time, in working hours; silence is never keep. Acceptance 16, 17."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.access_review.people import CAMPAIGN, line
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.world import World
from workflows.access_review.model import (
    CampaignMissed,
    CampaignOverdue,
    ClimbLadder,
    CloseCampaign,
    CoSign,
    LinesMoved,
    MarkLine,
    Propose,
    RemovalRequested,
    ReviewerReminded,
    ReviewEscalated,
    SignMarks,
    VerdictsSigned,
)
from workflows.access_review.rules.standing import asks, summary
from workflows.kernel.calendar import local_day, works
from workflows.kernel.model import by_time

WRITE = line("nina")
ADMIN = line("omar", "admin", entitlement={"privileged": True})


def opened(*lines: object, zone: str = "Europe/Berlin") -> World:
    world = World(lines={"github": [WRITE, ADMIN] if not lines else list(lines)})  # type: ignore[arg-type]
    maya = next(p for p in world.people if p.id == "maya")
    world.people[world.people.index(maya)] = maya.model_copy(update={"time_zone": zone})
    world.open()
    return world


def run(world: World, days: int) -> None:
    """Let so many days pass, an hour at a time."""
    for _ in range(days * 24):
        world.now += timedelta(hours=1)
        world.tick()


def test_a_silent_reviewer_is_reminded_then_others_are_asked_and_nothing_is_ever_kept() -> None:
    world = opened()

    run(world, 32)

    assert [e.rung for e in world.events(ReviewerReminded)] == ["half", "two_left", "one_left"]
    told = {e.rung: e.told for e in world.events(ReviewEscalated)}
    assert list(told) == ["overdue", "manager", "owner", "no_response"]
    assert told["overdue"] == ("tom", "dana")
    assert told["no_response"] == ("tom", "dana")
    assert len(world.events(CampaignOverdue)) == 1
    assert world.events(VerdictsSigned) == []
    assert world.events(RemovalRequested) == []
    assert {x.status for x in world.review("maya").lines.values()} == {"undecided"}


def test_plain_lines_go_to_the_manager_before_the_control_owner() -> None:
    world = opened(WRITE)

    run(world, 32)

    told = {e.rung: e.told for e in world.events(ReviewEscalated)}
    assert told["manager"] == ("tom",)
    assert told["owner"] == ("tom", "dana")


def test_after_no_response_the_campaign_closes_only_with_exceptions() -> None:
    world = opened(WRITE)
    run(world, 32)
    refused = world.refusal(CAMPAIGN, CloseCampaign(), "dana")
    until = world.now.date() + timedelta(days=10)
    wanted = Propose(
        kind="line",
        second="ravi",
        reason="Maya is ill, decided next month.",
        item=WRITE.ref,
        review=REVIEW,
        until=until,
    )

    world.act(CAMPAIGN, wanted, "dana")
    world.act(CAMPAIGN, CoSign(number=1), "ravi")
    world.act(CAMPAIGN, CloseCampaign(), "dana")

    assert refused.code == "lines_open"
    assert world.campaign().status == "closed_with_exceptions"


def test_who_is_done_is_not_reminded() -> None:
    world = opened(WRITE)
    world.act(REVIEW, mark(world, WRITE), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    run(world, 20)

    assert world.events(ReviewerReminded) == []
    assert summary(world.review("maya")).wake_at is None
    assert [a.open for a in asks(world.review("maya"))] == [False]


def test_a_reviewer_in_auckland_is_reminded_at_nine_in_the_morning_there() -> None:
    world = opened(zone="Pacific/Auckland")

    rungs = world.review("maya").ladder

    for rung in rungs:
        local = rung.at.astimezone(ZoneInfo("Pacific/Auckland"))
        assert (local.hour, local.minute) == (9, 0)
        assert works(local_day(rung.at, "Pacific/Auckland"))
    assert [r.name for r in rungs] == ["half", "two_left", "one_left", "overdue", "manager", "owner", "no_response"]


def test_after_an_outage_the_highest_rung_is_acted_on_once_and_names_the_others() -> None:
    world = opened()
    world.now = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)

    world.tick()
    world.tick()

    reminded = world.events(ReviewerReminded)
    assert [(e.rung, e.skipped) for e in reminded] == [("one_left", ("half", "two_left"))]
    assert reminded[0].was_due_at == datetime(2026, 10, 20, 7, 0, tzinfo=UTC)


def test_two_workers_at_one_rung_leave_one_record() -> None:
    world = opened()
    rung = world.review("maya").ladder[0]
    world.now = rung.at
    command = ClimbLadder(rung=rung.name, due_at=rung.at)
    world.act(REVIEW, command, by_time(rung.at))

    assert world.refusal(REVIEW, command, by_time(rung.at)).code == "not_due"


def test_a_campaign_that_opened_nothing_by_its_due_date_is_missed_and_may_still_be_performed() -> None:
    world = World(lines={"github": [WRITE]})
    world.openings()
    world.now = datetime(2026, 10, 22, 8, 0, tzinfo=UTC)

    world.tick()
    world.tick()
    world.pull("okta")
    world.pull("github")

    assert len(world.events(CampaignMissed)) == 1
    assert world.campaign().status == "open"
    assert world.campaign().missed_at is not None
    assert "missed" in summary(world.campaign()).notes


def test_a_reviewer_who_left_is_not_reminded_their_lines_move_on() -> None:
    world = opened()
    maya = world.directory.people["maya"].model_copy(update={"employed": False})
    world.directory = world.directory.model_copy(update={"people": {**world.directory.people, "maya": maya}})
    world.now = world.review("maya").ladder[0].at

    world.tick()

    assert world.events(ReviewerReminded) == []
    assert world.events(LinesMoved)[0].cause == "reviewer_left"
    assert world.held(WRITE.ref)[0].reviewer.id == "dana"


def test_a_mark_that_is_not_signed_still_counts_as_open() -> None:
    world = opened(WRITE)
    shown = world.held(WRITE.ref)[1].assigned.shown()
    world.act(REVIEW, MarkLine(ref=WRITE.ref, verdict="keep", shown=shown), "maya")

    run(world, 12)

    assert world.events(ReviewerReminded)[-1].open_lines == 1
