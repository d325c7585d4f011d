"""What happened in a campaign. Names are the predicate types; a changed meaning is a new class."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import AwareDatetime

from workflows.access_review.model.command import Choice, ProposalKind
from workflows.access_review.model.evidence import lines_file, population
from workflows.access_review.model.line import AssignedLine, Cause, Delta, Exemption, Rejected, RemovedLine, Rule, Tier
from workflows.access_review.model.setting import Settings
from workflows.kernel.identity import Collection, LineKey, Person, PersonId, Value
from workflows.kernel.model import CaseId, Event, EvidenceRef


class CampaignPlanned(Event):
    """The period's campaign exists; its sources are wanted. ``text`` is the control as it was then."""

    NAME: ClassVar[str] = "campaign_planned"
    DETACHED: ClassVar[tuple[str, ...]] = ("owner", "deputy")
    control: str
    title: str
    text: str
    period: str
    starts_on: date
    ends_on: date
    opens_at: AwareDatetime
    due_at: AwareDatetime
    late: bool
    earlier: tuple[CaseId, ...] = ()
    owner: Person | None
    deputy: Person | None
    directory_source: str
    sources: tuple[str, ...]
    time_zone: str
    closed_days: tuple[date, ...] = ()
    settings: Settings


class OwnerChanged(Event):
    """Somebody else answers for the control from now on: the program or the directory says so."""

    NAME: ClassVar[str] = "owner_changed"
    DETACHED: ClassVar[tuple[str, ...]] = ("owner", "deputy")
    owner: Person
    deputy: Person | None


class SourceCollected(Event):
    """A complete pull of a source (or of the directory) for this campaign."""

    NAME: ClassVar[str] = "source_collected"
    collection: Collection

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection), lines_file(self.collection))


class SourceRefused(Event):
    """A pull that cannot be used: partial, failed or too old; pulled again at ``again_at``."""

    NAME: ClassVar[str] = "source_refused"
    collection: Collection
    reasons: tuple[str, ...]
    again_at: AwareDatetime

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection),)


class SourceExcepted(Event):
    """Two people accept that a source is not reviewed in this campaign."""

    NAME: ClassVar[str] = "source_excepted"
    exemption: Exemption


class CampaignOpened(Event):
    """The first source's lines are with their reviewers."""

    NAME: ClassVar[str] = "campaign_opened"
    was_due_at: AwareDatetime
    late: bool


class Assignment(Value):
    """Who got a line and why; ``review`` is None where nobody independent was found."""

    ref: str
    key: LineKey
    subject: PersonId | None
    review: CaseId | None
    reviewer: PersonId | None
    rule: Rule | None
    rejected: tuple[Rejected, ...] = ()
    tier: Tier
    delta: Delta


class LinesAssigned(Event):
    """Every line of a source has its reviewer, or stands on the control owner's list."""

    NAME: ClassVar[str] = "lines_assigned"
    DETACHED: ClassVar[tuple[str, ...]] = ("assignments", "unassigned", "choices", "removed")
    source: str
    collection: Collection
    only_administrator: PersonId | None = None
    counts: dict[str, int]
    assignments: tuple[Assignment, ...]
    unassigned: tuple[AssignedLine, ...] = ()
    choices: tuple[Choice, ...] = ()
    removed: tuple[RemovedLine, ...] = ()
    due_at: AwareDatetime

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection), lines_file(self.collection))


class LinesArrived(Event):
    """Access that appeared after the source's list was made: privileged lines are asked now, ``later`` ones next time."""

    NAME: ClassVar[str] = "lines_arrived"
    DETACHED: ClassVar[tuple[str, ...]] = ("assignments", "unassigned", "later")
    source: str
    collection: Collection
    assignments: tuple[Assignment, ...]
    unassigned: tuple[AssignedLine, ...] = ()
    later: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection), lines_file(self.collection))


class Move(Value):
    """A line that changed its reviewer."""

    ref: str
    subject: PersonId | None
    taken_from: CaseId | None
    review: CaseId | None
    reviewer: PersonId | None
    rule: Rule | None
    rejected: tuple[Rejected, ...] = ()


