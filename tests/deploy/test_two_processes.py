"""Two web processes and two workers on one database: two approvers at one instant are one decision and one answer."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.deploy.github import GitHubTwin, running_github
from tests.deploy.house import CONTROL, MAYA, RAVI, WEBHOOK_SECRET, environment_of
from tests.road.installation import Installation, free_port, installation
from tests.road.press import forged
from workflows.approval.model import Approval
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import CaseId

CASE = "approval/deploy/acme/payments/production/{run}/1"


@pytest.fixture
def github() -> Iterator[GitHubTwin]:
    with running_github() as twin:
        yield twin


@pytest.fixture
def both(tmp_path: Path, postgres_url: str, github: GitHubTwin) -> Iterator[tuple[Installation, Installation]]:
    """The installation, seen through each of its two web processes."""
    with installation(tmp_path, postgres_url, more=environment_of(github)) as made:
        (made.data / "program/controls/deploys.yaml").write_text(CONTROL, encoding="utf-8")
        applied = made.attester("program", "apply", str(made.data / "program"))
        assert applied.returncode == 0, applied.stderr + applied.stdout
        made.start("web")
        made.start("worker")
        made.start("worker")
        other = replace(made, url=f"http://127.0.0.1:{(port := free_port())}")
        made.environment["PORT"] = str(port)
        made.start("web")
        made.wait(made.ready)
        made.wait(other.ready)
        yield made, other


def deliver(made: Installation, body: bytes) -> int:
    mac = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json", "x-github-event": "deployment_protection_rule",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "x-hub-signature-256": f"sha256={mac}",
    }  # fmt: skip
    return httpx.post(f"{made.url}/github/events", content=body, headers=headers, timeout=20).status_code


def approval(made: Installation, case: CaseId, *status: str) -> Approval:
    """The case, as soon as it stands so."""

    def found() -> Approval | None:
        state = made.product.runtime.state(case)[0]
        return state if isinstance(state, Approval) and state.status in status else None

    state: Approval = made.wait(found)
    return state


def test_two_approvers_at_one_instant_over_two_processes_are_one_decision_and_one_answer(
    both: tuple[Installation, Installation], github: GitHubTwin
) -> None:
    made, other = both
    github.run("9183746")
    body = json.dumps(github.payload("9183746")).encode()
    case = CASE.format(run="9183746")
    with ThreadPoolExecutor(2) as pool:
        delivered = list(pool.map(lambda one: deliver(one, body), both))
    state = approval(made, case, "asked")
    link = Link(act="approve", ref=case_ref(case), item="0", stamp=state.stamp)

    with ThreadPoolExecutor(2) as pool:
        presses = [pool.submit(forged, made, RAVI, link), pool.submit(forged, other, MAYA, link)]
        pressed = [p.result() for p in presses]
    approval(made, case, "effective")

    names = [e.name for e in made.product.record.events(case)]
    assert delivered == [202, 202]
    assert pressed == [200, 200]
    assert names.count("approval_requested") == 1
    assert names.count("step_approved") == 1
    assert names.count("attempt_refused") == 1
    assert names.count("deploy_released") == 1
    assert [d["state"] for d in github.decisions("9183746")] == ["approved"]
    made.wait(lambda: made.product.log.pending() == 0)
    assert made.product.log.check() == []
