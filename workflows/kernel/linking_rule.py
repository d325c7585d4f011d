"""The rules of links: whom a Slack account may count as, who may say so, and what suspends it (CC6.1, CC6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workflows.kernel.calendar import after
from workflows.kernel.errors import Refused, StepUpNeeded
from workflows.kernel.identity import Directory, Person
from workflows.kernel.linking import Account, against, case_of
from workflows.kernel.linking_event import (
    AskLink,
    Cause,
    ConfirmLink,
    DeclineLink,
    End,
    EndLink,
    LapseLink,
    LinkAccount,
    LinksOpened,
    NoteAttempt,
    OpenLinks,
    ProposeLink,
    SeeAccount,
    SignInNotTaken,
    SlackLinkAgreed,
    SlackLinked,
    SlackLinkEnded,
    SlackLinkLapsed,
    SlackLinkProposed,
    SlackLinkRefused,
    SlackLinkStale,
    SlackLinkSuspended,
)
from workflows.kernel.model import Actor, Addressed, Command, Event, FactNeeds, Facts, Outcome
from workflows.kernel.signin import SlackLink
from workflows.kernel.workflow import State

ANSWER_WITHIN = "5wd"
SHORTEST, LONGEST = 10, 255
NOTHING = "Nothing was recorded."
BY_TWO = (
    f"{NOTHING} A change of a link is decided by two people: ask somebody who answers for a control to propose it with "
    "/access link."
)
ONE_EACH = (
    f"{NOTHING} If you do not use the other one any more, remove its link at Attester's page /login and try again. To have "
    "both, ask somebody who answers for a control to propose it with /access link."
)
NEEDED = "slack+sso+mfa"
AGAINST = {
    "unlisted": "Slack lists no such account in this workspace.",
    "deactivated": "This Slack account is deactivated.",
    "bot": "This Slack account is a bot's.",
    "stranger": "This Slack account is of another company.",
    "guest": "This Slack account is a guest's, and guests decide nothing here.",
    "not_joined": "This Slack account was invited and has not joined yet.",
    "unverified": "Slack did not say what kind of account this is.",
}
"""What each word that Slack has against an account means."""


def needs(_state: State, command: Command) -> FactNeeds:
    """Whoever signs in is compared with the other accounts that the index has for them, as their own events have it."""
    return FactNeeds(folded=command.others) if isinstance(command, LinkAccount) else FactNeeds()


def decide(state: Account | None, command: Command, by: Actor, at: datetime, facts: Facts) -> Outcome:
    """What a command leads to, or Refused with its reason and next step."""
    if state is None:
        team, user = getattr(command, "team", ""), getattr(command, "user", "")
        state = Account(case_of(team, user), team, user, at)
    match command:
        case LinkAccount():
            return Outcome(events=_enrol(state, command, by, facts))
        case AskLink():
            return Outcome(commands=(_passed_on(state, command, by, facts),))
        case ProposeLink():
            return Outcome(events=(_propose(state, command, by, at, facts),))
        case ConfirmLink() | DeclineLink():
            return Outcome(events=_answer(state, command, by, facts))
        case EndLink(why=why):
            return Outcome(events=(_end(state, by, why),))
    if by.kind == "person":
        raise Refused("not_for_people", "Attester notes this by itself.", NOTHING)
    return Outcome(events=_note(state, command, by, at, facts))


def _passed_on(desk: Account, command: AskLink, by: Actor, facts: Facts) -> Addressed:
    if not desk.is_desk or not desk.issuer or not by.slack_team or not command.user:
        raise Refused("no_account", "A link is of a Slack account of this workspace.", f"{NOTHING} Choose one.")
    person = facts.directory.by_login(command.login)
    if person is None:
        raise Refused("unknown_person", f"The directory has nobody with the login {command.login}.", NOTHING)
    propose = ProposeLink(team=by.slack_team, user=command.user, issuer=desk.issuer, sub=person.id, why=command.why)
    return Addressed(case=case_of(by.slack_team, command.user), command=propose)


def _note(state: Account, command: Command, by: Actor, at: datetime, facts: Facts) -> tuple[Event, ...]:
    """What no person decides."""
    match command:
        case OpenLinks(issuer=issuer):
            return (LinksOpened(issuer=issuer),) if state.is_desk and state.issuer != issuer else ()
        case SeeAccount(deactivated=deactivated):
            return _seen(state, deactivated, facts)
        case NoteAttempt():
            return (SignInNotTaken(**command.model_dump()),)
        case LapseLink():
            asked = state.proposal
            if by.kind != "time" or asked is None or not asked.waiting or at < asked.lapse_at:
                raise Refused("not_due", "There is still time to answer.", NOTHING)
            return (SlackLinkLapsed(),)
    raise Refused("unknown_command", "This is not done with a link.", NOTHING)


def _enrol(state: Account, command: LinkAccount, by: Actor, facts: Facts) -> tuple[Event, ...]:
    person = by.somebody()
    if by.assurance not in ("slack+sso", NEEDED) or (by.slack_team, by.slack_user) != (state.team, state.user):
        raise Refused("no_sign_in", "An account is linked by a sign-in for it.", f"{NOTHING} Press “Link my account”.")
    link, me = state.link, (command.issuer, person.id)
    # CC6.1: authority never moves with a sign-in; it stays with the person who has it until two people say otherwise.
    if link is not None and (link.issuer, link.sub) != me:
        raise Refused("slack_user_taken", "This Slack account is linked to another person already.", BY_TWO)
    others = [a.link for a in facts.folded.values() if isinstance(a, Account) and a.user != state.user and a.link]
    others = [one for one in others if (one.issuer, one.sub, one.team) == (*me, state.team)]
    if others and link is None:
        raise Refused("person_taken", "You are linked to another Slack account of this workspace already.", ONE_EACH)
    if link is not None and link.method == "attested" and any(one.method != "attested" for one in others):
        why = "This is your second Slack account: two people linked it, and it signs in for nothing."
        raise Refused("second_account", why, ONE_EACH)
    known = facts.directory.get(person.id)
    named = _named(facts.directory, state.user)
    if (named is not None and named.id != person.id) or (known and known.slack_user not in (None, state.user)):
        why = "The company's directory says something else about this Slack account and you."
        raise Refused("directory_differs", why, f"{NOTHING} Ask whoever keeps the directory to correct it there.")
    linked = SlackLinked(
        team=state.team, user=state.user, issuer=command.issuer, sub=person.id, login=command.login, method="step_up",
        proof=command.proof,
    )  # fmt: skip
    return (*_ended(link, "linked_anew", "linked anew"), linked)


def _named(directory: Directory, user: str) -> Person | None:
    """The one person whom the directory says this Slack user is."""
    found = [p for p in directory.people.values() if p.slack_user == user]
    return found[0] if len(found) == 1 else None


def _ended(link: SlackLink | None, cause: End, why: str) -> Sequence[SlackLinkEnded]:
    if link is None:
        return ()
    return (SlackLinkEnded(team=link.team, user=link.user, sub=link.sub, cause=cause, why=why),)


def _end(state: Account, by: Actor, why: str) -> SlackLinkEnded:
    if state.link is None:
        raise Refused(
            "no_link", "No link of this Slack account stands.", f"{NOTHING} List them: attester identity links"
        )
    if by.kind == "time" or (by.person is not None and by.person.id != state.link.sub):
        raise Refused("not_yours", "This link is another person's.", NOTHING)
    if not why.strip():
        raise Refused("reason_too_short", "A link is ended for a reason.", NOTHING)
    return _ended(state.link, "unlinked", why.strip()[:LONGEST])[0]


def _seen(state: Account, deactivated: bool, facts: Facts) -> tuple[Event, ...]:
    link = state.link
    # A directory that was never pulled says nothing of anybody: nobody is suspended by it.
    if link is None or link.suspended or not facts.directory.people:
        return ()
    person = facts.directory.get(link.sub)
    about = {"team": link.team, "user": link.user, "sub": link.sub}
    cause = _cause(person, deactivated)
    if cause is not None:
        return (SlackLinkSuspended(**about, cause=cause),)
    if person is None or person.login == link.login or link.stale:
        return ()
    told = next(((one,) for one in (facts.owner, facts.deputy) if one and one != link.sub), ())
    return (SlackLinkStale(**about, login_before=link.login, login_now=person.login, told=told),)


def _cause(person: Person | None, deactivated: bool) -> Cause | None:
    """Why a link cannot count now; unknown is no yes."""
    if deactivated:
        return "slack_deactivated"
    if person is None:
        return "not_in_directory"
    if person.employed is None:
        return "employment_unknown"
    return None if person.employed else "not_employed"


def _propose(state: Account, command: ProposeLink, by: Actor, at: datetime, facts: Facts) -> SlackLinkProposed:
    owners, proposer = _owners(facts), by.person.id if by.person else ""
    if by.kind == "time" or (proposer and proposer not in {p.id for p in owners}):
        raise Refused("not_owner", "Only somebody who answers for a control proposes a link.", NOTHING)
    if proposer == command.sub:
        raise Refused("gains", "Nobody proposes a link that they gain from.", f"{NOTHING} Ask another control owner.")
    if state.proposal is not None and state.proposal.waiting:
        raise Refused("already_asked", "A link of this account is being decided.", f"{NOTHING} Wait for the answer.")
    called = _of_a_member(facts)
    person = _employed(facts.directory, command.sub)
    _not_linked_so(state, command.issuer, command.sub)
    named = _named(facts.directory, state.user)
    if named is not None and named.id != command.sub and (state.link is None or state.link.sub != named.id):
        why = "The company's directory says that this Slack account is somebody else."
        raise Refused("directory_differs", why, f"{NOTHING} Ask whoever keeps the directory to correct it there.")
    if len(command.why.strip()) < SHORTEST:
        raise Refused("reason_too_short", f"The reason needs at least {SHORTEST} characters.", NOTHING)
    # CC6.1: two decide, and neither of them gains from it; whoever proposes may be one of the two.
    asked = tuple(p for p in owners if p.id != command.sub)
    if len(asked) < 2:
        why = "A link takes two people who answer for controls and do not gain from it, and the program names too few."
        raise Refused("one_person", why, f"{NOTHING} Name a deputy in the program.")
    zone, closed = str(facts.company.get("time_zone") or "UTC"), frozenset(facts.company.get("closed_days") or ())
    return SlackLinkProposed(
        team=state.team, user=state.user, called=called, issuer=command.issuer, sub=command.sub, person=person,
        why=command.why.strip(),
        instead_of=state.link.sub if state.link else "",
        proposer=by.person.name if by.person else "", asked=asked,
        lapse_at=after(at, ANSWER_WITHIN, zone, closed),
    )  # fmt: skip


def _owners(facts: Facts) -> list[Person]:
    """Who answers for a control or stands in for who does, and works here."""
    people = [facts.directory.get(one) for one in facts.company.get("owners") or ()]
    return [p for p in people if p is not None and p.employed is True]


def _employed(directory: Directory, sub: str) -> Person:
    person = directory.get(sub)
    if person is None or person.employed is not True:
        why = "The company's directory does not have this person as employed."
        raise Refused("not_employed", why, f"{NOTHING} Pull it again where this is wrong: attester identity pull")
    return person


def _of_a_member(facts: Facts) -> str:
    """What Slack calls the account. Raises Refused where it is no full member's."""
    if word := against(facts.account):
        next_step = f"{NOTHING} Choose a member of this workspace; who joined today is known within six hours."
        raise Refused("not_a_member", AGAINST[word], next_step)
    listed = facts.account
    return ", ".join(text for text in (listed.name, listed.email) if text) if listed else ""


