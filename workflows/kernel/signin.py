"""Proof of the person: what a sign-in is asked for, the links that come of it, and the protocols of whoever keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import AwareDatetime

from workflows.kernel.identity import PersonId, Value
from workflows.kernel.jcs import canonical
from workflows.kernel.model import Assurance, CaseId, Digest

Purpose = Literal["decide", "link", "login"]
LinkMethod = Literal["step_up", "attested"]


class Decision(Value):
    """What somebody is about to decide, whole: what they read on the page is what their sign-in commits to.

    ``title`` and ``facts`` (label, value) are shown; ``shown`` is the digest of what was shown before, in Slack.
    ``person`` is the decider's `sub`, empty where the sign-in itself says who it is. ``command`` is what will be done.
    """

    case: CaseId
    ask: str = ""
    act: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    shown: Digest = ""
    evidence: tuple[Digest, ...] = ()
    person: PersonId = ""
    program: Digest = ""
    command: dict[str, Any] = {}

    def document(self) -> bytes:
        """The decision as RFC 8785 JSON. Raises ValueError for text that is not valid Unicode."""
        return canonical(self.model_dump(mode="json"))

    def sha256(self) -> Digest:
        """The digest that names it."""
        return hashlib.sha256(self.document()).hexdigest()


class Ticket(Value):
    """One sign-in that was asked for. ``id`` is the SHA-256 of the secret in its address; the secret is not kept.

    ``sub`` is who has to sign in, None where that is what is found out. ``level`` and ``max_age`` (seconds before ``at``)
    are what the token must prove. ``outcome`` says what came of it; empty while it is open.
    """

    id: Digest
    purpose: Purpose
    at: AwareDatetime
    expires_at: AwareDatetime
    team: str = ""
    user: str = ""
    sub: PersonId | None = None
    level: Assurance = "slack+sso"
    max_age: int = 300
    salt: bytes
    decisions: tuple[Decision, ...]
    used_at: AwareDatetime | None = None
    outcome: str = ""


class Start(Value):
    """One browser that went on to the identity provider with a ticket; ``state`` and ``browser`` are SHA-256 of secrets."""

    state: Digest
    ticket: Digest
    browser: Digest
    verifier: str
    at: AwareDatetime


class SlackLink(Value):
    """A Slack user who is a person of the identity provider: ids on both sides, nothing else counts.

    ``login`` is the person's login of that day: where the directory has another one now, the link is stale. ``proof`` is
    the digest of the sign-in that it rests on, ``attestation`` names the signed event that made the link; without one it is
    in force for nobody. ``suspended`` says why nothing counts now, ``stale`` is the login that was seen in place of this.
    """

    team: str
    user: str
    issuer: str
    sub: PersonId
    method: LinkMethod
    at: AwareDatetime
    login: str = ""
    proof: Digest = ""
    ended_at: AwareDatetime | None = None
    ended_by: str = ""
    ended_why: str = ""
    attestation: Digest = ""
    suspended: str = ""
    stale: str = ""


class WebSession(Value):
    """Somebody who is signed in on the web, to read. ``id`` is the SHA-256 of the cookie."""

    id: Digest
    sub: PersonId
    at: AwareDatetime
    expires_at: AwareDatetime


class TicketBook(Protocol):
    """Keeps tickets and who started with them."""

    def add(self, ticket: Ticket) -> None: ...

    def find(self, ticket: Digest) -> Ticket | None: ...

    def start(self, start: Start) -> bool:
        """Keep a start; False where the ticket is unknown, used, expired, or was started too often."""
        ...

    def started(self, state: Digest) -> Start | None: ...

    def use(self, ticket: Digest, at: datetime) -> bool:
        """Use the ticket up; True for the one caller whose it is now, False where it was used or has expired."""
        ...

    def settle(self, ticket: Digest, outcome: str) -> None:
        """Say what came of a used ticket."""
        ...


class LinkBook(Protocol):
    """The links between Slack users and persons, as the index over their events has them."""

    def settle(self, case: CaseId) -> bool:
        """Make the index what a case's events say; True where it was not."""
        ...

    def of_user(self, team: str, user: str) -> SlackLink | None:
        """The link that stands for a Slack user."""
        ...

    def of_person(self, issuer: str, sub: PersonId, team: str = "") -> Sequence[SlackLink]:
        """The links that stand for a person, in one team or in all; what a sign-in proved comes first."""
        ...

    def ever(self, issuer: str, sub: PersonId, team: str) -> int:
        """How many links a person ever had in a team."""
        ...

    def version(self) -> tuple[int, ...]:
        """Changes whenever a link is made, ended or suspended."""
        ...

    def standing(self, issuer: str) -> Mapping[str, SlackLink]:
        """The link of each Slack user who has one of this issuer."""
        ...


class SessionBook(Protocol):
    """Keeps web sessions."""

    def open_session(self, session: WebSession) -> None: ...

    def session(self, session: Digest, at: datetime) -> WebSession | None:
        """The session, or None where it is unknown or over."""
        ...

    def close_session(self, session: Digest) -> None: ...


class SignInBook(TicketBook, SessionBook, Protocol):
    """Everything that is kept of sign-ins."""
