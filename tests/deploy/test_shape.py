"""What we read is what GitHub publishes: its example payloads, and the names that its schema allows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.github.payload import Requested, run_of
from bot.github.run import Run
from tests.deploy.github import GitHubTwin, ordinary

DATA = Path(__file__).parent / "data"
ALLOWED = {
    "action", "deployment", "deployment_callback_url", "environment", "event", "installation", "organization",
    "pull_requests", "repository", "sender",
}  # fmt: skip
"""The names in octokit's `deployment_protection_rule/requested`; it allows no others."""
API = "https://api.github.com"


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def requested() -> dict[str, Any]:
    """A request made of published parts."""
    made = published("deployment.created")
    full_name = made["repository"]["full_name"]
    return {
        "action": "requested", "environment": "production", "event": "push", "pull_requests": [],
        "deployment_callback_url": f"{API}/repos/{full_name}/actions/runs/289782451/deployment_protection_rule",
        "deployment": made["deployment"], "repository": made["repository"], "sender": made["sender"],
        "installation": {"id": 5, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uNQ=="},
    }  # fmt: skip


def test_a_request_of_published_parts_is_read_whole() -> None:
    payload = requested()

    asked = Requested.model_validate(payload)

    assert set(payload) <= ALLOWED
    assert asked.repository.full_name == "Codertocat/Hello-World"
    assert asked.deployment.sha == payload["deployment"]["sha"]
    assert run_of(asked.deployment_callback_url, API, asked.repository.full_name) == "289782451"


def test_the_stand_in_sends_only_names_that_the_schema_allows() -> None:
    twin = GitHubTwin(API, "", None)
    ordinary(twin)
    twin.run("1")

    assert set(twin.payload("1")) <= ALLOWED
    assert Requested.model_validate(twin.payload("1")).installation.id == 4711


@pytest.mark.parametrize("name", sorted(set(requested()) - {"event", "pull_requests"}))
def test_a_request_without_something_that_is_needed_is_refused(name: str) -> None:
    payload = requested()
    del payload[name]

    with pytest.raises(ValidationError):
        Requested.model_validate(payload)


def test_a_published_run_is_read_with_its_actors() -> None:
    run = Run.model_validate(published("workflow_run.completed")["workflow_run"])

    assert len(run.head_sha) == 40
    assert run.over
    assert run.run_attempt >= 1


def test_published_states_and_reviews_have_the_fields_that_are_looked_at() -> None:
    status = published("deployment_status.created")["deployment_status"]
    review = published("pull_request_review.submitted")["review"]
    check = published("check_run.completed")["check_run"]

    assert status["state"] == "success"
    assert {"state", "commit_id", "user"} <= set(review)
    assert {"head_sha", "status", "conclusion", "name"} <= set(check)


@pytest.mark.parametrize(
    ("address", "api", "run"),
    [
        ("https://api.github.com/repos/acme/pay/actions/runs/9/deployment_protection_rule", API, "9"),
        ("https://api.github.com/repos/Acme/Pay/actions/runs/9/deployment_protection_rule", API, "9"),
        ("https://ghe.acme.test/api/v3/repos/acme/pay/actions/runs/9/deployment_protection_rule", API, None),
        (
            "https://ghe.acme.test/api/v3/repos/acme/pay/actions/runs/9/deployment_protection_rule",
            "https://ghe.acme.test/api/v3", "9",
        ),
        ("http://api.github.com/repos/acme/pay/actions/runs/9/deployment_protection_rule", API, None),
        ("https://api.github.com:444/repos/acme/pay/actions/runs/9/deployment_protection_rule", API, None),
        ("https://api.github.com@evil.test/repos/acme/pay/actions/runs/9/deployment_protection_rule", API, None),
        ("https://api.github.com/repos/acme/pay/actions/runs/9/deployment_protection_rule#x", API, None),
        ("https://api.github.com/repos/acme/pay/actions/runs/9%2e/deployment_protection_rule", API, None),
        ("https://api.github.com/repos/acme/pay/actions/runs//deployment_protection_rule", API, None),
        ("https://api.github.com/repos/acme/pay/actions/runs/" + "9" * 21 + "/deployment_protection_rule", API, None),
        ("https://api.github.com/repos/acme/p\u0430y/actions/runs/9/deployment_protection_rule", API, None),
    ],
)  # fmt: skip
def test_a_run_is_read_from_exactly_the_address_of_its_repository(address: str, api: str, run: str | None) -> None:
    assert run_of(address, api, "acme/pay") == run
