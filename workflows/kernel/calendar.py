"""Periods, working days and spans of time, in a company's zone. Days are local, instants are UTC.

A working day is Monday to Friday and not among the closed days given. Spans are written `30m`, `48h`, `14d`,
`5wd` (working days), `6mo`; in full words (`14 days`, `5 working days`) too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.kernel.identity import Value

Every = Literal["day", "week", "month", "quarter", "half", "year"]
Unit = Literal["m", "h", "d", "wd", "mo"]
MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
MORNING = time(9, 0)
LAST_MINUTE = time(23, 59, 59)

_SPAN = re.compile(r"(\d{1,5})\s*(m|h|d|wd|mo|minutes?|hours?|days?|working days?|months?)")
_WORDS: Mapping[str, Unit] = {"minute": "m", "hour": "h", "day": "d", "working day": "wd", "month": "mo"}
_NUMBERED: Mapping[str, str] = {"1": "1st", "2": "2nd", "3": "3rd", "4": "4th"}
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?(?:\s*(?:wd|working days?))?")


class Span(NamedTuple):
    """A length of time: ``amount`` minutes, hours, days, working days or months."""

    amount: int
    unit: Unit


def span_of(text: str) -> Span:
    """The span that a text means. Raises ValueError, which says how to write one."""
    found = _SPAN.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is no length of time; write 30m, 48h, 14d, 5wd (working days) or 6mo")
    word = found[2]
    unit = _WORDS.get(word) or _WORDS.get(word.removesuffix("s"))
    if unit is None:
        known: dict[str, Unit] = {"m": "m", "h": "h", "d": "d", "wd": "wd", "mo": "mo"}
        unit = known[word]
    return Span(int(found[1]), unit)


def checked_span(text: str) -> str:
    """The text, if it is a span. Raises ValueError."""
    span_of(text)
    return text


def spelled(text: str) -> str:
    """A span as people read it: `30 days`, `5 working days`. Raises ValueError."""
    amount, unit = span_of(text)
    word = next(word for word, short in _WORDS.items() if short == unit)
    return f"{amount} {word}{'' if amount == 1 else 's'}"


def zone_of(name: str) -> ZoneInfo:
    """The time zone with this name. Raises ValueError, which names it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin") from None


class Cadence(Value):
    """How often, when it opens and when it is due: `{every: quarter, opens: 5th working day, due: 14 days}`.

    ``opens`` is the number of the working day of the period; ``due`` counts from the day it opens.
    """

    every: Every = "quarter"
    opens: int = 1
    due: str = "14d"
    fiscal_year_starts: int = 1

    @classmethod
    def of(cls, written: Mapping[str, Any], fiscal_year_starts: int = 1) -> Cadence:
        """The cadence that a control states. Raises ValueError."""
        opens = written.get("opens", 1)
        found = _ORDINAL.fullmatch(str(opens).strip().lower())
        if not found or int(found[1]) < 1:
            raise ValueError(f"{opens!r} is no working day; write a number such as 5, or `5th working day`")
        due = checked_span(str(written.get("due", "14d")))
        every = written.get("every", "quarter")
        return cls(every=every, opens=int(found[1]), due=due, fiscal_year_starts=fiscal_year_starts)


class Period(NamedTuple):
    """Local days, both included, with the name that cases carry: `2026-Q4`, `2026-11`, `2026-W47`, `2026-H2`, `2026`."""

    key: str
    starts_on: date
    ends_on: date


def period_of(every: Every, day: date, fiscal_year_starts: int = 1) -> Period:
    """The period that a day lies in. A fiscal year is named after the calendar year in which it ends."""
    if every == "day":
        return Period(day.isoformat(), day, day)
    if every == "week":
        year, week, weekday = day.isocalendar()
        monday = day - timedelta(days=weekday - 1)
        return Period(f"{year}-W{week:02}", monday, monday + timedelta(days=6))
    if every == "month":
        first = day.replace(day=1)
        return Period(f"{day.year}-{day.month:02}", first, add_months(first, 1) - timedelta(days=1))
    length = MONTHS[every]
    since = (day.month - fiscal_year_starts) % 12
    number = since // length
    first = add_months(day.replace(day=1), -(since % length))
    year_start = add_months(first, -number * length)
    year = add_months(year_start, 11).year
    key = {"quarter": f"{year}-Q{number + 1}", "half": f"{year}-H{number + 1}", "year": f"{year}"}[every]
    return Period(key, first, add_months(first, length) - timedelta(days=1))


