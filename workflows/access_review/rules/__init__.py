"""The rules of an access review: what each command leads to, and what each event changes. CC6.1, CC6.2, CC6.3."""

from __future__ import annotations

from datetime import datetime

from workflows.access_review.model import (
    AssignLine,
    Campaign,
    CampaignPlanned,
    CannotRemove,
    ClimbLadder,
    CloseCampaign,
    CollectSource,
    CompareLooks,
    CorrectVerdict,
    CoSign,
    CoSignVerdicts,
    Decline,
    EndException,
    HandOver,
    KeepGroup,
    LapseException,
    LinesTaken,
    MarkLine,
    NoteProgress,
    NotMine,
    OpenGroup,
    OpenSource,
    PlanCampaign,
    Propose,
    Reassign,
    RecordException,
    RecordLateRemoval,
    RecordMissed,
    RecordOverdue,
    RefuseVerdict,
    Rehome,
    ReportRemoved,
    Review,
    SealReview,
    SeeArrivals,
    SeeCollection,
    SeeDirectory,
    SeekSecondLook,
    SignMarks,
    StopWatching,
    TakeLines,
    TurnPage,
    WithdrawMark,
)
from workflows.access_review.rules import (
    campaign,
    campaign_fold,
    closing,
    grouping,
    handing,
    ladder,
    moving,
    proposing,
    releasing,
    removal,
    review,
    review_fold,
    sealing,
    second_look,
    signing,
    watching,
)
from workflows.access_review.rules.refusal import refused
from workflows.kernel.model import (
    Actor,
    Addressed,
    Command,
    FactNeeds,
    Facts,
    Outcome,
    Recorded,
    case_id,
    case_segments,
)

State = Campaign | Review | None
"""Either kind of case, or None before its first event."""


def _on_campaign(state: Campaign, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    match command:
        case CollectSource():
            return campaign.collect(state, command, at, facts)
        case OpenSource():
            return handing.open_source(state, command, at, facts)
        case SeekSecondLook():
            return second_look.seek(state, command, at, facts)
        case SeeArrivals():
            return handing.see_arrivals(state, command, at, facts)
        case Rehome():
            return moving.rehome(state, command, at, facts)
        case NoteProgress():
            return closing.note_progress(state, command)
        case RecordMissed():
            return closing.record_missed(state, at)
        case RecordOverdue():
            return closing.record_overdue(state, at)
        case LapseException():
            return proposing.lapse(state, command, at)
        case CoSign():
            return proposing.cosign(state, command, by, at, facts)
        case Decline():
            return proposing.decline(state, command, by)
        case AssignLine():
            return proposing.assign(state, command, by, at, facts)
        case Propose():
            return proposing.propose(state, command, by, at, facts)
        case CloseCampaign():
            return proposing.close_or_ask(state, command, by, at, facts)
    raise refused("no_such_case")


def _on_review(state: Review, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    match command:
        case TurnPage():
            return review.turn_page(state, command, by)
        case MarkLine():
            return review.mark(state, command, by, at, facts)
        case OpenGroup():
            return grouping.open_group(state, command, by)
        case KeepGroup():
            return grouping.keep_group(state, command, by, at, facts)
        case WithdrawMark():
            return review.withdraw(state, command, by)
        case NotMine():
            return releasing.not_mine(state, command, by, facts)
        case HandOver():
            return releasing.hand_over(state, command, by, facts)
        case Reassign():
            return releasing.reassign(state, command, by, facts)
        case SignMarks():
            return signing.sign(state, command, by, at, facts)
        case CorrectVerdict():
            return signing.correct(state, command, by, at, facts)
        case CoSignVerdicts():
            return signing.cosign(state, command, by, at, facts)
        case RefuseVerdict():
            return signing.refuse(state, command, by, facts)
        case ReportRemoved():
            return removal.report(state, command, by, at, facts)
        case CannotRemove():
            return removal.cannot(state, command, by, facts)
    return _by_system(state, command, at, facts)


def _by_system(state: Review, command: Command, at: datetime, facts: Facts) -> Outcome:
    match command:
        case SeeCollection():
            return watching.see_collection(state, command, at, facts)
        case SeeDirectory():
            return watching.see_directory(state, command, at, facts)
        case RecordException():
            return removal.except_(state, command)
        case EndException():
            return removal.end_exception(state, command)
        case CompareLooks():
            return second_look.compared(state, command)
        case StopWatching():
            return watching.stop(state, command)
        case SealReview():
            return sealing.seal(state, command)
        case ClimbLadder():
            return ladder.climb(state, command, at, facts)
        case RecordLateRemoval():
            return removal.late(state, command, at)
    raise refused("no_such_case")


def decide(state: State, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """What a command leads to, or Refused with its reason and next step."""
    if isinstance(command, PlanCampaign):
        if state is not None:
            raise refused("already_exists")
        return campaign.plan(command, at, facts)
    if isinstance(command, TakeLines) and (state is None or isinstance(state, Review)):
        return review.take(state, command)
    if isinstance(state, Campaign):
        return _on_campaign(state, command, by, at, facts)
    if isinstance(state, Review):
        return _with_progress(state, _on_review(state, command, by, at, facts), by, at)
    raise refused("no_such_case")


def _with_progress(state: Review, outcome: Outcome, by: Actor, at: datetime) -> Outcome:
    """The outcome, and the campaign told where a review got further."""
    after: State = state
    for event in outcome.events:
        after = evolve(after, Recorded(case=state.case, n=0, seq=None, event=event, at=at, by=by, attestation=None))
    if not isinstance(after, Review) or after.sealed or sealing.told(after) == sealing.told(state):
        return outcome
    note = NoteProgress(review=state.case, counts=sealing.told(after))
    return outcome.model_copy(
        update={"commands": (*outcome.commands, Addressed(case=state.head.campaign, command=note))}
    )


def evolve(state: State, recorded: Recorded) -> State:
    """The state after an event; a case's first event says whether it is a campaign or a review."""
    event = recorded.event
    if isinstance(event, CampaignPlanned):
        return campaign_fold.planned(recorded, event)
    if isinstance(event, LinesTaken):
        return review_fold.taken(state if isinstance(state, Review) else None, recorded, event)
    if isinstance(state, Campaign):
        return campaign_fold.fold(state, recorded)
    if isinstance(state, Review):
        return review_fold.fold(state, recorded)
    return state


def needs(state: State, command: Command) -> FactNeeds:
    """What a command must be given beyond the state."""
    if isinstance(command, OpenSource) and isinstance(state, Campaign):
        held = state.sources.get(command.source)
        pull = held.collection if held else None
        return _population(state, command.source, pull.id if pull else None)
    if isinstance(command, SeeArrivals) and isinstance(state, Campaign):
        return _population(state, command.collection.source, command.collection.id)
    if isinstance(command, SeeCollection) and isinstance(state, Review):
        return FactNeeds(collection=command.collection.id, lines=watching.keys_of_interest(state))
    if isinstance(command, CloseCampaign | CoSign):
        return FactNeeds(children=True)
    if isinstance(command, Propose) and command.review:
        return FactNeeds(folded=(command.review,))
    return FactNeeds()


def _population(state: Campaign, source: str, pull: str | None) -> FactNeeds:
    """All lines of a pull, what earlier campaigns decided about this source, what was approved, who has duties in conflict."""
    folded = tuple(case_id(*case_segments(c), source) + "/" for c in state.earlier)
    return FactNeeds(collection=pull, population=True, folded=folded, approvals=True, duties=True)
