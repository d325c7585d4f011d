"""People come and go while a campaign runs: whoever answered, removed or co-signed is followed by somebody who can."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.access_review.people import CAMPAIGN, line, person
from tests.access_review.test_removal import ADMIN, revoked
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.world import World
from workflows.access_review.model import (
    CloseCampaign,
    CoSign,
    MarkLine,
    Propose,
    RemovalRequested,
    RemovalVerified,
    ReportRemoved,
    SignMarks,
    WatchEnded,
)
from workflows.access_review.rules.standing import summary
from workflows.kernel.model import Actor, by_person

HOUR = timedelta(hours=1)


def change(world: World, name: str, **more: Any) -> None:
    """The directory says something else about a person, and is pulled."""
    found = next(p for p in world.people if p.id == name)
    world.people[world.people.index(found)] = found.model_copy(update=more)
    world.now += HOUR
    world.pull("okta")


def test_the_deputy_answers_once_the_control_owner_has_left() -> None:
    world = World(lines={"github": [line("nina")]})
    world.open()
    world.act(REVIEW, mark(world, line("nina")), "maya")
    world.act(REVIEW, SignMarks(), "maya")

    change(world, "dana", employed=False)

    assert world.campaign().owner is not None
    assert world.campaign().owner.id == "ravi"
    assert world.may_act(CAMPAIGN, "ravi")
    assert world.refusal(CAMPAIGN, CloseCampaign(), "dana").code == "not_yours"
    world.act(CAMPAIGN, CloseCampaign(), "ravi")
    assert world.campaign().status == "closed"


def test_an_open_removal_is_asked_of_somebody_else_once_its_remover_has_left_and_is_due_as_before() -> None:
    world = revoked()
    due_at = world.events(RemovalRequested)[0].due_at

    change(world, "ravi", employed=False)

    again = world.events(RemovalRequested)[-1]
    assert (again.remover.id, again.due_at) == ("dana", due_at)
    assert world.refusal(REVIEW, ReportRemoved(ref=ADMIN.ref), "ravi").code == "not_yours"
    world.act(REVIEW, ReportRemoved(ref=ADMIN.ref), "dana")


def test_a_line_whose_second_signer_left_is_wanted_again() -> None:
    world = World(lines={"github": [line("dana")]})
    world.open()
    ref = line("dana").ref
    wanted = Propose(
        kind="independence", second="tom", reason="There are only seven of us.", refs=(ref,), reviewer="ravi"
    )
    world.act(CAMPAIGN, wanted, "dana")
    world.act(CAMPAIGN, CoSign(number=1), "tom")
    review, held = world.held(ref)
    world.act(review.case, MarkLine(ref=ref, verdict="keep", shown=held.assigned.shown()), "ravi")
    world.act(review.case, SignMarks(), "ravi")

    change(world, "tom", employed=False)

    assert list(world.campaign().unassigned) == [ref]
    assert world.campaign().unassigned[ref].cosigner is None


def test_how_long_somebody_kept_an_access_after_leaving_is_recorded() -> None:
    world = World(lines={"github": [line("gus")]})
    world.people.append(person("gus", manager="maya", employed=False, ended_on=date(2026, 10, 1)))
    world.open()
    world.act(REVIEW, mark(world, line("gus"), "revoke", "Has left the company."), "maya")
    world.act(REVIEW, SignMarks(), "maya")
    world.lines["github"] = []
    world.now += timedelta(days=2)

    world.pull("github")

    assert world.events(RemovalVerified)[0].days_after_leaving == 8


def test_what_was_removed_is_watched_until_the_next_campaign_has_the_source() -> None:
    world = revoked()
    world.lines["github"].remove(ADMIN)
    world.pull("github")
    world.act(CAMPAIGN, CloseCampaign(), "dana")
    watching = summary(world.review("maya")).watches
    world.now += timedelta(days=92)

    world.open()

    assert watching == ("github", "okta")
    assert world.events(WatchEnded)[0].campaign == "access_review/2027-Q1"
    assert summary(world.review("maya")).watches == ()


def test_a_stranger_with_the_login_of_a_reviewer_is_not_the_reviewer() -> None:
    world = World(lines={"github": [line("nina")]})
    world.open()
    impostor: Actor = by_person(person("intruder", login="maya@acme.test"))

    assert world.refusal(REVIEW, mark(world, line("nina")), impostor).code == "not_yours"
