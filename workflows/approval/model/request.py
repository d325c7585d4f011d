"""What is asked for, of whom, and what was decided: the values of an approval."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import AwareDatetime

from workflows.approval.model.setting import Severity
from workflows.kernel.identity import LineKey, Person, PersonId, Value
from workflows.kernel.jcs import canonical
from workflows.kernel.model import Assurance, CaseId, Digest

Kind = Literal["access", "deploy", "exception"]
Role = Literal["manager", "entitlement_owner", "emergency", "release", "risk", "second"]


class Access(Value):
    """An entitlement somebody wants. ``held`` are entries of the catalogue that the person already holds there, as the
    newest complete pull shows (``collection``); None where that was not looked at. ``way`` is by what it is granted and taken
    away: `okta`, `github:ORG/TEAM`, or nothing where a person does it."""

    entry: str
    source: str
    system: str
    entitlement: str
    privileged: bool = False
    standing: bool = False
    granter: Person
    held: tuple[str, ...] | None = None
    before: tuple[str, ...] | None = None
    collection: Digest = ""
    earlier: CaseId = ""
    way: str = ""


class Deploy(Value):
    """A deployment that waits: exactly this commit, this run, this attempt.

    ``authors`` are the people who wrote its commits, as the directory knows them; ``unknown`` are the logins that could
    not be linked to anybody. While there is one, nobody can be told apart from the author. ``starters`` are all who had a
    part in starting it, ``started_by`` says who or what did, as the pipeline names them. ``system`` is who asks: `github`,
    or `hook:NAME`; ``link`` is where its change can be read.
    """

    repository: str
    environment: str
    run: str
    attempt: int
    commit: str
    subject: str = ""
    authors: tuple[PersonId, ...] = ()
    author_names: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    system: str = ""
    starters: tuple[PersonId, ...] = ()
    started_by: str = ""
    link: str = ""


class Finding(Value):
    """A known weakness: what a scanner found, or what somebody declares. ``fingerprint`` is empty for a declared one.

    ``earlier`` is the acceptance in force that this one would take the place of.
    """

    title: str
    text: str
    tool: str = ""
    rule: str = ""
    place: str = ""
    fingerprint: str = ""
    commit: str = ""
    live_secret: bool = False
    compensating: str
    renewals: int = 0
    repository: str = ""
    earlier: CaseId = ""
    known_since: AwareDatetime | None = None


class Request(Value):
    """What is asked for. Name, title and department come from the directory, never from whoever asks.

    ``subject`` is who benefits: the holder of the access, or the owner of the risk. ``until`` None is standing access, or a
    deploy. ``severity`` is None while the owner of a declared risk has not set it.
    """

    kind: Kind
    title: str
    plain: str
    requester: Person | None = None
    subject: Person | None = None
    reason: str = ""
    until: AwareDatetime | None = None
    severity: Severity | None = None
    emergency: bool = False
    access: Access | None = None
    deploy: Deploy | None = None
    finding: Finding | None = None

    def digest(self) -> Digest:
        """SHA-256 of the request: what every approver must have seen."""
        return hashlib.sha256(canonical(self.model_dump(mode="json"))).hexdigest()


class OutsideReview(Value):
    """A decision that somebody made at GitHub, under a login there. ``person`` is who that is here, where it is known for
    sure; ``doubts`` say why an approval does not show that a second person looked."""

    verdict: Literal["approved", "rejected"]
    login: str
    person: Person | None
    doubts: tuple[str, ...] = ()


class Passed(Value):
    """Somebody who could have been asked and was not, and why."""

    person: PersonId
    code: str
    reason: str


class Step(Value):
    """One round of asking: ``needed`` of ``people``, each another person. ``first`` of them are asked at once, the others
    where nobody answers. ``outside``: one of its deciders is outside the reporting line of the risk's owner."""

    role: Role
    people: tuple[Person, ...]
    passed: tuple[Passed, ...] = ()
    needed: int = 1
    first: int = 1
    outside: bool = False


class Decision(Value):
    """A yes to a step."""

    step: int
    person: Person
    at: AwareDatetime
    reason: str = ""
    chain: tuple[PersonId, ...] = ()
    attestation: Digest | None = None


class HandedOver(Value):
    """Somebody was asked in another's place, until a day. ``chain`` names everybody before, first asked first."""

    person: Person
    by: PersonId
    chain: tuple[PersonId, ...]
    until: AwareDatetime
    reason: str


class Frame(Value):
    """What a case knows of its control from its first event on, so that no later event needs the program."""

    control: str
    owner: Person
    deputy: Person | None = None
    time_zone: str
    closed_days: tuple[str, ...] = ()
    wanted: Assurance
    lapse_at: AwareDatetime
    reason_min: int
    review_within: str = "1wd"


class Reserved(Value):
    """Access that was approved for a person and has not ended."""

    entry: str
    entitlement: str
    source: str
    case: CaseId
    until: AwareDatetime | None = None


Found = tuple[LineKey, tuple[str, ...]]
"""A line that a pull shows, and its paths."""
