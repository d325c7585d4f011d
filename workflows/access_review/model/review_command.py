"""What the people of a review want: its reviewer, the second signer, the control owner, the remover."""

from __future__ import annotations

from workflows.access_review.model.command import OwnerCommand
from workflows.access_review.model.line import VerdictWord
from workflows.kernel.identity import PersonId
from workflows.kernel.model import Command, Digest


class TurnPage(Command):
    """Show a page of the queue, counted from 0; what was shown when is recorded."""

    page: int


class MarkLine(Command):
    """Mark a line. ``shown`` is at least the first 8 hex digits of the digest of what was shown."""

    ref: str
    verdict: VerdictWord
    shown: Digest
    reason: str = ""
    target: str = ""


class OpenGroup(Command):
    """See the full list of a group of unchanged lines; only then may it be kept together."""

    group: str


class KeepGroup(Command):
    """Keep what is left of an opened group, once its spot lines are decided one by one."""

    group: str
    reason: str


class WithdrawMark(Command):
    """Take a mark back before it is signed."""

    ref: str


class NotMine(Command):
    """Say that somebody else should judge this line; a person may be proposed."""

    ref: str
    reason: str
    proposed: PersonId | None = None


class HandOver(Command):
    """Delegate some or all undecided lines (none named: all) to a person who is independent of each."""

    person: PersonId
    reason: str = ""
    refs: tuple[str, ...] = ()


class Reassign(OwnerCommand):
    """The control owner gives a silent reviewer's undecided lines to another person."""

    person: PersonId
    reason: str
    refs: tuple[str, ...] = ()


class SignMarks(Command):
    """Sign marks (none named: all, at most the limit of one signature): they become verdicts, and removals start."""

    refs: tuple[str, ...] = ()


class CorrectVerdict(Command):
    """Correct a signed verdict while no removal was requested."""

    ref: str
    verdict: VerdictWord
    reason: str
    target: str = ""


class CoSignVerdicts(Command):
    """The second signature under verdicts made under an independence exception."""

    refs: tuple[str, ...]


class RefuseVerdict(Command):
    """The second signer of an independence exception disagrees: the line is open again."""

    ref: str
    reason: str


class ReportRemoved(Command):
    """The remover says it is done; a report, never a proof."""

    ref: str


class CannotRemove(Command):
    """The remover says why it cannot be done."""

    ref: str
    because: str
