"""What can be wanted of a link between a Slack account and a person, and what can become of it: commands and events (CC6.1)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.kernel.identity import Person, PersonId
from workflows.kernel.model import AttemptRefused, CaseId, Command, Digest, Event, Need
from workflows.kernel.signin import LinkMethod

Cause = Literal["slack_deactivated", "not_in_directory", "not_employed", "employment_unknown"]
End = Literal["unlinked", "linked_anew", "linked_by_two"]


class OpenLinks(Command):
    """From now on links to persons of this issuer are recorded here."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    issuer: str


class LinkAccount(Command):
    """Whoever acts signed in, and says that this Slack account is theirs.

    ``proof`` is the digest of the sign-in; ``others`` are the cases of accounts that the index has for the same person.
    """

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    team: str
    user: str
    issuer: str
    login: str
    proof: Digest
    others: tuple[CaseId, ...] = ()


class EndLink(Command):
    """The account counts as that person no more."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    why: str


class SeeAccount(Command):
    """Look whether the link still says what it said; ``deactivated`` is what Slack says of the account."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    deactivated: bool


class NoteAttempt(Command):
    """A sign-in was refused: of which ``act``, the kind as ``reason``, who was expected, and the case that it was about."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False
    team: str = ""
    user: str = ""
    act: str
    reason: str
    sentence: str
    expected: PersonId = ""
    about: CaseId = ""


class AskLink(Command):
    """A control owner wants a Slack account of their workspace to count as a person: passed on to the account's case."""

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = True
    user: str
    login: str
    why: str


class ProposeLink(Command):
    """This Slack account shall count as this person; two people decide."""

    NEED: ClassVar[Need] = "person"
    SUBJECT_EXCLUDED: ClassVar[bool] = True
    team: str
    user: str
    issuer: str
    sub: PersonId
    why: str


class ConfirmLink(Command):
    """Yes: it shall count so. ``round`` is that of the proposal that was read."""

    SUBJECT_EXCLUDED: ClassVar[bool] = True
    round: int = 1


class DeclineLink(Command):
    """No: everything stays as it is."""

    SUBJECT_EXCLUDED: ClassVar[bool] = True
    round: int = 1
    reason: str


class LapseLink(Command):
    """Nobody answered in time: everything stays as it is."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False


class LinksOpened(Event):
    """From here on every link of a Slack account to a person of this issuer is recorded in a case of its own."""

    NAME: ClassVar[str] = "links_opened"
    issuer: str


class SlackLinked(Event):
    """From now on what this Slack account decides counts as decided by this person.

    ``method`` is `step_up` (a sign-in at the identity provider, whose files are subjects) or `attested` (the two people in
    ``decided_by``; it never reaches more than level `slack`).
    """

    NAME: ClassVar[str] = "slack_linked"
    DETACHED: ClassVar[tuple[str, ...]] = ("login",)
    team: str
    user: str
    issuer: str
    sub: PersonId
    login: str
    method: LinkMethod
    proof: Digest = ""
    decided_by: tuple[PersonId, ...] = ()


class SlackLinkEnded(Event):
    """From now on this account counts as that person no more."""

    NAME: ClassVar[str] = "slack_link_ended"
    DETACHED: ClassVar[tuple[str, ...]] = ("why",)
    team: str
    user: str
    sub: PersonId
    cause: End
    why: str


class SlackLinkSuspended(Event):
    """Slack or the directory says that the account or the person is no longer here: nothing counts until it is linked anew.

    Whoever comes back gets nothing back by itself.
    """

    NAME: ClassVar[str] = "slack_link_suspended"
    team: str
    user: str
    sub: PersonId
    cause: Cause


class SlackLinkStale(Event):
    """The person's login is another one than at enrolment: no more than level `slack` until they enrol anew.

    Authority stays with the person of this ``sub``. ``told`` are the people who get a card about it.
    """

    NAME: ClassVar[str] = "slack_link_stale"
    DETACHED: ClassVar[tuple[str, ...]] = ("login_before", "login_now")
    team: str
    user: str
    sub: PersonId
    login_before: str
    login_now: str
    told: tuple[PersonId, ...]


class SlackLinkProposed(Event):
    """It is asked whether a Slack account shall count as a person; ``instead_of`` is whom it counts as until then,
    ``called`` what Slack calls it.

    Two of ``asked`` decide. ``proposer`` is the name of whoever proposed it, empty where that was on the command line.
    """

    NAME: ClassVar[str] = "slack_link_proposed"
    DETACHED: ClassVar[tuple[str, ...]] = ("called", "person", "why", "proposer", "asked")
    team: str
    user: str
    called: str
    issuer: str
    sub: PersonId
    person: Person
    why: str
    instead_of: PersonId
    proposer: str
    asked: tuple[Person, ...]
    lapse_at: AwareDatetime


class SlackLinkAgreed(Event):
    """One of those who were asked said yes."""

    NAME: ClassVar[str] = "slack_link_agreed"
    by: PersonId


class SlackLinkRefused(Event):
    """One of those who were asked said no, and why."""

    NAME: ClassVar[str] = "slack_link_refused"
    DETACHED: ClassVar[tuple[str, ...]] = ("reason",)
    by: PersonId
    reason: str


class SlackLinkLapsed(Event):
    """Not enough of those who were asked answered in time."""

    NAME: ClassVar[str] = "slack_link_lapsed"


class SignInNotTaken(AttemptRefused):
    """A sign-in was refused: its kind as ``reason``, the account, who was expected, and the case that it was about."""

    ask: str = ""
    team: str = ""
    user: str = ""
    expected: PersonId = ""
    about: CaseId = ""


COMMANDS: tuple[type[Command], ...] = (
    OpenLinks, LinkAccount, EndLink, SeeAccount, NoteAttempt, AskLink, ProposeLink, ConfirmLink, DeclineLink, LapseLink,
)  # fmt: skip
EVENTS: tuple[type[Event], ...] = (
    LinksOpened, SlackLinked, SlackLinkEnded, SlackLinkSuspended, SlackLinkStale, SlackLinkProposed, SlackLinkAgreed,
    SlackLinkRefused, SlackLinkLapsed, SignInNotTaken,
)  # fmt: skip
