"""How a case stands: the desk where requests come in, a person's approved access, one approval."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from workflows.approval.model.request import Decision, Frame, HandedOver, OutsideReview, Request, Reserved, Step
from workflows.kernel.identity import Collection, LineKey, Person, PersonId
from workflows.kernel.jcs import canonical
from workflows.kernel.model import CaseId, Digest, EvidenceRef

Status = Literal[
    "collecting", "asked", "approved", "effective", "ending", "ended",
    "refused", "withdrawn", "lapsed", "superseded", "effect_failed", "not_ended", "bypassed", "unguarded", "uncovered",
    "unproven",
]  # fmt: skip
OVER: frozenset[Status] = frozenset({"ended", "refused", "withdrawn", "lapsed", "superseded"})
"""Nothing more is decided here."""
AROUND: frozenset[Status] = frozenset({"bypassed", "unguarded", "uncovered", "unproven"})
"""Something went, or can go, around us: nothing is approved here, and the control owner says how it came."""
BEFORE_EFFECT: frozenset[Status] = frozenset({"collecting", "asked", "approved", "effect_failed"})


@dataclass(frozen=True)
class Desk:
    """Where requests for a control come in; it has no decisions of its own, so requests never wait for each other."""

    case: CaseId
    control: str
    title: str
    opened_at: datetime
    sources: tuple[str, ...] = ()
    pulls: dict[str, Collection] = field(default_factory=dict)


@dataclass(frozen=True)
class Holder:
    """What was approved for one person and has not ended. Two racing approvals meet here, so that no pair of
    conflicting duties can be completed by both."""

    case: CaseId
    control: str
    person: PersonId
    name: str
    since: datetime
    held: dict[CaseId, Reserved] = field(default_factory=dict)


@dataclass(frozen=True)
class Errand:
    """Something to be done in another system: grant or remove. A report is a claim, never the proof.

    ``way`` is by what it is done by itself; the person is asked where there is none, or it did not go, which ``stopped``
    then says why. ``blocked`` is why the person cannot.
    """

    person: Person
    asked_at: datetime
    due_at: datetime
    reported_at: datetime | None = None
    blocked: str = ""
    refuted: str = ""
    way: str = ""
    stopped: str = ""

    @property
    def by_itself(self) -> bool:
        """Whether nobody has to be asked: it is done through the system, and nothing has come in its way."""
        return bool(self.way) and not self.stopped and not self.refuted


@dataclass(frozen=True)
class Review:
    """The look at an emergency afterwards."""

    due_at: datetime
    people: tuple[Person, ...]
    overdue: bool = False
    by: PersonId = ""
    justified: bool | None = None
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Approval:
    """One thing that somebody wants and others decide. ``step`` counts from 0; ``asked`` are its people now, ``everyone``
    who was asked at all, with the step."""

    case: CaseId
    request: Request
    steps: tuple[Step, ...]
    frame: Frame
    requested_at: datetime
    status: Status = "collecting"
    files: tuple[EvidenceRef, ...] = ()
    missing: tuple[str, ...] = ()
    step: int = 0
    asked: tuple[Person, ...] = ()
    asked_at: datetime | None = None
    everyone: tuple[tuple[int, Person], ...] = ()
    handed: dict[PersonId, HandedOver] = field(default_factory=dict)
    climbed: dict[str, datetime] = field(default_factory=dict)
    reminded: tuple[tuple[int, PersonId], ...] = ()
    decisions: tuple[Decision, ...] = ()
    shortened_by: PersonId = ""
    closed_at: datetime | None = None
    closed_by: Person | None = None
    because: str = ""
    approved_at: datetime | None = None
    grant: Errand | None = None
    removal: Errand | None = None
    line: LineKey | None = None
    via: tuple[str, ...] = ()
    effective_at: datetime | None = None
    seen: Collection | None = None
    extra: tuple[str, ...] = ()
    failed_at: datetime | None = None
    announced: dict[str, datetime] = field(default_factory=dict)
    not_ended_at: datetime | None = None
    cause: str = ""
    told: str = ""
    outcome: str = ""
    review: Review | None = None
    explained: str = ""
    reviewed: OutsideReview | None = None

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 of what is decided on: the request, its evidence, the step and the yeses to earlier ones.

        Two people of one step may so press at the same moment.
        """
        about = {
            "case": self.case,
            "request": self.request.digest(),
            "step": self.step,
            "files": [f.sha256 for f in self.files],
            "before": [d.person.id for d in self.decisions if d.step < self.step],
        }
        return hashlib.sha256(canonical(about)).hexdigest()

    @property
    def stamp(self) -> str:
        """The start of the digest, as buttons carry it."""
        return self.digest[:8]

    @property
    def now(self) -> Step | None:
        """The step that is asked, or None where nobody is."""
        return self.steps[self.step] if self.status == "asked" and self.step < len(self.steps) else None

    @property
    def revocable(self) -> bool:
        """Whether whoever asked may still take it back: nothing can have come of it yet."""
        there = self.grant is not None and (
            self.grant.reported_at is not None or bool(self.extra) or self.grant.by_itself
        )
        extends = self.request.access is not None and bool(self.request.access.earlier) and self.approved_at is not None
        return self.status in BEFORE_EFFECT and not there and not extends

    @property
    def over(self) -> bool:
        """Whether nothing more is wanted in this case."""
        waits = self.review is not None and not self.review.by
        standing = self.status == "effective" and self.request.kind == "access" and self.request.until is None
        explained = self.status in AROUND and bool(self.explained)
        return (self.status in OVER or standing or explained) and not waits

    @property
    def closed_days(self) -> frozenset[date]:
        """The days on which nobody works."""
        return frozenset(date.fromisoformat(d) for d in self.frame.closed_days)

    def authority(self, person: PersonId) -> PersonId:
        """Whose place somebody takes: their own, or that of whoever was asked first before handing over."""
        handed = self.handed.get(person)
        return handed.chain[0] if handed else person
