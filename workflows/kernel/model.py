"""Cases, commands, events and who caused them: the words that every workflow speaks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, Literal
from urllib.parse import quote, unquote

from pydantic import AwareDatetime

from workflows.kernel.approved import Approvals
from workflows.kernel.duty import Duties
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Collection, Directory, Line, LineKey, Person, PersonId, Value
from workflows.kernel.ports import ChatUser
from workflows.kernel.publisher import Publisher
from workflows.kernel.weakness import Weakness

CaseId = str
Digest = str
Assurance = Literal["slack", "slack+sso", "slack+sso+mfa", "sso", "mail-link", "mail-link+code"]
Need = Literal["member", "person", "assigned", "system"]

CASE_ID_LIMIT = 255


def case_id(*segments: str) -> CaseId:
    """A case id from its segments, each percent-encoded; ids are names, so opening a case twice is impossible.

    Raises ValueError over 255 characters or for an empty segment.
    """
    if not segments or not all(segments):
        raise ValueError("a case id needs segments, none of them empty")
    text = "/".join(quote(s, safe="@._-~:+ ").replace(" ", "%20") for s in segments)
    if len(text) > CASE_ID_LIMIT:
        raise ValueError(f"case id of {len(text)} characters; the limit is {CASE_ID_LIMIT}: {text[:60]}…")
    return text


def case_segments(case: CaseId) -> tuple[str, ...]:
    """The segments that `case_id` was given."""
    return tuple(unquote(s) for s in case.split("/"))


class EvidenceRef(Value):
    """Exact bytes from a system, named by SHA-256. ``kind`` says what they are (`population`, `lines`, `attester.ask`…).

    ``binding`` says of a file that somebody brought whether what it is about is `signed` or `claimed`.
    """

    name: str
    sha256: Digest
    media_type: str = "application/json"
    kind: str
    source: str = ""
    collected_at: AwareDatetime | None = None
    binding: Literal["", "signed", "claimed"] = ""


class Via(Value):
    """How a decision reached us through Slack. No token, no trigger, no e-mail.

    The request's HMAC is not kept: we could make it ourselves, so it proves nothing to others.
    """

    transport: Literal["http", "socket", "cli", "time", "system"] = "http"
    interaction: str = ""
    action_id: str = ""
    container: str = ""
    action_ts: str = ""
    requested_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    body_sha256: Digest = ""
    link: str = ""


class Actor(Value):
    """Who caused an event: a person, time alone, or a system (a pull, the command line)."""

    kind: Literal["person", "time", "system"]
    person: Person | None = None
    system: str = ""
    due_at: AwareDatetime | None = None
    role: str = ""
    assurance: Assurance = "slack"
    slack_team: str = ""
    slack_user: str = ""

    @property
    def id(self) -> PersonId:
        """The person's id, or `time` / `system:…` where no person acted."""
        if self.person:
            return self.person.id
        return "time" if self.kind == "time" else f"system:{self.system}"

    def somebody(self) -> Person:
        """The person who acts; refused where time or a system tries what only a person may do."""
        if self.person is None:
            raise Refused("no_person", "Only a person can decide this.", "Nothing was recorded.")
        return self.person


def by_person(person: Person, assurance: Assurance = "slack", team: str = "", user: str = "", role: str = "") -> Actor:
    """An actor who is a person."""
    return Actor(kind="person", person=person, assurance=assurance, slack_team=team, slack_user=user, role=role)


def by_time(due_at: datetime) -> Actor:
    """Time alone; ``due_at`` is when it should have happened, which may be long before it did."""
    return Actor(kind="time", due_at=due_at)


def by_system(name: str) -> Actor:
    """A system of ours, named."""
    return Actor(kind="system", system=name)


class Command(Value):
    """What somebody wants, in the imperative. Declares who may try (`NEED`) and whether the decision's subject is excluded."""

    NEED: ClassVar[Need] = "assigned"
    SUBJECT_EXCLUDED: ClassVar[bool] = True