def periods(every: Every, since: date, until: date, fiscal_year_starts: int = 1) -> Iterator[Period]:
    """Every period that has a day between the two, oldest first."""
    here = period_of(every, since, fiscal_year_starts)
    while here.starts_on <= until:
        yield here
        here = period_of(every, here.ends_on + timedelta(days=1), fiscal_year_starts)


def add_months(day: date, months: int) -> date:
    """The same day some months later (or earlier), or that month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first = date(year, month + 1, 1)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - timedelta(days=1)).day))


def works(day: date, closed: Collection[date] = ()) -> bool:
    """Whether people work on a day."""
    return day.weekday() < 5 and day not in closed


def nth_working_day(first: date, number: int, closed: Collection[date] = ()) -> date:
    """The n-th working day on or after ``first``, counted from 1."""
    day = first
    while True:
        if works(day, closed):
            number -= 1
            if number <= 0:
                return day
        day += timedelta(days=1)


def shift_working_days(day: date, number: int, closed: Collection[date] = ()) -> date:
    """The working day ``number`` working days after (or, negative, before) a day, which need not work itself."""
    step = timedelta(days=1 if number >= 0 else -1)
    for _ in range(abs(number)):
        day += step
        while not works(day, closed):
            day += step
    return day


def next_working_day(day: date, closed: Collection[date] = ()) -> date:
    """The day itself if people work then, else the next one that does."""
    return nth_working_day(day, 1, closed)


def working_days_between(first: date, last: date, closed: Collection[date] = ()) -> int:
    """How many working days lie after ``first``, up to and with ``last``."""
    return sum(works(first + timedelta(days=n), closed) for n in range(1, (last - first).days + 1))


def at_local(day: date, clock: time, zone: str) -> datetime:
    """A local time of day as an instant in UTC. A time that the zone skips is taken as if its clock had not moved."""
    return datetime.combine(day, clock, zone_of(zone)).astimezone(UTC)


def local_day(at: datetime, zone: str) -> date:
    """The local date of an instant."""
    return at.astimezone(zone_of(zone)).date()


def after(at: datetime, span: str, zone: str = "UTC", closed: Collection[date] = ()) -> datetime:
    """The instant a span later. Working days and months keep the local time of day; the day reached then works or is moved on."""
    amount, unit = span_of(span)
    if unit == "m":
        return at + timedelta(minutes=amount)
    if unit == "h":
        return at + timedelta(hours=amount)
    local = at.astimezone(zone_of(zone))
    day = local.date()
    if unit == "wd":
        day = shift_working_days(day, amount, closed)
    else:
        day = day + timedelta(days=amount) if unit == "d" else add_months(day, amount)
    return at_local(day, local.timetz().replace(tzinfo=None), zone)


class Occurrence(NamedTuple):
    """A period with when it opens and when it is due."""

    period: Period
    opens_at: datetime
    due_at: datetime


def occurrence(period: Period, cadence: Cadence, zone: str, closed: Collection[date] = ()) -> Occurrence:
    """Opens on the n-th working day at 09:00 local; due at the end of a working day, moved on where it would not work."""
    opens = nth_working_day(period.starts_on, cadence.opens, closed)
    amount, unit = span_of(cadence.due)
    if unit == "wd":
        due = shift_working_days(opens, amount, closed)
    elif unit == "mo":
        due = add_months(opens, amount)
    else:
        due = opens + timedelta(days=amount if unit == "d" else max(1, amount // (24 if unit == "h" else 1440)))
    due = next_working_day(due, closed)
    return Occurrence(period, at_local(opens, MORNING, zone), at_local(due, LAST_MINUTE, zone))


def occurrences(
    cadence: Cadence, effective_from: datetime, now: datetime, zone: str, closed: Collection[date] = ()
) -> Iterator[Occurrence]:
    """Every occurrence that has opened by ``now``, oldest first; the first is the first full period in force.

    Derived, not remembered: the same answer after any outage.
    """
    since = local_day(effective_from, zone)
    for period in periods(cadence.every, since, local_day(now, zone), cadence.fiscal_year_starts):
        here = occurrence(period, cadence, zone, closed)
        if here.opens_at >= effective_from and here.opens_at <= now:
            yield here


def period_words(key: str) -> str:
    """A period as people say it: `2026-Q4` is "4th quarter 2026", `2026-H1` "1st half of 2026"."""
    if found := re.fullmatch(r"(\d{4})-Q([1-4])", key):
        return f"{_NUMBERED[found[2]]} quarter {found[1]}"
    if found := re.fullmatch(r"(\d{4})-H([12])", key):
        return f"{_NUMBERED[found[2]]} half of {found[1]}"
    return key
