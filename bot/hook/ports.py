"""What the hooks need of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from workflows.approval.model import Environment
from workflows.kernel.identity import Person
from workflows.kernel.model import Actor, CaseId, Command, Digest, EvidenceRef
from workflows.kernel.ports import Clock, Vault


class Kept(Protocol):
    """A deployment as it is kept."""

    @property
    def case_id(self) -> CaseId: ...

    @property
    def repository(self) -> str: ...

    @property
    def environment(self) -> str: ...

    @property
    def commit_sha(self) -> str: ...


class Book(Protocol):
    """The deployments that are kept. ``keep`` gives False where the case is kept already."""

    def keep(self, case: CaseId, about: dict[str, Any]) -> bool: ...

    def find(self, case: CaseId) -> Kept | None: ...

    def open_at(self, repository: str, environment: str) -> Sequence[Kept]: ...

    def settle(self, case: CaseId, at: datetime) -> None: ...


class Acts(Protocol):
    """What is needed of the runtime."""

    def state(self, case: CaseId) -> tuple[Any, int]: ...

    def act(self, case: CaseId, command: Command, by: Actor, *, control: str = "") -> Any: ...


class People(Protocol):
    """Who has a login in the pipeline."""

    def by_account(self, login: str) -> Person | None: ...


class Rules(Protocol):
    """What the program says about an environment."""

    def environment(self, repository: str, environment: str) -> tuple[str, Environment] | None: ...

    def people(self, control: str) -> People: ...

    def uploaded(self, control: str, repository: str, commit: str, names: Sequence[str]) -> tuple[EvidenceRef, ...]:
        """Of the files that were brought to a control for a commit of a repository, the newest of each of these names."""
        ...

    def relied(self, repository: str) -> Sequence[str]:
        """What the newest scans show of a repository and what of it is accepted, a sentence each."""
        ...

    def closing(self, case: CaseId) -> Digest:
        """The attestation of a decision; empty while there is none."""
        ...


@dataclass(frozen=True)
class Parts:
    """What a hook works with. ``clock`` is the product's, ``wall`` the one that pipelines sign with."""

    book: Book
    acts: Acts
    rules: Rules
    vault: Vault
    clock: Clock
    wall: Clock
