"""People, accounts and pulls of Acme, as values, for the tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from workflows.kernel.identity import (
    Account,
    Certificate,
    Entitlement,
    Line,
    Person,
    Pull,
    Stream,
)
from workflows.kernel.jcs import canonical

MONDAY = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
NO_FILE = "0" * 64


def person(login: str, **more: Any) -> Person:
    """Somebody at Acme: ``person("maya")``."""
    return Person(
        id=f"00u{login}", issuer="https://acme.okta.test", login=f"{login}@acme.test", name=login.title(), **more
    )


def account(login: str, **more: Any) -> Account:
    """An account in GitHub; its native id follows from the login, as long as nobody renames it."""
    facts: dict[str, Any] = {
        "system": "github",
        "native_id": f"id-{login}",
        "login": login,
        "kind": "human",
        "active": True,
    }
    return Account(**facts | more)


def entitlement(name: str, **more: Any) -> Entitlement:
    """A permission in GitHub."""
    facts: dict[str, Any] = {"system": "github", "native_id": f"repo:{name}", "resource": "acme", "name": name}
    return Entitlement(**facts | more)


def line(who: Account, what: Entitlement, *via: str, **more: Any) -> Line:
    """One access; direct unless said otherwise."""
    return Line(account=who, entitlement=what, via=via or ("direct",), **more)


def pull(
    number: int,
    *,
    source: str = "github",
    verdict: Literal["complete", "partial"] = "complete",
    people: Sequence[Person] = (),
    accounts: Sequence[Account] = (),
    lines: Sequence[Line] = (),
) -> Pull:
    """The pull of a day, certified. Each ``number`` is another day, hence another certificate."""
    at = MONDAY + timedelta(days=number)
    held = {(one.account.system, one.account.native_id): one.account for one in lines}
    known = {(a.system, a.native_id): a for a in accounts}
    certificate = Certificate(
        source=source,
        system=source,
        connector="csv",
        code="0.1.0",
        config_sha256=NO_FILE,
        host="",
        credential="",
        started_by="cli",
        started_at=at,
        ended_at=at + timedelta(minutes=2),
        as_of=at,
        streams=(Stream(name="rows", path="rows.csv", rows=len(lines), done=verdict == "complete"),),
        raw_sha256=NO_FILE,
        raw_content_sha256=NO_FILE,
        lines_sha256=NO_FILE,
        accounts_sha256=NO_FILE,
        counts={"lines": len(lines)},
        verdict=verdict,
        reasons=() if verdict == "complete" else ("rows: the file ends in the middle of a row. Pull again.",),
    )
    return Pull(
        certificate=certificate,
        certificate_sha256=hashlib.sha256(canonical(certificate.model_dump(mode="json"))).hexdigest(),
        people=tuple(people),
        accounts=tuple((held | known).values()),
        lines=tuple(lines),
    )
