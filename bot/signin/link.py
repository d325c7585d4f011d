"""Linking a Slack user to the person who signs in: enrolled once, by ids on both sides, never by e-mail or name (CC6.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from bot.runtime import Done, Repeated, Runtime
from bot.signin.proof import Proof
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.jcs import canonical
from workflows.kernel.linking import ACCOUNTS, NAME, case_of
from workflows.kernel.linking_event import EndLink, LinkAccount
from workflows.kernel.model import Actor, Assurance, CaseId, Via, by_person
from workflows.kernel.signin import Decision, LinkBook, SlackLink, Ticket

ACT = "link_slack"
Standing = Literal["none", "stale", "good"]


class Linking:
    """Enrols, looks up and ends links. ``issuer`` is who says what a `sub` means; ``runtime`` is built at its first use."""

    def __init__(
        self, book: LinkBook, directory: Callable[[], Directory], issuer: str, runtime: Callable[[], Runtime]
    ) -> None:
        self._book = book
        self._directory = directory
        self._issuer = issuer
        self._runtime = runtime

    def question(self, team: str, user: str, called: str, workspace: str = "") -> Decision:
        """What somebody confirms who links this Slack user to themselves; ``called`` is the name that Slack shows."""
        where = workspace or team
        return Decision(
            case=case_of(team, user),
            act=ACT,
            title="Link your Slack account to your Okta account",
            facts=(
                ("Slack account", f"{called} ({user})"),
                ("Slack workspace", f"{where} ({team})" if where != team else team),
                ("Okta account", "the one that you sign in with now"),
                ("From then on", "what this Slack account decides in Attester counts as decided by you"),
            ),
            command={"act": ACT, "team": team, "user": user},
        )

    def expected(self, user: str) -> Person | None:
        """The person whom the directory itself says this Slack user is; only they can enrol it then."""
        found = [p for p in self._directory().people.values() if p.slack_user == user]
        return found[0] if len(found) == 1 else None

    def decide(self, ticket: Ticket, proof: Proof) -> str:
        """Record the link that a sign-in proved. Raises Refused, and what the runtime raises; then nothing was recorded."""
        person = self._directory().get(proof.sub)
        if person is None:
            why = "The company's directory does not know the person who signed in at Okta."
            raise Refused("not_in_directory", why, "Nothing was recorded.")
        others = self._book.of_person(self._issuer, proof.sub, ticket.team)
        command = LinkAccount(
            team=ticket.team, user=ticket.user, issuer=self._issuer, login=person.login, proof=proof.sha256,
            others=tuple(case_of(link.team, link.user) for link in others if link.user != ticket.user),
        )  # fmt: skip
        # Two accounts that enrol for one person at the same moment are two cases: this claim lets one of them through.
        ever = self._book.ever(self._issuer, proof.sub, ticket.team)
        claim = hashlib.sha256(canonical([self._issuer, proof.sub, ticket.team, ever])).hexdigest()
        try:
            self._act(
                command,
                by_person(person, proof.level, ticket.team, ticket.user),
                claim=f"link:{claim}",
                proof=proof.files,
            )
        except Repeated as taken:
            why = "One of the two accounts was linked elsewhere a moment ago."
            raise Refused("link_taken", why, "Nothing was recorded. Look at your Home tab, and try again.") from taken
        return "Linked: what you decide in Slack counts as yours from now on."

    def _act(self, command: LinkAccount | EndLink, by: Actor, case: CaseId = "", **more: Any) -> Done:
        """Record, then bring the index up to date: what dies between the two is made good by the next look."""
        case = case or case_of(by.slack_team, by.slack_user)
        via = Via(interaction="step_up", action_id=ACT) if more else None
        done = self._runtime().act(case, command, by, via=via, control=NAME, **more)
        self._book.settle(case)
        return done

    def person(self, team: str, user: str) -> Person | None:
        """The person whom a link names, as the directory has them now; nobody where it is suspended."""
        link = self.link(team, user)
        return self._directory().get(link.sub) if link is not None and not link.suspended else None

    def version(self) -> tuple[int, ...]:
        """Changes whenever `accounts` does."""
        return self._book.version()

    def accounts(self) -> Mapping[str, tuple[PersonId, bool]]:
        """For each Slack user the person, nobody where the link is suspended, and whether a sign-in proved it."""
        found = self._book.standing(self._issuer)
        return {
            user: ("" if link.suspended else link.sub, link.method != "attested" and not link.suspended)
            for user, link in found.items()
        }

    def link(self, team: str, user: str) -> SlackLink | None:
        """The link that stands for a Slack user."""
        link = self._book.of_user(team, user)
        return link if link is not None and link.issuer == self._issuer else None

    def standing(self, team: str, user: str) -> Standing:
        """Whether a link is there and still says what it said: `stale` where the person's login is another one now.

        A stale link keeps its person: authority moves to nobody. It allows nothing above the level `slack`, and stays stale
        until the person enrols anew, also where the login changes back.
        """
        link, person = self.link(team, user), self.person(team, user)
        if link is None or person is None or person.employed is not True:
            return "none"
        return "good" if link.login == person.login and not link.stale else "stale"

    def ceiling(self, team: str, user: str) -> Assurance:
        """The highest level that this Slack user can reach: above `slack` only by an enrolment of their own, not stale."""
        link = self.link(team, user)
        proven = link is not None and link.method == "step_up"
        return "slack+sso+mfa" if proven and self.standing(team, user) == "good" else "slack"

    def of_person(self, sub: PersonId) -> Sequence[SlackLink]:
        """The links that stand for a person, in all teams."""
        return self._book.of_person(self._issuer, sub)

    def settle(self, case: CaseId) -> None:
        """Where a decision was about a link, bring the index up to date with it now."""
        if case.startswith(ACCOUNTS):
            self._book.settle(case)

    def end(self, team: str, user: str, by: Actor, why: str) -> bool:
        """Take a link back; False where none stands. Raises what the runtime raises."""
        if self._book.of_user(team, user) is None:
            return False
        self._act(EndLink(why=why), by, case_of(team, user))
        return True
