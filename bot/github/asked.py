"""A request that was kept is worked on: checked against the run itself, its evidence gathered, its case opened."""

from __future__ import annotations

import json
from collections.abc import Sequence

import structlog
from pydantic import ValidationError

from bot.github.client import GitHubFailed
from bot.github.collect import Gathered, Place, foreign
from bot.github.payload import Requested, run_of
from bot.github.run import Run, read_run
from bot.github.work import Parts, Went, case_of, heard, say, went
from workflows.approval.model import Approval, Environment, OpenDeploy, Supersede
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, Digest, EvidenceRef, by_system

GITHUB = by_system("github")
LATER = 300.0
LIVE = ("collecting", "asked", "approved")
LOG = structlog.get_logger("attester.github")


class AskedWork:
    """Turns requests into cases. What cannot be believed is rejected at GitHub where that is possible, and noted."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def deliver(self, delivery: str) -> Went:
        """Work on one request; the same one again changes nothing."""
        found = self._parts.book.request(delivery)
        if found is None:
            return Went("dead", f"request {delivery} is not kept any more")
        digest, body = found
        try:
            asked = Requested.model_validate(json.loads(body))
        except (ValueError, ValidationError, RecursionError):
            return self._noted(delivery, "refused: it cannot be read")
        repository = asked.repository.full_name
        run = run_of(asked.deployment_callback_url, self._parts.github.api, repository)
        if run is None:
            why = "refused: its callback address is not that of a run of its repository here; nothing was sent there"
            return self._noted(delivery, why, alarm=True)
        try:
            return self._check(delivery, digest, asked, run)
        except GitHubFailed as failure:
            return went(failure)

    def _check(self, delivery: str, digest: Digest, asked: Requested, number: str) -> Went:
        installation, repository = str(asked.installation.id), asked.repository.full_name
        where = (installation, repository, number)
        ruled = self._parts.rules.environment(repository, asked.environment)
        if ruled is None or ruled[1].hook is not None:
            return self._reject(delivery, digest, where, asked, "The program does not name this environment.")
        if ruled[1].decided == "github":
            why = "The program leaves this environment to GitHub's own reviewers: take the rule away, or have it decided here."
            return self._reject(delivery, digest, where, asked, why, alarm=True)
        run, raw = read_run(self._parts.github, *where)
        if str(run.id) != number or run.head_sha != asked.deployment.sha:
            why = "The run is not of the commit that is to be deployed."
            return self._reject(delivery, digest, where, asked, why, alarm=True)
        if run.over:
            return self._noted(delivery, "nothing to do: the run has ended")
        try:
            case = case_of(repository, ruled[1].environment, number, run.run_attempt)
        except ValueError:
            return self._reject(delivery, digest, where, asked, "Its names are too long for a case.")
        if self._parts.book.find(case) is not None:
            self._parts.book.tell_again(case, str(asked.deployment.id))
            return self._noted(delivery, f"known: {case}")
        return self._open(delivery, digest, asked, ruled, case, run, raw)

    def _open(
        self,
        delivery: str,
        digest: Digest,
        asked: Requested,
        ruled: tuple[str, Environment],
        case: CaseId,
        run: Run,
        raw: bytes,
    ) -> Went:
        control, environment = ruled
        installation, repository = str(asked.installation.id), asked.repository.full_name
        place = Place(installation, repository, environment.environment, environment.evidence)
        people = self._parts.rules.people(control)
        gathered = self._parts.collector.gather(place, run, raw, people, asked.sender.login)
        try:
            brought = self._parts.rules.uploaded(control, repository, run.head_sha, foreign(environment.evidence))
            self._parts.acts.act(case, self._opening(gathered, brought, digest), GITHUB, control=control)
        except Refused as refusal:
            if refusal.code == "directory_too_old":
                return Went("unsure", refusal.why, LATER)
            if refusal.code != "already_exists":
                where = (installation, repository, str(run.id))
                why = "Nobody who could decide it can be asked."
                return self._reject(delivery, digest, where, asked, why, alarm=True)
        about = {
            "repository": environment.repository, "environment": environment.environment, "run": str(run.id),
            "attempt": run.run_attempt, "commit_sha": run.head_sha, "installation": installation,
            "deployment": str(asked.deployment.id), "request_sha256": digest,
        }  # fmt: skip
        self._parts.book.keep(case, about)
        self._supersede(case, run)
        LOG.info("deploy_asked", case=case, requester=gathered.requester)
        return self._noted(delivery, f"opened: {case}")

    def _opening(self, gathered: Gathered, brought: Sequence[EvidenceRef], digest: Digest) -> OpenDeploy:
        request = EvidenceRef(
            name="request.json", sha256=digest, kind="github.request",
            source=f"github:{self._parts.github.host}", collected_at=self._parts.clock.now(),
        )  # fmt: skip
        facts = (*gathered.deploy.facts, *self._parts.rules.relied(gathered.deploy.repository))
        return OpenDeploy(
            deploy=gathered.deploy.model_copy(update={"facts": facts}),
            title=gathered.title,
            requester=gathered.requester,
            evidence=tuple({f.name: f for f in (*brought, *gathered.files, request)}.values()),
        )

    def _supersede(self, case: CaseId, run: Run) -> None:
        """What waits for the same environment and is older counts no longer: earlier answers were about something else."""
        mine = self._parts.book.find(case)
        if mine is None:
            return
        for other in self._parts.book.open_at(mine.repository, mine.environment):
            state = self._parts.acts.state(other.case_id)[0]
            older = (int(other.run), other.attempt) < (run.id, run.run_attempt)
            if other.case_id == case or not older or not isinstance(state, Approval) or state.status not in LIVE:
                continue
            again = other.run == mine.run
            because = "The run was started again." if again else f"A newer deployment waits, of {run.head_sha[:12]}."
            try:
                self._parts.acts.act(other.case_id, Supersede(because=because), GITHUB)
            except Refused as refusal:
                LOG.info("deploy_not_superseded", case=other.case_id, code=refusal.code)

    def _reject(
        self,
        delivery: str,
        digest: Digest,
        where: tuple[str, str, str],
        asked: Requested,
        why: str,
        *,
        alarm: bool = False,
    ) -> Went:
        """Say no at GitHub, once: no case comes of this request."""
        if not heard(self._parts.github, *where, digest)[0]:
            say(
                self._parts,
                where,
                asked.environment,
                "rejected",
                f"Rejected by Attester. {why} Request sha256 {digest}",
            )
        return self._noted(delivery, f"rejected: {why}", alarm=alarm)

    def _noted(self, delivery: str, outcome: str, *, alarm: bool = False) -> Went:
        self._parts.book.conclude(delivery, outcome)
        LOG.info("deploy_request", delivery=delivery, outcome=outcome)
        said = f"A request of GitHub ({delivery}) was turned away: {outcome}" if alarm else ""
        return Went("sent", outcome, alarm=said)
