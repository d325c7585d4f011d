"""Time zones and public holidays, as far as a program names them."""

from __future__ import annotations

from datetime import date
from functools import cache
from zoneinfo import available_timezones

import holidays

from bot.program.problem import Wrong, close_to, quoted
from workflows.kernel.program import Company


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _countries() -> dict[str, list[str]]:
    return {code: regions for code, regions in holidays.list_supported_countries().items() if len(code) == 2}


def checked_zone(name: str) -> str:
    """The name, if it is a time zone of the IANA database. Raises Wrong."""
    if name not in _zones():
        near = close_to(name, _zones())
        raise Wrong(f"{quoted(name)} is no time zone.", f"Write {near or 'one such as Europe/Berlin'}.")
    return name


def checked_country(code: str) -> str:
    """The code, if its holidays are known: `DE`, `DE-BE`, or empty for none. Raises Wrong."""
    country, _, region = code.partition("-")
    known = _countries()
    if code and country not in known:
        raise Wrong(
            f"No holidays are known for {quoted(country)}.",
            "Write its two capital letters (ISO 3166), such as DE or US.",
        )
    if region and region not in known[country]:
        mend = f"Write one of {', '.join(known[country][:20])} after {country}-, or {country} alone."
        raise Wrong(f"{quoted(region)} is no region of {country}.", mend)
    return code


def closed_days(company: Company, first_year: int, last_year: int) -> tuple[date, ...]:
    """The days in these years on which the company does not work, beside weekends: its country's holidays and its own."""
    country, _, region = company.holidays.partition("-")
    public: set[date] = set()
    if country:
        years = range(first_year, last_year + 1)
        public = set(holidays.country_holidays(country, subdiv=region or None, years=years))
    return tuple(sorted(public | {day for day in company.closed_days if first_year <= day.year <= last_year}))