class Event(Value):
    """What happened, in the past tense; never edited. A changed meaning is a new class with a higher VERSION.

    ATTESTED events are signed one by one. Others are batched: append-only rows that a later attestation covers.
    Fields in DETACHED travel as evidence files of their own (they may be large, or private and erasable): the signed
    predicate carries their SHA-256.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    ATTESTED: ClassVar[bool] = True
    DETACHED: ClassVar[tuple[str, ...]] = ()

    def evidence(self) -> tuple[EvidenceRef, ...]:
        """The evidence this event rests on, each already in the vault."""
        return ()


class AttemptRefused(Event):
    """Somebody authentic tried and was refused. Recorded at most once an hour per (ask, person, reason), with a count."""

    NAME: ClassVar[str] = "attempt_refused"

    ask: str
    act: str
    reason: str
    sentence: str
    count: int = 1


class Addressed(Value):
    """A command for another case, run in the same transaction; ``workflow`` is the receiving case's."""

    case: CaseId
    command: Command


class Want(Value):
    """Something to be done outside, after the commit: `pull` a source, or `grant` through it what this case approved or
    ended. Written to the outbox in the same transaction."""

    kind: Literal["pull", "grant"]
    source: str
    reason: str
    not_before: AwareDatetime | None = None


class Outcome(Value):
    """What a decision leads to: events of this case, commands for others, wants. Nothing else."""

    events: tuple[Event, ...] = ()
    commands: tuple[Addressed, ...] = ()
    wants: tuple[Want, ...] = ()


class Ask(Value):
    """One decision wanted of one person, as lists and the Home tab show it."""

    key: str
    person: PersonId
    title: str
    detail: str = ""
    due_at: AwareDatetime | None = None
    open: bool = True


class Card(Value):
    """A message to one person, a projection of the case. Same ``key``, same message: it is updated in place."""

    key: str
    to: PersonId
    text: str
    blocks: tuple[dict[str, Any], ...]
    open: bool = True
    urgent: bool = False


class CaseSummary(Value):
    """The row by which a case is found without folding it."""

    case: CaseId
    workflow: str
    control: str
    parent: CaseId | None = None
    title: str
    status: str
    open: bool
    owner: PersonId | None = None
    opened_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    wake_at: AwareDatetime | None = None
    watches: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    notes: tuple[str, ...] = ()


class FactNeeds(Value):
    """What `decide` must be given beyond the state. ``collection`` names the snapshot that lines are read from.

    ``folded`` lists beginnings of case ids: the states of all cases of the same workflow whose id starts with one.
    ``approvals`` asks for what was approved, by whatever workflow approves access. ``weakness`` asks for one known weakness
    by its id, ``weaknesses`` for the worst of those that are open. ``duties`` asks for the pairs of the program that one
    person may not hold at once, with who holds what of them; ``holder`` names the one person who matters.
    """

    collection: str | None = None
    population: bool = False
    lines: tuple[LineKey, ...] = ()
    children: bool = False
    folded: tuple[str, ...] = ()
    approvals: bool = False
    weakness: str = ""
    weaknesses: bool = False
    duties: bool = False
    holder: PersonId | None = None


class Control(Value):
    """One promise the company made, as the program states it. ``settings`` is the workflow's own part, already validated.

    ``starts`` is the day from which its periods are expected; without one, the moment it was first put in force.
    ``publishers`` are the workflows of pipelines that may bring it evidence.
    """

    id: str
    title: str
    text: str
    workflow: str
    criteria: tuple[str, ...]
    owner: str
    deputy: str | None = None
    cadence: dict[str, Any] = {}
    starts: date | None = None
    settings: dict[str, Any] = {}
    publishers: tuple[Publisher, ...] = ()


class Facts(Value):
    """A frozen snapshot of what a rule may know besides its own state; rules never query.

    ``sources`` holds the program's SourceConfig by id, ``folded`` the states of the cases that were needed. ``account`` is
    the Slack account that a case of links is about, as Slack lists it.
    """

    directory: Directory
    program: Digest
    control: Control
    company: dict[str, Any] = {}
    collections: dict[str, Collection] = {}
    population: tuple[Line, ...] = ()
    lines: dict[LineKey, Line] = {}
    children: tuple[CaseSummary, ...] = ()
    owner: PersonId | None = None
    deputy: PersonId | None = None
    sources: dict[str, Any] = {}
    folded: dict[CaseId, Any] = {}
    approvals: Approvals = Approvals()
    weaknesses: tuple[Weakness, ...] = ()
    account: ChatUser | None = None
    duties: Duties = Duties()


class Recorded(Value):
    """An event as it stands in the record."""

    case: CaseId
    n: int
    seq: int | None
    event: Event
    at: AwareDatetime
    by: Actor
    attestation: Digest | None
