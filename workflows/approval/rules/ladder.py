"""When something is due because time passes: reminders, the next approvers, the lapse, the end and what must be seen by then.

Everything is derived from the state, never remembered: the same answer after any outage.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from workflows.approval.model import Approval
from workflows.kernel.calendar import after, at_local, local_day, next_working_day, shift_working_days, works

STARTS, ENDS = time(9, 0), time(17, 0)
REMIND_AFTER = timedelta(hours=4)
MORE_AFTER = "1wd"
GONE_WITHIN = timedelta(hours=24)
LAST_NOTICE = "1wd"
SHORT_GRANT = timedelta(days=5)
"""A shorter access hears of its end once, when a fifth of its time is left."""


class Rung(NamedTuple):
    """Something that is due, and when."""

    name: str
    at: datetime


def working_time(at: datetime, length: timedelta, zone: str, closed: Collection[date]) -> datetime:
    """The instant by which so much working time has passed, counted from 09:00 to 17:00 local on working days."""
    day = local_day(at, zone)
    left = length
    while True:
        if works(day, closed):
            start, end = max(at, at_local(day, STARTS, zone)), at_local(day, ENDS, zone)
            if end > start:
                if left <= end - start:
                    return start + left
                left -= end - start
        day += timedelta(days=1)


def asking_rungs(state: Approval) -> list[Rung]:
    """The rungs of the step that is asked now."""
    if state.now is None or state.asked_at is None:
        return []
    zone, closed = state.frame.time_zone, state.closed_days
    if state.request.emergency:
        remind, more = state.asked_at + timedelta(minutes=15), state.asked_at + timedelta(minutes=30)
    elif state.request.kind == "deploy":
        remind, more = state.asked_at + timedelta(hours=1), state.asked_at + timedelta(hours=4)
    else:
        remind = working_time(state.asked_at, REMIND_AFTER, zone, closed)
        more = after(state.asked_at, MORE_AFTER, zone, closed)
    rungs = [Rung("remind", remind), Rung("ask_more", more)]
    return [r for r in sorted(rungs, key=lambda r: r.at) if r.name not in state.climbed and r.at < state.frame.lapse_at]


def end_rungs(state: Approval) -> list[Rung]:
    """When the end is announced: twice before (once for short access), and at the end itself."""
    until, start = state.request.until, state.effective_at
    if until is None or start is None or state.status not in ("effective", "approved", "effect_failed"):
        return []
    if state.request.kind == "exception":
        notices = [Rung("first", until - timedelta(days=14)), Rung("last", until - timedelta(days=1))]
        notices.insert(1, Rung("second", until - timedelta(days=7)))
        notices = [n for n in notices if n.at > start]
        return [n for n in notices if n.name not in state.announced]
    if until - start <= SHORT_GRANT:
        notices = [Rung("last", until - (until - start) / 5)]
    else:
        zone, closed = state.frame.time_zone, state.closed_days
        notices = [Rung("first", _before(until, 3, zone, closed)), Rung("last", _before(until, 1, zone, closed))]
    return [n for n in (*notices, Rung("end", until)) if n.name not in state.announced]


def _before(until: datetime, days: int, zone: str, closed: Collection[date]) -> datetime:
    day = shift_working_days(local_day(until, zone), -days, closed)
    return at_local(next_working_day(day, closed), STARTS, zone)


def moments(state: Approval) -> list[Rung]:
    """Everything that time alone will cause in this case, with its instant."""
    found: list[Rung] = []
    if state.status in ("collecting", "asked"):
        found.append(Rung("lapse", state.frame.lapse_at + timedelta(seconds=1)))
    found += asking_rungs(state)
    found += end_rungs(state)
    until = state.request.until
    if state.status in ("approved", "effect_failed") and state.grant is not None and until is not None:
        # Never seen to be granted, and over: whatever was done has to be undone.
        found += [Rung("end", until)] if "end" not in state.announced else []
    if state.status == "ending" and until is not None and state.not_ended_at is None:
        found.append(Rung("not_ended", until + GONE_WITHIN))
    if state.request.kind == "exception" and state.status == "effective" and until is not None:
        found.append(Rung("exception", until + timedelta(seconds=1)))
    if state.review is not None and not state.review.by and not state.review.overdue:
        found.append(Rung("review", state.review.due_at + timedelta(seconds=1)))
    return sorted(found, key=lambda r: r.at)
