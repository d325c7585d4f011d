"""From a payload's ids to a person of the company: by Slack team and user id, over our own directories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.facts import NoProgram
from bot.slack.payload import Where
from bot.slack.ports import Book, Installation, Members
from bot.slack.who import ActorFacts
from workflows.kernel.identity import Directory, Person
from workflows.kernel.model import Actor, Ask, by_person


@dataclass(frozen=True)
class Somebody:
    """Who did something: what `may_act` needs to know, and the actor that the record will name."""

    where: Where
    facts: ActorFacts

    def actor(self) -> Actor:
        """The actor; somebody who is not linked acts under their Slack id (only what is open to every member)."""
        person = self.facts.person
        if person is None:
            listed = self.facts.listed
            sub = f"slack:{self.where.team}:{self.where.user}"
            person = Person(id=sub, issuer="slack", login="", name=listed.name if listed else self.where.user)
        return by_person(person, team=self.where.team, user=self.where.user)

    def on(self, assigned: bool, asks: Sequence[Ask], directory: Directory) -> Somebody:
        """The same person before a case: whether it expects them, and if not, whom."""
        people = {a.person: directory.get(a.person) for a in asks if a.open}
        whose = " or ".join(p.called() for p in list(people.values())[:2] if p)
        facts = self.facts.model_copy(update={"assigned": assigned, "whose": whose})
        return Somebody(self.where, facts)


class Identify:
    """Looks somebody up; knows no Slack client, so it cannot ask."""

    def __init__(self, members: Members, book: Book) -> None:
        self._members = members
        self._book = book
        self._linked: tuple[object, dict[str, Person | None]] = (None, {})

    def somebody(self, where: Where, installed: Installation | None) -> Somebody:
        """What is known of the payload's user."""
        ours = _ours(where, installed)
        listed = None
        if installed and ours:
            # In an organisation the account may be of another of its workspaces than the one we are installed in.
            found = self._members.find(where.user_team, where.user)
            listed = found or self._members.find(installed.team, where.user)
        facts = ActorFacts(
            installed=is_installed(where, installed),
            ours=ours,
            listed=listed,
            synced_at=self._members.synced_at(),
            workspace=installed.workspace if installed else "",
        )
        try:
            person = self.person(where.user) if ours else None
            known: dict[str, object] = {
                "person": person,
                "suspended": self._book.directory().more_slack.get(where.user) == "",
                "control_owner": self.control_owner(),
            }
        except NoProgram:
            known = {"programmed": False}
        return Somebody(where, facts.model_copy(update=known))

    def member(self, user: str, installed: Installation | None) -> Somebody:
        """What is known of a member of our own workspace, where nothing was sent to us."""
        if installed is None:
            return self.somebody(Where(user=user), None)
        ours = {"app": installed.app, "team": installed.team, "enterprise": installed.enterprise}
        return self.somebody(Where(user=user, user_team=installed.team, **ours), installed)

    def person(self, user: str) -> Person | None:
        """The one person whom the directory links to this Slack user; None where it links nobody, or two.

        Raises NoProgram, as `control_owner` does.
        """
        directory = self._book.directory()
        # By the people themselves: a link that was made or taken back changes them under the same digest.
        if self._linked[0] is not directory.people:
            index: dict[str, Person | None] = {}
            for person in directory.people.values():
                if person.slack_user:
                    index[person.slack_user] = None if person.slack_user in index else person
            for other, whose in directory.more_slack.items():
                index[other] = directory.get(whose)
            self._linked = (directory.people, index)
        return self._linked[1].get(user)

    def control_owner(self) -> str:
        """Whom to ask, as people read it."""
        login = self._book.program().company.control_owner
        owner = self._book.directory().by_login(login)
        return owner.called() if owner else login


def is_installed(where: Where, installed: Installation | None) -> bool:
    """Whether a payload is for our app in the workspace (or organisation) that it is installed in."""
    if installed is None or (installed.app and where.app and where.app != installed.app):
        return False
    if installed.enterprise and where.enterprise == installed.enterprise:
        return True
    return where.team == installed.team


def _ours(where: Where, installed: Installation | None) -> bool | None:
    if installed is None or not where.user_team:
        return None
    organisation = bool(installed.enterprise) and installed.enterprise in (where.user_team, where.user_enterprise)
    return organisation or where.user_team == installed.team
