"""Linking a Slack user to the person who signs in: enrolled once, by ids on both sides, never by e-mail or name (CC6.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from bot.signin.proof import Proof
from workflows.kernel.errors import Conflict, Refused
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.model import Assurance
from workflows.kernel.ports import Clock
from workflows.kernel.signin import Decision, LinkBook, SlackLink, Ticket

CASE = "identity"
ACT = "link_slack"
Standing = Literal["none", "stale", "good"]


class Linking:
    """Enrols, looks up and ends links. ``issuer`` is who says what a `sub` means."""

    def __init__(self, book: LinkBook, directory: Callable[[], Directory], issuer: str, clock: Clock) -> None:
        self._book = book
        self._directory = directory
        self._issuer = issuer
        self._clock = clock

    def question(self, team: str, user: str, called: str, workspace: str = "") -> Decision:
        """What somebody confirms who links this Slack user to themselves; ``called`` is the name that Slack shows."""
        where = workspace or team
        return Decision(
            case=CASE,
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
        """Keep the link that a sign-in proved. Raises Refused, and Conflict where another one came first."""
        mine = self._book.of_user(ticket.team, ticket.user)
        if mine is not None and (mine.issuer, mine.sub) != (self._issuer, proof.sub):
            raise _refused("slack_user_taken", "This Slack account is linked to another person already.")
        others = self._book.of_person(self._issuer, proof.sub, ticket.team)
        if any(link.user != ticket.user for link in others):
            raise _refused("person_taken", "You are linked to another Slack account of this workspace already.")
        person = self._directory().get(proof.sub)
        login = person.login if person else ""
        named = self.expected(ticket.user)
        if (named is not None and named.id != proof.sub) or (
            person is not None and person.slack_user not in (None, ticket.user)
        ):
            raise _refused(
                "directory_differs", "The company's directory says something else about this Slack account and you."
            )
        link = SlackLink(
            team=ticket.team,
            user=ticket.user,
            issuer=self._issuer,
            sub=proof.sub,
            method="step_up",
            at=self._clock.now(),
            login=login,
            proof=proof.sha256,
        )
        try:
            self._book.link(link, proof.files)
        except Conflict as taken:
            raise _refused("link_taken", "One of the two accounts was linked elsewhere a moment ago.") from taken
        return "Linked: what you decide in Slack counts as yours from now on."

    def person(self, team: str, user: str) -> Person | None:
        """The person whom a link names, as the directory has them now; whoever left stays that person, and may nothing."""
        link = self._book.of_user(team, user)
        return self._directory().get(link.sub) if link is not None and link.issuer == self._issuer else None

    def version(self) -> tuple[int, int]:
        """Changes whenever `users` does."""
        return self._book.version()

    def users(self) -> Mapping[PersonId, str]:
        """The Slack user of each person whom a link names."""
        return self._book.standing(self._issuer)

    def standing(self, team: str, user: str) -> Standing:
        """Whether a link is there and still says what it said: `stale` where the person's login is another one now.

        A stale link keeps its person: authority moves to nobody. It allows nothing above the level `slack`.
        """
        link = self._book.of_user(team, user)
        person = self.person(team, user)
        if link is None or person is None or person.employed is not True:
            return "none"
        return "good" if link.login == person.login else "stale"

    def ceiling(self, team: str, user: str) -> Assurance:
        """The highest level that this Slack user can reach: above `slack` only with an enrolled link that is not stale."""
        return "slack+sso+mfa" if self.standing(team, user) == "good" else "slack"

    def of_person(self, sub: PersonId) -> Sequence[SlackLink]:
        """The links that stand for a person, in all teams."""
        return self._book.of_person(self._issuer, sub)

    def end(self, team: str, user: str, by: str, why: str) -> bool:
        """Take a link back; False where none stands. ``by`` is a person's id, or `system: …`."""
        return self._book.end(team, user, self._clock.now(), by, why)


def _refused(code: str, why: str) -> Refused:
    return Refused(
        code, why, "Nothing was recorded. Ask the control owner: a change of a link is decided by two people."
    )
