"""What happened in a review. Names are the predicate types; a changed meaning is a new class."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.access_review.model.command import Choice, ReviewHead
from workflows.access_review.model.evidence import lines_file, population
from workflows.access_review.model.line import (
    AssignedLine,
    Cause,
    Change,
    Mark,
    SecondOpinion,
    SignedVerdict,
    VerdictWord,
)
from workflows.kernel.identity import Collection, LineKey, Person, PersonId
from workflows.kernel.model import CaseId, Digest, Event, EvidenceRef


class LinesTaken(Event):
    """Lines entered this review; the first ones opened it."""

    NAME: ClassVar[str] = "lines_taken"
    DETACHED: ClassVar[tuple[str, ...]] = ("head", "lines", "choices")
    head: ReviewHead
    cause: Cause | Literal["assigned"]
    refs: tuple[str, ...]
    lines: tuple[AssignedLine, ...]
    choices: tuple[Choice, ...] = ()


class LinesShown(Event):
    """A page was shown: these lines, as these digests. Covered by the signature that follows."""

    NAME: ClassVar[str] = "lines_shown"
    ATTESTED: ClassVar[bool] = False
    page: int
    shown: dict[str, Digest]


class LineMarked(Event):
    """A verdict, not signed yet. Covered by the signature that follows."""

    NAME: ClassVar[str] = "line_marked"
    ATTESTED: ClassVar[bool] = False
    ref: str
    mark: Mark


class GroupOpened(Event):
    """The full list of a group was shown, and which of its lines must be decided one by one."""

    NAME: ClassVar[str] = "group_opened"
    ATTESTED: ClassVar[bool] = False
    group: str
    refs: tuple[str, ...]
    spots: tuple[str, ...]
    shown: dict[str, Digest]


class GroupKept(Event):
    """Keep for the rest of an opened group, not signed yet. Covered by the signature that follows."""

    NAME: ClassVar[str] = "group_kept"
    ATTESTED: ClassVar[bool] = False
    group: str
    reason: str
    shown: dict[str, Digest]


class WatchEnded(Event):
    """The next campaign reviews this source, so what was removed here is watched no longer."""

    NAME: ClassVar[str] = "watch_ended"
    campaign: CaseId


class MarkWithdrawn(Event):
    """A mark was taken back. Covered by the signature that follows."""

    NAME: ClassVar[str] = "mark_withdrawn"
    ATTESTED: ClassVar[bool] = False
    ref: str


class LinesReleased(Event):
    """Lines left this review; their marks, not signed, are dropped. Where they went is in the campaign."""

    NAME: ClassVar[str] = "lines_released"
    cause: Cause
    reason: str
    refs: tuple[str, ...]
    proposed: PersonId | None = None


class LineVoided(Event):
    """A line's substance changed while it was open: what was marked is void, and it is asked again."""

    NAME: ClassVar[str] = "line_voided"
    DETACHED: ClassVar[tuple[str, ...]] = ("line",)
    ref: str
    collection: Digest
    changes: tuple[Change, ...]
    line: AssignedLine


class LineGone(Event):
    """A later complete pull no longer has the line; it stays in the population with this evidence."""

    NAME: ClassVar[str] = "line_gone"
    refs: tuple[str, ...]
    collection: Collection

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection),)


class VerdictsSigned(Event):
    """A person's verdicts on lines that they saw; removals start with it. Reasons are a file of their own."""

    NAME: ClassVar[str] = "verdicts_signed"
    DETACHED: ClassVar[tuple[str, ...]] = ("reasons",)
    campaign: CaseId
    reviewer: PersonId
    assurance: str
    source: str
    populations: tuple[Digest, ...]
    verdicts: tuple[SignedVerdict, ...]
    reasons: dict[str, str]
    care: dict[str, int] = {}
    signals: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return tuple(
            EvidenceRef(name=f"{self.source}/population.json", sha256=p, kind="population", source=self.source)
            for p in self.populations
        )


