"""A random quarter of access reviews, through the real record, comes back from the ledger."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.draft import Mill
from bot.runtime import Runtime
from bot.store.database import Database
from bot.store.record import Record
from tests.access_review.people import line
from tests.access_review.world import World
from tests.store.test_rebuild import ALL, anew, database, empty, mill, tables
from workflows.access_review.model import MarkLine, ReportRemoved, Review, SignMarks, TurnPage
from workflows.kernel.errors import Refused
from workflows.kernel.model import Actor, CaseId, Command, Event, FactNeeds, Facts

__all__ = ["database", "empty", "mill"]
CONTROL = "AC-04"
REASONS = ("Needed for the work.", "Nicht mehr nötig: Straße 🦊", "Left the team <!channel> =HYPERLINK(1)")


@dataclass
class Office(World):
    """The company whose cases are kept by the real record; it is also what tells the rules what they may know."""

    runtime: Any = None
    refused: list[str] = field(default_factory=list)

    def now_is(self) -> datetime:
        return self.now

    def act(self, case: CaseId, command: Command, by: Actor | str) -> list[Event]:
        actor = self.who(by) if isinstance(by, str) else by
        done = self.runtime.act(case, command, actor, control=CONTROL)
        for touched in {recorded.case for recorded in done.events}:
            self.states[touched] = self.runtime.state(touched)[0]
        return [recorded.event for recorded in done.events]

    def within(self, case: CaseId, needs: FactNeeds) -> Facts:
        """What the rules may know, as they ask for it."""
        population = self.snapshots.get(needs.collection or "", ())
        whole = super().facts(case, None, Command())
        return whole.model_copy(
            update={
                "population": population if needs.population else (),
                "lines": {x.key: x for x in population if x.key in needs.lines},
                "children": tuple(Record.summaries(self.runtime._record, parent=case)) if needs.children else (),
            }
        )


@dataclass
class Book:
    """The office as the runtime's source of facts, and as its clock."""

    office: Office

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        return self.office.within(case, needs)

    def now(self) -> datetime:
        return self.office.now


def somebody(office: Office, dice: random.Random) -> None:
    """One person does one thing, sensible or not."""
    review = dice.choice([s for s in office.states.values() if isinstance(s, Review)])
    held = dice.choice(list(review.lines.values()))
    verdict = dice.choice(["keep", "keep", "revoke"])
    mark = MarkLine(ref=held.assigned.ref, verdict=verdict, shown=held.assigned.shown(), reason=dice.choice(REASONS))
    acts: list[Command] = [mark, mark, mark, SignMarks(), TurnPage(page=1), ReportRemoved(ref=held.assigned.ref)]
    who = review.reviewer.id if dice.random() < 0.8 else dice.choice([p.id for p in office.people])
    try:
        office.act(review.case, dice.choice(acts), who)
    except Refused as no:
        office.refused.append(no.code)


@pytest.mark.parametrize("seed", [4, 5])
def test_a_random_quarter_of_reviews_comes_back(database: Database, empty: Database, mill: Mill, seed: int) -> None:
    dice = random.Random(seed)
    lines = [line(who, name) for who in ("nina", "omar", "maya", "lena") for name in ("write", "read", "admin")]
    office = Office(lines={"github": lines})
    book = Book(office)
    office.runtime = Runtime(Record(database), list(ALL.values()), mill, book, book)
    office.open()

    for _ in range(70):
        office.now += timedelta(minutes=dice.randrange(1, 400))
        somebody(office, dice)
        if dice.random() < 0.1:
            office.tick()
        if dice.random() < 0.08 and len(lines) > 4:
            lines.remove(dice.choice(lines))
            office.pull("github")
    for review in office.reviews():  # what is marked and not signed is in no ledger yet
        try:
            office.act(review.case, SignMarks(), review.reviewer.id)
        except Refused as no:
            office.refused.append(no.code)

    anew(database, empty)

    loose = uncovered(database)
    assert office.refused
    assert len(tables(database)["event"]) > 40
    assert len(set(office.states) - loose) > 1
    assert whole(tables(empty), loose) == whole(tables(database), loose)


def uncovered(database: Database) -> set[str]:
    """Cases whose last event no signature covers yet."""
    record = Record(database)
    return {s.case for s in record.summaries() if record.since_signed(s.case)}


def whole(rows: dict[str, list[str]], loose: set[str]) -> dict[str, list[str]]:
    """The rows of all other cases."""
    return {
        table: [row for row in found if not any(f"'case_id': '{c}'" in row for c in loose)]
        for table, found in rows.items()
    }
