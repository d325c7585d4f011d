"""The directory as a file: people, their managers, who is employed."""

from __future__ import annotations

from bot.sources.csv_file import Row
from bot.sources.csv_words import Words
from bot.sources.gather import Gathered, shorten
from bot.sources.link import address
from bot.sources.manager import with_managers
from bot.sources.settings import CsvSettings
from bot.sources.zone import known_zone
from workflows.kernel.identity import Person, PersonId


class People:
    """Collects people row by row; `finish` puts them into the gathered whole, managers resolved."""

    def __init__(self, settings: CsvSettings, issuer: str) -> None:
        self._settings = settings
        self._issuer = issuer
        self._words = Words(settings)
        self._people: dict[PersonId, Person] = {}
        self._said: dict[PersonId, str] = {}
        self._numbers: dict[PersonId, str] = {}
        self._twice: list[str] = []
        self._notes: list[str] = []
        self.rejected: list[str] = []
        self.duplicates = 0

    def add(self, row: Row) -> None:
        """One row: one person. A row without id or login cannot be a person and is rejected, with its line."""
        cell = row.cells.get
        key, login = cell("id", ""), cell("login", "")
        if not key or not login:
            self.rejected.append(f"line {row.line} has no {'id' if not key else 'login'}")
            return
        person = self._person(row, key, login)
        if key in self._people:
            same = self._people[key] == person and self._said[key] == cell("manager", "")
            if not same:
                self._twice.append(
                    f"The id {key} stands twice with different facts, last in line {row.line}. Mend the file."
                )
            self.duplicates += 1
            return
        self._people[key] = person
        self._said[key] = cell("manager", "")
        self._numbers[key] = cell("number", "")

    def finish(self, gathered: Gathered) -> None:
        """Hand over."""
        people = list(self._people.values())
        gathered.people = with_managers(people, self._said, self._settings.manager_by, self._numbers)
        gathered.rejected.extend(self.rejected)
        gathered.reasons.extend(shorten(self._twice))
        gathered.reasons.extend(shorten(self._notes))

    def _person(self, row: Row, key: str, login: str) -> Person:
        cell = row.cells.get
        zone = cell("time_zone", "")
        email = cell("email", "") or (login if address(login) else "")
        ended_on = self._words.day(cell("ended_on", ""))
        if cell("ended_on", "") and ended_on is None:
            self._unread(row, "ended_on")
        if cell("absent_until", "") and self._words.day(cell("absent_until", "")) is None:
            self._unread(row, "absent_until")
        if zone and not known_zone(zone):
            self._unread(row, "time_zone")
        return Person(
            id=key,
            issuer=self._issuer,
            login=login,
            name=cell("name", "") or login,
            email=email or None,
            employed=self._words.fact(cell("employed", "")),
            ended_on=ended_on,
            department=cell("department", ""),
            title=cell("title", ""),
            time_zone=zone if known_zone(zone) else "UTC",
            slack_user=cell("slack_user", "") or None,
            absent_until=self._words.day(cell("absent_until", "")),
        )

    def _unread(self, row: Row, field: str) -> None:
        """A date that somebody wrote and we cannot read would quietly change who is asked."""
        text = row.cells[field][:40]
        self._notes.append(
            f"line {row.line}: {field} is {text!r}, which cannot be read. Mend the file, or declare dates."
        )
