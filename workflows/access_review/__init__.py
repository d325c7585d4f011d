"""Access review: does this person still need this access? CC6.1, CC6.2, CC6.3."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.access_review import model, rules, schedule
from workflows.access_review.examples import histories
from workflows.access_review.forms import forms
from workflows.access_review.rules import standing
from workflows.access_review.views import cards
from workflows.access_review.views.confirm import confirming
from workflows.kernel.model import Command, Event
from workflows.kernel.workflow import Example, Workflow

__all__ = ["WORKFLOW"]

COMMANDS: tuple[type[Command], ...] = (
    model.AssignLine,
    model.CannotRemove,
    model.ClimbLadder,
    model.CloseCampaign,
    model.CoSign,
    model.CoSignVerdicts,
    model.CollectSource,
    model.CompareLooks,
    model.CorrectVerdict,
    model.Decline,
    model.EndException,
    model.HandOver,
    model.KeepGroup,
    model.LapseException,
    model.MarkLine,
    model.NotMine,
    model.NoteProgress,
    model.OpenGroup,
    model.OpenSource,
    model.PlanCampaign,
    model.Propose,
    model.Reassign,
    model.RecordException,
    model.RecordLateRemoval,
    model.RecordMissed,
    model.RecordOverdue,
    model.RefuseVerdict,
    model.Rehome,
    model.ReportRemoved,
    model.SealReview,
    model.SeeArrivals,
    model.SeekSecondLook,
    model.SeeCollection,
    model.SeeDirectory,
    model.SignMarks,
    model.StopWatching,
    model.TakeLines,
    model.TurnPage,
    model.WithdrawMark,
)

EVENTS: tuple[type[Event], ...] = (
    model.AccessReappeared,
    model.CampaignCancelled,
    model.CampaignClosed,
    model.CampaignMissed,
    model.CampaignOpened,
    model.CampaignOverdue,
    model.CampaignPlanned,
    model.ExceptionGranted,
    model.ExceptionLapsed,
    model.ExceptionProposed,
    model.FollowUpLate,
    model.GroupKept,
    model.GroupOpened,
    model.IndependenceExcepted,
    model.LineGone,
    model.LineMarked,
    model.LineVoided,
    model.LinesArrived,
    model.LinesAssigned,
    model.LinesMoved,
    model.LinesReleased,
    model.LinesShown,
    model.LinesTaken,
    model.MarkWithdrawn,
    model.OwnerChanged,
    model.ProposalDeclined,
    model.RemovalBlocked,
    model.RemovalRefuted,
    model.RemovalReported,
    model.RemovalRequested,
    model.RemovalVerified,
    model.ReviewEscalated,
    model.ReviewProgressed,
    model.ReviewSealed,
    model.ReviewerReminded,
    model.SecondLookGiven,
    model.SecondLookSought,
    model.SourceCollected,
    model.SourceExcepted,
    model.SourceRefused,
    model.VerdictCorrected,
    model.VerdictRefused,
    model.VerdictsCosigned,
    model.VerdictsSigned,
    model.WatchEnded,
)


def _examples() -> Sequence[Example]:
    return histories(WORKFLOW)


WORKFLOW = Workflow(
    name=schedule.NAME,
    criteria=("CC6.1", "CC6.2", "CC6.3"),
    settings=model.Settings,
    commands=COMMANDS,
    events=EVENTS,
    needs=rules.needs,
    decide=rules.decide,
    evolve=rules.evolve,
    summary=standing.summary,
    asks=standing.asks,
    cards=cards,
    assigned=standing.assigned,
    forms=forms,
    openings=schedule.openings,
    due=schedule.due,
    pulled=schedule.pulled,
    examples=_examples,
    confirming=confirming,
)
