"""What other systems say of an approval: scanners and pipelines. No click reaches these."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from workflows.approval.model.command import SystemCommand, Task
from workflows.approval.model.request import Deploy, Finding
from workflows.approval.model.setting import Severity
from workflows.kernel.identity import PersonId
from workflows.kernel.model import EvidenceRef


class OpenFinding(SystemCommand):
    """Somebody asks to accept a finding that stands in stored scanner evidence."""

    finding: Finding
    scan: EvidenceRef
    severity: Severity
    owner: PersonId
    requester: PersonId
    reason: str
    until: AwareDatetime


class OpenDeploy(SystemCommand):
    """A pipeline asks whether a deployment may go. ``missing`` is what is awaited before anybody is asked."""

    deploy: Deploy
    title: str
    requester: PersonId | None = None
    evidence: tuple[EvidenceRef, ...] = ()
    missing: tuple[str, ...] = ()


class AttachEvidence(SystemCommand):
    """Evidence came for the case; ``missing`` is what is still awaited. ``commit`` is what a deploy's evidence is about."""

    evidence: tuple[EvidenceRef, ...]
    missing: tuple[str, ...] = ()
    commit: str = ""
    facts: tuple[str, ...] = ()


class NoteRelease(SystemCommand):
    """GitHub was told. ``state`` is what it then said about the run."""

    told: Literal["approved", "rejected"]
    evidence: tuple[EvidenceRef, ...] = ()


class NoteReview(SystemCommand):
    """GitHub's own reviewer decided a deployment, in an environment that the program leaves to them."""

    deploy: Deploy
    title: str
    requester: PersonId | None = None
    verdict: Literal["approved", "rejected"]
    login: str
    reviewer: PersonId | None = None
    evidence: tuple[EvidenceRef, ...] = ()


class NoteOutcome(SystemCommand):
    """How a deployment ended, as GitHub says."""

    outcome: str
    evidence: tuple[EvidenceRef, ...] = ()


class NoteBypass(SystemCommand):
    """A deployment went out to a protected environment without our approval."""

    deploy: Deploy
    title: str
    evidence: tuple[EvidenceRef, ...] = ()


class NoteUnguarded(SystemCommand):
    """A protected environment can be deployed to around our approval. ``doors`` says how, a sentence each."""

    repository: str
    environment: str
    doors: tuple[str, ...]
    evidence: tuple[EvidenceRef, ...] = ()


class NoteDismissals(SystemCommand):
    """A scan shows findings that somebody put aside in the tool, and that nobody accepted here; a line for each."""

    tool: str
    repository: str
    findings: tuple[str, ...]
    more: int = 0
    scan: EvidenceRef


class ReportThrough(SystemCommand):
    """The system took it: added to the group or team, or taken out of it. ``answer`` is what it said."""

    task: Task
    answer: EvidenceRef


class BlockThrough(SystemCommand):
    """The system did not take it, and will not: a person is asked."""

    task: Task
    because: str


class SeeScan(SystemCommand):
    """A later scan: whether it is whole and of the right commit, and what it says about the finding."""

    scan: EvidenceRef
    complete: bool
    found: bool
    severity: Severity | None = None
    place: str = ""
