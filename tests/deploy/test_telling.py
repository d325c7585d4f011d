"""GitHub is told once, whatever breaks on the way; until it has taken it the card says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.deploy.house import MAYA, RAVI, House, house
from workflows.kernel.model import CaseId


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme")) as made:
        yield made


def until_told(acme: House, case: CaseId) -> None:
    """Let the pauses between attempts pass."""
    for _ in range(6):
        acme.stage.clock.advance(timedelta(minutes=6))
        acme.settle()
        if acme.state(case).told:
            return


@pytest.mark.parametrize(("number", "fault"), [("300", 500), ("301", 422), ("302", 502)])
def test_after_an_answer_that_is_no_204_it_is_told_again_and_the_card_is_honest_meanwhile(
    acme: House, number: str, fault: int
) -> None:
    case = acme.asked(number)
    acme.github.faults = [fault]

    acme.press(RAVI, case, "approve")
    acme.settle()
    meanwhile = (acme.state(case).status, acme.state(case).told, str(acme.card(MAYA, case)))
    until_told(acme, case)

    assert meanwhile[:2] == ("approved", "")
    assert "Decided; GitHub is not told yet." in meanwhile[2]
    assert [d["state"] for d in acme.github.decisions(number)] == ["approved"]
    assert acme.names(case).count("step_approved") == 1
    assert acme.names(case).count("deploy_released") == 1
    assert "GitHub was told: it may go." in str(acme.card(MAYA, case))


def test_where_the_answer_is_lost_after_github_accepted_nothing_is_said_twice(acme: House) -> None:
    case = acme.asked("310")
    acme.github.faults = ["cut"]

    acme.press(MAYA, case, "approve")
    acme.settle()
    before = len(acme.github.decisions("310"))
    until_told(acme, case)

    assert before == 1
    assert len(acme.github.decisions("310")) == 1
    assert acme.names(case).count("deploy_released") == 1


def test_a_run_started_again_before_it_was_told_gets_no_answer_that_was_about_the_first(acme: House) -> None:
    case = acme.asked("320")
    acme.github.faults = [500]
    acme.press(RAVI, case, "approve")
    acme.settle()

    acme.github.run("320", run_attempt=2)
    until_told(acme, case)

    assert acme.github.decisions("320") == []
    assert acme.state(case).status == "superseded"


def test_a_comment_has_digest_and_no_names_and_fits(acme: House) -> None:
    case = acme.asked("330")

    acme.refuse(RAVI, case, "Maya Chen <!channel> says that Lena's change breaks the payouts.")
    acme.settle()

    [decision] = acme.github.decisions("330")
    assert len(decision["comment"]) <= 1024
    assert not any(word in decision["comment"] for word in ("Maya", "Ravi", "Lena", "payouts", "channel"))
    event = next(e for e in acme.stage.product.record.events(case) if e.name == "approval_refused")
    assert event.attestation is not None
    assert event.attestation in decision["comment"]


def test_no_token_and_no_key_is_in_what_is_kept_or_printed(acme: House) -> None:
    settings = acme.stage.product.settings
    parts = acme.stage.product.deploys.parts

    assert "PRIVATE KEY" not in repr(settings)
    assert "ghs_" not in repr(vars(parts.github)["_tokens"])
    kept = acme.stage.product.record.events("approval/deploy/acme/payments/production/300/1")
    assert "ghs_" not in str(kept)


def test_what_was_approved_stands_in_the_ledger_and_every_file_it_names_is_in_the_vault(acme: House) -> None:
    state = acme.state("approval/deploy/acme/payments/production/300/1")

    names = [f.name for f in state.files]

    assert {"request.json", "run.json", "commits.json", "pull_request.json", "reviews.json", "checks.json"} <= set(
        names
    )
    assert all(acme.stage.product.evidence(f.sha256) for f in state.files)
    assert acme.stage.product.log.check() == []
