"""The program as values: what should happen, as the company wrote it. Reading its YAML is not done here."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import Field

from workflows.kernel.identity import Value
from workflows.kernel.jcs import canonical
from workflows.kernel.model import Assurance, Control, Digest


class Company(Value):
    """Who the program belongs to. Logins are those of the identity provider; ``holidays`` is an ISO country code, with or
    without a region (`DE`, `DE-BE`); ``closed_days`` are further days on which nobody works. Records are kept for
    ``retention_years``; ``record_assurance`` is how surely it must be known who erases them or ends a key, ``sign_in_age`` how
    many seconds old the sign-in behind a decision may be when somebody presses; 0: only one after the press counts."""

    name: str
    time_zone: str = "UTC"
    holidays: str = ""
    closed_days: tuple[date, ...] = ()
    fiscal_year_starts: int = 1
    control_owner: str
    deputy: str | None = None
    roles: dict[str, tuple[str, ...]] = {}
    retention_years: int = 7
    record_assurance: Assurance = "slack"
    sign_in_age: int = 300


class SourceConfig(Value):
    """A system that identity data is pulled from.

    ``privileged`` lists entitlements (native id or name, `*` at the end matches the rest) that are privileged;
    ``ordinary`` those that are not; anything in neither is unknown. ``plain`` maps an entitlement to the sentence that
    people read. ``owner`` decides as the application's owner, ``remover`` is asked to take away what was revoked;
    ``service_accounts`` maps an account's login to the login of the person who answers for it.
    """

    id: str
    kind: Literal["okta", "aws", "csv"]
    system: str
    directory: bool = False
    credential: str | None = None
    max_age: timedelta = timedelta(hours=48)
    owner: str | None = None
    remover: str | None = None
    privileged: tuple[str, ...] = ()
    ordinary: tuple[str, ...] = ()
    plain: dict[str, str] = {}
    entitlement_owners: dict[str, str] = {}
    service_accounts: dict[str, str] = {}
    max_shrink: float = 0.2
    min_rows: int = 1
    settings: dict[str, Any] = {}


class OutOfScope(Value):
    """A system that is known and deliberately not reviewed: by whom this was accepted, why, and until when."""

    id: str
    reason: str
    accepted_by: str
    until: date


class Program(Value):
    """A program that was checked. ``digest`` is the SHA-256 of its document; every attestation names it."""

    digest: Digest
    company: Company
    controls: tuple[Control, ...]
    sources: tuple[SourceConfig, ...]
    out_of_scope: tuple[OutOfScope, ...] = ()

    @classmethod
    def from_document(cls, document: bytes) -> Program:
        """The program that `document_of` wrote. Raises pydantic's ValidationError for a document that is not one."""
        meaning = json.loads(document)["program"]
        return cls.model_validate({**meaning, "digest": hashlib.sha256(document).hexdigest()})

    def source(self, source: str) -> SourceConfig | None:
        """The source with this id."""
        return next((s for s in self.sources if s.id == source), None)


class Meaning(Value):
    """What the files of a program folder say, without their digest."""

    company: Company
    controls: tuple[Control, ...] = Field(min_length=1)
    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    out_of_scope: tuple[OutOfScope, ...] = ()


def document_of(files: dict[str, str], meaning: Meaning) -> bytes:
    """The program as one canonical JSON document: every file's exact text and what it means. Its SHA-256 is the version."""
    return canonical({"files": files, "program": meaning.model_dump(mode="json")})
