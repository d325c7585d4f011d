"""GitHub is told what was decided: once, whatever breaks on the way, and read back."""

from __future__ import annotations

from typing import Literal

import structlog

from bot.github.asked import GITHUB
from bot.github.client import GitHubFailed
from bot.github.run import read_run
from bot.github.work import Deploy, Parts, Went, heard, say, went
from workflows.approval.model import Approval, NoteRelease, Supersede
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId

Verdict = Literal["approved", "rejected"]
SAID = {
    "approved": "Approved in Attester.",
    "refused": "Rejected in Attester.",
    "lapsed": "Rejected by Attester: nobody answered in time.",
    "superseded": "Rejected by Attester: what was asked about has changed.",
    "withdrawn": "Rejected by Attester: the request was taken back.",
}
AGAIN = "The run was started again."
ENDED = "The run ended at GitHub before it was told."
LOG = structlog.get_logger("attester.github")


class TellWork:
    """Tells decisions. GitHub is asked first whether it has heard already, so that a lost answer is no second telling."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def deliver(self, case: CaseId, again: str = "") -> Went:
        """Tell one decision; ``again`` is the deployment of another job of the same attempt that waits for the same answer."""
        deploy, state = self._parts.book.find(case), self._parts.acts.state(case)[0]
        if deploy is None or not isinstance(state, Approval) or state.status not in SAID | {"effective": ""}:
            return Went("sent", "nothing is to be told")
        verdict: Verdict = "approved" if state.status in ("approved", "effective") else "rejected"
        if state.told and not again:
            self._done(deploy, verdict)
            return Went("sent", "it was told already")
        try:
            return self._tell(deploy, state, verdict, again=again)
        except GitHubFailed as failure:
            return went(failure)

    def _tell(self, deploy: Deploy, state: Approval, verdict: Verdict, *, again: str) -> Went:
        where = (deploy.installation, deploy.repository, deploy.run)
        mark = f"{self._mark(state)} deployment {again}" if again else self._mark(state)
        told, raw = heard(self._parts.github, *where, mark)
        if not told:
            run, _ = read_run(self._parts.github, *where)
            if run.run_attempt != deploy.attempt or run.over:
                # GitHub knows a run and an environment, not an attempt: a word about this one would decide the next.
                return self._gone(deploy, verdict, AGAIN if run.run_attempt != deploy.attempt else ENDED)
            say(self._parts, where, deploy.environment, verdict, self._comment(state, mark))
            _, raw = heard(self._parts.github, *where, mark)
        kept = self._parts.collector.keep("approvals.json", raw, self._parts.clock.now())
        try:
            self._parts.acts.act(deploy.case_id, NoteRelease(told=verdict, evidence=(kept,)), GITHUB)
        except Refused as refusal:
            LOG.info("deploy_told_already", case=deploy.case_id, code=refusal.code)
        self._done(deploy, verdict)
        return Went("sent", f"told: {verdict}")

    def _mark(self, state: Approval) -> str:
        """The attestation by which GitHub's word and ours are found from each other."""
        if state.status in ("approved", "effective") and state.decisions and state.decisions[-1].attestation:
            return state.decisions[-1].attestation
        return self._parts.rules.closing(state.case)

    def _comment(self, state: Approval, mark: str) -> str:
        # A public repository shows it to everybody: no names, no reasons.
        said = SAID.get(state.status, SAID["approved"])
        return f"{said} Attestation sha256 {mark} {self._parts.rules.link(state.case)}".rstrip()

    def _gone(self, deploy: Deploy, verdict: Verdict, because: str) -> Went:
        if verdict == "approved":
            try:
                self._parts.acts.act(deploy.case_id, Supersede(because=because), GITHUB)
            except Refused as refusal:
                LOG.info("deploy_not_superseded", case=deploy.case_id, code=refusal.code)
        self._parts.book.settle(deploy.case_id, self._parts.clock.now())
        return Went("sent", f"nobody to tell: {because}")

    def _done(self, deploy: Deploy, verdict: Verdict) -> None:
        now = self._parts.clock.now()
        if verdict == "rejected":
            self._parts.book.settle(deploy.case_id, now)
        else:
            self._parts.book.put_off(deploy.case_id, now)
