"""What the parts that work on GitHub's requests need of the rest, and how they say how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from bot.github.client import GitHub, GitHubFailed, of
from bot.github.collect import Collector, People
from workflows.approval.model import Environment
from workflows.kernel.model import Actor, CaseId, Command, Digest, EvidenceRef, case_id
from workflows.kernel.ports import Clock

COMMENT = 1024
"""GitHub's limit of a comment, in characters."""


@dataclass(frozen=True)
class Went:
    """How a piece of work went; `unsure`, `later` and `failed` come again. ``alarm`` is a sentence for the operator."""

    kind: Literal["sent", "later", "unsure", "failed", "dead"]
    note: str = ""
    seconds: float = 0.0
    alarm: str = ""


def went(failure: GitHubFailed) -> Went:
    """How it went, where GitHub did not do it."""
    return Went(failure.kind, str(failure), failure.seconds)


class Deploy(Protocol):
    """A deployment as it is kept (`bot.store.pipeline.PipelineDeploy`)."""

    @property
    def case_id(self) -> CaseId: ...

    @property
    def repository(self) -> str: ...

    @property
    def environment(self) -> str: ...

    @property
    def run(self) -> str: ...

    @property
    def attempt(self) -> int: ...

    @property
    def commit_sha(self) -> str: ...

    @property
    def installation(self) -> str: ...

    @property
    def deployment(self) -> str: ...

    @property
    def reports(self) -> int: ...

    @property
    def at(self) -> datetime: ...


class Book(Protocol):
    """The deployments that are kept. ``keep`` gives False where the case is kept already."""

    def keep(self, case: CaseId, about: dict[str, Any]) -> bool: ...

    def find(self, case: CaseId) -> Deploy | None: ...

    def open_at(self, repository: str, environment: str) -> Sequence[Deploy]: ...

    def known(self, repository: str, environment: str) -> Sequence[Deploy]: ...

    def watched(self, start: str) -> Sequence[CaseId]: ...

    def put_off(self, case: CaseId, look_at: datetime, *, reports: int | None = None) -> None: ...

    def settle(self, case: CaseId, at: datetime) -> None: ...

    def request(self, delivery: str) -> tuple[Digest, bytes] | None: ...

    def conclude(self, delivery: str, outcome: str) -> None: ...

    def tell_again(self, case: CaseId, deployment: str) -> None: ...

    def review_again(self, delivery: str, tries: int) -> None: ...


class Acts(Protocol):
    """What is needed of the runtime."""

    def state(self, case: CaseId) -> tuple[Any, int]: ...

    def act(self, case: CaseId, command: Command, by: Actor, *, control: str = "") -> Any: ...


class Rules(Protocol):
    """What the program says about an environment."""

    def environment(self, repository: str, environment: str) -> tuple[str, Environment] | None:
        """The control and the entry; None where the program names no such environment."""
        ...

    def protected(self) -> Sequence[tuple[str, Environment]]:
        """(control, entry) of every environment that GitHub asks about."""
        ...

    def people(self, control: str) -> People:
        """Who is who, as this control and the directory have it."""
        ...

    def uploaded(self, control: str, repository: str, commit: str, names: Sequence[str]) -> tuple[EvidenceRef, ...]:
        """Of the files that were brought to a control for a commit of a repository, the newest of each of these names."""
        ...

    def relied(self, repository: str) -> Sequence[str]:
        """What the newest scans show of a repository and what of it is accepted, a sentence each."""
        ...

    def since(self, control: str) -> datetime | None:
        """From when a control is in force."""
        ...

    def closing(self, case: CaseId) -> Digest:
        """The newest attestation of a case: what a decision is named by at GitHub."""
        ...

    def link(self, case: CaseId) -> str:
        """Where somebody reads about a case; empty without a public address."""
        ...


@dataclass(frozen=True)
class Parts:
    """What the work is done with."""

    github: GitHub
    collector: Collector
    book: Book
    acts: Acts
    rules: Rules
    clock: Clock
    app: str


def case_of(repository: str, environment: str, run: str, attempt: int) -> CaseId:
    """The case of one attempt of one run to one environment. Raises ValueError where the names are too long for one."""
    return case_id("approval", "deploy", *repository.split("/"), environment, run, str(attempt))


def answer_at(repository: str, run: str) -> str:
    """Where a decision about a run is said: built by us, whatever the request says."""
    return of(repository, "actions", "runs", run, "deployment_protection_rule")


def heard(github: GitHub, installation: str, repository: str, run: str, mark: str) -> tuple[bool, bytes]:
    """Whether GitHub has a decision whose comment bears our mark, and its exact answer. Raises GitHubFailed."""
    answer = github.read(installation, of(repository, "actions", "runs", run, "approvals"))
    rows = answer.said if isinstance(answer.said, list) else []
    return any(isinstance(r, dict) and mark in str(r.get("comment") or "") for r in rows), answer.raw


def say(parts: Parts, where: tuple[str, str, str], environment: str, state: str, comment: str) -> None:
    """Say a decision at GitHub; ``where`` is installation, repository, run. 204 is the only success. Raises GitHubFailed."""
    installation, repository, run = where
    body = {"environment_name": environment, "comment": comment[:COMMENT]}
    if state:
        body["state"] = state
    answer = parts.github.post(installation, answer_at(repository, run), body)
    if answer.status != 204:
        said = answer.said.get("message", "") if isinstance(answer.said, dict) else ""
        raise GitHubFailed("failed", f"GitHub answered {answer.status}: {str(said)[:200]}", status=answer.status)
