"""People, accounts and the lines that a review is about: one shape for every source.

`None` on a three-valued field means *unknown*; ``unknown`` then says why (`not_offered`, `not_permitted`, `not_fetched`,
`absent`). Turning such a field into a bool is a defect: unknown is a value all the way to screen and export.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Literal

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PrivateAttr

PersonId = str
"""The IdP's id of a person (`sub`), unique per issuer; never an e-mail, never a display name."""

Why = Literal["not_offered", "not_permitted", "not_fetched", "absent"]
Kind = Literal["human", "service", "shared", "external", "unknown"]
LinkRule = Literal["certain", "strong", "weak", "signed", "ambiguous", "external", "orphan"]
LineKey = tuple[str, str, str]
"""(system, account native id, entitlement native id)"""


class Value(BaseModel):
    """A frozen value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(Value):
    """Somebody in the identity provider. ``manager`` is the person id of the manager, or None with ``manager_note``."""

    id: PersonId
    issuer: str
    login: str
    name: str
    email: str | None = None
    employed: bool | None = None
    ended_on: date | None = None
    manager: PersonId | None = None
    manager_note: str = ""
    department: str = ""
    title: str = ""
    time_zone: str = "UTC"
    slack_user: str | None = None
    absent_until: date | None = None

    def called(self) -> str:
        """The name as people read it: ``Maya Chen (maya@acme.test)``."""
        return f"{self.name} ({self.login})" if self.login else self.name


class LastUse(Value):
    """When access was last used: at a time, or not since the source was asked (`none_since`); both None is unknown."""

    at: AwareDatetime | None = None
    none_since: date | None = None


class Account(Value):
    """One account in one system. ``native_id`` is the id that the source never reuses."""

    system: str
    native_id: str
    login: str
    name: str = ""
    email: str | None = None
    email_verified: bool | None = None
    kind: Kind = "unknown"
    active: bool | None = None
    mfa: bool | None = None
    created_at: AwareDatetime | None = None
    last_used: LastUse = LastUse()
    unknown: dict[str, Why] = Field(default_factory=dict)
    person: PersonId | None = None
    link: LinkRule = "orphan"
    link_note: str = ""
    owner: PersonId | None = None


class Entitlement(Value):
    """Something that can be held. ``plain`` is the sentence people read; empty where nobody wrote one."""

    system: str
    native_id: str
    resource: str
    name: str
    plain: str = ""
    purpose: Literal["assignment", "permission", "ownership"] = "permission"
    privileged: bool | None = None
    owner: PersonId | None = None


class Line(Value):
    """One access held by one account: all paths (`direct`, `group:…`, `role:…`) of one account to one entitlement."""

    account: Account
    entitlement: Entitlement
    via: tuple[str, ...]
    granted_at: AwareDatetime | None = None
    last_used: LastUse = LastUse()

    @property
    def key(self) -> LineKey:
        """What stays the same over collections."""
        return (self.account.system, self.account.native_id, self.entitlement.native_id)

    @property
    def ref(self) -> str:
        """The key as 16 hex digits: short enough for a button."""
        return hashlib.sha256("\x00".join(self.key).encode()).hexdigest()[:16]

    def substance(self) -> str:
        """SHA-256 of what a verdict is about: account, person, entitlement, paths, kind, active, privileged, plain text.

        When it was last used is not part of it.
        """
        a, e = self.account, self.entitlement
        account = [a.login, a.person, a.link, a.kind, a.active, a.owner]
        about = [list(self.key), *account, e.resource, e.name, e.plain, e.privileged, sorted(self.via)]
        return hashlib.sha256(rfc8785.dumps(about)).hexdigest()

    def shown(self) -> str:
        """SHA-256 of every fact of the line that is put before a reviewer."""
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()


class Stream(Value):
    """One list that was read from a source, and how far. ``expected`` is a second figure, with where it comes from."""

    name: str
    path: str
    parameters: str = ""
    pages: int = 0
    rows: int = 0
    duplicates: int = 0
    rejected: int = 0
    expected: int | None = None
    expected_from: str = "no second figure"
    done: bool = False


class Certificate(Value):
    """What was pulled, how, and whether it is whole: `population.json`, evidence of every attestation about these lines.

    ``directory`` is the collection of the people whom accounts were linked to; empty for the directory itself.
    """

    source: str
    system: str
    connector: str
    code: str
    config_sha256: str
    host: str
    credential: str
    started_by: str
    started_at: AwareDatetime
    ended_at: AwareDatetime
    as_of: AwareDatetime
    streams: tuple[Stream, ...]
    retries: int = 0
    raw_sha256: str
    raw_content_sha256: str
    lines_sha256: str
    accounts_sha256: str
    directory: str = ""
    counts: dict[str, int]
    rejected: tuple[str, ...] = ()
    previous_lines: int | None = None
    verdict: Literal["complete", "partial"]
    reasons: tuple[str, ...] = ()


class Collection(Value):
    """A pull, as the rest of the product names it. ``id`` is the SHA-256 of the certificate, which is in the vault."""

    id: str
    source: str
    system: str
    number: int
    as_of: AwareDatetime
    ended_at: AwareDatetime
    verdict: Literal["complete", "partial"]
    reasons: tuple[str, ...] = ()
    lines: int
    lines_sha256: str
    raw_sha256: str


class Pull(Value):
    """What one pull of a source gave: the certificate and, normalised, everything it certifies.

    The raw responses, `accounts.jsonl`, `lines.jsonl` and `population.json` are in the vault already, under the digests
    that the certificate names. ``people`` is filled by the directory source only. A pull whose certificate is partial is
    kept as a record; its lines are never used.
    """

    certificate: Certificate
    certificate_sha256: str
    people: tuple[Person, ...] = ()
    accounts: tuple[Account, ...] = ()
    lines: tuple[Line, ...] = ()


class Directory(Value):
    """Everybody in the identity provider at one instant. ``digest`` names the collection that it comes from.

    ``more_slack`` are Slack users who are a person beside their own ``slack_user``, with nobody where the link is suspended.
    """

    people: dict[PersonId, Person]
    digest: str = ""
    synced_at: AwareDatetime | None = None
    more_slack: dict[str, PersonId] = {}
    _logins: tuple[dict[PersonId, Person], dict[str, list[Person]]] | None = PrivateAttr(default=None)

    def get(self, person: PersonId | None) -> Person | None:
        """The person, or None where nobody has this id."""
        return self.people.get(person) if person else None

    def chain(self, person: PersonId) -> Iterator[PersonId]:
        """The managers above a person, nearest first; ends at a gap or before a loop closes."""
        seen = {person}
        here = self.get(person)
        while here and here.manager and here.manager not in seen:
            seen.add(here.manager)
            yield here.manager
            here = self.get(here.manager)

    def reports_to(self, person: PersonId, manager: PersonId) -> bool:
        """Whether ``person`` reports to ``manager``, directly or not."""
        return manager in self.chain(person)

    def by_login(self, login: str) -> Person | None:
        """The one person with this IdP login, compared in lower case; None where there is none or more than one."""
        # Asked for each line of a campaign. An index that was copied along belongs to the people it was made of.
        if self._logins is None or self._logins[0] is not self.people:
            made: dict[str, list[Person]] = {}
            for person in self.people.values():
                made.setdefault(person.login.lower(), []).append(person)
            self._logins = (self.people, made)
        found = self._logins[1].get(login.lower(), ())
        return found[0] if len(found) == 1 else None


def directory_of(people: Iterable[Person], digest: str = "", synced_at: datetime | None = None) -> Directory:
    """A directory of these people."""
    return Directory(people={p.id: p for p in people}, digest=digest, synced_at=synced_at)
