"""What the control owner may not do alone: exceptions, cancelling, closing one's own reviews. A second person signs.

The second signer is named in the proposal, is active, and is neither the proposer nor the subject.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from workflows.access_review.model import (
    AssignedLine,
    AssignLine,
    Campaign,
    CampaignCancelled,
    CloseCampaign,
    CoSign,
    Decline,
    EndException,
    ExceptionGranted,
    ExceptionLapsed,
    ExceptionProposed,
    Exemption,
    LapseException,
    Proposal,
    ProposalDeclined,
    Propose,
    RecordException,
    Review,
    SealReview,
    SourceExcepted,
)
from workflows.access_review.rules.closing import close, only_reviewer
from workflows.access_review.rules.moving import check_excepted, except_independence, give_out
from workflows.access_review.rules.refusal import checked_reason, refused
from workflows.access_review.rules.review import level_reached
from workflows.kernel.calendar import local_day
from workflows.kernel.identity import Person
from workflows.kernel.independence import unfit
from workflows.kernel.model import Actor, Addressed, Facts, Outcome, Want

LEAVER_LIMIT = timedelta(days=30)


def owner_only(state: Campaign, by: Actor) -> Person:
    """The control owner, or refused."""
    person = by.somebody()
    if state.owner is None or person.id != state.owner.id:
        name = state.owner.name if state.owner else "the control owner"
        raise refused("not_yours", f"Only {name} may do this: they answer for the control.")
    return person


def still_open(state: Campaign) -> None:
    """Refused once the campaign ended."""
    if not state.open:
        raise refused("campaign_closed")


def propose(state: Campaign, command: Propose, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The control owner asks a second signer."""
    still_open(state)
    owner = owner_only(state, by)
    reason = checked_reason(command.reason, state.settings.reason_min)
    second = facts.directory.get(command.second)
    if second is None or second.id == owner.id:
        raise refused("second_signer_needed")
    if (problem := unfit(second)) is not None:
        raise refused("second_signer_needed", problem.reason)
    about = _about(state, command, facts)
    _check_kind(state, command, second, at, facts, about)
    level_reached(state.settings.level_closing, by)
    number = max(state.proposals, default=0) + 1
    fields = command.model_dump(exclude={"second", "reason"})
    judge = facts.directory.get(command.reviewer) if command.reviewer else None
    event = ExceptionProposed(number=number, by=owner, second=second, reason=reason, about=about, judge=judge, **fields)
    return Outcome(events=(event,))


def _about(state: Campaign, command: Propose, facts: Facts) -> tuple[AssignedLine, ...]:
    """The lines that are proposed about: nobody signs for an access that they are not shown."""
    review = facts.folded.get(command.review)
    if isinstance(review, Review) and command.item in review.lines:
        return (review.lines[command.item].assigned,)
    refs = (*command.refs, command.item)
    return tuple(state.unassigned[r] for r in refs if r in state.unassigned)


def _check_kind(
    state: Campaign, command: Propose, second: Person, at: datetime, facts: Facts, about: tuple[AssignedLine, ...]
) -> None:
    if command.kind == "independence":
        if command.reviewer is None:
            raise refused("not_independent", "No reviewer is named.")
        check_excepted(state, command.refs, command.reviewer, second.id, facts)
        return
    if command.kind == "close":
        return
    if command.kind == "cancel":
        _nothing_signed(state)
        return
    today = local_day(at, state.time_zone)
    _check_end(command.until, today, _of_leaver(command.kind, about))
    if command.kind == "source":
        held = state.sources.get(command.item)
        if held is None:
            raise refused("no_such_source")
        if held.status in ("opened", "excepted"):
            raise refused("no_such_source", f"{command.item} needs no exception: it is {held.status}.")
        return
    home = state.homes.get(command.item)
    if home is None or home.review != (command.review or None):
        raise refused("no_such_line")
    if not about:
        raise refused("no_such_line")
    if home.subject and home.subject in (second.id, state.owner.id if state.owner else ""):
        raise refused("own_access", "Neither signer of an exception may be the person whose access it is.")


def _of_leaver(kind: str, about: tuple[AssignedLine, ...]) -> bool:
    """Whether it is the access of somebody who has left, by whatever name it is proposed."""
    return kind == "leaver" or any(x.leaver for x in about)


def _check_end(until: date | None, today: date, leaver: bool) -> None:
    if until is None or until <= today:
        raise refused("end_date_needed")
    if leaver and until - today > LEAVER_LIMIT:
        raise refused("too_long_an_exception")