class LinesMoved(Event):
    """Lines left one review and entered another (or the control owner's list) in one transaction."""

    NAME: ClassVar[str] = "lines_moved"
    DETACHED: ClassVar[tuple[str, ...]] = ("moves", "unassigned")
    cause: Cause
    reason: str
    moves: tuple[Move, ...]
    unassigned: tuple[AssignedLine, ...] = ()


class Look(Value):
    """Lines that one person looks at a second time."""

    case: CaseId
    reviewer: PersonId
    refs: tuple[str, ...]
    subjects: tuple[PersonId, ...]


class SecondLookSought(Event):
    """Figures of care raised a signal, so other people look at some kept lines; ``nobody``: no independent person was left."""

    NAME: ClassVar[str] = "second_look_sought"
    review: CaseId
    signals: tuple[str, ...]
    looks: tuple[Look, ...]
    nobody: tuple[str, ...] = ()


class CampaignMissed(Event):
    """The due date passed before anything was opened. It may still be performed, late; both facts stay."""

    NAME: ClassVar[str] = "campaign_missed"
    was_due_at: AwareDatetime


class CampaignOverdue(Event):
    """The due date passed with something still open."""

    NAME: ClassVar[str] = "campaign_overdue"
    was_due_at: AwareDatetime


class ExceptionProposed(Event):
    """The control owner asks a second signer. ``about`` is what stands open, as they are shown it; ``judge`` who shall decide."""

    NAME: ClassVar[str] = "exception_proposed"
    DETACHED: ClassVar[tuple[str, ...]] = ("by", "second", "about", "judge")
    number: int
    kind: ProposalKind
    by: Person
    second: Person
    reason: str
    item: str = ""
    review: CaseId = ""
    refs: tuple[str, ...] = ()
    reviewer: PersonId | None = None
    until: date | None = None
    about: tuple[AssignedLine, ...] = ()
    judge: Person | None = None


class ProposalDeclined(Event):
    """The second signer said no; nothing changed."""

    NAME: ClassVar[str] = "proposal_declined"
    number: int
    reason: str


class ExceptionGranted(Event):
    """Two people accept that a line, a removal or a leaver's access stays as it is, for a time."""

    NAME: ClassVar[str] = "exception_granted"
    exemption: Exemption


class IndependenceExcepted(Event):
    """Two people accept a reviewer who is not independent; the second co-signs each verdict."""

    NAME: ClassVar[str] = "independence_excepted"
    number: int
    refs: tuple[str, ...]
    reviewer: PersonId
    by: PersonId
    second: PersonId
    reason: str


class ExceptionLapsed(Event):
    """An exception's last day is over; what it covered is wanted again."""

    NAME: ClassVar[str] = "exception_lapsed"
    exemption: Exemption


class CampaignCancelled(Event):
    """Cancelled before any verdict was signed; counts as not performed."""

    NAME: ClassVar[str] = "campaign_cancelled"
    by: PersonId
    second: PersonId
    reason: str


class ReviewProgressed(Event):
    """How far a review is, as the control owner's card shows it; covered by the attestations of the review itself."""

    NAME: ClassVar[str] = "review_progressed"
    ATTESTED: ClassVar[bool] = False
    review: CaseId
    counts: dict[str, int]


class ReviewResult(Value):
    """What one review gave, as the campaign's summary counts it."""

    case: CaseId
    reviewer: PersonId | None
    counts: dict[str, int]


class CampaignClosed(Event):
    """The summary of the campaign: what was in scope, who decided what, what was removed, what is excepted, what was late."""

    NAME: ClassVar[str] = "campaign_closed"
    DETACHED: ClassVar[tuple[str, ...]] = ("reviews", "exemptions")
    with_exceptions: bool
    control: str
    text: str
    period: str
    due_at: AwareDatetime
    late: bool
    missed: bool
    scope: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    populations: tuple[Collection, ...]
    counts: dict[str, int]
    exemptions: tuple[Exemption, ...]
    closed_by: PersonId
    second: PersonId | None = None
    reviews: tuple[ReviewResult, ...]

    def evidence(self) -> tuple[EvidenceRef, ...]:
        files = [population(c) for c in self.populations] + [lines_file(c) for c in self.populations]
        return tuple({f.sha256: f for f in files}.values())
