"""`POST /hooks/{name}` and `GET /hooks/{name}/{id}`: a pipeline says that a deployment waits, and comes back for the answer.

Nothing is ever called back: an address that a request names would choose where our answers go. A pipeline that polls
learns the same and needs no way in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from bot.answers import answer
from bot.hook.payload import Ended, Waits, problem
from bot.hook.ports import Parts
from bot.hook.signature import believed
from workflows.approval.model import Approval, Deploy, Environment, NoteOutcome, NoteRelease, OpenDeploy, Supersede
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.model import Actor, CaseId, Command, EvidenceRef, by_system, case_id
from workflows.kernel.ports import SigningFailed

Said = tuple[int, dict[str, str], str]
"""Status, headers, body."""

STATES = {"collecting": "waiting", "asked": "waiting", "effective": "approved", "ended": "approved"}
"""How a case stands, as a pipeline reads it; what is not here is said as it is."""
LIVE = ("collecting", "asked", "approved")
HEARD = Counter("attester_hook_requests", "Requests to signed webhooks, by what became of them", ["outcome"])
LOG = structlog.get_logger("attester.hook")


class HookDoor:
    """Takes what pipelines ask. ``secrets`` has the secret of each hook by its name."""

    def __init__(self, secrets: Mapping[str, str], parts: Parts) -> None:
        self._secrets = dict(secrets)
        self._parts = parts

    def receive(self, name: str, body: bytes, headers: Mapping[str, str]) -> Said:
        """A deployment waits, or has ended."""
        if not self._known(name, headers, body):
            return _said(401, "signature")
        try:
            said = json.loads(body)
            if isinstance(said, dict) and "outcome" in said:
                return self._ended(name, Ended.model_validate(said))
            return self._waits(name, Waits.model_validate(said), body)
        except ValidationError as wrong:
            return _said(400, "shape", {"error": problem(wrong)})
        except (ValueError, RecursionError):
            return _said(400, "json", {"error": "The body is no JSON."})
        except Refused as refusal:
            return _said(422, "refused", {"error": refusal.why, "code": refusal.code, "next": refusal.next_step})
        except (Conflict, Unsure, SigningFailed, OSError) as failure:
            LOG.warning("hook_failed", hook=name, error=type(failure).__name__)
            return _said(503, "failed", {"error": answer(failure).text, "next": "Send the same request again."})

    def ask(self, name: str, number: str, headers: Mapping[str, str]) -> Said:
        """How a deployment stands. Whoever is told yes or no has been told: that is recorded."""
        if not self._known(name, headers, f"/hooks/{name}/{number}".encode()):
            return _said(401, "signature")
        case = _case(name, number)
        kept = self._parts.book.find(case) if case else None
        state = self._parts.acts.state(case)[0] if case else None
        if case is None or kept is None or not isinstance(state, Approval):
            return _said(404, "unknown", {"error": "No deployment with this id was asked about here."})
        try:
            self._tell(name, case, state)
        except (Conflict, Unsure, SigningFailed) as failure:
            return _said(503, "failed", {"error": answer(failure).text, "next": "Ask again."})
        return _said(200, "told", self._standing(case))

    def _known(self, name: str, headers: Mapping[str, str], signed: bytes) -> bool:
        # Every name takes as long, so that nobody learns which hooks there are.
        secret = self._secrets.get(name)
        fine = believed(secret or "0" * 32, headers, signed, self._parts.wall.now().timestamp())
        return fine and secret is not None

    def _waits(self, name: str, waits: Waits, body: bytes) -> Said:
        case = _case(name, waits.id)
        if case is None:
            return _said(400, "shape", {"error": "The id is too long. Send a shorter one."})
        kept = self._parts.book.find(case)
        if kept is None:
            self._open(name, case, waits, body)
        elif (kept.repository.lower(), kept.environment.lower(), kept.commit_sha) != (
            waits.repository.lower(), waits.environment.lower(), waits.commit,
        ):  # fmt: skip
            error = "This id was asked about already, for another commit or environment. Send a new id."
            return _said(409, "other", {"error": error})
        return _said(202, "asked", {"case": case, "poll": f"/hooks/{name}/{waits.id}", **self._standing(case)})

    def _open(self, name: str, case: CaseId, waits: Waits, body: bytes) -> None:
        ruled = self._parts.rules.environment(waits.repository, waits.environment)
        if ruled is None or ruled[1].hook != name:
            why = "The program does not let this hook ask about this environment."
            raise Refused("no_such_environment", why, "Add it to a control, with this hook's name.")
        control, environment = ruled
        now = self._parts.clock.now()
        request = EvidenceRef(
            name="request.json", sha256=self._parts.vault.put(body), kind="hook.request", source=f"hook:{name}",
            collected_at=now,
        )  # fmt: skip
        deploy, requester = self._deploy(name, control, environment, waits)
        change = (environment.repository, waits.commit)
        opened = OpenDeploy(
            deploy=deploy,
            title=waits.title or waits.commit[:12],
            requester=requester,
            evidence=(request, *self._parts.rules.uploaded(control, *change, environment.evidence)),
        )
        try:
            self._parts.acts.act(case, opened, _by(name), control=control)
        except Refused as refusal:
            if refusal.code != "already_exists":
                raise
        about = {
            "system": f"hook:{name}", "repository": environment.repository, "environment": environment.environment,
            "run": waits.id, "attempt": 1, "commit_sha": waits.commit, "request_sha256": request.sha256,
        }  # fmt: skip
        self._parts.book.keep(case, about)
        self._supersede(name, case, environment, waits.commit)
        LOG.info("deploy_asked", case=case, hook=name)

    def _deploy(self, name: str, control: str, environment: Environment, waits: Waits) -> tuple[Deploy, str | None]:
        people = self._parts.rules.people(control)
        found = {login: people.by_account(login) for login in (waits.requester, *waits.authors)}
        requester = found[waits.requester]
        authors = {p.id: p for login in waits.authors if (p := found[login]) is not None}
        said = f"Asked by the hook {name}; who started and wrote it is as that pipeline says"
        deploy = Deploy(
            repository=environment.repository,
            environment=environment.environment,
            run=waits.id,
            attempt=1,
            commit=waits.commit,
            subject=waits.title,
            authors=tuple(authors),
            author_names=tuple(p.name for p in authors.values()),
            unknown=tuple(login for login, person in found.items() if person is None),
            facts=(said, *self._parts.rules.relied(environment.repository)),
            system=f"hook:{name}",
            starters=(requester.id,) if requester else (),
            started_by=waits.requester,
            link=waits.url,
        )
        return deploy, requester.id if requester else None

    def _supersede(self, name: str, case: CaseId, environment: Environment, commit: str) -> None:
        """Earlier questions about the same environment count no longer."""
        for other in self._parts.book.open_at(environment.repository, environment.environment):
            state = self._parts.acts.state(other.case_id)[0]
            if other.case_id != case and isinstance(state, Approval) and state.status in LIVE:
                self._act(other.case_id, Supersede(because=f"A newer deployment waits, of {commit[:12]}."), name)

    def _tell(self, name: str, case: CaseId, state: Approval) -> None:
        if state.told:
            return
        if state.status == "approved":
            self._act(case, NoteRelease(told="approved"), name)
        elif state.status in ("refused", "lapsed", "superseded", "withdrawn"):
            self._act(case, NoteRelease(told="rejected"), name)
            self._parts.book.settle(case, self._parts.clock.now())

    def _ended(self, name: str, ended: Ended) -> Said:
        case = _case(name, ended.id)
        kept = self._parts.book.find(case) if case else None
        if case is None or kept is None:
            return _said(404, "unknown", {"error": "No deployment with this id was asked about here."})
        self._parts.acts.act(case, NoteOutcome(outcome=ended.outcome), _by(name))
        self._parts.book.settle(case, self._parts.clock.now())
        return _said(200, "ended", {"case": case, **self._standing(case)})

    def _act(self, case: CaseId, command: Command, name: str) -> None:
        try:
            self._parts.acts.act(case, command, _by(name))
        except Refused as refusal:
            # Another request of the same pipeline was there first.
            LOG.info("hook_refused", case=case, code=refusal.code)

    def _standing(self, case: CaseId) -> dict[str, str | None]:
        state = self._parts.acts.state(case)[0]
        status = state.status if isinstance(state, Approval) else ""
        return {"state": STATES.get(status, status), "attestation": self._parts.rules.closing(case) or None}


def _by(name: str) -> Actor:
    return by_system(f"hook:{name}")


def _case(name: str, number: str) -> CaseId | None:
    try:
        return case_id("approval", "deploy", "hook", name, number)
    except ValueError:
        return None


def _said(status: int, outcome: str, said: Mapping[str, Any] | None = None) -> Said:
    HEARD.labels(outcome).inc()
    if said is None:
        return status, {}, ""
    return status, {"content-type": "application/json"}, json.dumps(said)
