"""What time alone causes: campaigns open, reviewers are reminded, silence goes up, removals become late, exceptions end.

Everything is derived from the state and the calendar, never remembered: after an outage what was due is recorded once,
with its due time. Of several rungs the highest is acted on, and the others are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from workflows.access_review.model import (
    Campaign,
    ClimbLadder,
    CollectSource,
    LapseException,
    PlanCampaign,
    RecordLateRemoval,
    RecordMissed,
    RecordOverdue,
    Review,
    SeeCollection,
    SeeDirectory,
)
from workflows.access_review.rules import State
from workflows.access_review.rules.ladder import due_rungs
from workflows.access_review.rules.removal import late_at
from workflows.kernel.calendar import Cadence, at_local, occurrences, period_of
from workflows.kernel.identity import Collection
from workflows.kernel.model import CaseId, Command, Control, Facts, case_id
from workflows.kernel.workflow import Opening

NAME = "access_review"
LOOK_BACK = 8
LEVELS = (2, 1)


def openings(control: Control, company: Mapping[str, Any], now: datetime) -> Sequence[Opening]:
    """Every campaign that must exist by now, oldest first. Ids are names: opening one twice is impossible.

    ``company`` gives `time_zone`, `fiscal_year_starts`, `effective_from` (aware), and, where known, `closed_days` (dates)
    and `segment`: whether the control's id is part of the case id, because the program has several access reviews.
    """
    since = company.get("effective_from")
    if since is None:
        return ()
    zone = str(company.get("time_zone") or "UTC")
    closed = frozenset(company.get("closed_days") or ())
    cadence = Cadence.of(control.cadence, int(company.get("fiscal_year_starts") or 1))
    found = []
    for each in occurrences(cadence, since, now, zone, closed):
        command = PlanCampaign(
            period=each.period.key,
            starts_on=each.period.starts_on,
            ends_on=each.period.ends_on,
            opens_at=each.opens_at,
            due_at=each.due_at,
            earlier=_earlier(control, company, cadence, each.period.starts_on),
        )
        found.append(
            Opening(case=campaign_case(control, company, each.period.key), command=command, due_at=each.opens_at)
        )
    return tuple(found)


def campaign_case(control: Control, company: Mapping[str, Any], period: str) -> CaseId:
    """The id of a period's campaign; the control's id stands in it only where two controls could collide."""
    return case_id(NAME, control.id, period) if company.get("segment") else case_id(NAME, period)


def _earlier(control: Control, company: Mapping[str, Any], cadence: Cadence, starts_on: date) -> tuple[CaseId, ...]:
    found = []
    for _ in range(LOOK_BACK):
        period = period_of(cadence.every, starts_on - timedelta(days=1), cadence.fiscal_year_starts)
        starts_on = period.starts_on
        found.append(campaign_case(control, company, period.key))
    return tuple(found)


def due(state: State, now: datetime, facts: Facts) -> Sequence[Command]:
    """The commands that time alone causes now."""
    if isinstance(state, Campaign):
        return _campaign_due(state, now)
    if isinstance(state, Review):
        return _review_due(state, now)
    return ()


def _campaign_due(state: Campaign, now: datetime) -> list[Command]:
    commands: list[Command] = []
    if state.open and now > state.due_at:
        if state.opened_at is None and state.missed_at is None:
            commands.append(RecordMissed())
        elif state.opened_at is not None and state.overdue_at is None:
            commands.append(RecordOverdue())
    ended = [e.number for e in state.standing() if now >= _day_after(e.until, state.time_zone)]
    commands.extend(LapseException(number=n) for n in ended)
    return commands


def _review_due(state: Review, now: datetime) -> list[Command]:
    commands: list[Command] = []
    if rungs := due_rungs(state, now):
        *skipped, highest = rungs
        commands.append(ClimbLadder(rung=highest.name, due_at=highest.at, skipped=tuple(r.name for r in skipped)))
    for follow_up in state.follow_ups.values():
        reached = [n for n in LEVELS if follow_up.late < n and now > late_at(state, follow_up, n)]
        if follow_up.open and reached and not state.cancelled:
            commands.append(RecordLateRemoval(ref=follow_up.ref, level=reached[0]))
    return commands


def wake_at(state: Campaign | Review) -> datetime | None:
    """The next instant at which time alone causes something; None where only people and pulls can."""
    if isinstance(state, Campaign):
        moments = [_day_after(e.until, state.time_zone) for e in state.standing()]
        noted = state.missed_at if state.opened_at is None else state.overdue_at
        if state.open and noted is None:
            moments.append(state.due_at + timedelta(seconds=1))
        return min(moments, default=None)
    moments = []
    if not state.sealed and state.unsettled():
        moments += [r.at for r in state.ladder if r.name not in state.climbed]
    for follow_up in state.follow_ups.values():
        if follow_up.open and follow_up.late < LEVELS[0] and not state.cancelled:
            moments.append(late_at(state, follow_up, follow_up.late + 1) + timedelta(seconds=1))
    return min(moments, default=None)


def _day_after(day: date, zone: str) -> datetime:
    """The first instant after a local day."""
    return at_local(day + timedelta(days=1), time(0, 0), zone)


def pulled(state: State, collection: Collection) -> Command | None:
    """What a new pull means for a case; None where it concerns nothing here."""
    if isinstance(state, Campaign):
        concerns = collection.source in state.sources or collection.source == state.directory_source
        return CollectSource(collection=collection) if state.open and concerns else None
    if not isinstance(state, Review) or collection.verdict != "complete" or state.cancelled:
        return None
    if collection.source == state.head.source:
        return SeeCollection(collection=collection)
    if collection.source == state.head.directory_source:
        return SeeDirectory()
    return None
