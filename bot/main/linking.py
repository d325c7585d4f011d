"""Links between Slack accounts and persons, wired: kept true by the worker, proposed and ended by an operator."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.facts import FactBook, NoProgram
from bot.main.storage import Storage
from bot.runtime import Runtime
from bot.store.people import Refusals
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.linking import DESK, NAME, Account, case_of
from workflows.kernel.linking_event import EndLink, NoteAttempt, OpenLinks, ProposeLink, SeeAccount
from workflows.kernel.model import CaseId, Command, by_system
from workflows.kernel.ports import Clock, SigningFailed
from workflows.kernel.signin import SlackLink, Ticket

NOTHING = "Nothing was recorded."
LOG = structlog.get_logger("attester")


class LinkWatch:
    """Keeps the index what the events say, and records what Slack and the directory change about linked accounts."""

    def __init__(self, storage: Storage, facts: FactBook, runtime: Callable[[], Runtime]) -> None:
        self._storage = storage
        self._facts = facts
        self._runtime = runtime
        self._settled: dict[CaseId, int] = {}

    def settle(self) -> int:
        """Bring the index up to date with what a process that died, or another one, recorded; returns how many accounts.

        Each account is looked at once by each process, and again whenever it has a new event.
        """
        links, changed = self._storage.slack_links, 0
        for case, n in links.heads().items():
            if self._settled.get(case) != n:
                changed += links.settle(case)
                self._settled[case] = n
        return changed

    def look(self) -> int:
        """Open the desk; record what is new about linked accounts: suspended, stale. Returns how many accounts' events."""
        issuer = self._storage.settings.okta_oidc_issuer
        try:
            people = self._facts.directory().people
        except NoProgram:
            return 0
        if not issuer or not people:
            return 0
        self._open(issuer)
        gone, count = self._storage.members.deactivated(), 0
        for link in self._storage.slack_links.standing(issuer).values():
            person, deactivated = people.get(link.sub), (link.team, link.user) in gone
            here = person is not None and person.employed is True and not deactivated
            renamed = person is not None and person.login != link.login and not link.stale
            if not link.suspended and (renamed or not here):
                count += self._note(case_of(link.team, link.user), SeeAccount(deactivated=deactivated))
        return count

    def _open(self, issuer: str) -> None:
        """Note at the desk whose persons links are of."""
        desk, _ = self._runtime().state(DESK)
        if not isinstance(desk, Account) or desk.issuer != issuer:
            self._note(DESK, OpenLinks(issuer=issuer))

    def _note(self, case: CaseId, command: Command) -> int:
        try:
            done = self._runtime().act(case, command, by_system("attester"), control=NAME)
        except (Refused, Conflict, Unsure, SigningFailed) as failure:
            LOG.warning("link_not_noted", case=case, why=type(failure).__name__)
            return 0
        self._storage.slack_links.settle(case)
        for recorded in done.events:
            LOG.info(recorded.event.NAME, case=case)
        return len(done.events)


class Attempts:
    """Counts sign-ins that were refused; the first of its kind within the hour becomes an event of the account's case."""

    def __init__(self, refusals: Refusals, runtime: Callable[[], Runtime], clock: Clock) -> None:
        self._refusals = refusals
        self._runtime = runtime
        self._clock = clock

    def note(self, ticket: Ticket, code: str, sentence: str) -> None:
        """Keep that an attempt was refused."""
        case = case_of(ticket.team, ticket.user)
        about = ticket.decisions[0].case if ticket.purpose == "decide" else ""
        now, act = self._clock.now(), ticket.purpose
        first = self._refusals.add(now, ticket.team, ticket.user, ticket.sub, about or case, act, code, sentence)
        if not first:
            return
        attempt = NoteAttempt(
            team=ticket.team, user=ticket.user, act=act, reason=code, sentence=sentence, expected=ticket.sub or "", about=about
        )  # fmt: skip
        try:
            self._runtime().act(case, attempt, by_system("attester"), control=NAME)
        except (Refused, Conflict, Unsure, SigningFailed) as failure:
            LOG.warning("refusal_not_attested", reason=type(failure).__name__, case=case)


def end_link(storage: Storage, runtime: Runtime, link: SlackLink, why: str) -> None:
    """End a link on an operator's word. Raises Refused, and what the runtime raises."""
    case = case_of(link.team, link.user)
    runtime.act(case, EndLink(why=why), by_system("attester identity unlink"), control=NAME)
    storage.slack_links.settle(case)


def propose_link(
    storage: Storage, facts: FactBook, runtime: Runtime, team: str, user: str, login: str, why: str
) -> CaseId:
    """Ask those who answer for controls whether a Slack account shall count as a person; two of them decide. The case.

    Raises Refused: no identity provider, an unknown person, and what the rules refuse; and what the runtime raises.
    """
    issuer = storage.settings.okta_oidc_issuer
    if not issuer:
        why_not = "Links are of an identity provider, and none is set."
        raise Refused("no_issuer", why_not, f"{NOTHING} Set OKTA_OIDC_ISSUER and OKTA_OIDC_CLIENT_ID first.")
    person = facts.directory().by_login(login)
    if person is None:
        raise Refused("unknown_person", f"The directory has nobody with the login {login}.", NOTHING)
    case = case_of(team, user)
    command = ProposeLink(team=team, user=user, issuer=issuer, sub=person.id, why=why)
    runtime.act(case, command, by_system("attester identity propose-link"), control=NAME)
    return case
