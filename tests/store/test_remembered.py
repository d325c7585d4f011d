"""What a process remembers of its last commit spares work and changes nothing: rows and states follow from the events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.draft import Mill
from bot.runtime import Runtime, fresh_nonce
from bot.signing import load_signer
from bot.store.database import Database
from bot.store.record import Record
from bot.store.replay import deviations, folding
from bot.store.snapshot import Snapshots
from tests.slack.acme import Book
from tests.slack.toy import WORKFLOW, Approve, OpenErrand, Volunteer
from tests.store.world import person, pull
from workflows.kernel.identity import directory_of
from workflows.kernel.model import by_person, by_system

ERRAND = "errand/2026-Q4/maya"
DUE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def process(database: Database, folder: Path) -> Runtime:
    """The runtime of one more process on this database."""
    signer = load_signer(f"file:{folder / 'signing.key'}", create=True)
    mill = Mill(signer, "attester.acme.test", "0.1.0", fresh_nonce)
    return Runtime(Record(database), [WORKFLOW], mill, SystemClock(), Book())


@pytest.mark.parametrize("turns", ["aaaa", "abab", "aabb", "abba"])
def test_processes_that_take_turns_leave_the_rows_that_a_replay_gives(
    database: Database, tmp_path: Path, turns: str
) -> None:
    processes = {name: process(database, tmp_path) for name in "ab"}
    people = Book().directory().people
    maya, tom = by_person(people["00u-maya"]), by_person(people["00u-dana"])
    turn = cycle(turns)
    processes["a"].act(
        ERRAND,
        OpenErrand(person="00u-maya", title="Fetch", due_at=DUE),
        by_system("test"),
        control="CTL-1",
    )

    for command, by in [(Volunteer(), tom), (Volunteer(), maya), (Volunteer(), tom), (Approve(), maya)]:
        processes[next(turn)].act(ERRAND, command, by)
        assert list(deviations(database, folding({WORKFLOW.name: WORKFLOW}))) == []

    states = [p.state(ERRAND) for p in (*processes.values(), process(database, tmp_path))]
    assert states[0] == states[1] == states[2]
    assert states[0][1] == 5
    assert [ask.open for _, ask in Record(database).asks("00u-maya", open_only=False)] == [False]


def test_the_newest_collection_of_every_source_is_found_with_one_question(database: Database) -> None:
    snapshots = Snapshots(database)
    for number, source, verdict in [(1, "github", "complete"), (2, "github", "partial"), (3, "okta", "complete")]:
        snapshots.save(pull(number, source=source, verdict=verdict))  # type: ignore[arg-type]

    newest = snapshots.newest()

    assert newest == {source: snapshots.latest(source, complete_only=False) for source in ("github", "okta")}
    assert newest["github"].verdict == "partial"


def test_a_directory_that_was_copied_with_other_people_finds_those_by_their_logins() -> None:
    before = directory_of([person("maya"), person("tom")])
    assert before.by_login("Maya@acme.test") == person("maya")

    after = before.model_copy(
        update={"people": {"00ulena": person("lena"), "other": person("lena", department="Sales")}}
    )

    assert after.by_login("maya@acme.test") is None
    assert after.by_login("lena@acme.test") is None  # there are two of this login
