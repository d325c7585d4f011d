"""Where a campaign and a review stand: folded from events, never stored.

A campaign: `planned` → `collecting` → `open` → `removing` → `closed` / `closed_with_exceptions`; or `cancelled`.
A review: `asked` → `deciding` → `part_signed` → `signed`; or `emptied` where every line moved away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal, NamedTuple

from workflows.access_review.model.command import Choice, ProposalKind, ReviewHead
from workflows.access_review.model.line import (
    AssignedLine,
    Change,
    Exemption,
    Mark,
    RemovedLine,
    SignedVerdict,
    VerdictWord,
)
from workflows.access_review.model.setting import Settings
from workflows.kernel.identity import Collection, Person, PersonId
from workflows.kernel.model import CaseId, Digest

CampaignStatus = Literal["planned", "collecting", "open", "removing", "closed", "closed_with_exceptions", "cancelled"]
ReviewStatus = Literal["asked", "deciding", "part_signed", "signed", "emptied"]
SourceStatus = Literal["pulling", "refused", "complete", "opened", "excepted"]
FollowUpStatus = Literal["requested", "reported_done", "verified", "still_present", "reappeared", "excepted"]


@dataclass(frozen=True)
class SourceState:
    """A source within a campaign. ``collection`` is the pull in use, or the refused one; ``lines`` counts those assigned."""

    source: str
    status: SourceStatus = "pulling"
    collection: Collection | None = None
    reasons: tuple[str, ...] = ()
    again_at: datetime | None = None
    lines: int = 0
    only_administrator: PersonId | None = None
    due_at: datetime | None = None
    choices: tuple[Choice, ...] = ()
    removed: tuple[RemovedLine, ...] = ()


class Home(NamedTuple):
    """Where a line is: its review and reviewer (None: on the control owner's list), and whose access it is."""

    review: CaseId | None
    reviewer: PersonId | None
    subject: PersonId | None


@dataclass(frozen=True)
class Proposal:
    """What waits for a second signer."""

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
    at: datetime | None = None
    outcome: Literal["open", "signed", "declined"] = "open"


@dataclass(frozen=True)
class Campaign:
    """The state of a campaign. ``homes`` maps each line's ref to where it is: every line is in exactly one place."""

    case: CaseId
    control: str
    title: str
    text: str
    period: str
    starts_on: date
    ends_on: date
    opens_at: datetime
    due_at: datetime
    planned_at: datetime
    late: bool
    owner: Person | None
    deputy: Person | None
    directory_source: str
    time_zone: str
    closed_days: tuple[date, ...]
    settings: Settings
    sources: dict[str, SourceState]
    earlier: tuple[CaseId, ...] = ()
    status: CampaignStatus = "planned"
    directory: Collection | None = None
    opened_at: datetime | None = None
    homes: dict[str, Home] = field(default_factory=dict)
    reviewers: dict[CaseId, Person] = field(default_factory=dict)
    unassigned: dict[str, AssignedLine] = field(default_factory=dict)
    arrived: frozenset[str] = frozenset()
    proposals: dict[int, Proposal] = field(default_factory=dict)
    exemptions: dict[int, Exemption] = field(default_factory=dict)
    lapsed: frozenset[int] = frozenset()
    missed_at: datetime | None = None
    overdue_at: datetime | None = None
    ended_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    looks: tuple[CaseId, ...] = ()
    second_pairs: frozenset[tuple[PersonId, PersonId]] = frozenset()
    progress: dict[CaseId, dict[str, int]] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether anything may still be decided in it."""
        return self.status not in ("closed", "closed_with_exceptions", "cancelled")

    def waiting(self) -> list[Proposal]:
        """The proposals that wait for a second signer."""
        return [p for p in self.proposals.values() if p.outcome == "open"]

    def standing(self) -> list[Exemption]:
        """The exceptions in force."""
        return [e for n, e in sorted(self.exemptions.items()) if n not in self.lapsed]


@dataclass(frozen=True)
class ReviewLine:
    """A line in a review. ``changes`` says what differs since it was first asked; ``void`` that a mark was dropped for it."""

    assigned: AssignedLine
    status: Literal["undecided", "marked", "signed"] = "undecided"
    mark: Mark | None = None
    verdict: SignedVerdict | None = None
    reason: str = ""
    signed_at: datetime | None = None
    signed_by: Person | None = None
    attestation: Digest | None = None
    shown_at: datetime | None = None
    shown: Digest = ""
    void: bool = False
    changes: tuple[Change, ...] = ()
    gone: Collection | None = None
    cosign: Literal["", "wanted", "given"] = ""
    refused_because: str = ""
    second_look: Literal["", "agreed", "disagreed"] = ""
    exemption: Exemption | None = None

    @cached_property
    def order(self) -> tuple[int, str, str, str]:
        """Its place in the queue; computed once, because a queue of hundreds is sorted at every click."""
        return self.assigned.urgency()

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 of what is shown of it now; computed once, because every line of a page carries it at every click."""
        return self.assigned.shown()

    @property
    def settled(self) -> bool:
        """Whether nothing more is wanted of the reviewer about it."""
        return self.status == "signed" or self.gone is not None or self.exemption is not None


@dataclass(frozen=True)
class FollowUp:
    """A removal (or change) that was asked for, until a later complete pull shows it. ``late`` is the level reached."""

    ref: str
    line: AssignedLine
    verdict: VerdictWord
    target: str
    remover: Person
    requested_at: datetime
    due_at: datetime
    status: FollowUpStatus = "requested"
    cause: str = ""
    paths: tuple[str, ...] = ()
    reported_at: datetime | None = None
    reported_by: PersonId | None = None
    blocked: str = ""
    verified_by: Collection | None = None
    verified_at: datetime | None = None
    late: int = 0
    exemption: Exemption | None = None

    @property
    def open(self) -> bool:
        """Whether the access still has to go."""
        return self.status not in ("verified", "excepted")


@dataclass(frozen=True)
class Group:
    """Unchanged plain lines of one entitlement that may be kept together; ``spots`` are decided one by one first."""

    id: str
    resource: str
    name: str
    refs: tuple[str, ...]
    spots: tuple[str, ...]


@dataclass(frozen=True)
class Rung:
    """A step of the ladder and its instant: `half`, `two_left`, `one_left`, `overdue`, `manager`, `owner`, `no_response`."""

    name: str
    at: datetime


@dataclass(frozen=True)
class Review:
    """The state of a review: one reviewer's lines of one source. The reviewer's authority is ``head.reviewer.id``."""

    case: CaseId
    head: ReviewHead
    opened_at: datetime
    lines: dict[str, ReviewLine] = field(default_factory=dict)
    choices: dict[str, tuple[Choice, ...]] = field(default_factory=dict)
    follow_ups: dict[str, FollowUp] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    page: int = 0
    ladder: tuple[Rung, ...] = ()
    climbed: dict[str, datetime] = field(default_factory=dict)
    manager_asked: PersonId | None = None
    owner_asked: bool = False
    signatures: tuple[Digest, ...] = ()
    signed_at: datetime | None = None
    moved_out: int = 0
    sealed: bool = False
    cancelled: bool = False
    seen: Collection | None = None
    left: bool = False
    watched: bool = True
    signals: int = 0

    @property
    def reviewer(self) -> Person:
        """Who decides here."""
        return self.head.reviewer

    @property
    def status(self) -> ReviewStatus:
        """How far the reviewer is."""
        lines = self.lines.values()
        if not lines:
            return "emptied"
        if all(x.settled for x in lines):
            return "signed"
        if any(x.status == "signed" for x in lines):
            return "part_signed"
        return "deciding" if any(x.status == "marked" for x in lines) else "asked"

    def queue(self) -> list[ReviewLine]:
        """All lines in the order in which they are shown: leavers, privileged, flagged, new, changed, the rest."""
        return list(self._queue)

    @cached_property
    def _queue(self) -> tuple[ReviewLine, ...]:
        return tuple(sorted(self.lines.values(), key=lambda x: x.order))

    def undecided(self) -> list[ReviewLine]:
        """Lines that wait for a mark."""
        return [x for x in self.queue() if x.status == "undecided" and not x.settled]

    def marked(self) -> list[ReviewLine]:
        """Lines that wait for a signature."""
        return [x for x in self.queue() if x.status == "marked" and not x.settled]

    def unsettled(self) -> list[ReviewLine]:
        """Lines of which something is still wanted of the reviewer."""
        return [x for x in self.queue() if not x.settled]
