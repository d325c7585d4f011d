"""What GitHub's own reviewers decided is recorded, where the program leaves an environment to them. CC8.1.

The webhook is the evidence, and GitHub is asked whether it shows the same: nothing is recorded on a request alone.
"""

from __future__ import annotations

import json
from typing import Any

import structlog
from pydantic import ValidationError

from bot.github.asked import GITHUB
from bot.github.client import GitHubFailed, of
from bot.github.collect import Place
from bot.github.payload import Reviewed
from bot.github.run import Run, read_run
from bot.github.work import Parts, Went, case_of, went
from workflows.approval.model import Environment, NoteReview
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, Digest, EvidenceRef

TRIES = 15
"""So often GitHub is asked, a minute apart, whether it shows a decision; then it is turned away."""
LOG = structlog.get_logger("attester.github")


class NotShown(Exception):
    """GitHub does not list this decision among the run's."""


class ReviewedWork:
    """Turns decisions that were made at GitHub into cases that say so."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def deliver(self, delivery: str, tries: int = 0) -> Went:
        """Work on one webhook; the same one again changes nothing. ``tries`` counts the earlier ones that showed nothing."""
        found = self._parts.book.request(delivery)
        if found is None:
            return Went("dead", f"request {delivery} is not kept any more")
        digest, body = found
        try:
            said = Reviewed.model_validate(json.loads(body))
        except (ValueError, ValidationError, RecursionError):
            return self._noted(delivery, "refused: it cannot be read")
        try:
            outcomes = [self._record(said, digest, environment) for environment in said.environments]
        except GitHubFailed as failure:
            return went(failure)
        except NotShown:
            return self._again(delivery, tries, "GitHub does not show this decision")
        except Refused as refusal:
            return self._again(delivery, tries, refusal.why)
        return self._noted(delivery, "; ".join(outcomes) or "nothing to do: it names no environment")

    def _again(self, delivery: str, tries: int, why: str) -> Went:
        """Another row for later: one decision that waits for GitHub keeps nothing else waiting."""
        if tries >= TRIES:
            return self._noted(delivery, f"refused: {why}")
        self._parts.book.review_again(delivery, tries + 1)
        return Went("sent", f"later: {why}")

    def _record(self, said: Reviewed, digest: Digest, name: str) -> str:
        """Record the decision about one environment, and say what became of it."""
        repository = said.repository.full_name
        ruled = self._parts.rules.environment(repository, name)
        if ruled is None or ruled[1].decided != "github":
            return f"{name} is not left to GitHub"
        control, environment = ruled
        number, attempt = str(said.workflow_run.id), said.workflow_run.run_attempt
        case = case_of(repository, environment.environment, number, attempt)
        if self._parts.book.find(case) is not None:
            return f"known: {case}"
        installation = str(said.installation.id)
        run, raw = read_run(self._parts.github, installation, repository, number)
        if run.head_sha != said.workflow_run.head_sha:
            return f"refused: run {number} is of another commit than the decision"
        command = self._noting(said, digest, environment, control, run, raw)
        try:
            self._parts.acts.act(case, command, GITHUB, control=control)
        except Refused as refusal:
            if refusal.code != "already_exists":
                raise
        self._keep(case, environment, installation, run, attempt, digest)
        LOG.info("deploy_reviewed_at_github", case=case, verdict=said.action)
        return f"recorded: {case}"

    def _noting(
        self, said: Reviewed, digest: Digest, environment: Environment, control: str, run: Run, raw: bytes
    ) -> NoteReview:
        installation, repository = str(said.installation.id), said.repository.full_name
        listed = self._parts.github.read(installation, of(repository, "actions", "runs", str(run.id), "approvals"))
        if not _shown(listed.said, said, environment.environment):
            raise NotShown
        people, now = self._parts.rules.people(control), self._parts.clock.now()
        place = Place(installation, repository, environment.environment, ())
        gathered = self._parts.collector.gather(place, run, raw, people)
        reviewer = people.by_account(said.approver.login)
        request = EvidenceRef(
            name="deployment_review.json", sha256=digest, kind="github.request",
            source=f"github:{self._parts.github.host}", collected_at=now,
        )  # fmt: skip
        answer = self._parts.collector.keep("approvals.json", listed.raw, now)
        return NoteReview(
            deploy=gathered.deploy.model_copy(update={"attempt": said.workflow_run.run_attempt}),
            title=gathered.title, requester=gathered.requester, verdict=said.action, login=said.approver.login,
            reviewer=reviewer.id if reviewer else None,
            evidence=tuple({f.name: f for f in (*gathered.files, answer, request)}.values()),
        )  # fmt: skip

    def _keep(
        self, case: CaseId, environment: Environment, installation: str, run: Run, attempt: int, digest: Digest
    ) -> None:
        """So that the daily look knows the deployment; nobody has to be told of it."""
        about = {
            "repository": environment.repository, "environment": environment.environment, "run": str(run.id),
            "attempt": attempt, "commit_sha": run.head_sha, "installation": installation, "deployment": "",
            "request_sha256": digest,
        }  # fmt: skip
        self._parts.book.keep(case, about)
        self._parts.book.settle(case, self._parts.clock.now())

    def _noted(self, delivery: str, outcome: str) -> Went:
        self._parts.book.conclude(delivery, outcome)
        alarm = f"A decision at GitHub ({delivery}) was turned away: {outcome}" if "refused:" in outcome else ""
        LOG.info("deploy_review", delivery=delivery, outcome=outcome)
        return Went("sent", outcome, alarm=alarm)


def _shown(rows: Any, said: Reviewed, environment: str) -> bool:
    """Whether GitHub lists the decision: the same person, the same answer, this environment."""
    for row in rows if isinstance(rows, list) else ():
        user, places = (row.get("user"), row.get("environments")) if isinstance(row, dict) else (None, None)
        login = user.get("login") if isinstance(user, dict) else None
        names = [p.get("name") for p in places if isinstance(p, dict)] if isinstance(places, list) else []
        same = isinstance(login, str) and login.lower() == said.approver.login.lower()
        here = any(isinstance(n, str) and n.lower() == environment.lower() for n in names)
        if same and here and row.get("state") == said.action:
            return True
    return False
