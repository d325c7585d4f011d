"""The small company whose approvals the examples tell: its people, its program, what its systems hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflows.approval.model import (
    Deploy,
    Finding,
)
from workflows.kernel.identity import Account, Collection, Entitlement, Line, Person
from workflows.kernel.model import Actor, Control, EvidenceRef, by_person
from workflows.kernel.program import SourceConfig

if TYPE_CHECKING:
    pass

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WHY = "The payout job fails at night and I am on call for it this fortnight."

CONTROL = Control(
    id="AP-01",
    title="Approvals",
    text="Nobody gets access, releases to production or lives with a known weakness on their own word alone.",
    workflow="approval",
    criteria=("CC6.1", "CC6.2", "CC6.3", "CC8.1"),
    owner="dana@acme.test",
    deputy="ravi@acme.test",
    settings={
        "catalogue": [
            {
                "id": "payments-admin", "source": "github", "entitlement": "payments:admin",
                "title": "Admin of acme/payments", "plain": "Can change settings and delete the repository",
                "owner": "maya@acme.test", "granter": "omar@acme.test", "privileged": True, "usual": "14d", "longest": "30d",
            },
            {
                "id": "web-write", "source": "github", "entitlement": "web:write", "title": "Write in acme/web",
                "plain": "Can push to the repository web", "owner": "maya@acme.test", "standing": True,
            },
            {
                "id": "release-sign", "source": "github", "entitlement": "release:sign", "title": "Sign releases",
                "plain": "Can sign what goes to customers", "owner": "maya@acme.test",
            },
            {
                "id": "billing-write", "source": "github", "entitlement": "billing:write", "title": "Write in acme/billing",
                "plain": "Can push to the repository billing", "owner": "maya@acme.test", "granter": "omar@acme.test",
                "through": "github", "team": "acme/billing-writers",
            },
        ],
        "fallback": ["ravi@acme.test"],
        "conflicts": [["payments-admin", "release-sign"]],
        "environments": [
            {
                "repository": "acme/payments", "environment": "production",
                "approvers": ["maya@acme.test", "omar@acme.test", "ravi@acme.test"], "evidence": ["scan.sarif"],
            },
            {"repository": "acme/payments", "environment": "staging", "decided": "github"},
        ],
        "risks": {
            "approvers": {
                "low": ["tom@acme.test"], "medium": ["tom@acme.test", "ravi@acme.test"],
                "high": ["ravi@acme.test", "nora@acme.test"], "critical": ["dana@acme.test", "nora@acme.test"],
            }
        },
        "emergency": {"approvers": ["tom@acme.test", "maya@acme.test"]},
    },
)  # fmt: skip
SOURCES = {
    "people": SourceConfig(id="people", kind="csv", system="Acme directory", directory=True),
    "github": SourceConfig(id="github", kind="csv", system="GitHub", owner="maya@acme.test", remover="omar@acme.test"),
}


def _person(name: str, full: str, manager: str | None, **more: Any) -> Person:
    known: dict[str, Any] = {
        "id": f"P-{name}", "issuer": "https://idp.acme.test", "login": f"{name}@acme.test", "name": full,
        "employed": True, "manager": f"P-{manager}" if manager else None, "slack_user": f"U0{name.upper()}",
        "time_zone": "Europe/Berlin",
    }  # fmt: skip
    return Person(**{**known, **more})


PEOPLE = (
    _person("dana", "Dana Okafor", None),
    _person("ravi", "Ravi Patel", "dana"),
    _person("tom", "Tom Fischer", "ravi"),
    _person("maya", "Maya Chen", "tom"),
    _person("lena", "Lena Novak", "tom", title="Engineer", department="Payments"),
    _person("omar", "Omar Haddad", "tom"),
    _person("nora", "Nora Lind", "dana"),
    _person("jun", "Jun Tanaka", "tom", employed=False),
)
COMMIT = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
DEPLOY = Deploy(
    repository="acme/payments",
    environment="production",
    run="9183746",
    attempt=1,
    commit=COMMIT,
    authors=("P-lena",),
    author_names=("Lena Novak",),
    facts=("2 reviews, both approving", "18 checks passed", "scan: 0 critical, 1 high with an exception"),
)
FINDING = Finding(
    title="SQL built from text in the export",
    text="A report name reaches a query unescaped; only staff can choose report names.",
    tool="semgrep",
    rule="python.sql-injection",
    place="payments/export.py",
    fingerprint="5f1c09ab3e77",
    commit=COMMIT,
    compensating="The export runs with a read-only account and every query is logged.",
)


def evidence(name: str) -> EvidenceRef:
    """A file as rules see one."""
    content = hashlib.sha256(name.encode()).hexdigest()
    return EvidenceRef(name=name, sha256=content, kind="scan", source="semgrep", collected_at=START)


def line(who: str, access: str, via: tuple[str, ...] = ("direct",)) -> Line:
    """Somebody's access in GitHub."""
    account = Account(
        system="GitHub", native_id=f"id-{who}", login=who, kind="human", active=True, person=f"P-{who}", link="certain"
    )
    entitlement = Entitlement(system="GitHub", native_id=access, resource=access.partition(":")[0], name=access)
    return Line(account=account, entitlement=entitlement, via=via)


LINES = (line("lena", "web:read", ("group:web",)), line("maya", "payments:admin"))


def collection(number: int, at: datetime, lines: Sequence[Line], verdict: str = "complete") -> Collection:
    """A pull of GitHub as rules see one."""
    content = hashlib.sha256(f"github#{number}".encode()).hexdigest()
    return Collection.model_validate(
        {
            "id": content, "source": "github", "system": "GitHub", "number": number, "as_of": at, "ended_at": at,
            "verdict": verdict, "reasons": () if verdict == "complete" else ("page 3 of members was cut off",),
            "lines": len(lines), "lines_sha256": content[::-1], "raw_sha256": content,
        }
    )  # fmt: skip


def somebody(name: str) -> Person:
    """A person of the company."""
    return next(p for p in PEOPLE if p.id == f"P-{name}")


def as_person(name: str) -> Actor:
    """A person who acts through Slack."""
    person = somebody(name)
    return by_person(person, team="T0ACME", user=person.slack_user or "")
