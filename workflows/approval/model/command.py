"""What people, systems and time want of an approval. NEED `system` is never reachable by a click."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.approval.model.setting import Severity
from workflows.kernel.identity import Collection, Person, PersonId
from workflows.kernel.model import CaseId, Command, Need

Task = Literal["grant", "remove"]


class SystemCommand(Command):
    """A command of the product's own parts: time, a pull, a webhook that was verified, another case."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class OpenDesk(SystemCommand):
    """Open the desk of a control: where requests come in."""


class SeeDeskPull(SystemCommand):
    """A source of the catalogue was pulled completely."""

    collection: Collection


class AskAccess(Command):
    """Somebody asks for access, for themselves or for another. ``length`` is a span; empty is standing access.

    ``source`` and ``subject_login`` name the case; the rules compare them with catalogue and directory.
    """

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    entry: str
    subject: PersonId
    subject_login: str
    source: str
    length: str
    reason: str
    emergency: bool = False


class DeclareRisk(Command):
    """Somebody declares a weakness that no scanner found and asks to accept it for a time."""

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    title: str
    text: str
    owner: PersonId
    compensating: str
    reason: str
    until: AwareDatetime


class AskFinding(Command):
    """Somebody asks to accept a finding of a scanner for a time. ``tool``, ``repository`` and ``mark`` name it and its case;
    what it is, the stored scan says.
    """

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    tool: str
    repository: str
    mark: str
    owner: PersonId
    compensating: str
    reason: str
    until: AwareDatetime


class OpenAccess(SystemCommand):
    """The case of a request that came in at the desk. ``collection`` is the pull that is looked into for what the person
    already holds, None for none; ``earlier`` the access that would be extended."""

    asked: AskAccess
    holder: CaseId
    collection: Collection | None = None
    earlier: CaseId = ""


class OpenRisk(SystemCommand):
    """The case of a declared risk."""

    asked: DeclareRisk


class RateRisk(Command):
    """The owner of a declared risk says how severe it is."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    severity: Severity


class Approve(Command):
    """A yes to a step, on what was shown."""

    step: int
    shown: str
    reason: str = ""


class RefuseRequest(Command):
    """A no; it ends the case."""

    step: int
    shown: str
    reason: str


class Shorten(Command):
    """An earlier end; what is then asked is the shorter request. Never a later one."""

    step: int
    shown: str
    until: AwareDatetime
    reason: str


class HandOver(Command):
    """Have somebody else asked in one's place, until a day."""

    step: int
    person: PersonId
    until: AwareDatetime
    reason: str


class Withdraw(Command):
    """Whoever asked takes it back, before it has any effect."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    reason: str = ""


class ReportDone(Command):
    """Whoever was asked to grant or remove says that it is done."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    task: Task


class ReportBlocked(Command):
    """Whoever was asked to grant or remove says why it cannot be done."""

    SUBJECT_EXCLUDED: ClassVar[bool] = False
    task: Task
    because: str


class ReviewEmergency(Command):
    """Afterwards, somebody independent says whether the emergency was one."""

    justified: bool
    reason: str


class ExplainBypass(Command):
    """The control owner says how a deployment went out without an approval."""

    reason: str


class SeeCollection(SystemCommand):
    """The source of the access was pulled."""

    collection: Collection


class Supersede(SystemCommand):
    """What was asked about changed: earlier approvals count for nothing.

    ``extended_by`` names the case that takes the place of access in effect; without one, access that was approved stays
    watched to its end.
    """

    because: str
    extended_by: CaseId = ""


class Lapse(SystemCommand):
    """Nobody answered in time."""


class Climb(SystemCommand):
    """A rung of the ladder is due: `remind`, `ask_more`; ``skipped`` names lower ones that were due too."""

    rung: str
    due_at: AwareDatetime
    skipped: tuple[str, ...] = ()


class AnnounceEnd(SystemCommand):
    """An end comes near, or is there: `first`, `second`, `last`, `end`."""

    rung: str
    due_at: AwareDatetime


class RecordNotEnded(SystemCommand):
    """A day after its end, nothing shows that the access is gone."""


class EndException(SystemCommand):
    """The end of an exception passed and the weakness is still there."""


class RecordUnreviewed(SystemCommand):
    """The review of an emergency is overdue."""


class Reserve(SystemCommand):
    """Note that access was approved for a person, unless that would complete a conflict of duties."""

    person: Person
    entry: str
    entitlement: str
    source: str
    of: CaseId
    until: AwareDatetime | None
    opposed: tuple[str, ...] = ()


class Release(SystemCommand):
    """Access that was approved for a person has ended, or never came to be."""

    of: CaseId
