"""Ways around: whether each protected environment is closed, and whether something went out to it without our yes.

CC8.1. Looked at once a day by a worker, and by `attester doctor`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from bot.github.asked import GITHUB
from bot.github.client import Answer, GitHubFailed, of
from bot.github.run import read_run
from bot.github.work import Deploy, Parts, Went, case_of, heard, went
from workflows.approval import model
from workflows.approval.model import Approval, Environment, NoteBypass, NoteUnguarded
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, Command, case_id

ASKED_AGAIN = timedelta(days=30)
"""An open door that was explained is asked about again after this, or when another one opens."""
LAST = 20
WENT_OUT = ("success", "inactive")
NO_RULE = "Attester's protection rule is not enabled here, so runs go out without asking."
ADMINS = "Administrators may bypass the rules of this environment."
ADMINS_UNKNOWN = "GitHub does not say whether administrators may bypass the rules of this environment."
BRANCHES = "Any branch may be deployed here: there is no branch policy."
NO_REVIEWERS = "GitHub asks nobody here: the environment has no required reviewers."
SELF_REVIEW = "Whoever started a run may approve it: GitHub's “Prevent self-review” is off."
NO_ENVIRONMENT = "GitHub has no environment of this name; a job that names it makes one without any rules."
_RUN = re.compile(r"/actions/runs/([1-9][0-9]{0,19})(?:/|$)")
LOG = structlog.get_logger("attester.github")


class Seen(NamedTuple):
    """One finding: whether it is as it should be, and a sentence."""

    fine: bool
    said: str


class GuardWork:
    """Looks at environments and at what went out to them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def deliver(self, repository: str, environment: str) -> Went:
        """One environment's daily look: what is wrong becomes a case that its control owner is asked about."""
        ruled = self._parts.rules.environment(repository, environment)
        if ruled is None or ruled[1].hook is not None:
            return Went("sent", "the program does not protect it any more")
        control = ruled[0]
        try:
            installation = self._installation(repository)
            doors, raw = self._doors(installation, ruled[1])
            self._note_doors(control, repository, environment, doors, raw)
            around = self._around(installation, control, repository, environment)
        except GitHubFailed as failure:
            return went(failure)
        return Went("sent", f"{len(doors)} ways around, {around} deployments went one")

    def seen(self) -> Iterator[Seen]:
        """What `attester doctor` says. Raises nothing: what cannot be read is a finding."""
        try:
            app = self._parts.github.as_app("/app").said
            name = app.get("slug") if isinstance(app, dict) else ""
            yield Seen(True, f"The GitHub App {name} signs in at {self._parts.github.host}.")
        except GitHubFailed as failure:
            yield Seen(False, f"The GitHub App cannot sign in: {failure}. Check GITHUB_APP_ID and its private key.")
            return
        for _, entry in self._parts.rules.protected():
            place = f"{entry.environment} of {entry.repository}"
            try:
                installation = self._installation(entry.repository)
                doors, _ = self._doors(installation, entry)
                told = self._told(installation, entry.repository, entry.environment)
            except GitHubFailed as failure:
                yield Seen(
                    False, f"{place}: {failure}. Install the App there, with the permissions of docs/deploys.md."
                )
                continue
            for door in doors:
                yield Seen(False, f"{place}: {door} Close it in the environment's settings at GitHub.")
            if not doors:
                yield Seen(True, f"{place} is closed; GitHub and the ledger agree on its last {told} answers.")

    def _installation(self, repository: str) -> str:
        said = self._parts.github.as_app(of(repository, "installation")).said
        number = said.get("id") if isinstance(said, dict) else None
        if not isinstance(number, int):
            raise GitHubFailed("failed", "GitHub does not say where the App is installed")
        return str(number)

    def _doors(self, installation: str, entry: Environment) -> tuple[tuple[str, ...], list[bytes]]:
        """The ways around, a sentence each, and the exact answers that they were read from."""
        where = of(entry.repository, "environments", entry.environment)
        try:
            found = self._parts.github.read(installation, where)
        except GitHubFailed as failure:
            if failure.status == 404:
                return (NO_ENVIRONMENT,), []
            raise
        rules = self._parts.github.read(installation, f"{where}/deployment_protection_rules")
        said = found.said if isinstance(found.said, dict) else {}
        doors = _reviewed_there(said) if entry.decided == "github" else [] if self._ours(rules) else [NO_RULE]
        if said.get("can_admins_bypass") is not False:
            doors.append(ADMINS if said.get("can_admins_bypass") is True else ADMINS_UNKNOWN)
        if not said.get("deployment_branch_policy"):
            doors.append(BRANCHES)
        return tuple(doors), [found.raw, rules.raw]

    def _ours(self, rules: Answer) -> bool:
        rows = rules.said.get("custom_deployment_protection_rules") if isinstance(rules.said, dict) else None
        apps = [r.get("app") or {} for r in rows or () if isinstance(r, dict) and r.get("enabled") is True]
        return any(str(app.get("id")) == self._parts.app for app in apps)

    def _note_doors(
        self, control: str, repository: str, environment: str, doors: tuple[str, ...], raw: Sequence[bytes]
    ) -> None:
        if not doors or self._known(repository, environment, doors):
            return
        now = self._parts.clock.now()
        keep = self._parts.collector.keep
        names = ("environment.json", "protection_rules.json")
        files = tuple(keep(name, data, now) for name, data in zip(names, raw, strict=False))
        noted = NoteUnguarded(repository=repository, environment=environment, doors=doors, evidence=files)
        self._act(_guard_case(repository, environment, now.date().isoformat()), noted, control)

    def _known(self, repository: str, environment: str, doors: tuple[str, ...]) -> bool:
        """Whether the control owner is asked about these doors already, or answered not long ago."""
        cases = self._parts.book.watched(f"{_guard_case(repository, environment, 'x')[:-1]}")
        state = self._parts.acts.state(cases[-1])[0] if cases else None
        if not isinstance(state, Approval) or state.request.deploy is None:
            return False
        same = set(doors) <= set(state.request.deploy.facts)
        recent = state.closed_at is None or self._parts.clock.now() - state.closed_at < ASKED_AGAIN
        return same and recent

    def _around(self, installation: str, control: str, repository: str, environment: str) -> int:
        """Note every deployment that went out without our yes; returns how many were new."""
        where, since = of(repository, "deployments"), self._parts.rules.since(control)
        listed = self._parts.github.read(installation, where, {"environment": environment, "per_page": "100"})
        known = self._parts.book.known(repository, environment)
        found = 0
        for row in listed.said if isinstance(listed.said, list) else ():
            if isinstance(row, dict) and isinstance(row.get("id"), int) and _after(row, since):
                found += self._look(installation, control, (repository, environment), row, known)
        return found

    def _look(
        self, installation: str, control: str, place: tuple[str, str], row: dict[str, Any], known: Sequence[Deploy]
    ) -> bool:
        repository, environment = place
        number, commit = str(row["id"]), str(row.get("sha") or "")
        if any(d.deployment == number and self._approved(d.case_id) for d in known):
            return False
        states = self._parts.github.rows(installation, of(repository, "deployments", number, "statuses"))
        if not any(s.get("state") in WENT_OUT for s in states.rows):
            return False
        run = next((m[1] for s in states.rows if (m := _RUN.search(_log(s)))), "")
        if run and any(d.run == run and d.commit_sha == commit and self._approved(d.case_id) for d in known):
            return False
        attempt = read_run(self._parts.github, installation, repository, run)[0].run_attempt if run else 1
        deploy = model.Deploy(
            repository=repository, environment=environment, run=run or f"deployment-{number}", attempt=attempt,
            commit=commit, system="github", started_by=_creator(row),
        )  # fmt: skip
        now = self._parts.clock.now()
        files = tuple(self._parts.collector.keep("deployment_status.json", raw, now) for raw in states.raw[:1])
        case = case_of(repository, environment, deploy.run, attempt)
        return self._act(case, NoteBypass(deploy=deploy, title=commit[:12], evidence=files), control)

    def _approved(self, case: CaseId) -> bool:
        state = self._parts.acts.state(case)[0]
        return isinstance(state, Approval) and (state.told == "approved" or state.status == "bypassed")

    def _told(self, installation: str, repository: str, environment: str) -> int:
        """How many of the last answers GitHub has as we have them. Raises GitHubFailed where one is missing there."""
        checked = 0
        for deploy in list(self._parts.book.known(repository, environment))[-LAST:]:
            state = self._parts.acts.state(deploy.case_id)[0]
            if not isinstance(state, Approval) or state.told != "approved" or not state.decisions:
                continue
            mark = state.decisions[-1].attestation or ""
            if not heard(self._parts.github, installation, repository, deploy.run, mark)[0]:
                raise GitHubFailed("failed", f"GitHub does not show the answer to {deploy.case_id}")
            checked += 1
        return checked

    def _act(self, case: CaseId, command: Command, control: str) -> bool:
        try:
            self._parts.acts.act(case, command, GITHUB, control=control)
        except Refused as refusal:
            LOG.info("guard_refused", case=case, code=refusal.code)
            return False
        LOG.warning("deploy_guard", case=case, noted=type(command).__name__)
        return True


def _reviewed_there(said: dict[str, Any]) -> list[str]:
    """Ways around GitHub's own review: nobody has to look, or whoever started it may."""
    rows = said.get("protection_rules")
    rules = [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
    asking = [r for r in rules if r.get("type") == "required_reviewers" and r.get("reviewers")]
    if not asking:
        return [NO_REVIEWERS]
    return [] if any(r.get("prevent_self_review") is True for r in asking) else [SELF_REVIEW]


def _guard_case(repository: str, environment: str, day: str) -> CaseId:
    return case_id("approval", "deploy", *repository.split("/"), environment, "guard", day)


def _after(row: dict[str, Any], since: datetime | None) -> bool:
    """Whether a deployment was made while the control was in force; one without a time counts."""
    try:
        at = datetime.fromisoformat(str(row.get("created_at")))
    except ValueError:
        return True
    return since is None or at.tzinfo is None or at >= since


def _log(status: dict[str, Any]) -> str:
    return f"{status.get('log_url') or ''} {status.get('target_url') or ''}".replace(" ", "/ ")


def _creator(row: dict[str, Any]) -> str:
    creator = row.get("creator")
    return str(creator.get("login") or "")[:100] if isinstance(creator, dict) else ""
