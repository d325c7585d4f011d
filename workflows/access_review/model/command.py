"""What people, pulls and time want of a campaign and of a review. NEED `system` is never reachable by a click."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.access_review.model.line import AssignedLine, Cause, Exemption, SecondOpinion
from workflows.access_review.model.setting import Care
from workflows.kernel.identity import Collection, Entitlement, Person, PersonId, Value
from workflows.kernel.model import CaseId, Command, Need

ProposalKind = Literal["source", "line", "follow_up", "leaver", "independence", "close", "cancel"]


class SystemCommand(Command):
    """A command of the product's own parts: time, a pull, another case of the same campaign."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class OwnerCommand(Command):
    """A command of the control owner or the second signer; whom a line is about is checked by the rule itself."""

    NEED: ClassVar[Need] = "assigned"
    SUBJECT_EXCLUDED: ClassVar[bool] = True


class PlanCampaign(SystemCommand):
    """Plan the campaign of a period (`2026-Q4`); the period is local days, both included.

    ``earlier`` names the campaigns before it, newest first: what their reviews signed is what lines are compared with.
    """

    period: str
    starts_on: date
    ends_on: date
    opens_at: AwareDatetime
    due_at: AwareDatetime
    earlier: tuple[CaseId, ...] = ()


class CollectSource(SystemCommand):
    """A source of the campaign was pulled; the pull may be partial."""

    collection: Collection


class OpenSource(SystemCommand):
    """Assign the lines of a source whose complete pull is recorded."""

    source: str


class SeeArrivals(SystemCommand):
    """Look through a later pull of an opened source for access that appeared since."""

    collection: Collection


class Rehome(SystemCommand):
    """Lines that a review gave up and that need their next reviewer. ``proposed`` is asked first, if independent."""

    review: CaseId
    lines: tuple[AssignedLine, ...]
    cause: Cause
    reason: str
    proposed: PersonId | None = None
    strict: bool = False


class NoteProgress(SystemCommand):
    """A review of the campaign got further."""

    review: CaseId
    counts: dict[str, int]


class RecordMissed(SystemCommand):
    """The due date passed and nothing was opened."""


class RecordOverdue(SystemCommand):
    """The due date passed with lines open."""


class LapseException(SystemCommand):
    """The last day of an exception is over."""

    number: int


class AssignLine(OwnerCommand):
    """Give unassigned lines to a person who is independent of them."""

    refs: tuple[str, ...]
    person: PersonId


class Propose(OwnerCommand):
    """Ask a second signer for what the control owner may not do alone.

    ``item`` is a source id, or a line's ref in ``review``. `independence` needs ``refs`` and ``reviewer``.
    """

    kind: ProposalKind
    second: PersonId
    reason: str
    item: str = ""
    review: CaseId = ""
    refs: tuple[str, ...] = ()
    reviewer: PersonId | None = None
    until: date | None = None


class CoSign(OwnerCommand):
    """The second signature under a proposal."""

    number: int


class Decline(OwnerCommand):
    """The second signer says no."""

    number: int
    reason: str


class CloseCampaign(OwnerCommand):
    """Close the campaign: everything is decided, signed, and removed or excepted."""


class Choice(Value):
    """An entitlement that a line may be changed to, within the same resource."""

    native_id: str
    resource: str
    name: str
    plain: str = ""

    @classmethod
    def of(cls, entitlement: Entitlement) -> Choice:
        """The choice that this entitlement is."""
        e = entitlement
        return cls(native_id=e.native_id, resource=e.resource, name=e.name, plain=e.plain)


class SeekSecondLook(SystemCommand):
    """Some kept lines of a review raise a signal (or their second person passed them on): find another person for them."""

    review: CaseId
    reviewer: PersonId
    lines: tuple[AssignedLine, ...]
    signals: tuple[str, ...] = ()
    proposed: PersonId | None = None


class CompareLooks(SystemCommand):
    """What the second person found about lines of this review."""

    second: CaseId
    by: PersonId
    opinions: tuple[SecondOpinion, ...]


class ReviewHead(Value):
    """What a review knows of its campaign from its first lines on. ``second_of``: the review that this is a second look at."""

    campaign: CaseId
    control: str
    title: str
    period: str
    source: str
    system: str
    reviewer: Person
    manager: PersonId | None = None
    owner: Person
    remover: Person
    app_owner: Person
    due_at: AwareDatetime
    time_zone: str
    closed_days: tuple[date, ...] = ()
    directory_source: str
    only_administrator: PersonId | None = None
    second_of: CaseId = ""
    removal_privileged: str
    removal_other: str
    reason_min: int
    unused_days: int
    lines_per_signature: int
    assurance: str
    assurance_privileged: str = ""
    assurance_closing: str = ""
    grace: str
    care: Care = Care()
    on_silence_privileged: str
    on_silence_plain: str


class TakeLines(SystemCommand):
    """Lines enter this review; the first ones open it."""

    head: ReviewHead
    lines: tuple[AssignedLine, ...]
    choices: tuple[Choice, ...] = ()
    cause: Cause | Literal["assigned"] = "assigned"


class SeeCollection(SystemCommand):
    """The review's source was pulled again, completely or not."""

    collection: Collection


class SeeDirectory(SystemCommand):
    """The directory was pulled again: people may have left or have another manager."""


class RecordException(SystemCommand):
    """An exception that two people signed concerns a line of this review."""

    exemption: Exemption


class EndException(SystemCommand):
    """An exception about a line of this review is over; the line or removal is wanted again."""

    exemption: Exemption


class StopWatching(SystemCommand):
    """The next campaign has this source now: what was removed here is watched no longer."""

    campaign: CaseId


class SealReview(SystemCommand):
    """The campaign closes: refuse if anything is open here, else accept no more decisions.

    ``counts`` is what the campaign counted; a review that got further meanwhile is counted again.
    """

    counts: dict[str, int]
    cancelled: bool = False


class ClimbLadder(SystemCommand):
    """A rung of the review's ladder is due: reminder, overdue, escalation; ``skipped`` names lower ones not acted on."""

    rung: str
    due_at: AwareDatetime
    skipped: tuple[str, ...] = ()


class RecordLateRemoval(SystemCommand):
    """A removal's due time passed; ``level`` 1 tells the system's owner, 2 the control owner."""

    ref: str
    level: int
