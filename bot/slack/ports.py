"""What this folder needs of the rest, as protocols: the store's classes and the chat adapter match them as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.runtime import Repeated, Runtime
from bot.slack.home_ledger import LedgerState
from workflows.kernel.identity import Directory, Value
from workflows.kernel.model import Ask, CaseId, CaseSummary
from workflows.kernel.ports import Chat, ChatUser, Clock
from workflows.kernel.program import Program
from workflows.kernel.signin import Decision, SlackLink

View = Mapping[str, Any]
Block = Mapping[str, Any]


class Installation(Value):
    """The workspace (and Enterprise organisation, where there is one) that the app is installed in, and as what."""

    team: str
    enterprise: str = ""
    workspace: str = ""
    app: str = ""
    bot: str = ""
    bot_user: str = ""


class Happened(Protocol):
    """An event of the record, as the Home tab lists it."""

    @property
    def name(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def attestation(self) -> str | None: ...


class Cases(Protocol):
    """Finding cases and asks without folding them."""

    def case_of(self, ref: str) -> CaseId | None: ...

    def summary(self, case: CaseId) -> CaseSummary | None: ...

    def summaries(
        self, *, parent: CaseId | None = None, open_only: bool = False, top: bool = False
    ) -> Sequence[CaseSummary]: ...

    def asks(self, person: str, *, open_only: bool = True) -> Sequence[tuple[CaseId, Ask]]: ...

    def lately(self, actor: str, limit: int = 5) -> Sequence[tuple[CaseId, Happened]]: ...

    def repeated(self, key: str) -> Repeated | None: ...


class Members(Protocol):
    """Slack's directory as last synced."""

    def find(self, team: str, user: str) -> ChatUser | None: ...

    def synced_at(self) -> datetime | None: ...

    def update(self, user: ChatUser, at: datetime) -> None: ...


class RefusalBook(Protocol):
    """Where refused attempts are counted; ``add`` is True for the first of its kind within the hour."""

    def add(
        self,
        at: datetime,
        team: str,
        user: str,
        person: str | None,
        case: str | None,
        act: str,
        reason: str,
        sentence: str,
    ) -> bool: ...


class Book(Protocol):
    """The people of the identity provider and the program in force."""

    def directory(self) -> Directory: ...

    def program(self) -> Program: ...


class Screen(Protocol):
    """Showing a form while somebody waits: Slack is called with a trigger that lives 3 s. Raises ChatFailure."""

    def open_view(self, trigger: str, view: View) -> None: ...

    def push_view(self, trigger: str, view: View) -> None: ...

    def update_view(self, view: str, seen: str, content: View) -> None:
        """Replace a view of ours, unless it changed since ``seen`` (Slack's `hash`)."""
        ...


class Voice(Protocol):
    """Telling one person something, in private. Raises ChatFailure."""

    def respond(self, response_url: str, text: str, blocks: Sequence[Block]) -> None:
        """An ephemeral answer through the interaction's own URL (5 uses, 30 minutes)."""
        ...

    def whisper(self, channel: str, user: str, text: str, blocks: Sequence[Block]) -> None: ...

    def publish_home(self, user: str, view: View) -> None: ...

    def user(self, user: str) -> ChatUser: ...


class SlackChat(Chat, Screen, Voice, Protocol):
    """The chat adapter as this folder uses it."""


StepUp = Callable[[Decision, str, str, str], str]
"""Makes the address where a decision is confirmed by a sign-in of a level, for a Slack user (team, user). Raises Refused where
this account cannot reach it."""


@dataclass(frozen=True)
class LinkShown:
    """The link of a Slack account as its person sees it: ``standing`` is `good`, `stale` or `none`."""

    link: SlackLink
    standing: str


@dataclass(frozen=True)
class Deps:
    """Everything the app is built from.

    ``installation`` gives None while Slack never told us who we are; then nobody may act. ``resync`` asks for a fresh
    directory in the background. ``enrol`` makes the address where a member (team, user id, name) links their account,
    None where nothing serves it; ``case_url`` is the web page of a case, with `{}` for its id, empty where nothing
    serves it; ``link`` is the link of a Slack account (team, user); ``ledger`` tells how the ledger stands, for those
    who answer for a control.
    """

    signing_secret: str = field(repr=False)
    installation: Callable[[], Installation | None]
    runtime: Runtime
    cases: Cases
    members: Members
    refusals: RefusalBook
    book: Book
    chat: SlackChat
    clock: Clock
    resync: Callable[[], None] = lambda: None
    stopped: Callable[[str], None] = lambda reason: None
    enrol: Callable[[str, str, str], str] | None = None
    case_url: str = ""
    ledger: Callable[[], LedgerState] | None = None
    step_up: StepUp | None = None
    link: Callable[[str, str], LinkShown | None] = lambda team, user: None
