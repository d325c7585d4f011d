"""The rules of an approval: what each command leads to. CC6.1, CC6.2, CC6.3, CC7.1, CC8.1, CC3.2, CC4.2."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import (
    AnnounceEnd,
    Approval,
    Approve,
    AskAccess,
    AskFinding,
    AttachEvidence,
    BlockThrough,
    Climb,
    DeclareRisk,
    Desk,
    EndException,
    ExplainBypass,
    HandOver,
    Holder,
    Lapse,
    NoteBypass,
    NoteDismissals,
    NoteOutcome,
    NoteRelease,
    NoteReview,
    NoteUnguarded,
    OpenAccess,
    OpenDeploy,
    OpenDesk,
    OpenFinding,
    OpenRisk,
    RateRisk,
    RecordNotEnded,
    RecordUnreviewed,
    RefuseRequest,
    Release,
    ReportBlocked,
    ReportDone,
    ReportThrough,
    Reserve,
    ReviewEmergency,
    SeeCollection,
    SeeDeskPull,
    SeeScan,
    Shorten,
    Supersede,
    Withdraw,
)
from workflows.approval.rules import deciding, desk, effect, opening, outside, passing, reviewed, risk
from workflows.approval.rules.fold import State, evolve
from workflows.approval.rules.refusal import refused
from workflows.kernel.model import Actor, Command, FactNeeds, Facts, Outcome

__all__ = ["State", "decide", "evolve", "needs"]

BY_TIME = (Lapse, Climb, AnnounceEnd, RecordNotEnded, EndException, RecordUnreviewed)
BY_SYSTEMS = (
    SeeCollection,
    SeeDeskPull,
    SeeScan,
    AttachEvidence,
    BlockThrough,
    ReportThrough,
    NoteRelease,
    NoteReview,
    NoteUnguarded,
    NoteOutcome,
    NoteBypass,
    OpenDeploy,
    OpenDesk,
    NoteDismissals,
)
OPENS = (OpenDesk, OpenAccess, OpenDeploy, OpenFinding, OpenRisk, NoteUnguarded, NoteDismissals, NoteReview)


def decide(state: State, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """What a command leads to, or Refused with its reason and next step."""
    if isinstance(command, BY_TIME) and by.kind != "time":
        raise refused("not_for_people")
    if isinstance(command, BY_SYSTEMS) and by.kind == "person":
        raise refused("not_for_people")
    if isinstance(command, OPENS):
        return _open(state, command, by, at, facts)
    if isinstance(command, NoteBypass) and not isinstance(state, Desk | Holder):
        return opening.note_bypass(state, command, at, facts)
    if isinstance(command, Reserve) and not isinstance(state, Desk | Approval):
        return desk.reserve(state, command, facts)
    if isinstance(command, Release) and not isinstance(state, Desk | Approval):
        return desk.release(state, command)
    if isinstance(state, Desk):
        return _on_desk(state, command, by, at, facts)
    if isinstance(state, Approval):
        return _on_approval(state, command, by, at, facts)
    raise refused("no_such_case")


def _open(state: State, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    if state is not None:
        raise refused("already_exists")
    match command:
        case OpenDesk():
            return desk.open_desk(facts)
        case OpenAccess():
            return opening.open_access(command, by, at, facts)
        case OpenDeploy():
            return opening.open_deploy(command, at, facts)
        case OpenFinding():
            return risk.open_finding(command, by, at, facts)
        case NoteReview():
            return reviewed.note_review(command, at, facts)
        case NoteUnguarded():
            return opening.note_unguarded(command, at, facts)
        case OpenRisk():
            return risk.open_risk(command, by, at, facts)
        case NoteDismissals():
            return risk.note_dismissals(command, at, facts)
    raise refused("no_such_case")


def _on_desk(state: Desk, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    match command:
        case AskAccess():
            return desk.ask_access(state, command, by, at, facts)
        case DeclareRisk():
            return desk.declare_risk(command, by, at, facts)
        case AskFinding():
            return risk.ask_finding(command, by, at, facts)
        case SeeDeskPull():
            return desk.see_pull(state, command, facts)
    raise refused("no_such_case")


def _on_approval(state: Approval, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    match command:
        case Approve():
            return deciding.approve(state, command, by, at, facts)
        case RefuseRequest():
            return deciding.refuse(state, command, by, at, facts)
        case Shorten():
            return deciding.shorten(state, command, by, at, facts)
        case HandOver():
            return deciding.hand_over(state, command, by, at, facts)
        case Withdraw():
            return deciding.withdraw(state, command, by)
        case ReportDone():
            return effect.report(state, command, by, at)
        case ReportBlocked():
            return effect.blocked(state, command, by)
        case RateRisk():
            return outside.rate(state, command, by, at, facts)
        case ReviewEmergency():
            return outside.review(state, command, by, at, facts)
        case ExplainBypass():
            return outside.explain(state, command, by)
        case SeeCollection():
            return effect.see_collection(state, command, at, facts)
        case Supersede():
            return deciding.supersede(state, command)
    return _by_outside(state, command, at, facts)


def _by_outside(state: Approval, command: Command, at: datetime, facts: Facts) -> Outcome:
    match command:
        case AttachEvidence():
            return outside.attach(state, command, at, facts)
        case NoteRelease():
            return outside.release(state, command)
        case NoteOutcome():
            return outside.outcome(state, command)
        case ReportThrough():
            return effect.report_through(state, command, at)
        case BlockThrough():
            return effect.block_through(state, command)
        case SeeScan():
            return risk.see_scan(state, command)
        case Lapse():
            return passing.lapse(state, at)
        case Climb():
            return passing.climb(state, command, at, facts)
        case AnnounceEnd():
            return passing.announce(state, command, at)
        case RecordNotEnded():
            return passing.not_ended(state, at)
        case EndException():
            return passing.end_exception(state, at)
        case RecordUnreviewed():
            return passing.unreviewed(state, at)
    raise refused("no_such_case")


def needs(state: State, command: Command) -> FactNeeds:
    """What a command must be given beyond the state."""
    if isinstance(command, AskAccess):
        return FactNeeds(folded=(f"{desk.access_prefix(command)}/",))
    if isinstance(command, DeclareRisk):
        return FactNeeds(folded=(f"{desk.risk_prefix(command)}/",))
    if isinstance(command, AskFinding):
        first = risk.finding_case(command.tool, command.repository, command.mark)
        return FactNeeds(folded=(first,), weakness=risk.wanted_id(command))
    if isinstance(command, OpenAccess):
        pull = command.collection
        return FactNeeds(collection=pull.id if pull else None, population=pull is not None, folded=(command.holder,))
    if isinstance(command, SeeCollection) and isinstance(state, Approval):
        return effect.needs_of(state, command.collection)
    return FactNeeds()