class VerdictCorrected(Event):
    """A signed verdict was corrected, before anything was asked to be removed."""

    NAME: ClassVar[str] = "verdict_corrected"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    ref: str
    before: VerdictWord
    verdict: VerdictWord
    target: str = ""
    reason: str


class SecondLookGiven(Event):
    """Another person judged lines that were kept, blind. A line on which they disagree is asked again."""

    NAME: ClassVar[str] = "second_look_given"
    DETACHED: ClassVar[tuple[str, ...]] = ("disagreed", "first_reasons")
    second: CaseId
    by: PersonId
    agreed: tuple[str, ...]
    disagreed: tuple[SecondOpinion, ...]
    first_reasons: dict[str, str] = {}


class VerdictsCosigned(Event):
    """The second signature under verdicts of a reviewer who is not independent."""

    NAME: ClassVar[str] = "verdicts_cosigned"
    refs: tuple[str, ...]
    second: PersonId


class VerdictRefused(Event):
    """The second signer disagreed; the line is open again."""

    NAME: ClassVar[str] = "verdict_refused"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    ref: str
    second: PersonId
    reason: str


class RemovalRequested(Event):
    """Somebody is asked to take an access away (or to change it); what must be true is said here."""

    NAME: ClassVar[str] = "removal_requested"
    DETACHED: ClassVar[tuple[str, ...]] = ("remover",)
    ref: str
    key: LineKey
    subject: PersonId | None
    verdict: VerdictWord
    target: str = ""
    remover: Person
    due_at: AwareDatetime
    reappeared: bool = False


class RemovalReported(Event):
    """The remover says it is done. A report, not a proof."""

    NAME: ClassVar[str] = "removal_reported"
    ref: str
    by: PersonId


class RemovalBlocked(Event):
    """The remover says why it cannot be done; the control owner is asked."""

    NAME: ClassVar[str] = "removal_blocked"
    ref: str
    by: PersonId
    because: str


class RemovalVerified(Event):
    """A complete pull later than the request shows the access gone (and, for a change, the target there).

    ``days_after_leaving``: from the holder's last day to that pull, where the holder has left and the day is known.
    """

    NAME: ClassVar[str] = "removal_verified"
    ref: str
    key: LineKey
    before: Digest
    collection: Collection
    days_after_leaving: int | None = None

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection), lines_file(self.collection))


class RemovalRefuted(Event):
    """A complete pull later than the report shows that it is not done; ``cause`` says what is seen."""

    NAME: ClassVar[str] = "removal_refuted"
    ref: str
    key: LineKey
    before: Digest
    collection: Collection
    cause: str
    paths: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection), lines_file(self.collection))


class AccessReappeared(Event):
    """Access that was verified gone is there again."""

    NAME: ClassVar[str] = "access_reappeared"
    ref: str
    key: LineKey
    collection: Collection
    paths: tuple[str, ...] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (population(self.collection), lines_file(self.collection))


class FollowUpLate(Event):
    """A removal's due time passed. Level 1: the system's owner is told; 2: the control owner."""

    NAME: ClassVar[str] = "follow_up_late"
    ref: str
    was_due_at: AwareDatetime
    level: int


class ReviewerReminded(Event):
    """The reviewer is reminded of open lines."""

    NAME: ClassVar[str] = "reviewer_reminded"
    rung: str
    was_due_at: AwareDatetime
    open_lines: int
    skipped: tuple[str, ...] = ()


class ReviewEscalated(Event):
    """Open lines went up: `overdue`, `manager`, `owner`, `no_response`; never a verdict."""

    NAME: ClassVar[str] = "review_escalated"
    rung: str
    told: tuple[PersonId, ...]
    was_due_at: AwareDatetime
    open_lines: int
    skipped: tuple[str, ...] = ()


class ReviewSealed(Event):
    """The campaign closed; nothing is decided here any more. Removals are still watched."""

    NAME: ClassVar[str] = "review_sealed"
    cancelled: bool = False
    counts: dict[str, int]
