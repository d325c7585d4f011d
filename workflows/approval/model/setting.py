"""What a company settles for its approvals, with defaults; the program's digest names it in every attestation.

Spans are written `30m`, `48h`, `14d`, `5wd` (working days), `6mo`. People are logins of the identity provider.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from workflows.kernel.calendar import after, checked_span
from workflows.kernel.identity import Value
from workflows.kernel.weakness import SEVERITIES as SEVERITIES
from workflows.kernel.weakness import Severity as Severity

Level = Literal["slack", "slack+sso", "slack+sso+mfa"]
MOST_ENTRIES = 100
"""Slack's limit of a select."""
EMERGENCY_MOST = "4h"
_SLUG = re.compile("[a-z0-9][a-z0-9._-]{0,39}")
_TEAM = re.compile("[A-Za-z0-9][A-Za-z0-9-]{0,38}/[a-z0-9][a-z0-9_-]{0,99}")
_SOME_MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError("is no short name; write small letters, digits, dots and hyphens, at most 40")
    return text


def longer(one: str, other: str) -> bool:
    """Whether a span is longer than another, counted from a Monday morning."""
    return after(_SOME_MONDAY, one) > after(_SOME_MONDAY, other)


Span = Annotated[str, AfterValidator(checked_span)]
Slug = Annotated[str, AfterValidator(_slug), Field(json_schema_extra={"pattern": f"^{_SLUG.pattern}$"})]


class Entry(Value):
    """An entitlement that people may ask for: a line of the catalogue. ``entitlement`` is the source's own id of it.

    Without a ``granter`` the source's remover is asked to grant and to remove, else the entitlement's owner. ``through`` has
    it granted and taken away by itself: as a membership of the Okta group that the entitlement is, or of the GitHub
    ``team`` (`ORG/TEAM`) that gives it; the granter is asked where that does not go.
    """

    id: Slug
    source: str
    entitlement: str = Field(min_length=1)
    title: str = Field(min_length=1, max_length=75)
    plain: str = Field(min_length=1, max_length=200)
    owner: str = Field(min_length=1)
    granter: str | None = None
    through: Literal["okta", "github"] | None = None
    team: str = Field(default="", max_length=200)
    privileged: bool = False
    standing: bool = False
    usual: Span = "14d"
    longest: Span = "90d"

    @model_validator(mode="after")
    def _ordered(self) -> Entry:
        if longer(self.usual, self.longest):
            raise ValueError("usual is longer than longest; write a usual time within the longest one")
        if (self.through == "github") != bool(self.team):
            raise ValueError("`through: github` and `team` go together; write both, or neither")
        if self.team and not _TEAM.fullmatch(self.team):
            raise ValueError("the team is not written as ORG/TEAM, with the team's slug; write acme/payments-admins")
        return self

    @property
    def way(self) -> str:
        """By what it is granted: `okta`, `github:ORG/TEAM`, or nothing."""
        return f"github:{self.team}" if self.through == "github" else self.through or ""


class Environment(Value):
    """An environment whose deploys are approved here. ``needed`` of the approvers, each another person, must say yes.

    With ``decided: github`` nobody is asked here: GitHub's own required reviewers decide, and what they decide is recorded.

    ``evidence`` names what must be at hand, for exactly this commit, before anybody is asked. ``hook`` is the one hook
    that may ask about it; without one, GitHub asks.
    """

    repository: str = Field(min_length=3, max_length=200)
    environment: str = Field(min_length=1, max_length=200)
    approvers: tuple[str, ...] = ()
    needed: int = Field(default=1, ge=1, le=5)
    evidence: tuple[str, ...] = ()
    hook: Slug | None = None
    decided: Literal["here", "github"] = "here"

    @model_validator(mode="after")
    def _somebody(self) -> Environment:
        if self.decided == "here" and not self.approvers:
            raise ValueError("no approvers; name at least one, or write `decided: github`")
        if self.decided == "github" and (self.approvers or self.evidence or self.hook):
            raise ValueError("`decided: github` goes with no approvers, evidence or hook; take them away")
        return self


