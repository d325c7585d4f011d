"""Where GitHub's own reviewers decide: recorded as GitHub's, checked against GitHub, and never taken for our approval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from bot.store.replay import deviations, folding
from tests.deploy.github import INSTALLATION, REPOSITORY, ordinary, user
from tests.deploy.house import DANA, MAYA, RAVI, House, house
from workflows.kernel.identity import Person
from workflows.kernel.model import CaseId

CONTROL = """\
id: DP-01
title: Production deploys
text: Nobody releases to production alone; whoever wrote or started a change is not the one who lets it go.
workflow: approval
criteria: [CC8.1]
cadence: {every: year}
environments:
  - repository: acme/payments
    environment: production
    decided: github
aliases:
  lena-novak: lena@acme.test
  mayachen: maya@acme.test
  ravi-p: ravi@acme.test
"""
RUNS = count(8001)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("acme"), CONTROL) as made:
        yield made


@pytest.fixture
def acme(running: House) -> House:
    ordinary(running.github)
    running.github.repository.environments["production"]["protection_rules"] = [
        {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"type": "User"}]}
    ]
    return running


def reviewed(acme: House, number: str, login: str, verdict: str = "approved", *, listed: bool = True) -> dict[str, Any]:
    """Somebody decides at GitHub; gives the webhook, in the shape of octokit's `deployment_review/approved`."""
    run = acme.github.repository.runs.get(number) or acme.github.run(number)
    if listed:
        row = {"state": verdict, "comment": "", "user": user(login), "environments": [{"name": "production"}]}
        acme.github.repository.approvals.setdefault(number, []).append(row)
    job = {"id": 1, "name": "deploy", "status": "waiting", "environment": "production"}
    return {
        "action": verdict, "approver": user(login), "comment": "", "since": "2026-10-07T09:28:15Z", "sender": user(login),
        "reviewers": [{"type": "User", "reviewer": user(login)}], "workflow_job_run": job, "workflow_job_runs": [job, job],
        "workflow_run": {"id": int(number), "head_sha": run["head_sha"], "run_attempt": run["run_attempt"]},
        "repository": {"id": 1, "name": "payments", "full_name": REPOSITORY, "owner": user("acme")},
        "installation": {"id": INSTALLATION},
    }  # fmt: skip


def heard(acme: House, payload: dict[str, Any]) -> CaseId:
    """GitHub sends it, and everything that follows at once has happened."""
    answer = acme.deliver(payload, **{"x-github-event": "deployment_review"})
    assert answer.status_code == 202, answer.text
    acme.settle()
    return f"approval/deploy/{REPOSITORY}/production/{payload['workflow_run']['id']}/1"


def person(acme: House, name: str) -> Person:
    found = acme.stage.product.facts.directory().by_login(f"{name}@acme.test")
    assert found is not None
    return found


def test_another_persons_approval_at_github_is_recorded_and_asks_nobody(acme: House) -> None:
    case = heard(acme, reviewed(acme, str(next(RUNS)), "ravi-p"))

    state = acme.state(case)
    event = acme.stage.product.record.events(case)[0]
    assert acme.names(case) == ["deploy_reviewed"]
    assert (event.body["verdict"], event.body["independent"], event.body["level"]) == ("approved", True, "github")
    assert state.over
    assert state.decisions == ()
    assert state.reviewed is not None
    assert state.reviewed.person == person(acme, "ravi")
    assert {"deployment_review.json", "run.json", "commits.json", "approvals.json"} <= {f.name for f in state.files}
    assert [acme.card(who, case) for who in (DANA, RAVI, MAYA)] == [{}] * 3
    assert acme.github.answers == []


def test_a_rejection_is_recorded_as_one(acme: House) -> None:
    case = heard(acme, reviewed(acme, str(next(RUNS)), "ravi-p", "rejected"))

    assert acme.state(case).status == "refused"
    assert acme.state(case).told == "rejected"


@pytest.mark.parametrize(
    ("login", "doubt"),
    [("lena-novak", "Whoever approved wrote part of it."), ("octocat", "octocat is not linked to anybody")],
)
def test_an_approval_that_shows_no_second_person_is_put_to_the_control_owner(
    acme: House, login: str, doubt: str
) -> None:
    case = heard(acme, reviewed(acme, str(next(RUNS)), login))

    card = json.dumps(acme.card(DANA, case), ensure_ascii=False)
    assert acme.state(case).status == "unproven"
    assert doubt in card
    assert "Attester asked nobody here: this rests on the sign-in at GitHub." in card
    form = acme.press(DANA, case, "explain")
    assert form.view is not None
    acme.stage.driver.submit(form.view["id"], {"reason": "It was the text of one page, looked at afterwards."}, DANA)
    acme.settle()
    assert acme.state(case).over


