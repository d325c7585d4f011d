"""What every case takes from its control when it opens, and what rules read of the company."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from workflows.approval.model import Frame, Request, Settings
from workflows.approval.rules.refusal import refused
from workflows.kernel.calendar import after
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.independence import unfit
from workflows.kernel.model import Assurance, Facts

YEARS = 1
"""Closed days are kept for so many years ahead: no approval reaches further."""


def settings_of(facts: Facts) -> Settings:
    """The control's own settings, as the program states them."""
    return Settings.model_validate(facts.control.settings)


def zone(facts: Facts) -> str:
    """The company's time zone."""
    return str(facts.company.get("time_zone") or "UTC")


def closed_days(company: Mapping[str, Any]) -> frozenset[date]:
    """The days on which nobody works."""
    return frozenset(company.get("closed_days") or ())


def wanted(request: Request, settings: Settings) -> Assurance:
    """How surely it must be known who decides this."""
    if request.emergency:
        return settings.wanted.emergency
    if request.access is not None:
        return settings.wanted.privileged if request.access.privileged else settings.wanted.access
    return settings.wanted.deploy if request.kind == "deploy" else settings.wanted.exception


def framed(request: Request, settings: Settings, at: datetime, facts: Facts) -> Frame:
    """The frame of a new case. Refused where nobody answers for the control."""
    owner, deputy = facts.directory.get(facts.owner), facts.directory.get(facts.deputy)
    owner, deputy = (owner, deputy) if owner else (deputy, None)
    if owner is None:
        raise refused("no_owner")
    closed = closed_days(facts.company)
    span = getattr(settings.lapse, request.kind)
    lapse_at = after(at, span, zone(facts), closed)
    if request.until is not None and request.kind == "access":
        lapse_at = min(lapse_at, request.until)
    near = sorted(d for d in closed if at.year <= d.year <= at.year + YEARS)
    return Frame(
        control=facts.control.id,
        owner=owner,
        deputy=deputy,
        time_zone=zone(facts),
        closed_days=tuple(d.isoformat() for d in near),
        wanted=wanted(request, settings),
        lapse_at=lapse_at,
        reason_min=settings.reason_min,
        review_within=settings.emergency.review_within if settings.emergency else "1wd",
    )


def here(person: PersonId | None, directory: Directory) -> Person:
    """The person, active and known. Refused where nobody who works here has this id."""
    found = directory.get(person)
    if found is None or found.employed is not True:
        raise refused("unknown_person")
    return found


def asker(person: PersonId, directory: Directory) -> Person:
    """Whoever asks: an active employee, linked to Slack."""
    found = directory.get(person)
    problem = unfit(found)
    if problem is not None or found is None:
        raise refused(problem.code if problem and problem.code != "unknown_person" else "not_linked")
    return found
