"""The people, the accesses and the control that the tests of the access review are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from workflows.kernel.identity import Account, Entitlement, Line, Person
from workflows.kernel.model import Control

OPENING = datetime(2026, 10, 7, 7, 0, tzinfo=UTC)
CAMPAIGN = "access_review/2026-Q4"
CONTROL = Control(
    id="AC-04",
    title="Quarterly access review",
    text="Every quarter the owner of each system or the manager confirms every access.",
    workflow="access_review",
    criteria=("CC6.1", "CC6.2", "CC6.3"),
    owner="dana@acme.test",
    deputy="ravi@acme.test",
    cadence={"every": "quarter", "opens": "5th working day", "due": "14 days"},
    settings={
        "sources": [{"id": "github"}],
        "reviewers": {"order": ["entitlement_owner", "app_owner", "manager"], "fallback": ["dana@acme.test"]},
    },
)


def person(name: str, manager: str | None = None, **more: Any) -> Person:
    """An active, linked employee: `person("maya", manager="tom")`."""
    fields: dict[str, Any] = {
        "id": name, "issuer": "https://acme.test", "login": f"{name}@acme.test", "name": name.capitalize(),
        "employed": True, "manager": manager, "slack_user": f"U{name.upper()}", "time_zone": "Europe/Berlin",
    }  # fmt: skip
    return Person(**{**fields, **more})


def company() -> list[Person]:
    """Dana answers for the control; Ravi is her deputy; Tom manages Maya and Lena; Nina and Omar report to Maya."""
    return [
        person("dana"),
        person("ravi", manager="dana"),
        person("tom", manager="dana"),
        person("maya", manager="tom"),
        person("lena", manager="tom"),
        person("nina", manager="maya"),
        person("omar", manager="maya"),
    ]


def line(
    holder: str | None,
    name: str = "write",
    *,
    system: str = "github",
    resource: str = "acme/web",
    account: dict[str, Any] | None = None,
    entitlement: dict[str, Any] | None = None,
    via: tuple[str, ...] = ("direct",),
    **more: Any,
) -> Line:
    """One access: `line("nina", "admin", entitlement={"privileged": True})`; ordinary and well known unless said."""
    who = holder or "nobody"
    fields: dict[str, Any] = {
        "system": system, "native_id": f"id-{who}", "login": who, "kind": "human", "active": True, "mfa": True,
        "person": holder, "link": "certain" if holder else "orphan",
    }  # fmt: skip
    held: dict[str, Any] = {
        "system": system, "native_id": f"{resource}:{name}", "resource": resource, "name": name,
        "plain": f"May {name} in {resource}", "privileged": False,
    }  # fmt: skip
    times: dict[str, Any] = {"granted_at": OPENING - timedelta(days=200), "last_used": {"at": OPENING}}
    return Line(
        account=Account(**{**fields, **(account or {})}),
        entitlement=Entitlement(**{**held, **(entitlement or {})}),
        via=via,
        **{**times, **more},
    )
