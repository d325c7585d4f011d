"""What was refused is followed until a later complete pull shows it gone. Acceptance 8, 9, 10."""

from __future__ import annotations

from datetime import timedelta

from tests.access_review.people import CAMPAIGN, line
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.world import World
from workflows.access_review.model import (
    AccessReappeared,
    CannotRemove,
    CloseCampaign,
    CoSign,
    ExceptionLapsed,
    FollowUpLate,
    LineGone,
    Propose,
    RemovalRefuted,
    RemovalRequested,
    RemovalVerified,
    ReportRemoved,
    SignMarks,
)
from workflows.kernel.follow_up import still_there

ADMIN = line("nina", "admin", entitlement={"privileged": True})
READ = line("omar", "read")
HOUR = timedelta(hours=1)


def revoked(verdict: str = "revoke", target: str = "") -> World:
    world = World(lines={"github": [ADMIN, READ]})
    world.open()
    world.act(REVIEW, mark(world, ADMIN, verdict, "Moved to another team.", target=target), "maya")
    world.act(REVIEW, mark(world, READ), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    world.now += HOUR
    return world


def status(world: World) -> str:
    return world.review("maya").follow_ups[ADMIN.ref].status


def test_a_removal_starts_with_the_signature_and_is_asked_of_the_remover() -> None:
    world = revoked()

    requested = world.events(RemovalRequested)[0]

    assert requested.remover.id == "ravi"
    assert requested.due_at == world.now - HOUR + timedelta(days=1)
    assert world.may_act(REVIEW, "ravi")
    assert world.campaign().status == "removing"


def test_done_is_a_report_and_only_a_later_complete_pull_verifies_it() -> None:
    world = revoked()

    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    reported = status(world)
    world.lines["github"].remove(ADMIN)
    world.now += HOUR
    world.pull("github")

    assert reported == "reported_done"
    assert status(world) == "verified"
    verified = world.events(RemovalVerified)[0]
    assert verified.before == world.held(ADMIN.ref)[1].assigned.collection
    assert verified.collection.id != verified.before
    assert world.wants[-1].source == "github"


def test_access_that_a_nested_group_still_gives_is_refuted_and_asked_again_and_the_campaign_cannot_close() -> None:
    world = revoked()
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    world.now += 30 * HOUR
    world.lines["github"][0] = ADMIN.model_copy(update={"via": ("group:eng>platform",)})

    world.pull("github")

    assert world.events(RemovalRefuted)[0].cause == "the nested group eng>platform gives it now"
    assert status(world) == "still_present"
    refused = world.refusal(CAMPAIGN, CloseCampaign(), "dana")
    assert refused.code == "lines_open"
    assert "1 removal not verified" in refused.why
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    world.lines["github"].pop(0)
    world.now += HOUR
    world.pull("github")
    assert status(world) == "verified"


def test_access_that_comes_back_after_it_was_verified_gone_is_recorded() -> None:
    world = revoked()
    world.lines["github"].remove(ADMIN)
    world.pull("github")
    world.now += timedelta(days=9)
    world.lines["github"].append(ADMIN)

    world.pull("github")

    assert world.events(AccessReappeared)[0].paths == ("direct",)
    assert status(world) == "reappeared"


def test_a_partial_pull_proves_nothing() -> None:
    world = revoked()
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    world.lines["github"] = []
    world.now += HOUR

    world.pull("github", verdict="partial")

    assert status(world) == "reported_done"


def test_a_pull_older_than_the_report_proves_nothing() -> None:
    world = revoked()
    before = world.now - timedelta(minutes=5)
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    world.lines["github"].remove(ADMIN)

    world.pull("github", as_of=before)
    still = status(world)
    world.now += HOUR
    world.pull("github", as_of=world.now)

    assert still == "reported_done"
    assert status(world) == "verified"


def test_a_change_is_verified_once_the_old_access_is_gone_and_the_new_one_is_there() -> None:
    world = revoked("change", "acme/web:read")
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    world.lines["github"].remove(ADMIN)
    world.now += HOUR
    world.pull("github")
    half = status(world)
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi")
    world.lines["github"].append(line("nina", "read"))
    world.now += HOUR

    world.pull("github")

    assert half == "still_present"
    assert "the new one is not there" in world.events(RemovalRefuted)[0].cause
    assert status(world) == "verified"


def test_only_the_remover_or_the_control_owner_reports() -> None:
    world = revoked()

    assert world.refusal(REVIEW, ReportRemoved(ref=ADMIN.ref), "maya").code == "not_yours"
    assert world.refusal(REVIEW, CannotRemove(ref=ADMIN.ref, because=" "), "ravi").code == "reason_missing"
    world.act(REVIEW, CannotRemove(ref=ADMIN.ref, because="The vendor must do it."), "ravi")
    assert world.review("maya").follow_ups[ADMIN.ref].blocked == "The vendor must do it."


def test_a_late_removal_is_told_to_the_systems_owner_and_then_to_the_control_owner() -> None:
    world = revoked()
    world.now += timedelta(days=2)
    world.tick()
    first = [e.level for e in world.events(FollowUpLate)]
    world.now += timedelta(days=4)

    world.tick()
    world.tick()

    assert first == [1]
    assert [e.level for e in world.events(FollowUpLate)] == [1, 2]


def test_after_an_outage_a_late_removal_goes_to_the_highest_level_at_once() -> None:
    world = revoked()
    world.now += timedelta(days=14)

    world.tick()

    assert [e.level for e in world.events(FollowUpLate)] == [2]


def test_an_excepted_removal_lets_the_campaign_close_and_is_wanted_again_when_the_exception_ends() -> None:
    world = revoked()
    until = world.now.date() + timedelta(days=20)
    except_ = Propose(
        kind="follow_up", second="ravi", reason="The vendor removes it in November.", item=ADMIN.ref, review=REVIEW,
        until=until,
    )  # fmt: skip
    world.act(CAMPAIGN, except_, "dana")
    world.act(CAMPAIGN, CoSign(number=1), "ravi")

    world.act(CAMPAIGN, CloseCampaign(), "dana")
    closed = world.campaign().status
    world.now += timedelta(days=21)
    world.tick()

    assert closed == "closed_with_exceptions"
    assert len(world.events(ExceptionLapsed)) == 2
    assert status(world) == "requested"


def test_a_line_that_is_gone_before_it_was_decided_stays_in_the_population_with_that_evidence() -> None:
    world = World(lines={"github": [ADMIN, READ]})
    world.open()
    world.now += HOUR
    world.lines["github"].remove(READ)

    world.pull("github")

    held = world.held(READ.ref)[1]
    assert held.settled
    assert held.gone is not None
    assert world.events(LineGone)[0].refs == (READ.ref,)
    world.lines["github"].append(READ)
    world.now += HOUR
    world.pull("github")
    assert not world.held(READ.ref)[1].settled


def test_the_cause_names_the_path_that_still_gives_the_access() -> None:
    assert still_there(("group:a",), ("direct",)) == "another direct grant"
    assert still_there(("direct",), ("direct",)) == "the direct grant is still there"
    assert still_there(("direct",), ("group:eng-all",)) == "the group eng-all gives it now"
    assert still_there(("role:x",), ("role:x",)) == "the role x gives it still"
    assert still_there(("direct",), ()) == "the source still lists it and names no path"
