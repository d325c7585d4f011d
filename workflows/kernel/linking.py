"""Who a Slack account is: linked by a sign-in or by two people, suspended, stale, ended, each a signed event (CC6.1).

One case for each Slack account. The table that is asked at every click is an index over these events; what an account is
allowed rests on ids on both sides, never on a name or an address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from workflows.kernel.identity import Person, PersonId, Value
from workflows.kernel.linking_event import (
    LinksOpened,
    SlackLinkAgreed,
    SlackLinked,
    SlackLinkEnded,
    SlackLinkLapsed,
    SlackLinkProposed,
    SlackLinkRefused,
    SlackLinkStale,
    SlackLinkSuspended,
)
from workflows.kernel.model import CaseId, Control, Event, Recorded, case_id, case_segments
from workflows.kernel.ports import ChatUser
from workflows.kernel.signin import SlackLink

NAME = "identity"
DESK: CaseId = "identity/desk"
"""Where changes of links are proposed, and where refused sign-ins are noted that name no Slack account."""
ACCOUNTS = "identity/slack/"

Answer = Literal["asked", "linked", "refused", "lapsed"]

CONTROL = Control(
    id=NAME,
    title="Slack accounts and the people behind them",
    text="What a Slack account decides counts as decided by the person whom it is linked to, and by nobody else.",
    workflow=NAME,
    criteria=("CC6.1",),
    owner="",
)
"""What stands in a control's place for these cases; its owner and deputy are the company's."""


class NoSettings(Value):
    """Nothing about these cases is set by the program."""


@dataclass(frozen=True)
class Proposal:
    """That an account shall count as a person, and how far it is. ``counted_as`` is the login that it counts as till then."""

    round: int
    called: str
    issuer: str
    sub: PersonId
    person: Person
    why: str
    instead_of: PersonId
    proposer: str
    asked: tuple[Person, ...]
    lapse_at: datetime
    status: Answer = "asked"
    agreed: tuple[PersonId, ...] = ()
    because: str = ""
    counted_as: str = ""

    @property
    def waiting(self) -> tuple[Person, ...]:
        """Who may still answer."""
        return tuple(p for p in self.asked if self.status == "asked" and p.id not in self.agreed)


@dataclass(frozen=True)
class Notice:
    """That a login changed, and who was told; ``over`` once the person enrolled anew or the link ended."""

    number: int
    sub: PersonId
    before: str
    now: str
    told: tuple[PersonId, ...]
    over: bool = False


@dataclass(frozen=True)
class Account:
    """A Slack account's case: every link that it ever had, oldest first. The desk, without a user, knows the issuer."""

    case: CaseId
    team: str
    user: str
    opened_at: datetime
    links: tuple[SlackLink, ...] = ()
    proposal: Proposal | None = None
    notice: Notice | None = None
    issuer: str = ""

    @property
    def link(self) -> SlackLink | None:
        """The link that stands."""
        return self.links[-1] if self.links and self.links[-1].ended_at is None else None

    @property
    def is_desk(self) -> bool:
        """Whether this is the desk."""
        return not self.user


def case_of(team: str, user: str) -> CaseId:
    """The case of a Slack account; the desk where no account is named."""
    return case_id(NAME, "slack", team, user) if team and user else DESK


def account_of(case: CaseId) -> tuple[str, str]:
    """Team and user of a case; empty for the desk."""
    _, kind, *rest = case_segments(case)
    return (rest[0], rest[1]) if kind == "slack" and len(rest) == 2 else ("", "")


def against(listed: ChatUser | None) -> str:
    """What Slack has against an account that shall count as a person, in a word; empty where it is a member's."""
    if listed is None:
        return "unlisted"
    flags = (
        ("deactivated", listed.deleted), ("bot", listed.bot), ("stranger", listed.stranger), ("guest", listed.restricted),
        ("guest", listed.ultra_restricted), ("not_joined", listed.invited),
    )  # fmt: skip
    found = next((word for word, flag in flags if flag), "")
    return found or ("unverified" if any(flag is None for _, flag in flags) else "")


def evolve(state: Account | None, recorded: Recorded) -> Account | None:
    """What is known after this."""
    if state is None:
        team, user = account_of(recorded.case)
        state = Account(case=recorded.case, team=team, user=user, opened_at=recorded.at)
    event = recorded.event
    match event:
        case LinksOpened(issuer=issuer):
            return replace(state, issuer=issuer)
        case SlackLinked():
            return _linked(state, event, recorded)
        case SlackLinkEnded():
            ended = {"ended_at": recorded.at, "ended_by": recorded.by.id, "ended_why": event.why}
            return _over(_changed(state, ended))
        case SlackLinkSuspended(cause=cause):
            return _changed(state, {"suspended": cause})
        case SlackLinkStale():
            notice = Notice(len(state.links), event.sub, event.login_before, event.login_now, event.told)
            return replace(_changed(state, {"stale": event.login_now or "none"}), notice=notice)
        case SlackLinkProposed():
            return replace(state, proposal=_proposal(state, event, recorded))
    return _answered(state, event)


def _answered(state: Account, event: Event) -> Account:
    asked = state.proposal
    if asked is None:
        return state
    match event:
        case SlackLinkAgreed(by=by):
            return replace(state, proposal=replace(asked, agreed=(*asked.agreed, by)))
        case SlackLinkRefused(reason=reason):
            return replace(state, proposal=replace(asked, status="refused", because=reason))
        case SlackLinkLapsed():
            return replace(state, proposal=replace(asked, status="lapsed"))
    return state


def _proposal(state: Account, event: SlackLinkProposed, recorded: Recorded) -> Proposal:
    names = ("called", "issuer", "sub", "person", "why", "instead_of", "proposer", "asked", "lapse_at")
    told = {name: getattr(event, name) for name in names}
    number = state.proposal.round + 1 if state.proposal else 1
    counted_as = state.link.login or state.link.sub if state.link else ""
    return Proposal(round=number, **told, counted_as=counted_as)


def _linked(state: Account, event: SlackLinked, recorded: Recorded) -> Account:
    link = SlackLink(
        team=event.team, user=event.user, issuer=event.issuer, sub=event.sub, method=event.method, at=recorded.at,
        login=event.login, proof=event.proof, attestation=recorded.attestation or "",
    )  # fmt: skip
    state = _over(replace(state, links=(*state.links, link)))
    if event.method == "attested" and state.proposal is not None:
        return replace(state, proposal=replace(state.proposal, status="linked"))
    return state


def _changed(state: Account, change: dict[str, object]) -> Account:
    """The last link, changed."""
    return replace(state, links=(*state.links[:-1], *(one.model_copy(update=change) for one in state.links[-1:])))


def _over(state: Account) -> Account:
    """What was told of a changed login is settled."""
    return replace(state, notice=replace(state.notice, over=True)) if state.notice else state