class Risks(Value):
    """Who accepts a risk, by severity, and for how long at most. High and above takes two people."""

    approvers: dict[Severity, tuple[str, ...]]
    longest: dict[Severity, Span] = {}

    @model_validator(mode="after")
    def _every_severity(self) -> Risks:
        empty = [s for s in SEVERITIES if not self.approvers.get(s)]
        if empty:
            raise ValueError(f"no approvers for {', '.join(empty)}; name at least one for each severity")
        return self

    def limit(self, severity: Severity) -> str:
        """The longest time for which a weakness of this severity may be accepted."""
        usual: dict[Severity, str] = {"critical": "7d", "high": "30d", "medium": "90d", "low": "180d"}
        return self.longest.get(severity, usual[severity])


class Emergency(Value):
    """The named policy for emergencies: fewer steps, still another person, and a review afterwards."""

    approvers: tuple[str, ...] = Field(min_length=1)
    longest: Span = EMERGENCY_MOST
    review_within: Span = "1wd"

    @model_validator(mode="after")
    def _short(self) -> Emergency:
        if longer(self.longest, EMERGENCY_MOST):
            raise ValueError("an emergency lasts at most 4 hours; write 4h or less")
        return self


class Wanted(Value):
    """How surely it must be known who decides: the level wanted for each kind of decision."""

    access: Level = "slack"
    privileged: Level = "slack"
    deploy: Level = "slack"
    exception: Level = "slack"
    emergency: Level = "slack"


class Lapses(Value):
    """How long a request waits before it lapses. Silence never approves."""

    access: Span = "3wd"
    deploy: Span = "24h"
    exception: Span = "5wd"


class Settings(Value):
    """The settings of an approval control.

    ``aliases`` maps a login in a pipeline to the login of the person at the identity provider; ``accounts`` is the source
    whose accounts say so where no alias does. Whoever is in neither is nobody that could be told apart from an author.
    """

    catalogue: tuple[Entry, ...] = Field(default=(), max_length=MOST_ENTRIES)
    fallback: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()
    environments: tuple[Environment, ...] = ()
    aliases: dict[str, str] = {}
    accounts: str = ""
    risks: Risks | None = None
    emergency: Emergency | None = None
    wanted: Wanted = Wanted()
    lapse: Lapses = Lapses()
    reason_min: int = Field(default=10, ge=1, le=1000)

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        ids = [e.id for e in self.catalogue]
        if len(set(ids)) != len(ids):
            raise ValueError("two entries of the catalogue have the same id; give each one of its own")
        held = {(e.source, e.entitlement) for e in self.catalogue}
        if len(held) != len(ids):
            raise ValueError("an entitlement stands twice in the catalogue; keep one entry of it")
        strange = sorted({side for pair in self.conflicts for side in pair} - set(ids))
        if strange:
            raise ValueError(f"conflicts name {strange[0]!r}, which is not in the catalogue; write ids of its entries")
        names = [(e.repository.lower(), e.environment.lower()) for e in self.environments]
        if len(set(names)) != len(names):
            raise ValueError("an environment stands twice; keep one entry of it")
        if len({a.lower() for a in self.aliases}) != len(self.aliases):
            raise ValueError("a login stands twice in aliases, written otherwise; keep one")
        if any(one == other for one, other in self.conflicts):
            raise ValueError("an entry cannot be in conflict with itself; name two different ones")
        return self

    def entry(self, name: str) -> Entry | None:
        """The entry of the catalogue with this id."""
        return next((e for e in self.catalogue if e.id == name), None)

    def alias(self, login: str) -> str | None:
        """The login at the identity provider of whoever has this login in a pipeline; compared without case."""
        return next((known for name, known in self.aliases.items() if name.lower() == login.lower()), None)

    def opposed(self, name: str) -> tuple[str, ...]:
        """The entries that nobody may hold together with this one."""
        pairs = [pair for pair in self.conflicts if name in pair]
        return tuple(sorted({side for pair in pairs for side in pair if side != name}))

    def environment(self, repository: str, environment: str) -> Environment | None:
        """The environment of a repository, compared as GitHub does: without case."""
        wanted = (repository.lower(), environment.lower())
        return next(
            (e for e in self.environments if (e.repository.lower(), e.environment.lower()) == wanted),
            None,
        )
