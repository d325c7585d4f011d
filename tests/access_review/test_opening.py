"""A campaign opens on complete evidence only, on time, and once. Acceptance 1, 2, 16, 23."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.access_review.people import CAMPAIGN, CONTROL, OPENING, line, person
from tests.access_review.world import World
from workflows.access_review.model import (
    CampaignMissed,
    CampaignOpened,
    CampaignPlanned,
    HandOver,
    LinesArrived,
    LinesAssigned,
    LinesTaken,
    PlanCampaign,
    SourceCollected,
    SourceRefused,
)
from workflows.kernel.model import by_time
from workflows.kernel.program import SourceConfig


def test_a_line_goes_to_the_manager_where_the_program_names_no_owner() -> None:
    world = World(lines={"github": [line("nina"), line("maya")]})

    world.open()

    assert list(world.review("maya").lines) == [line("nina").ref]
    assert list(world.review("tom").lines) == [line("maya").ref]
    assert world.campaign().status == "open"
    assert world.events(CampaignOpened)[0].late is False


def test_planning_asks_for_a_pull_of_the_directory_and_of_every_source() -> None:
    world = World()

    world.openings()

    assert [w.source for w in world.wants] == ["okta", "github"]
    assert world.events(CampaignPlanned)[0].text == CONTROL.text


def test_no_line_opens_before_the_directory_is_complete() -> None:
    world = World(lines={"github": [line("nina")]})
    world.openings()

    world.pull("github")
    waiting = world.campaign().sources["github"].status
    world.pull("okta")

    assert waiting == "complete"
    assert world.campaign().sources["github"].status == "opened"
    assert len(world.events(SourceCollected)) == 2


def test_a_partial_pull_opens_nothing_and_is_tried_again_in_an_hour_while_others_open() -> None:
    aws = SourceConfig(id="aws", kind="csv", system="AWS")
    control = CONTROL.model_copy(
        update={"settings": {**CONTROL.settings, "sources": [{"id": "github"}, {"id": "aws"}]}}
    )
    world = World(lines={"github": [line("nina")], "aws": [line("maya", system="aws")]}, control=control)
    world.sources["aws"] = aws
    world.openings()
    world.pull("okta")

    world.pull("github", verdict="partial")
    world.pull("aws")

    refused = world.events(SourceRefused)[0]
    assert refused.reasons == ("page 3 is missing",)
    assert refused.again_at == world.now + timedelta(hours=1)
    assert world.wants[-1].not_before == refused.again_at
    assert world.campaign().sources["github"].status == "refused"
    assert world.campaign().sources["aws"].status == "opened"
    assert [e.source for e in world.events(LinesAssigned)] == ["aws"]


def test_a_pull_older_than_its_limit_opens_nothing() -> None:
    world = World(lines={"github": [line("nina")]})
    world.openings()
    world.pull("okta")

    world.pull("github", as_of=world.now - timedelta(hours=49))

    assert "older than 48h" in world.events(SourceRefused)[0].reasons[0]
    assert world.reviews() == []


def test_a_directory_without_the_control_owner_opens_nothing() -> None:
    world = World(lines={"github": [line("nina")]}, control=CONTROL.model_copy(update={"deputy": None}))
    world.people = [p for p in world.people if p.id != "dana"]

    world.open()

    assert "control owner dana@acme.test" in world.events(SourceRefused)[0].reasons[0]
    assert world.reviews() == []


def test_opening_twice_gives_one_campaign() -> None:
    world = World(lines={"github": [line("nina")]})
    world.open()
    before = len(world.record)

    again = world.openings()
    planned = world.events(CampaignPlanned)[0]
    command = PlanCampaign(
        period=planned.period,
        starts_on=planned.starts_on,
        ends_on=planned.ends_on,
        opens_at=planned.opens_at,
        due_at=planned.due_at,
    )

    assert CAMPAIGN not in again
    assert world.refusal(CAMPAIGN, command, by_time(world.now)).code == "already_exists"
    world.pull("github")
    assert [r.case for r in world.record[before:] if isinstance(r.event, LinesAssigned | LinesTaken)] == []


def test_a_process_that_was_down_over_two_quarters_opens_both_late_and_records_the_missed_one() -> None:
    world = World(now=datetime(2026, 7, 20, 9, 0, tzinfo=UTC), effective_from=datetime(2026, 1, 1, tzinfo=UTC))

    made = world.openings()

    assert made == [f"access_review/2026-Q{n}" for n in (1, 2, 3)]
    late = {e.period: e.late for e in world.events(CampaignPlanned)}
    assert late == {"2026-Q1": True, "2026-Q2": True, "2026-Q3": True}
    missed = [r.case for r in world.record if isinstance(r.event, CampaignMissed)]
    assert missed == ["access_review/2026-Q1", "access_review/2026-Q2"]


def test_a_review_that_opens_late_is_due_later_and_the_campaign_is_not() -> None:
    world = World(lines={"github": [line("nina")]})
    world.openings()
    world.now = OPENING + timedelta(days=2)

    world.pull("okta")
    world.pull("github")

    assert world.events(CampaignOpened)[0].late is True
    assert world.campaign().due_at == datetime(2026, 10, 21, 21, 59, 59, tzinfo=UTC)
    assert world.review("maya").head.due_at == datetime(2026, 10, 23, 21, 59, 59, tzinfo=UTC)


def test_more_than_500_lines_of_one_reviewer_are_split() -> None:
    many = [line("nina", f"role-{n}") for n in range(501)]
    world = World(lines={"github": many})

    world.open()

    sizes = sorted((s.case, len(s.lines)) for s in world.reviews())
    assert sizes == [(f"{CAMPAIGN}/github/maya@acme.test", 500), (f"{CAMPAIGN}/github/maya@acme.test/2", 1)]


def test_an_id_that_belongs_to_another_person_is_not_taken_over_by_a_reused_login() -> None:
    world = World(lines={"github": [line("nina")]})
    world.open()
    world.people = [p for p in world.people if p.id != "maya"]
    world.people.append(person("maya2", manager="tom", login="maya@acme.test"))
    nina = next(p for p in world.people if p.id == "nina")
    world.people = [p for p in world.people if p.id != "nina"] + [nina.model_copy(update={"manager": "maya2"})]

    world.pull("okta")

    review, _ = world.held(line("nina").ref)
    assert review.reviewer.id == "maya2"
    assert review.case == f"{CAMPAIGN}/github/maya@acme.test/2"
    assert world.review("maya").reviewer.id == "maya"


def test_privileged_access_that_appears_during_the_review_is_asked_and_other_access_waits_for_the_next() -> None:
    world = World(lines={"github": [line("nina")]})
    world.open()
    admin = line("omar", "admin", entitlement={"privileged": True})
    world.lines["github"] += [admin, line("omar", "read")]
    world.now += timedelta(days=1)

    world.pull("github")
    world.now += timedelta(days=1)
    world.pull("github")

    assert set(world.review("maya").lines) == {line("nina").ref, admin.ref}
    assert [(len(e.assignments), e.later) for e in world.events(LinesArrived)] == [(1, (line("omar", "read").ref,))]


def test_a_line_that_moves_late_does_not_get_more_time() -> None:
    world = World(lines={"github": [line("nina")]})
    world.open()
    world.now += timedelta(days=6)

    world.act(f"{CAMPAIGN}/github/maya@acme.test", HandOver(person="lena"), "maya")

    assert world.review("lena").head.due_at == world.campaign().due_at
