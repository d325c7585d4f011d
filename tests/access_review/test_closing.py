"""A campaign closes when everything is decided and gone, or excepted by two people. Acceptance 3, 8, 23."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.access_review.people import CAMPAIGN, CONTROL, line
from tests.access_review.test_verdict import REVIEW, mark
from tests.access_review.world import World
from workflows.access_review.model import (
    CampaignCancelled,
    CampaignClosed,
    CloseCampaign,
    CoSign,
    Decline,
    MarkLine,
    Propose,
    ReviewSealed,
    SealReview,
    SignMarks,
    SourceExcepted,
)
from workflows.access_review.rules.sealing import counts_of
from workflows.kernel.errors import Conflict
from workflows.kernel.model import by_person, by_system

WRITE = line("nina")


def opened(sources: tuple[str, ...] = ("github",), **more: Any) -> World:
    settings = {**CONTROL.settings, "sources": [{"id": s} for s in sources], **more}
    world = World(lines={"github": [WRITE]}, control=CONTROL.model_copy(update={"settings": settings}))
    for source in sources[1:]:
        world.sources[source] = world.sources["github"].model_copy(update={"id": source, "system": source.upper()})
    world.open()
    return world


def keep(world: World) -> None:
    world.act(REVIEW, mark(world, WRITE), "maya")
    world.act(REVIEW, SignMarks(), "maya")


def test_the_summary_says_what_was_decided_on_which_lists() -> None:
    world = opened()
    keep(world)

    world.act(CAMPAIGN, CloseCampaign(), "dana")

    closed = world.events(CampaignClosed)[0]
    assert closed.with_exceptions is False
    assert (closed.counts["lines"], closed.counts["verdict_keep"], closed.counts["tier_plain"]) == (1, 1, 1)
    assert closed.text == CONTROL.text
    assert [f.kind for f in closed.evidence()] == ["population", "lines"]
    assert len(world.events(ReviewSealed)) == 1
    assert world.campaign().status == "closed"


def test_closing_can_want_a_surer_sign_in_than_a_signature() -> None:
    world = opened(wanted={"closing": "slack+sso"})
    keep(world)

    refused = world.refusal(CAMPAIGN, CloseCampaign(), "dana")
    world.act(CAMPAIGN, CloseCampaign(), by_person(world.who("dana").somebody(), "slack+sso"))

    assert refused.code == "step_up_needed"
    assert world.campaign().status == "closed"


def test_closing_is_refused_with_the_list_of_what_is_missing() -> None:
    world = opened(("github", "aws"))
    world.act(REVIEW, mark(world, WRITE), "maya")

    world.pull("aws", verdict="partial")
    settled = world.campaign().sources["aws"].status
    refused = world.refusal(CAMPAIGN, CloseCampaign(), "dana")

    assert settled == "opened"
    assert refused.code == "lines_open"
    assert "GitHub access, 4th quarter 2026: Maya: 1 line marked but not signed" in refused.why


def partial() -> World:
    settings = {**CONTROL.settings, "sources": [{"id": "github"}, {"id": "aws"}]}
    world = World(lines={"github": [WRITE]}, control=CONTROL.model_copy(update={"settings": settings}))
    world.sources["aws"] = world.sources["github"].model_copy(update={"id": "aws", "system": "AWS"})
    world.openings()
    world.pull("okta")
    world.pull("github")
    world.pull("aws", verdict="partial")
    keep(world)
    return world


def test_a_partial_source_is_named_and_keeps_the_campaign_open() -> None:
    world = partial()

    refused = world.refusal(CAMPAIGN, CloseCampaign(), "dana")

    assert refused.code == "source_not_complete"
    assert "aws has no complete list (page 3 is missing)" in refused.why


def test_a_source_is_excepted_by_two_people_and_never_by_one() -> None:
    world = partial()
    until = world.now.date() + timedelta(days=60)
    wanted = Propose(kind="source", second="ravi", reason="AWS is being replaced.", item="aws", until=until)

    alone = world.refusal(CAMPAIGN, wanted.model_copy(update={"second": "dana"}), "dana")
    world.act(CAMPAIGN, wanted, "dana")
    own = world.refusal(CAMPAIGN, CoSign(number=1), "dana")
    still = world.refusal(CAMPAIGN, CloseCampaign(), "dana")
    world.act(CAMPAIGN, CoSign(number=1), "ravi")
    world.act(CAMPAIGN, CloseCampaign(), "dana")

    assert (alone.code, own.code, still.code) == ("second_signer_needed", "not_yours", "source_not_complete")
    assert world.events(SourceExcepted)[0].exemption.second == "ravi"
    closed = world.events(CampaignClosed)[0]
    assert closed.with_exceptions is True
    assert closed.exemptions[0].item == "aws"
    assert [p.source for p in closed.populations] == ["github"]


def test_a_source_exception_that_ends_makes_the_source_wanted_again() -> None:
    world = partial()
    until = world.now.date() + timedelta(days=2)
    world.act(CAMPAIGN, Propose(kind="source", second="ravi", reason="Down for days.", item="aws", until=until), "dana")
    world.act(CAMPAIGN, CoSign(number=1), "ravi")
    world.now += timedelta(days=3)

    world.tick()

    assert world.campaign().sources["aws"].status == "pulling"
    assert world.wants[-1].source == "aws"


def test_a_proposal_that_is_declined_changes_nothing() -> None:
    world = partial()
    until = world.now.date() + timedelta(days=60)
    world.act(
        CAMPAIGN, Propose(kind="source", second="ravi", reason="AWS is old anyway.", item="aws", until=until), "dana"
    )

    world.act(CAMPAIGN, Decline(number=1, reason="It is still in use."), "ravi")

    assert world.campaign().sources["aws"].status == "refused"
    assert world.refusal(CAMPAIGN, CoSign(number=1), "ravi").code == "no_such_proposal"


@pytest.mark.parametrize("name", ["ravi", "maya", "nina"])
def test_only_the_control_owner_closes(name: str) -> None:
    world = opened()
    keep(world)

    assert world.refusal(CAMPAIGN, CloseCampaign(), name).code == "not_yours"


def test_a_control_owner_who_reviewed_everything_alone_needs_a_second_signer_to_close() -> None:
    world = World(lines={"github": [line("tom")]})
    world.open()
    review, held = world.held(line("tom").ref)
    world.act(review.case, MarkLine(ref=held.assigned.ref, verdict="keep", shown=held.assigned.shown()), "dana")
    world.act(review.case, SignMarks(), "dana")

    refused = world.refusal(CAMPAIGN, CloseCampaign(), "dana")
    world.act(CAMPAIGN, Propose(kind="close", second="ravi", reason="All is decided."), "dana")
    world.act(CAMPAIGN, CoSign(number=1), "ravi")

    assert refused.code == "second_signer_needed"
    assert world.events(CampaignClosed)[0].second == "ravi"


def test_cancelling_needs_a_second_signer_and_is_refused_once_a_verdict_is_signed() -> None:
    world = opened()
    cancel = Propose(kind="cancel", second="ravi", reason="The company is being merged.")
    world.act(CAMPAIGN, cancel, "dana")
    keep(world)

    after = world.refusal(CAMPAIGN, CoSign(number=1), "ravi")
    again = world.refusal(CAMPAIGN, cancel, "dana")

    assert (after.code, again.code) == ("signed_already", "signed_already")


def test_a_cancelled_campaign_takes_no_more_marks_and_nobody_is_asked() -> None:
    world = opened()
    command = mark(world, WRITE)
    world.act(CAMPAIGN, Propose(kind="cancel", second="ravi", reason="The company is being merged."), "dana")

    world.act(CAMPAIGN, CoSign(number=1), "ravi")
    world.now += timedelta(days=40)

    assert len(world.events(CampaignCancelled)) == 1
    assert world.refusal(REVIEW, command, "maya").code == "campaign_closed"
    assert world.tick() == []


def test_a_closed_campaign_takes_no_more_decisions() -> None:
    world = opened()
    command = mark(world, WRITE)
    keep(world)
    world.act(CAMPAIGN, CloseCampaign(), "dana")

    assert world.refusal(REVIEW, command, "maya").code == "campaign_closed"
    assert world.refusal(CAMPAIGN, CloseCampaign(), "dana").code == "campaign_closed"


def test_a_decision_between_the_count_and_the_seal_makes_closing_start_again() -> None:
    world = opened()
    keep(world)
    counts = {**counts_of(world.review("maya")), "moved_out": 1}

    with pytest.raises(Conflict):
        world.act(REVIEW, SealReview(counts=counts), by_system("closing"))
