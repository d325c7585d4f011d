"""Which run may bring evidence: the program names repository, owner's number, workflow file, environment and events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ci.issuer import COMMIT, Issuer
from workflows.kernel.errors import Refused
from workflows.kernel.publisher import Publisher, admitted, signed

SCAN = Publisher(repository="Acme/Payments", owner_id=4104, workflow="scan.yml")
RELEASE = SCAN.model_copy(update={"environment": "Production", "events": ("release",)})
FILE = "acme/payments/.github/workflows/scan.yml"


def claims(**changed: Any) -> dict[str, Any]:
    return Issuer("https://issuer.test").claims("https://attester.acme.test", changed)


def test_a_declared_run_is_admitted_whatever_the_case_of_its_repository() -> None:
    assert admitted("CHG-1", [SCAN], claims()) == SCAN


@pytest.mark.parametrize("ref", [f"{FILE}@refs/heads/main", f"{FILE}@{COMMIT}"])
def test_the_workflow_is_taken_at_the_runs_own_ref_or_commit(ref: str) -> None:
    assert admitted("CHG-1", [SCAN], claims(job_workflow_ref=ref)) == SCAN


def test_a_deployment_without_a_ref_is_taken_at_its_commit() -> None:
    run = claims(ref="", event_name="deployment", job_workflow_ref=f"{FILE}@{COMMIT}")

    assert admitted("CHG-1", [SCAN], run) == SCAN


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"repository": "acme/other"}, "unknown_publisher"),
        ({"repository": "acme/payments-2"}, "unknown_publisher"),
        ({"repository_owner": "evil"}, "unknown_publisher"),
        ({"repository_owner_id": "9"}, "other_owner"),
        ({"job_workflow_ref": f"{FILE.replace('scan', 'other')}@refs/heads/main"}, "other_workflow"),
        ({"job_workflow_ref": f"{FILE.replace('scan.yml', 'sub/scan.yml')}@refs/heads/main"}, "other_workflow"),
        ({"job_workflow_ref": "acme/shared/.github/workflows/scan.yml@refs/heads/main"}, "other_workflow"),
        ({"job_workflow_ref": f"{FILE}@refs/heads/feature"}, "other_workflow"),
        ({"job_workflow_ref": f"{FILE}@"}, "other_workflow"),
        ({"ref": "", "job_workflow_ref": f"{FILE}@"}, "other_workflow"),
        ({"event_name": "pull_request_target"}, "event_never"),
        ({"event_name": "pull_request"}, "other_event"),
        ({"event_name": "issue_comment"}, "other_event"),
        *(({name: None}, "claim_missing") for name in (
            "repository", "repository_owner", "repository_owner_id", "job_workflow_ref", "event_name", "sha", "run_id",
            "run_attempt", "workflow", "jti",
        )),
        ({"sha": "main"}, "claim_missing"),
        ({"sha": None, "ref": None}, "claim_missing"),
        ({"ref": ["refs/heads/main"]}, "claim_missing"),
        ({"repository": "acme/<!channel>"}, "claim_missing"),
        ({"repository": "acme/" + "x" * 200}, "claim_missing"),
        ({"run_id": "8\n12"}, "claim_missing"),
        ({"repository_owner_id": 4104}, "claim_missing"),
    ],
)  # fmt: skip
def test_a_run_that_is_not_the_declared_one_is_refused_with_what_the_program_would_have_to_say(
    changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        admitted("CHG-1", [SCAN], claims(**changed))

    assert refused.value.code == code
    assert "Nothing was stored." in refused.value.next_step


def test_pull_request_target_is_refused_even_where_a_program_would_allow_it() -> None:
    open_to_all = SCAN.model_copy(update={"events": ("pull_request_target",)})

    with pytest.raises(Refused) as refused:
        admitted("CHG-1", [open_to_all], claims(event_name="pull_request_target"))

    assert refused.value.code == "event_never"


@pytest.mark.parametrize("environment", [None, "", "staging"])
def test_where_an_environment_is_declared_the_job_must_run_in_it(environment: str | None) -> None:
    with pytest.raises(Refused) as refused:
        admitted("CHG-1", [RELEASE], claims(event_name="release", environment=environment))

    assert refused.value.code == "other_environment"


def test_the_publisher_that_names_the_environment_counts_before_the_one_that_does_not() -> None:
    run = claims(environment="production", event_name="release")

    assert admitted("CHG-1", [SCAN, RELEASE], run) == RELEASE
    with pytest.raises(Refused) as refused:
        admitted("CHG-1", [SCAN, RELEASE], claims(environment="production", event_name="push"))
    assert refused.value.code == "other_event"


def test_what_is_kept_of_a_token_is_what_it_says_about_the_run() -> None:
    kept = signed(claims(jti="once", environment="production"))

    assert (kept.repository, kept.sha, kept.ref) == ("acme/payments", COMMIT, "refs/heads/main")
    assert (kept.run_id, kept.run_attempt, kept.workflow) == ("812", "1", "Scan")
    assert (kept.jti, kept.environment, kept.issuer) == ("once", "production", "https://issuer.test")
    assert "lena-novak" not in kept.model_dump_json()