def test_a_decision_that_github_does_not_show_yet_is_recorded_when_it_does_and_nothing_waits_for_it(
    acme: House,
) -> None:
    number = str(next(RUNS))
    late = heard(acme, reviewed(acme, number, "ravi-p", listed=False))
    other = heard(acme, reviewed(acme, str(next(RUNS)), "ravi-p"))
    early = (acme.names(late), acme.names(other))

    reviewed(acme, number, "ravi-p", "rejected")  # another answer of the same person
    acme.stage.pass_time(timedelta(minutes=2))
    acme.settle()
    still = acme.names(late)
    reviewed(acme, number, "ravi-p")
    acme.stage.pass_time(timedelta(minutes=2))
    acme.settle()

    assert early == ([], ["deploy_reviewed"])
    assert still == []
    assert acme.names(late) == ["deploy_reviewed"]


def test_a_decision_that_github_never_shows_is_turned_away_with_an_alarm(acme: House) -> None:
    case = heard(acme, reviewed(acme, str(next(RUNS)), "ravi-p", listed=False))

    for _ in range(16):
        acme.stage.pass_time(timedelta(minutes=2))
        acme.settle()

    assert acme.names(case) == []
    assert acme.outcomes()[-1] == "refused: GitHub does not show this decision"
    alarms = {a.name: a.detail for a in acme.stage.product.queue.alarms()}
    assert "GitHub does not show this decision" in alarms["refused: github.reviewed"]


def test_the_same_decision_twice_is_one_case(acme: House) -> None:
    payload = reviewed(acme, str(next(RUNS)), "ravi-p")

    case = heard(acme, payload)
    heard(acme, payload)

    assert acme.names(case) == ["deploy_reviewed"]
    assert acme.outcomes()[-1] == f"known: {case}"


def test_a_decision_about_another_commit_than_the_runs_is_turned_away(acme: House) -> None:
    payload = reviewed(acme, str(next(RUNS)), "ravi-p")
    payload["workflow_run"]["head_sha"] = "f" * 40

    case = heard(acme, payload)

    assert acme.names(case) == []
    assert "of another commit" in acme.outcomes()[-1]


def test_what_is_asked_for_is_no_decision_and_a_wrong_shape_is_said(acme: House) -> None:
    payload = reviewed(acme, str(next(RUNS)), "ravi-p")
    review = {"x-github-event": "deployment_review"}

    asked = acme.deliver({**payload, "action": "requested"}, **review)
    unnamed = acme.deliver({**payload, "approver": {}}, **review)
    forged = acme.deliver(payload, **review, **{"x-hub-signature-256": "sha256=" + "0" * 64})

    assert (asked.status_code, unnamed.status_code, forged.status_code) == (204, 400, 401)
    assert "approver.login" in unnamed.text


def test_our_own_rule_beside_it_is_answered_no_and_said(acme: House) -> None:
    number = str(next(RUNS))
    acme.github.run(number)

    answer = acme.deliver(acme.github.payload(number))
    acme.settle()

    assert answer.status_code == 202
    assert "leaves this environment to GitHub's own reviewers" in acme.github.decisions(number)[0]["comment"]


def test_the_daily_look_says_where_nobody_has_to_review_and_what_was_decided_is_no_way_around(acme: House) -> None:
    heard(acme, reviewed(acme, number := str(next(RUNS)), "ravi-p"))
    row = acme.github.repository.deployments[0]
    acme.github.repository.statuses[str(row["id"])] = [
        {"state": "success", "log_url": f"{acme.github.url}/{REPOSITORY}/actions/runs/{number}/job/1"}
    ]
    fine = [seen.said for seen in acme.stage.product.deploys.seen() if not seen.fine and "of acme" in seen.said]
    acme.stage.product.deploys.watch()
    acme.settle()
    around = [s.case for s in acme.stage.product.record.summaries() if s.status == "bypassed" and number in s.case]
    rules = acme.github.repository.environments["production"]["protection_rules"]
    rules[0]["prevent_self_review"] = False
    alone = [seen.said for seen in acme.stage.product.deploys.seen()]
    rules.clear()
    nobody = [seen.said for seen in acme.stage.product.deploys.seen()]

    assert fine == []
    assert around == []
    assert any("“Prevent self-review” is off" in said for said in alone)
    assert any("has no required reviewers" in said for said in nobody)


def test_the_packet_holds_them_and_verifies(acme: House, tmp_path: Path) -> None:
    product, out = acme.stage.product, tmp_path / "packet.zip"
    acme.settle()
    entry = product.log.check()

    now = acme.stage.clock.now()
    export(product.packet_source(), out=out, start=now - timedelta(days=200), end=now)

    assert entry == []
    assert list(deviations(product.database, folding(product.runtime.workflows))) == []
    report = verify(out)
    assert report.fine, report.sentence
