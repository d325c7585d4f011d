"""What happened after a yes: access granted and gone, a deploy told, a weakness gone or still there."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.approval.model.command import Task
from workflows.approval.model.request import Frame, OutsideReview, Request
from workflows.kernel.identity import Collection, LineKey, Person, PersonId
from workflows.kernel.model import Digest, Event, EvidenceRef


def population(collection: Collection) -> EvidenceRef:
    """The certificate of a pull, as evidence."""
    return EvidenceRef(
        name=f"{collection.source}/population.json",
        sha256=collection.id,
        kind="population",
        source=collection.source,
        collected_at=collection.ended_at,
    )


class GrantRequested(Event):
    """What was approved is to be granted: by whom, and ``way``, by what itself where nobody has to be asked."""

    NAME: ClassVar[str] = "grant_requested"
    DETACHED: ClassVar[tuple[str, ...]] = ("granter",)
    granter: Person
    granter_id: PersonId
    until: AwareDatetime | None
    due_at: AwareDatetime
    way: str = ""


class TaskReported(Event):
    """Whoever was asked says that it is done, or the system took it (``by`` is empty, its answer is among the evidence).

    A claim all the same: only a later complete pull shows it.
    """

    NAME: ClassVar[str] = "task_reported"
    task: Task
    by: PersonId
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class TaskBlocked(Event):
    """Whoever was asked says why it cannot be done; ``by`` is empty where the system did not take it."""

    NAME: ClassVar[str] = "task_blocked"
    DETACHED: ClassVar[tuple[str, ...]] = ("because",)
    task: Task
    by: PersonId
    because: str


class GrantVerified(Event):
    """A complete pull shows the access: from now on it is in effect."""

    NAME: ClassVar[str] = "grant_verified"
    collection: Collection
    key: LineKey
    via: tuple[str, ...]

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection),)


class GrantRefuted(Event):
    """A complete pull shows something else than what was approved: nothing of it (`absent`), or more (`extra`)."""

    NAME: ClassVar[str] = "grant_refuted"
    what: Literal["absent", "extra"]
    collection: Collection
    extra: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection),)


class EndAnnounced(Event):
    """The end comes near, or is there; at the end somebody is asked to take the access away."""

    NAME: ClassVar[str] = "end_announced"
    rung: Literal["first", "second", "last", "end"]
    until: AwareDatetime
    people: tuple[PersonId, ...]


class AccessEnded(Event):
    """A complete pull no longer shows the access."""

    NAME: ClassVar[str] = "access_ended"
    collection: Collection
    early: bool = False
    late: bool = False

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection),)


class AccessNotEnded(Event):
    """The access is over and not gone: a complete pull still shows it, or a day passed without one that proves it."""

    NAME: ClassVar[str] = "access_not_ended"
    until: AwareDatetime
    cause: str
    via: tuple[str, ...] = ()
    collection: Collection | None = None

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection),) if self.collection else ()


class DeployReleased(Event):
    """GitHub was told to let the deployment go, and has taken it."""

    NAME: ClassVar[str] = "deploy_released"
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class DeployRejected(Event):
    """GitHub was told to stop the deployment, and has taken it."""

    NAME: ClassVar[str] = "deploy_rejected"
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class DeployOutcomeSeen(Event):
    """How the deployment ended, as GitHub says."""

    NAME: ClassVar[str] = "deploy_outcome_seen"
    outcome: str
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class DeployBypassed(Event):
    """A deployment went out to a protected environment without our approval."""

    NAME: ClassVar[str] = "deploy_bypassed"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "frame")
    repository: str
    environment: str
    run: str
    attempt: int
    commit: str
    request: Request
    frame: Frame
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class DeployReviewed(Event):
    """GitHub's own reviewer decided a deployment. Nobody was asked here: ``level`` is GitHub's sign-in and never one of ours.

    ``independent`` says whether it shows that another person than its authors and starters approved it.
    """

    NAME: ClassVar[str] = "deploy_reviewed"
    DETACHED: ClassVar[tuple[str, ...]] = ("review", "request", "frame")
    repository: str
    environment: str
    run: str
    attempt: int
    commit: str
    verdict: Literal["approved", "rejected"]
    independent: bool
    level: Literal["github"] = "github"
    review: OutsideReview
    request: Request
    request_sha256: Digest
    frame: Frame
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class DeployUnguarded(Event):
    """A protected environment can be deployed to around our approval; ``doors`` says how, a sentence each."""

    NAME: ClassVar[str] = "deploy_unguarded"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "frame")
    repository: str
    environment: str
    doors: tuple[str, ...]
    request: Request
    frame: Frame
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class DismissalUncovered(Event):
    """Findings were put aside in a scanner, and nobody accepted them here; ``findings`` has a line for each."""

    NAME: ClassVar[str] = "dismissal_uncovered"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "frame", "findings")
    tool: str
    repository: str
    findings: tuple[str, ...]
    more: int
    request: Request
    frame: Frame
    scan: EvidenceRef

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (self.scan,)


class BypassExplained(Event):
    """The control owner said how a deployment went out, or can go out, without an approval; or why findings were put aside."""

    NAME: ClassVar[str] = "bypass_explained"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    by: PersonId
    reason: str


class ExceptionStarted(Event):
    """The weakness is accepted until a day; gates let it pass."""

    NAME: ClassVar[str] = "exception_started"
    until: AwareDatetime


class FindingGone(Event):
    """A complete later scan no longer has the finding."""

    NAME: ClassVar[str] = "finding_gone"
    scan: EvidenceRef

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (self.scan,)


class ExceptionLapsed(Event):
    """The end of an exception passed and nothing shows that the weakness is gone: the gate is closed again."""

    NAME: ClassVar[str] = "exception_lapsed"
    until: AwareDatetime
