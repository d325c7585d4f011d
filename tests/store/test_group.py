"""Decisions that come at once share a transaction, and none of them notices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import event
from sqlmodel import Session, text

from bot.store.database import Database
from bot.store.failure import Busy
from bot.store.group import Group
from bot.store.record import Record
from bot.store.write import Repeated
from tests.store.decision import AT, claim, counts, decision
from workflows.kernel.errors import Conflict


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


class Gate:
    """A work that holds the transaction until it is told to go on."""

    def __init__(self) -> None:
        self.entered, self.go = Event(), Event()

    def work(self, _session: Session) -> None:
        self.entered.set()
        assert self.go.wait(20)


Work = Callable[[Session], Exception | None]


def do(session: Session, works: Sequence[Work]) -> list[Exception | None]:
    return [work(session) for work in works]


def while_one_writes(group: Group[Work], *works: Work) -> list[BaseException | None]:
    """What each work led to, when all of them came while another one was being written."""
    gate = Gate()

    def run(work: Work) -> BaseException | None:
        try:
            group.commit(work)
        except (Conflict, Repeated, ZeroDivisionError) as failure:
            return failure
        return None

    with ThreadPoolExecutor(len(works) + 1) as pool:
        first = pool.submit(group.commit, gate.work)
        assert gate.entered.wait(20)
        waiting = [pool.submit(run, work) for work in works]
        patience = time.monotonic() + 20
        while len(group._waiting) < len(works):
            assert time.monotonic() < patience, "not every work came to wait"
            time.sleep(0.001)
        gate.go.set()
        first.result()
        return [one.result() for one in waiting]


def insert(key: str) -> Work:
    def work(session: Session) -> None:
        sql = "INSERT INTO claim (key, at, expires_at, answer, repeats) VALUES (:key, :at, :at, '{}', 0)"
        session.connection().execute(text(sql), {"key": key, "at": "2026-10-05 09:00:00.000000"})

    return work


def refused(_session: Session) -> Conflict:
    return Conflict("somebody was quicker")


def broken(session: Session) -> None:
    insert("half")(session)
    raise ZeroDivisionError


def test_those_who_waited_are_written_in_one_transaction(database: Database) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)

    outcomes = while_one_writes(Group(database, do), *(insert(f"k{n}") for n in range(8)))

    assert outcomes == [None] * 8
    assert counts(database)["claim"] == 8
    assert len(commits) == 1


def test_a_conflict_undoes_itself_and_nobody_else(database: Database) -> None:
    outcomes = while_one_writes(Group(database, do), insert("a"), refused, insert("a"), insert("b"))

    assert outcomes[0] is None or outcomes[2] is None
    assert [type(one) for one in outcomes if one is not None] == [Conflict, Conflict]
    assert counts(database)["claim"] == 2


def test_a_defect_records_nothing_of_the_group_and_everybody_hears_of_it(database: Database) -> None:
    outcomes = while_one_writes(Group(database, do), broken, insert("a"))

    assert {type(one) for one in outcomes} <= {ZeroDivisionError, Busy}
    assert counts(database)["claim"] == 0


def test_the_next_one_is_written_after_a_failure(database: Database) -> None:
    group = Group(database, do)
    with pytest.raises(ZeroDivisionError):
        group.commit(broken)

    group.commit(insert("a"))

    assert counts(database)["claim"] == 1


def test_two_decisions_on_one_case_and_a_repeated_request_keep_their_meaning(database: Database) -> None:
    record = Record(database)
    record.commit([decision()], AT, claim())

    with ThreadPoolExecutor(8) as pool:
        racing = [pool.submit(record.commit, [decision(after=1, said=str(n))], AT) for n in range(8)]
        failures = [one.exception() for one in racing]
    with pytest.raises(Repeated):
        record.commit([decision(after=2)], AT, claim())

    assert [type(f) for f in failures if f is not None] == [Conflict] * 7
    assert counts(database)["event"] == 2
