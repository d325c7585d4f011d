"""What was read out of a raw file, before anybody is linked to anything: the same shape for every source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from workflows.kernel.identity import Kind, LastUse, Person, Stream, Why

UNKNOWN_USE = LastUse()
"""Nothing is known of when it was last used. One value for all: there are millions of them."""


@dataclass(slots=True)
class Held:
    """An account as its source describes it.

    ``addresses`` are further names and tags that may be somebody's e-mail; ``owner`` is an address, login or person id.
    """

    native_id: str
    login: str
    name: str = ""
    email: str | None = None
    email_verified: bool | None = None
    kind: Kind = "unknown"
    active: bool | None = None
    mfa: bool | None = None
    created_at: datetime | None = None
    last_used: LastUse = UNKNOWN_USE
    unknown: dict[str, Why] = field(default_factory=dict)
    idp_id: str = ""
    external_id: str = ""
    addresses: tuple[str, ...] = ()
    owner: str = ""


@dataclass(slots=True)
class Right:
    """Something that can be held, as its source describes it. ``privileged`` is what the vendor's own list says."""

    native_id: str
    resource: str
    name: str
    plain: str = ""
    purpose: Literal["assignment", "permission", "ownership"] = "permission"
    privileged: bool | None = None


@dataclass(slots=True)
class Grant:
    """One path by which one account holds one right."""

    account: str
    right: str
    via: str = "direct"
    granted_at: datetime | None = None
    last_used: LastUse = UNKNOWN_USE


@dataclass
class Gathered:
    """Everything in one raw file.

    ``reasons`` say what keeps it from being whole; ``counted`` holds figures of the vendor's own for the certificate;
    ``as_of`` is when it was true, if the source says so.
    """

    streams: list[Stream] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    accounts: dict[str, Held] = field(default_factory=dict)
    rights: dict[str, Right] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    as_of: datetime | None = None


SHOWN = 20
"""How many reasons of one kind are written out; the rest is counted."""


def shorten(reasons: Sequence[str], limit: int = SHOWN) -> list[str]:
    """At most ``limit`` of them, and a line that counts the rest."""
    if len(reasons) <= limit:
        return list(reasons)
    return [*reasons[:limit], f"… and {len(reasons) - limit} more of this kind."]
