"""What time causes: every period opens once, late ones too; what is due within a case happens once, in whatever process."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest

from bot.store.database import Database
from tests.engine.office import Book, Office, control
from tests.engine.toy import PlanWatering
from tests.engine.twin import StillClock
from workflows.kernel.model import by_time

OCTOBER = "watering/CTL-W/2026-10"


@pytest.fixture
def clock() -> StillClock:
    return StillClock(datetime(2026, 10, 1, 9, 0, 30, tzinfo=UTC))


@pytest.fixture
def office(database: Database, tmp_path: Path, clock: StillClock) -> Office:
    return Office(database, tmp_path, clock)


def test_every_period_that_was_missed_while_nothing_ran_opens_once_and_oldest_first(office: Office) -> None:
    opened = office.due.open()
    again = office.due.open()

    assert (opened, again) == (4, 0)
    cases = [s.case for s in office.record.summaries()]
    assert cases == [f"watering/CTL-W/2026-{month:02}" for month in (7, 8, 9, 10)]


def test_a_late_opening_records_when_it_should_have_happened(office: Office) -> None:
    office.due.open()

    (planned,) = office.record.events("watering/CTL-W/2026-07")
    assert planned.by == {"time": "2026-07-01T09:00:00.000000Z"}
    assert planned.at == datetime(2026, 10, 1, 9, 0, 30, tzinfo=UTC)
    assert planned.body["due_at"] == "2026-07-01T09:00:00Z"


def test_a_reminder_comes_once_and_a_miss_follows(office: Office, clock: StillClock) -> None:
    office.due.open()

    clock.forward(86400)
    first = [office.due.wake(), office.due.wake()]
    clock.forward(2 * 86400)
    office.due.wake()
    office.due.wake()

    assert first == [4, 0]
    assert office.names(OCTOBER) == ["watering_planned", "maya_reminded", "watering_missed"]


def test_after_an_outage_over_both_instants_only_the_later_one_happens(office: Office, clock: StillClock) -> None:
    office.due.open()

    clock.forward(10 * 86400)
    office.due.wake()

    assert office.names(OCTOBER) == ["watering_planned", "watering_missed"]


def test_time_itself_is_named_as_the_cause_with_the_instant_at_which_it_was_due(
    office: Office, clock: StillClock
) -> None:
    office.due.open()

    clock.forward(86400 + 7200)
    office.due.wake()

    reminded = office.record.events(OCTOBER)[1]
    assert reminded.by == {"time": "2026-10-02T09:00:30.000000Z"}
    assert reminded.at == clock.now()


def test_two_workers_at_once_do_everything_once(
    database: Database, office: Office, tmp_path: Path, clock: StillClock
) -> None:
    other = Office(database, tmp_path, clock)
    start = Barrier(2)

    def work(due: Office) -> None:
        start.wait()
        due.due.open()
        start.wait()
        clock.at = datetime(2026, 10, 2, 9, 1, tzinfo=UTC)
        due.due.wake()

    threads = [Thread(target=work, args=(one,)) for one in (office, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(office.record.summaries()) == 4
    for summary in office.record.summaries():
        assert office.names(summary.case) == ["watering_planned", "maya_reminded"]


def test_a_case_that_cannot_be_read_keeps_no_other_from_its_time(office: Office, clock: StillClock) -> None:
    office.due.open()
    spring = datetime(2026, 6, 1, tzinfo=UTC)
    office.runtime.act("watering/CTL-W/2026-13", PlanWatering(due_at=spring), by_time(spring), control="CTL-W")

    clock.forward(86400)
    done = office.due.wake()

    assert done == 4
    assert office.names("watering/CTL-W/2026-13") == ["watering_planned"]
    assert office.names(OCTOBER) == ["watering_planned", "maya_reminded"]


def test_a_control_that_is_broken_keeps_no_other_from_opening(
    database: Database, tmp_path: Path, clock: StillClock
) -> None:
    book = Book(control("CTL-BROKEN"), control("CTL-X", workflow="unknown_here"), control("CTL-W"))
    office = Office(database, tmp_path, clock, book)

    opened = office.due.open()

    assert opened == 4


def test_without_a_program_nothing_opens(office: Office) -> None:
    office.book.applied = False

    assert office.due.open() == 0
