"""Approval: what one person alone must not decide. CC6.1, CC6.2, CC6.3 (access), CC8.1 (deploys), CC3.2, CC4.2, CC7.1."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.approval import model, rules, schedule
from workflows.approval.examples import histories
from workflows.approval.forms import form_needs, forms
from workflows.approval.rules import standing
from workflows.approval.rules.desk import NAME
from workflows.approval.views import cards
from workflows.approval.views.confirm import confirming
from workflows.kernel.model import Command, Event
from workflows.kernel.workflow import Example, Workflow

__all__ = ["WORKFLOW"]

COMMANDS: tuple[type[Command], ...] = (
    model.AnnounceEnd,
    model.Approve,
    model.AskAccess,
    model.AskFinding,
    model.AttachEvidence,
    model.BlockThrough,
    model.Climb,
    model.DeclareRisk,
    model.EndException,
    model.ExplainBypass,
    model.HandOver,
    model.Lapse,
    model.NoteBypass,
    model.NoteReview,
    model.NoteDismissals,
    model.NoteOutcome,
    model.NoteRelease,
    model.NoteUnguarded,
    model.OpenAccess,
    model.OpenDeploy,
    model.OpenDesk,
    model.OpenFinding,
    model.OpenRisk,
    model.RateRisk,
    model.RecordNotEnded,
    model.RecordUnreviewed,
    model.RefuseRequest,
    model.Release,
    model.ReportBlocked,
    model.ReportDone,
    model.ReportThrough,
    model.Reserve,
    model.ReviewEmergency,
    model.SeeCollection,
    model.SeeDeskPull,
    model.SeeScan,
    model.Shorten,
    model.Supersede,
    model.Withdraw,
)

EVENTS: tuple[type[Event], ...] = (
    model.AccessEnded,
    model.AccessNotEnded,
    model.AccessReleased,
    model.AccessReserved,
    model.ApprovalEscalated,
    model.ApprovalLapsed,
    model.ApprovalRefused,
    model.ApprovalRequested,
    model.ApprovalSuperseded,
    model.ApprovalWithdrawn,
    model.ApproverReminded,
    model.BypassExplained,
    model.DeployBypassed,
    model.DeployReviewed,
    model.DeployOutcomeSeen,
    model.DeployRejected,
    model.DeployReleased,
    model.DeployUnguarded,
    model.DeskOpened,
    model.DeskPulled,
    model.DismissalUncovered,
    model.EmergencyReviewed,
    model.EmergencyUnreviewed,
    model.EndAnnounced,
    model.EvidenceAttached,
    model.ExceptionLapsed,
    model.ExceptionStarted,
    model.FindingGone,
    model.GrantRefuted,
    model.GrantRequested,
    model.GrantVerified,
    model.HandedOn,
    model.RequestShortened,
    model.RiskRated,
    model.StepApproved,
    model.StepAsked,
    model.TaskBlocked,
    model.TaskReported,
)


def _examples() -> Sequence[Example]:
    return histories(WORKFLOW)


WORKFLOW = Workflow(
    name=NAME,
    criteria=("CC3.2", "CC4.2", "CC6.1", "CC6.2", "CC6.3", "CC7.1", "CC8.1"),
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
    form_needs=form_needs,
    openings=schedule.openings,
    due=schedule.due,
    pulled=schedule.pulled,
    examples=_examples,
    confirming=confirming,
    approves=True,
    approved=standing.approved,
    offered=standing.offered,
)
