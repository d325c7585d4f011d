"""A deployment that waits: its evidence first, another person than its authors, one outcome, and nobody around it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.approval.world import DEPLOYED, asked, buttons, names, office, refusal, ruled, waiting_deploy
from workflows.approval.examples.company import COMMIT, DEPLOY, evidence
from workflows.approval.model import (
    Approve,
    AttachEvidence,
    ExplainBypass,
    NoteBypass,
    NoteOutcome,
    NoteRelease,
    OpenDeploy,
    RefuseRequest,
    Supersede,
)
from workflows.kernel.model import by_system

GITHUB = by_system("github")


def test_nobody_is_asked_before_the_evidence_is_here_for_exactly_this_commit() -> None:
    acme = office()
    case = waiting_deploy(acme, evidence=())
    scan = (evidence("scan.sarif"),)

    waiting = (acme.state(case).status, acme.state(case).missing, asked(acme, case))
    other = refusal(acme, case, AttachEvidence(evidence=scan, commit="0" * 40), GITHUB)
    acme.tell(case, AttachEvidence(evidence=scan, commit=COMMIT), GITHUB)

    assert waiting == ("collecting", ("scan.sarif",), [])
    assert other.code == "other_commit"
    assert asked(acme, case) == ["maya", "omar", "ravi"]
    assert acme.state(case).files == scan


def test_one_yes_suffices_and_everybody_elses_buttons_go() -> None:
    acme = office()
    case = waiting_deploy(acme)

    acme.approve(case, "omar")

    assert acme.state(case).status == "approved"
    assert all(not buttons(acme, case, name) for name in ("maya", "omar", "ravi"))
    cards = [c for c in acme.story.workflow.cards(acme.state(case)) if c.to == "P-maya"]
    assert "Omar Haddad" in str(cards[0].blocks)


def test_where_two_are_needed_two_people_say_yes_also_at_the_same_moment() -> None:
    environment = dict(ruled().settings["environments"][0]) | {"needed": 2}
    acme = office(ruled(environments=[environment]))
    case = waiting_deploy(acme)
    command = Approve(step=0, shown=acme.state(case).stamp)

    acme.tell(case, command, "omar")
    twice = refusal(acme, case, command, "omar")
    half = acme.state(case).status
    acme.tell(case, command, "maya")

    assert twice.code == "already_decided"
    assert (half, acme.state(case).status) == ("asked", "approved")
    yes = [r.event.model_dump() for r in acme.story.histories[case] if r.event.NAME == "step_approved"]
    assert [(y["approver_id"], y["last"]) for y in yes] == [("P-omar", False), ("P-maya", True)]


def test_an_approved_deploy_is_told_once_and_its_outcome_seen_once() -> None:
    acme = office()
    case = waiting_deploy(acme)
    told = NoteRelease(told="approved", evidence=(evidence("approvals.json"),))

    early = refusal(acme, case, told, GITHUB)
    acme.approve(case, "omar")
    acme.tell(case, told, GITHUB)
    again = refusal(acme, case, told, GITHUB)
    acme.tell(case, NoteOutcome(outcome="success"), GITHUB)

    assert (early.code, again.code) == ("not_due", "not_due")
    assert names(acme, case)[-2:] == ["deploy_released", "deploy_outcome_seen"]
    assert acme.state(case).over
    assert refusal(acme, case, NoteOutcome(outcome="failure"), GITHUB).code == "not_due"


def test_a_refused_and_a_lapsed_deploy_are_told_as_rejected_and_never_as_approved() -> None:
    for ending in ("refuse", "lapse"):
        acme = office()
        case = waiting_deploy(acme)
        if ending == "refuse":
            no = RefuseRequest(step=0, shown=acme.state(case).stamp, reason="The scan is too old.")
            acme.tell(case, no, "maya")
        else:
            acme.later(hours=25)
            acme.tick()

        wrong = refusal(acme, case, NoteRelease(told="approved"), GITHUB)
        acme.tell(case, NoteRelease(told="rejected"), GITHUB)

        assert wrong.code == "not_due"
        assert names(acme, case)[-1] == "deploy_rejected"


def test_a_webhook_that_is_delivered_twice_makes_one_case_and_a_rerun_another() -> None:
    acme = office()
    case = waiting_deploy(acme)
    opened = OpenDeploy(deploy=DEPLOY, title="Retry payouts", requester="P-lena")

    again = refusal(acme, case, opened, GITHUB)
    other = acme.tell(DEPLOYED.removesuffix("1") + "2", opened, GITHUB)

    assert again.code == "already_exists"
    assert other != case


def test_a_new_commit_makes_every_earlier_answer_count_for_nothing() -> None:
    acme = office()
    case = waiting_deploy(acme)
    shown = acme.state(case).stamp

    acme.tell(case, Supersede(because="A newer commit waits."), GITHUB)

    assert acme.state(case).status == "superseded"
    assert refusal(acme, case, Approve(step=0, shown=shown), "omar").code == "superseded"


def test_an_environment_that_the_program_does_not_name_is_refused() -> None:
    acme = office()
    opened = OpenDeploy(deploy=DEPLOY.model_copy(update={"environment": "staging"}), title="Try", requester="P-lena")

    assert refusal(acme, "approval/deploy/acme/payments/staging/1/1", opened, GITHUB).code == "no_such_environment"


def test_an_environment_has_one_way_in() -> None:
    hooked = dict(ruled().settings["environments"][0]) | {"hook": "jenkins"}
    case = "approval/deploy/acme/payments/production/7/1"
    codes = {}
    for control in ("github", "hooked"):
        acme = office(ruled(environments=[hooked]) if control == "hooked" else ruled())
        for system in ("github", "hook:jenkins", "hook:other", "hook:"):
            opened = OpenDeploy(deploy=DEPLOY.model_copy(update={"system": system}), title="Try", requester="P-lena")
            fits = (control, system) in {("github", "github"), ("hooked", "hook:jenkins")}
            codes[control, system] = "" if fits else refusal(acme, case, opened, GITHUB).code

    assert [who for who, code in codes.items() if not code] == [("github", "github"), ("hooked", "hook:jenkins")]
    assert {code for code in codes.values() if code} == {"no_such_environment"}


def test_a_requester_whom_nobody_knows_makes_the_deploy_refusable_only() -> None:
    acme = office()

    case = waiting_deploy(acme, requester="octocat")

    found = refusal(acme, case, Approve(step=0, shown=acme.state(case).stamp), "omar")
    assert found.code == "unknown_author"


def test_a_deploy_around_us_is_recorded_and_the_control_owner_says_how() -> None:
    acme = office()
    case = acme.tell(DEPLOYED, NoteBypass(deploy=DEPLOY, title="Hotfix"), GITHUB)

    codes = {name: refusal(acme, case, ExplainBypass(reason="It was urgent."), name).code for name in ("tom", "lena")}
    before = acme.state(case).over
    acme.tell(case, ExplainBypass(reason="The approval service was down; see the incident."), "dana")

    assert set(codes.values()) == {"not_yours"}
    assert (before, acme.state(case).over) == (False, True)


@pytest.mark.parametrize("hours", [23, 25])
def test_a_deploy_lapses_after_a_day_without_an_answer_and_not_before(hours: int) -> None:
    acme = office()
    case = waiting_deploy(acme, evidence=())

    acme.later(hours=hours)
    acme.tick()

    assert acme.state(case).status == ("lapsed" if hours > 24 else "collecting")
    assert acme.state(case).frame.lapse_at == acme.state(case).requested_at + timedelta(hours=24)