def assign(state: Campaign, command: AssignLine, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The control owner gives out lines for which no reviewer was found."""
    still_open(state)
    owner_only(state, by)
    return give_out(state, command, by, at, facts)


def decline(state: Campaign, command: Decline, by: Actor) -> Outcome:
    """The second signer says no; nothing changes."""
    _waiting(state, command.number, by)
    reason = checked_reason(command.reason)
    return Outcome(events=(ProposalDeclined(number=command.number, reason=reason),))


def cosign(state: Campaign, command: CoSign, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The second signature: now it holds."""
    still_open(state)
    proposal = _waiting(state, command.number, by)
    if (problem := unfit(facts.directory.get(proposal.second.id))) is not None:
        raise refused("second_signer_needed", problem.reason)
    # Last: nobody signs in for what the rules refuse all the same.
    signed = _signed(state, proposal, at, facts)
    level_reached(state.settings.level_closing, by)
    return signed


def _signed(state: Campaign, proposal: Proposal, at: datetime, facts: Facts) -> Outcome:
    """What the second signature lets happen."""
    if proposal.kind == "independence":
        return except_independence(state, proposal, at, facts)
    if proposal.kind == "close":
        return close(state, CloseCampaign(), at, facts, proposal.by.id, proposal.second.id)
    if proposal.kind == "cancel":
        return _cancel(state, proposal)
    if proposal.until is None:
        raise refused("end_date_needed")
    _check_end(proposal.until, local_day(at, state.time_zone), _of_leaver(proposal.kind, proposal.about))
    exemption = Exemption(
        number=proposal.number,
        kind=proposal.kind,
        item=proposal.item,
        review=proposal.review,
        reason=proposal.reason,
        until=proposal.until,
        by=proposal.by.id,
        second=proposal.second.id,
    )
    if proposal.kind == "source":
        held = state.sources.get(proposal.item)
        if held is None or held.status in ("opened", "excepted"):
            raise refused("no_such_source", f"{proposal.item} opened meanwhile; no exception is needed.")
        return Outcome(events=(SourceExcepted(exemption=exemption),))
    home = state.homes.get(proposal.item)
    if home is None or home.review is None:
        return Outcome(events=(ExceptionGranted(exemption=exemption),))
    told = Addressed(case=home.review, command=RecordException(exemption=exemption))
    return Outcome(events=(ExceptionGranted(exemption=exemption),), commands=(told,))


def _waiting(state: Campaign, number: int, by: Actor) -> Proposal:
    """The proposal that waits for this person's signature."""
    proposal = state.proposals.get(number)
    if proposal is None or proposal.outcome != "open":
        raise refused("no_such_proposal")
    if by.somebody().id != proposal.second.id:
        raise refused("not_yours", f"{proposal.second.name} was asked for the second signature.")
    return proposal


def _nothing_signed(state: Campaign) -> None:
    if any(counts.get("signed") for counts in state.progress.values()):
        raise refused("signed_already")


def _cancel(state: Campaign, proposal: Proposal) -> Outcome:
    """Cancelled, with every review sealed in the same transaction: one that has a signature refuses."""
    _nothing_signed(state)
    event = CampaignCancelled(by=proposal.by.id, second=proposal.second.id, reason=proposal.reason)
    reviews = sorted({h.review for h in state.homes.values() if h.review})
    seals = tuple(Addressed(case=r, command=SealReview(counts={}, cancelled=True)) for r in reviews)
    return Outcome(events=(event,), commands=seals)


def close_or_ask(state: Campaign, command: CloseCampaign, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """The control owner closes; whoever reviewed everything alone needs a second signer for it."""
    still_open(state)
    owner = owner_only(state, by)
    if only_reviewer(facts, owner.id):
        raise refused(
            "second_signer_needed",
            "You are the only reviewer of this access review, so a second person must sign its closing.",
            "Choose “Close with a second signer …” under More.",
        )
    closed = close(state, command, at, facts, owner.id, None)
    level_reached(state.settings.level_closing, by)
    return closed


def lapse(state: Campaign, command: LapseException, at: datetime) -> Outcome:
    """An exception's last day is over: what it covered is wanted again."""
    exemption = state.exemptions.get(command.number)
    if exemption is None or command.number in state.lapsed or local_day(at, state.time_zone) <= exemption.until:
        raise refused("not_due")
    event = ExceptionLapsed(exemption=exemption)
    if exemption.kind == "source":
        want = Want(kind="pull", source=exemption.item, reason="its exception is over")
        return Outcome(events=(event,), wants=(want,) if state.open else ())
    home = state.homes.get(exemption.item)
    review = home.review if home else None
    told = (Addressed(case=review, command=EndException(exemption=exemption)),) if review else ()
    return Outcome(events=(event,), commands=told)