def _not_linked_so(state: Account, issuer: str, sub: str) -> None:
    link = state.link
    if link is not None and not link.suspended and (link.issuer, link.sub) == (issuer, sub):
        raise Refused("already_linked", "This Slack account counts as this person already.", NOTHING)


def _answer(state: Account, command: Command, by: Actor, facts: Facts) -> tuple[Event, ...]:
    person, asked = by.somebody(), state.proposal
    if asked is None:
        raise Refused("no_such_case", "Nobody proposed a link of this account.", NOTHING)
    if person.id == asked.sub:
        raise Refused("gains", "Nobody decides about a link that they gain from.", NOTHING)
    if person.id in asked.agreed:
        raise Refused("already_said", "You are one of the two already; it takes another person.", NOTHING)
    if asked.status != "asked":
        raise Refused("already_decided", "This is decided already.", "Look at the message as it is now.")
    if all(p.id != person.id for p in asked.asked):
        raise Refused("not_asked", "You are not asked about this link.", NOTHING)
    if isinstance(command, ConfirmLink | DeclineLink) and command.round != asked.round:
        raise Refused(
            "outdated", "This button is of an earlier proposal.", "Use the newest message about this account."
        )
    if isinstance(command, DeclineLink):
        reason = command.reason.strip()
        if len(reason) < SHORTEST:
            raise Refused("reason_too_short", f"The reason needs at least {SHORTEST} characters.", NOTHING)
        return (SlackLinkRefused(by=person.id, reason=reason),)
    _of_a_member(facts)
    _not_linked_so(state, asked.issuer, asked.sub)
    if (state.link.sub if state.link else "") != asked.instead_of:
        raise Refused("changed_meanwhile", "The link of this account changed since it was proposed.", NOTHING)
    now = _employed(facts.directory, asked.sub)
    if person.id not in {p.id for p in _owners(facts)}:
        raise Refused("not_owner", "You answer for no control any more.", NOTHING)
    # CC6.1: two stolen Slack sessions are not two people.
    if by.assurance != NEEDED:
        why = "A change of a link is confirmed by a sign-in with a second factor."
        raise StepUpNeeded(NEEDED, why, f"{NOTHING} Press the button again.")
    yes = SlackLinkAgreed(by=person.id)
    if not asked.agreed:
        return (yes,)
    linked = SlackLinked(
        team=state.team, user=state.user, issuer=asked.issuer, sub=asked.sub, login=now.login, method="attested",
        decided_by=(*asked.agreed, person.id),
    )  # fmt: skip
    return (yes, *_ended(state.link, "linked_by_two", "two people linked it anew"), linked)
