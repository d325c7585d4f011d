"""A deployment is looked at again: evidence that was awaited, a run that ended by itself, and how it went at last."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.github.asked import GITHUB
from bot.github.client import GitHubFailed, of
from bot.github.collect import Place, foreign
from bot.github.run import Run, read_run
from bot.github.tell import AGAIN
from bot.github.work import Deploy, Parts, Went, say, went
from workflows.approval.model import Approval, AttachEvidence, NoteOutcome, Supersede
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, Command

EVERY = {"collecting": timedelta(seconds=30), "asked": timedelta(minutes=2), "effective": timedelta(minutes=1)}
SELDOM = timedelta(minutes=10)
REPORT_AFTER, REPORT_EVERY = timedelta(minutes=30), timedelta(hours=2)
MOST_REPORTS = 10
"""GitHub takes so many status reports for one deployment."""
GIVEN_UP = timedelta(days=7)
TERMINAL = ("success", "failure", "error")
CANCELLED = "The run ended at GitHub before anybody answered."
LOG = structlog.get_logger("attester.github")


class LookWork:
    """Looks at one deployment, and says when to look again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def deliver(self, case: CaseId) -> Went:
        """Look once."""
        deploy, state = self._parts.book.find(case), self._parts.acts.state(case)[0]
        if deploy is None or not isinstance(state, Approval):
            return Went("sent", "nothing is to be looked at")
        now = self._parts.clock.now()
        if state.over and (state.told or state.status == "superseded"):
            self._parts.book.settle(case, now)
            return Went("sent", "it is over")
        self._parts.book.put_off(case, now + EVERY.get(state.status, SELDOM))
        try:
            if state.status in ("collecting", "asked"):
                return self._waiting(deploy, state)
            if state.status == "effective":
                return self._released(deploy, state)
        except GitHubFailed as failure:
            return went(failure) if failure.kind == "later" else Went("sent", f"looked in vain: {failure}")
        return Went("sent", f"nothing to do while it is {state.status}")

    def _waiting(self, deploy: Deploy, state: Approval) -> Went:
        run, raw = read_run(self._parts.github, deploy.installation, deploy.repository, deploy.run)
        if run.run_attempt != deploy.attempt or run.over or run.head_sha != deploy.commit_sha:
            because = AGAIN if run.run_attempt != deploy.attempt else CANCELLED
            self._act(deploy, Supersede(because=because))
            self._parts.book.settle(deploy.case_id, self._parts.clock.now())
            return Went("sent", because)
        if state.status == "asked":
            return Went("sent", "it still waits")
        return self._collect(deploy, state, run, raw)

    def _collect(self, deploy: Deploy, state: Approval, run: Run, raw: bytes) -> Went:
        ruled = self._parts.rules.environment(deploy.repository, deploy.environment)
        if ruled is None:
            return Went("sent", "the program does not name its environment any more")
        place = Place(deploy.installation, deploy.repository, deploy.environment, ruled[1].evidence)
        gathered = self._parts.collector.gather(place, run, raw, self._parts.rules.people(ruled[0]))
        brought = self._parts.rules.uploaded(ruled[0], deploy.repository, run.head_sha, foreign(state.missing))
        fresh = tuple({f.name: f for f in (*brought, *gathered.files) if f.name in state.missing}.values())
        if fresh:
            facts = (*gathered.deploy.facts, *self._parts.rules.relied(deploy.repository))
            self._act(deploy, AttachEvidence(evidence=fresh, commit=run.head_sha, facts=facts))
            return Went("sent", f"came: {', '.join(f.name for f in fresh)}")
        return self._report(deploy, state)

    def _report(self, deploy: Deploy, state: Approval) -> Went:
        """Say at GitHub what is awaited, now and then: whoever started it looks there."""
        now = self._parts.clock.now()
        due = state.requested_at + REPORT_AFTER + deploy.reports * REPORT_EVERY
        if now < due or deploy.reports >= MOST_REPORTS:
            return Went("sent", "still awaited")
        where = (deploy.installation, deploy.repository, deploy.run)
        # Counted first: a report that is lost is better than an eleventh.
        self._parts.book.put_off(deploy.case_id, now + EVERY["collecting"], reports=deploy.reports + 1)
        comment = f"Attester waits for {', '.join(state.missing)} before anybody is asked."
        say(self._parts, where, deploy.environment, "", comment)
        return Went("sent", "reported what is awaited")

    def _released(self, deploy: Deploy, state: Approval) -> Went:
        where = of(deploy.repository, "deployments", deploy.deployment, "statuses")
        listed = self._parts.github.rows(deploy.installation, where)
        ended = next((str(row["state"]) for row in listed.rows if row.get("state") in TERMINAL), "")
        now = self._parts.clock.now()
        if not ended and state.effective_at is not None and now < state.effective_at + GIVEN_UP:
            return Went("sent", "it is on its way")
        names = ["deployment_status.json", *(f"{n}-deployment_status.json" for n in range(2, len(listed.raw) + 1))]
        pairs = zip(names, listed.raw, strict=True)
        files = tuple(self._parts.collector.keep(name, raw, now) for name, raw in pairs)
        self._act(deploy, NoteOutcome(outcome=ended or "GitHub never said", evidence=files))
        self._parts.book.settle(deploy.case_id, now)
        return Went("sent", f"ended: {ended}")

    def _act(self, deploy: Deploy, command: Command) -> None:
        try:
            self._parts.acts.act(deploy.case_id, command, GITHUB)
        except Refused as refusal:
            LOG.info("deploy_look_refused", case=deploy.case_id, code=refusal.code)
