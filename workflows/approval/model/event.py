"""What happened in asking and deciding. Names are the predicate types; a changed meaning is a new class.

Texts that people typed, and whatever has a login in it, travel as evidence files: they may have to be erased.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from workflows.approval.model.request import Frame, HandedOver, Request, Role, Step
from workflows.approval.model.setting import Severity
from workflows.kernel.identity import Collection, Person, PersonId
from workflows.kernel.model import Assurance, CaseId, Digest, Event, EvidenceRef


class DeskOpened(Event):
    """The desk of a control is open: requests may come in."""

    NAME: ClassVar[str] = "desk_opened"
    control: str
    title: str
    sources: tuple[str, ...]


class DeskPulled(Event):
    """A source of the catalogue was pulled; the next request looks into this pull."""

    NAME: ClassVar[str] = "desk_pulled"
    ATTESTED: ClassVar[bool] = False
    collection: Collection
    sources: tuple[str, ...]


class ApprovalRequested(Event):
    """Somebody asks for something that one person alone must not decide. ``missing`` is awaited before anybody is asked."""

    NAME: ClassVar[str] = "approval_requested"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "steps", "frame")
    request: Request
    request_sha256: Digest
    steps: tuple[Step, ...]
    frame: Frame
    files: tuple[EvidenceRef, ...] = ()
    missing: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class EvidenceAttached(Event):
    """Evidence came for the case. ``facts`` are what it says of a deploy, in place of what was known before."""

    NAME: ClassVar[str] = "evidence_attached"
    DETACHED: ClassVar[tuple[str, ...]] = ("facts",)
    files: tuple[EvidenceRef, ...]
    missing: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class RiskRated(Event):
    """The owner of a declared risk said how severe it is; who may accept it follows from that."""

    NAME: ClassVar[str] = "risk_rated"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "steps")
    severity: Severity
    request: Request
    request_sha256: Digest
    steps: tuple[Step, ...]


class StepAsked(Event):
    """These people are asked to decide this step, on this evidence and this request."""

    NAME: ClassVar[str] = "step_asked"
    DETACHED: ClassVar[tuple[str, ...]] = ("asked",)
    step: int
    steps: int
    role: Role
    people: tuple[PersonId, ...]
    asked: tuple[Person, ...]
    request_sha256: Digest
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class ApproverReminded(Event):
    """Whoever is asked was reminded."""

    NAME: ClassVar[str] = "approver_reminded"
    ATTESTED: ClassVar[bool] = False
    step: int
    rung: str
    people: tuple[PersonId, ...]


class ApprovalEscalated(Event):
    """Nobody answered, so the next ones are asked as well."""

    NAME: ClassVar[str] = "approval_escalated"
    DETACHED: ClassVar[tuple[str, ...]] = ("asked",)
    step: int
    rung: str
    people: tuple[PersonId, ...]
    asked: tuple[Person, ...]
    skipped: tuple[str, ...] = ()


class HandedOn(Event):
    """Somebody who was asked named another person in their place, until a day."""

    NAME: ClassVar[str] = "approval_handed_over"
    DETACHED: ClassVar[tuple[str, ...]] = ("handed",)
    step: int
    by: PersonId
    to: PersonId
    chain: tuple[PersonId, ...]
    until: AwareDatetime
    handed: HandedOver


class StepApproved(Event):
    """A yes to step ``step`` (from 0) of ``steps``; ``last`` says that nothing more has to be decided."""

    NAME: ClassVar[str] = "step_approved"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "approver", "reason")
    step: int
    steps: int
    role: Role
    last: bool
    approver: Person
    approver_id: PersonId
    requester: PersonId | None
    subject: PersonId | None
    chain: tuple[PersonId, ...]
    request: Request
    request_sha256: Digest
    shown: Digest
    reason: str
    wanted: Assurance
    reached: Assurance
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class RequestShortened(Event):
    """An approver set an earlier end. Everybody from here on is asked about the shorter request."""

    NAME: ClassVar[str] = "request_shortened"
    DETACHED: ClassVar[tuple[str, ...]] = ("request", "reason")
    step: int
    by: PersonId
    was: AwareDatetime | None
    until: AwareDatetime
    reason: str
    request: Request
    request_sha256: Digest


class ApprovalRefused(Event):
    """A no: the case has ended without effect."""

    NAME: ClassVar[str] = "approval_refused"
    DETACHED: ClassVar[tuple[str, ...]] = ("approver", "reason")
    step: int
    steps: int
    role: Role
    approver: Person
    approver_id: PersonId
    requester: PersonId | None
    subject: PersonId | None
    chain: tuple[PersonId, ...]
    request_sha256: Digest
    shown: Digest
    reason: str
    wanted: Assurance
    reached: Assurance
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class ApprovalWithdrawn(Event):
    """Whoever asked took it back before it had any effect."""

    NAME: ClassVar[str] = "approval_withdrawn"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    by: PersonId
    reason: str


class ApprovalLapsed(Event):
    """Nobody answered in time; silence approves nothing."""

    NAME: ClassVar[str] = "approval_lapsed"
    was_due_at: AwareDatetime
    status: str
    asked: tuple[PersonId, ...]
    missing: tuple[str, ...]


class ApprovalSuperseded(Event):
    """What was asked about changed; earlier approvals count for nothing."""

    NAME: ClassVar[str] = "approval_superseded"
    because: str
    files: tuple[EvidenceRef, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return self.files


class AccessReserved(Event):
    """Access was approved for a person; ``under`` are the exceptions for pairs of duties that it rests on."""

    NAME: ClassVar[str] = "access_reserved"
    control: str
    person: PersonId
    name: str
    entry: str
    entitlement: str
    source: str
    of: CaseId
    until: AwareDatetime | None
    under: tuple[CaseId, ...] = ()


class AccessReleased(Event):
    """Access that was approved for a person has ended, or never came to be."""

    NAME: ClassVar[str] = "access_released"
    of: CaseId
    entry: str


class EmergencyReviewed(Event):
    """Somebody independent looked at an emergency afterwards."""

    NAME: ClassVar[str] = "emergency_reviewed"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    by: PersonId
    justified: bool
    reason: str


class EmergencyUnreviewed(Event):
    """Nobody reviewed an emergency in time."""

    NAME: ClassVar[str] = "emergency_unreviewed"
    was_due_at: AwareDatetime
    people: tuple[PersonId, ...]
