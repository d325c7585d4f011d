"""Links between Slack accounts and persons, wired: taken over at the start, kept true by the worker, proposed by an operator."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bot.facts import FactBook, NoProgram
from bot.main.storage import Storage
from bot.runtime import Runtime
from bot.store.people import Refusals
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.linking import DESK, NAME, Account, case_of
from workflows.kernel.linking_event import EndLink, NoteAttempt, OpenLinks, ProposeLink, SeeAccount, TakeOver
from workflows.kernel.model import CaseId, Digest, EvidenceRef, by_system
from workflows.kernel.ports import Clock, SigningFailed
from workflows.kernel.signin import SlackLink, Ticket

NOTHING = "Nothing was recorded."
PARTS: Mapping[str, tuple[str, str]] = {
    "token": ("id-token.jwt", "application/jwt"), "jwk": ("jwk.json", "application/json"),
    "jwks": ("jwks.json", "application/json"),
}  # fmt: skip
"""The files that the summary of a sign-in names, with their names and types."""
LOG = structlog.get_logger("attester")


def take_over(storage: Storage, runtime: Runtime) -> int:
    """Give every link from before they were events its event, and open the desk; returns how many accounts were taken over.

    Any number of processes may start at once. Raises SigningFailed, Conflict, Unsure; the next start goes on then.
    """
    us, issuer = by_system("attester"), storage.settings.okta_oidc_issuer
    desk, _ = runtime.state(DESK)
    if not isinstance(desk, Account) or desk.issuer != issuer:
        runtime.act(DESK, OpenLinks(issuer=issuer), us, control=NAME)
    found = storage.slack_links.untaken()
    for (team, user), links in found.items():
        files = {link.proof: proof_files(storage, link.proof) for link in links if link.proof}
        case = case_of(team, user)
        runtime.act(case, TakeOver(team=team, user=user, links=tuple(links), files=files), us, control=NAME)
        storage.slack_links.settle(case)
        LOG.info("links_taken_over", team=team, user=user, links=len(links))
    return len(found)


def proof_files(storage: Storage, proof: Digest) -> tuple[EvidenceRef, ...]:
    """The files of a sign-in that was kept, by its summary; only those that are here."""
    summary = storage.record.evidence(proof)
    if summary is None:
        return ()
    told: dict[str, Any] = json.loads(summary)
    found = [EvidenceRef(name="signin.json", sha256=proof, kind="attester.signin")]
    for part, (name, media_type) in PARTS.items():
        found.append(EvidenceRef(name=name, sha256=told[part], kind=f"attester.signin.{part}", media_type=media_type))
    found += [
        EvidenceRef(name="decision.json", sha256=one, kind="attester.signin.decision") for one in told["decisions"]
    ]
    return tuple(ref for ref in found if storage.record.evidence(ref.sha256) is not None)


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
        """Record what is new about linked accounts: suspended, no longer suspended, stale; returns how many events."""
        issuer = self._storage.settings.okta_oidc_issuer
        try:
            people = self._facts.directory().people
        except NoProgram:
            return 0
        if not issuer or not people:
            return 0
        gone, count = self._storage.members.deactivated(), 0
        for link in self._storage.slack_links.standing(issuer).values():
            person, deactivated = people.get(link.sub), (link.team, link.user) in gone
            here = person is not None and person.employed is True and not deactivated
            renamed = person is not None and person.login != link.login and not link.stale
            if here is bool(link.suspended) or renamed:
                count += self._see(case_of(link.team, link.user), SeeAccount(deactivated=deactivated))
        return count

    def _see(self, case: CaseId, command: SeeAccount) -> int:
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

    Raises Refused: no identity provider, an unknown account or person, nobody to ask; and what the runtime raises.
    """
    issuer = storage.settings.okta_oidc_issuer
    if not issuer:
        why_not = "Links are of an identity provider, and none is set."
        raise Refused("no_issuer", why_not, f"{NOTHING} Set OKTA_OIDC_ISSUER and OKTA_OIDC_CLIENT_ID first.")
    listed = storage.members.find(team, user)
    if listed is None or listed.deleted or listed.bot:
        why_not = f"Slack lists no active account {user} of a person in {team or 'this workspace'}."
        raise Refused("no_account", why_not, f"{NOTHING} Its profile in Slack has the id: Copy member ID.")
    person = facts.directory().by_login(login)
    if person is None:
        raise Refused("unknown_person", f"The directory has nobody with the login {login}.", NOTHING)
    case = case_of(team, user)
    command = ProposeLink(team=team, user=user, issuer=issuer, sub=person.id, why=why)
    runtime.act(case, command, by_system("attester identity propose-link"), control=NAME)
    return case
