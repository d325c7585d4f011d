"""Periods, working days and spans: derived, complete, never doubled, in any zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.kernel.calendar import (
    Cadence,
    after,
    at_local,
    nth_working_day,
    occurrences,
    period_of,
    period_words,
    periods,
    shift_working_days,
    span_of,
    working_days_between,
    works,
    zone_of,
)

EVERY = ["day", "week", "month", "quarter", "half", "year"]
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Pacific/Auckland",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Africa/Casablanca",
]


@pytest.mark.parametrize(
    ("every", "day", "starts", "key", "first", "last"),
    [
        ("quarter", date(2026, 11, 25), 1, "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("quarter", date(2026, 11, 25), 4, "2027-Q3", date(2026, 10, 1), date(2026, 12, 31)),
        ("half", date(2026, 3, 1), 1, "2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("year", date(2026, 3, 1), 7, "2026", date(2025, 7, 1), date(2026, 6, 30)),
        ("month", date(2024, 2, 29), 1, "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("week", date(2027, 1, 2), 1, "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("day", date(2026, 11, 25), 1, "2026-11-25", date(2026, 11, 25), date(2026, 11, 25)),
    ],
)
def test_a_day_lies_in_the_period_that_its_key_names(
    every: str, day: date, starts: int, key: str, first: date, last: date
) -> None:
    assert period_of(every, day, starts) == (key, first, last)  # type: ignore[arg-type]


@given(every=st.sampled_from(EVERY), since=st.dates(date(2015, 1, 1), date(2036, 1, 1)), starts=st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_periods_follow_each_other_without_gap_or_double(every: str, since: date, starts: int) -> None:
    found = list(periods(every, since, since + timedelta(days=800), starts))  # type: ignore[arg-type]

    assert found[0].starts_on <= since <= found[0].ends_on
    assert all(a.ends_on + timedelta(days=1) == b.starts_on for a, b in pairwise(found))
    assert len({p.key for p in found}) == len(found)


@given(zone=st.sampled_from(ZONES), starts=st.sampled_from([1, 2, 4, 7, 10]), opens=st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_every_quarter_opens_once_at_nine_local_on_a_working_day(zone: str, starts: int, opens: int) -> None:
    cadence = Cadence(every="quarter", opens=opens, due="14d", fiscal_year_starts=starts)
    now = datetime(2036, 12, 31, 12, 0, tzinfo=UTC)

    found = list(occurrences(cadence, datetime(2015, 1, 1, tzinfo=UTC), now, zone))

    assert len({o.period.key for o in found}) == len(found) >= 87
    for each in found:
        local = each.opens_at.astimezone(ZoneInfo(zone))
        assert local.time() == time(9, 0)
        assert works(local.date())
        assert works(each.due_at.astimezone(ZoneInfo(zone)).date())
        assert each.opens_at < each.due_at


def test_closed_days_move_an_opening() -> None:
    closed = {date(2026, 10, 1), date(2026, 10, 5)}

    assert nth_working_day(date(2026, 10, 1), 1) == date(2026, 10, 1)
    assert nth_working_day(date(2026, 10, 1), 2, closed) == date(2026, 10, 6)


@given(day=st.dates(date(2020, 1, 1), date(2030, 1, 1)), number=st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_shifting_working_days_counts_only_days_on_which_people_work(day: date, number: int) -> None:
    later = shift_working_days(day, number)

    assert works(later)
    assert working_days_between(day, later) == number
    assert shift_working_days(later, -number) <= day or not works(day)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", (30, "m")), ("48h", (48, "h")), ("14d", (14, "d")), ("5wd", (5, "wd")), ("6mo", (6, "mo")),
        ("14 days", (14, "d")), ("1 working day", (1, "wd")), ("5 working days", (5, "wd")), ("2 months", (2, "mo")),
    ],
)  # fmt: skip
def test_a_length_of_time_is_read_short_or_in_words(text: str, span: tuple[int, str]) -> None:
    assert span_of(text) == span


@pytest.mark.parametrize("text", ["", "5", "five days", "-3d", "1y", "3 dd", "9" * 20 + "d"])
def test_what_is_no_length_of_time_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write 30m, 48h, 14d, 5wd"):
        span_of(text)


def test_a_span_of_days_keeps_the_local_time_over_a_change_of_clocks() -> None:
    before = at_local(date(2026, 10, 24), time(9, 0), "Europe/Berlin")

    assert after(before, "2d", "Europe/Berlin") == at_local(date(2026, 10, 26), time(9, 0), "Europe/Berlin")
    assert after(before, "48h", "Europe/Berlin") - before == timedelta(hours=48)
    assert after(before, "1wd", "Europe/Berlin") == at_local(date(2026, 10, 26), time(9, 0), "Europe/Berlin")


def test_a_cadence_is_read_as_people_write_it() -> None:
    written = {"every": "quarter", "opens": "5th working day", "due": "14 days"}

    assert Cadence.of(written) == Cadence(every="quarter", opens=5, due="14 days")


@pytest.mark.parametrize("opens", ["soon", 0, "0th working day", "-1"])
def test_an_opening_that_is_no_working_day_is_refused(opens: object) -> None:
    with pytest.raises(ValueError, match="5th working day"):
        Cadence.of({"opens": opens})


def test_a_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="Mars/Olympus"):
        zone_of("Mars/Olympus")


def test_a_period_is_said_as_people_say_it() -> None:
    assert period_words("2026-Q4") == "4th quarter 2026"
    assert period_words("2026-H1") == "1st half of 2026"
    assert period_words("2026-11") == "2026-11"
