"""What becomes of a deploy that waits for its evidence, changes, waits too long, or ends by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.evidence.intake import Brought, Intake, Origin
from bot.main.scan import Scans
from tests.deploy.github import COMMIT, HEAD, RELEASED, commit_of, ordinary, user
from tests.deploy.house import MAYA, RAVI, SCANNED, House, house
from tests.road.test_finding import report
from workflows.approval.model import AttachEvidence
from workflows.kernel.errors import Refused
from workflows.kernel.model import by_system


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme"), SCANNED) as made:
        yield made


@pytest.fixture
def acme(running: House) -> House:
    """The house with the ordinary repository, and a directory of today."""
    ordinary(running.github)
    running.stage.product.puller.pull("people", "test")
    return running


NOT_GIVEN: list[list[dict[str, Any]]] = [
    [],
    [{"user": user("mayachen"), "state": "APPROVED", "commit_id": "e" * 40}],
    [{"user": user("lena-novak"), "state": "APPROVED", "commit_id": HEAD}],
    [{"user": user("mayachen"), "state": "COMMENTED", "commit_id": HEAD}],
    [
        {"user": user("mayachen"), "state": "APPROVED", "commit_id": HEAD},
        {"user": user("mayachen"), "state": "DISMISSED", "commit_id": HEAD},
    ],
]


def test_nobody_is_asked_before_another_person_approved_exactly_what_was_merged(acme: House) -> None:
    numbers = [str(210 + n) for n in range(len(NOT_GIVEN))]
    waiting = []
    for number, reviews in zip(numbers, NOT_GIVEN, strict=True):
        acme.github.repository.reviews = reviews
        case = acme.asked(number)
        waiting.append((acme.state(case).status, acme.state(case).missing))

    acme.github.repository.reviews = [{"user": user("mayachen"), "state": "APPROVED", "commit_id": HEAD}]
    acme.stage.pass_time(timedelta(minutes=1))
    acme.settle()

    assert waiting == [("collecting", ("reviews.json",))] * len(NOT_GIVEN)
    last = f"approval/deploy/acme/payments/production/{numbers[-1]}/1"
    assert acme.state(last).status == "asked"
    assert "approved by Maya Chen" in str(acme.card(RAVI, last))
    # Each newer one took the place of the one before.
    assert acme.state(last.replace(numbers[-1], numbers[0])).status == "superseded"


def test_after_half_an_hour_github_hears_what_is_awaited_and_not_more_than_ten_times(acme: House) -> None:
    acme.github.repository.checks[0].update(status="in_progress", conclusion=None)
    case = acme.asked("220")

    soon = acme.github.reports("220")
    for _ in range(12):
        acme.stage.pass_time(timedelta(minutes=110))
        acme.settle()

    assert soon == []
    assert acme.state(case).status == "collecting"
    reports = acme.github.reports("220")
    assert len(reports) == 10
    assert "checks.json" in reports[0]


def test_the_waiting_job_is_no_check_that_is_awaited(acme: House) -> None:
    own = {
        "name": "deploy", "head_sha": COMMIT, "status": "queued", "conclusion": None,
        "details_url": f"{acme.github.url}/acme/payments/actions/runs/221/job/1",
    }  # fmt: skip
    acme.github.repository.checks.append(own)

    assert acme.state(acme.asked("221")).status == "asked"


def test_a_failed_check_is_shown_to_whoever_decides(acme: House) -> None:
    acme.github.repository.checks[1]["conclusion"] = "failure"

    case = acme.asked("222")

    assert "1 failed (lint)" in str(acme.card(RAVI, case))


def test_the_card_says_what_the_newest_scans_show_of_the_repository(acme: House) -> None:
    product = acme.stage.product
    brought = Brought("semgrep.json", report("export.py"), commit=COMMIT, repository="acme/payments")
    intake = Intake(product.vault, product.runtime, product.facts)
    intake.take("DP-01", [brought], Origin("cli", "test"))
    Scans(product).catch_up()

    case = acme.asked("990")

    assert "1 medium open, 0 of them accepted for a time" in json.dumps(acme.card(RAVI, case))


def test_a_scan_of_another_commit_leaves_it_collecting_and_the_right_one_has_people_asked(acme: House) -> None:
    acme.github.repository.environments["staging"] = {}
    acme.github.run("223")
    acme.deliver(acme.github.payload("223", environment="staging"))
    acme.settle()
    case = "approval/deploy/acme/payments/staging/223/1"
    waiting = acme.state(case)

    acme.bring("semgrep.sarif", b'{"runs": []}', RELEASED)
    acme.stage.pass_time(timedelta(minutes=1))
    acme.settle()
    other = acme.state(case).status
    acme.bring("semgrep.sarif", b'{"runs": [{}]}', COMMIT)
    acme.stage.pass_time(timedelta(minutes=1))
    acme.settle()

    assert (waiting.status, waiting.missing, other) == ("collecting", ("semgrep.sarif",), "collecting")
    assert acme.state(case).status == "asked"
    assert "semgrep.sarif" in [f.name for f in acme.state(case).files]


def test_evidence_that_names_another_commit_is_refused(acme: House) -> None:
    acme.github.repository.checks[0].update(status="in_progress", conclusion=None)
    case = acme.asked("224")
    ref = acme.stage.product.deploys.parts.collector.keep("checks.json", b"{}", acme.stage.clock.now())
    other = AttachEvidence(evidence=(ref,), commit=RELEASED)

    with pytest.raises(Refused) as caught:
        acme.stage.product.runtime.act(case, other, by_system("github"))

    assert caught.value.code == "other_commit"
    assert acme.state(case).status == "collecting"


def test_what_we_read_at_github_ourselves_is_taken_from_nobody_else(acme: House) -> None:
    acme.github.repository.checks[0].update(status="in_progress", conclusion=None)
    case = acme.asked("225")

    acme.bring("checks.json", b'{"check_runs": []}', COMMIT)
    acme.stage.pass_time(timedelta(minutes=1))
    acme.settle()

    assert acme.state(case).status == "collecting"


def test_a_rerun_is_a_new_case_and_the_first_counts_no_longer(acme: House) -> None:
    first = acme.asked("230")
    acme.github.run("230", run_attempt=2, triggering_actor=user("lena-novak"))

    second = acme.asked("230")

    assert second == first[:-1] + "2"
    assert acme.state(first).status == "superseded"
    assert acme.state(second).status == "asked"
    # GitHub knows runs, not attempts: a no to the first would stop the second.
    assert acme.github.decisions("230") == []
    acme.press(MAYA, second, "approve")
    acme.settle()
    assert [d["state"] for d in acme.github.decisions("230")] == ["approved"]


def test_a_new_commit_while_it_is_asked_supersedes_the_older_and_github_stops_that(acme: House) -> None:
    first = acme.asked("240")
    newer = "a" * 40
    acme.github.repository.commits[newer] = commit_of(newer, "lena-novak", "Newer")
    acme.github.repository.compared[f"{RELEASED}...{newer}"] = [commit_of(newer, "lena-novak", "Newer")]
    acme.github.repository.pulls[0].update(merge_commit_sha=newer)
    for check in acme.github.repository.checks:
        check["head_sha"] = newer

    second = acme.asked("241", sha=newer)
    acme.settle()

    assert (acme.state(first).status, acme.state(second).status) == ("superseded", "asked")
    assert [d["state"] for d in acme.github.decisions("240")] == ["rejected"]
    assert acme.names(first)[-1] == "deploy_rejected"
    assert "attester:approve" not in str(acme.card(RAVI, first))


def test_an_older_run_that_comes_late_supersedes_nothing(acme: House) -> None:
    newer = acme.asked("251")

    acme.asked("250")

    assert acme.state(newer).status == "asked"


def test_a_run_that_was_cancelled_ends_the_asking(acme: House) -> None:
    case = acme.asked("260")
    acme.github.repository.runs["260"].update(status="completed", conclusion="cancelled")

    acme.stage.pass_time(timedelta(minutes=3))
    acme.settle()

    assert acme.state(case).over
    assert "The run ended at GitHub" in acme.state(case).because
    assert acme.github.decisions("260") == []


def test_where_nobody_answers_for_a_day_github_is_told_no_with_the_reason(acme: House) -> None:
    case = acme.asked("270")

    acme.stage.pass_time(timedelta(hours=24, minutes=1))
    acme.settle()
    late = acme.deliver(acme.github.payload("270"))
    acme.settle()

    assert acme.state(case).status == "lapsed"
    [decision] = acme.github.decisions("270")
    assert decision["state"] == "rejected"
    assert "nobody answered in time" in decision["comment"]
    assert late.status_code == 202
    assert len(acme.github.decisions("270")) == 1
    assert acme.names(case)[-1] == "deploy_rejected"


def test_a_second_job_of_the_same_attempt_gets_the_same_answer(acme: House) -> None:
    case = acme.asked("280")
    acme.press(RAVI, case, "approve")
    acme.settle()
    payload = acme.github.payload("280")
    payload["deployment"]["id"] = 999_999

    for _ in range(2):
        acme.deliver(payload)
        acme.settle()

    assert [d["state"] for d in acme.github.decisions("280")] == ["approved", "approved"]
    assert acme.names(case).count("deploy_released") == 1
