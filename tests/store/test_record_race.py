"""One of many wins, and an error of the database says whether anything was recorded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.store.database import Database
from bot.store.failure import Busy
from bot.store.record import Record
from bot.store.write import Repeated
from tests.store.decision import (
    AT,
    MAYAS,
    TOMS,
    card,
    claim,
    counts,
    decision,
    evidence,
)
from tests.support.postgres import Cluster
from workflows.kernel.errors import Conflict, Unsure


@pytest.mark.parametrize("after", [0, 1], ids=["opening", "deciding"])
def test_of_many_who_decide_at_once_one_wins(record: Record, database: Database, after: int) -> None:
    if after:
        record.commit([decision()], AT)
    start = Barrier(6)
    outcomes: list[str] = []

    def try_it(number: int) -> None:
        mine = decision(after=after, said=f" by {number}", files=[evidence("the same card"), evidence(f"{number}")])
        start.wait()
        try:
            record.commit([mine], AT)
            outcomes.append("won")
        except Conflict:
            outcomes.append("lost")

    threads = [Thread(target=try_it, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["lost"] * 5 + ["won"]
    assert len(record.events(MAYAS)) == after + 1
    assert counts(database)["evidence"] == 2


def test_the_same_request_from_many_threads_has_one_effect(record: Record) -> None:
    start = Barrier(6)
    outcomes: list[str] = []

    def press(number: int) -> None:
        start.wait()
        for _ in range(3):
            head = record.head(MAYAS)
            try:
                record.commit(
                    [decision(after=head.n if head else 0, said=f" by {number}")], AT, claim(answer=str(number))
                )
                outcomes.append(str(number))
                return
            except Conflict:
                continue
            except Repeated as again:
                outcomes.append(again.answer["attestation"])
                return

    threads = [Thread(target=press, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 6
    assert len(set(outcomes)) == 1
    assert len(record.events(MAYAS)) == 1


def test_decisions_on_different_cases_do_not_disturb_each_other(record: Record, database: Database) -> None:
    start = Barrier(6)
    failures: list[Exception] = []

    def work(number: int) -> None:
        case = f"access_review/2026-Q4/github/person{number}"
        start.wait()
        for n in range(5):
            try:
                files = [evidence("shared"), evidence(f"{number} {n}")]
                record.commit([decision(case, after=n, files=files, cards=[card(), card("other")])], AT)
            except Conflict as lost:
                failures.append(lost)

    threads = [Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert counts(database)["event"] == 30
    assert counts(database)["evidence"] == 31


def test_a_locked_database_is_busy_and_nothing_was_recorded(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with closing(Database(sqlite_url)) as database, closing(sqlite3.connect(path, isolation_level=None)) as other:
        record = Record(database)
        record.commit([decision(TOMS)], AT, claim("known"))
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Busy, match="locked by another writer"):
            record.commit([decision()], AT)
        told = record.repeated("known")

        other.execute("ROLLBACK")
        assert told is not None
        assert record.head(MAYAS) is None
        record.commit([decision()], AT)


def test_a_database_that_cannot_be_reached_is_busy_not_unsure(postgres_url: str) -> None:
    gone = Database(postgres_url.replace("test_", "no_such_database_"))

    with closing(gone), pytest.raises(Busy, match="could not be reached"):
        Record(gone).commit([decision()], AT)


LOSE_CONNECTION = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)"


@pytest.mark.parametrize(
    ("when", "what", "meaning"),
    [
        ("AFTER INSERT", LOSE_CONNECTION, Busy),
        ("AT COMMIT", LOSE_CONNECTION, Unsure),
        ("AFTER INSERT", "RAISE EXCEPTION USING ERRCODE = '40P01'", Conflict),
        ("AT COMMIT", "RAISE EXCEPTION USING ERRCODE = '40001'", Conflict),
        ("AFTER INSERT", "RAISE EXCEPTION USING ERRCODE = '53100'", Busy),
        ("AFTER INSERT", "RAISE EXCEPTION USING ERRCODE = '55P03'", Busy),
        ("AFTER INSERT", "RAISE EXCEPTION USING ERRCODE = '22000'", DBAPIError),
    ],
    ids=["lost before", "lost at the commit", "deadlock", "serialization", "disk full", "lock timeout", "defect"],
)
def test_only_an_outcome_that_nobody_knows_is_unsure(
    postgres: Cluster, postgres_template: str, when: str, what: str, meaning: type[Exception]
) -> None:
    url = postgres.url(postgres.create(template=postgres_template))
    deferred = "DEFERRABLE INITIALLY DEFERRED" if when == "AT COMMIT" else ""
    with closing(Database(url)) as database:
        with database.engine.begin() as connection:
            body = f"BEGIN {what}; RETURN NULL; END"
            connection.execute(text(f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
            trigger = f'CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON "case" {deferred} FOR EACH ROW EXECUTE FUNCTION fault()'
            connection.execute(text(trigger))

        with pytest.raises(meaning) as raised:
            Record(database).commit([decision()], AT)

        assert type(raised.value) is meaning or meaning is DBAPIError
        assert Record(database).head(MAYAS) is None
        assert Record(database).summaries() == []


def test_reading_never_writes(record: Record, database: Database) -> None:
    with database.read() as session:
        assert isinstance(session, Session)
        session.connection().execute(
            text("INSERT INTO control (id, effective_from) VALUES ('x', '2026-10-05 00:00:00')")
        )

    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM control")).scalar_one() == 0


def fail_half_way(database: Database) -> None:
    """A transaction that writes and then meets an error of somebody else."""
    with database.write() as session:
        session.connection().execute(
            text("INSERT INTO control (id, effective_from) VALUES ('x', '2026-10-05 00:00:00')")
        )
        raise LookupError("somewhere else")


def test_a_block_that_raises_changes_nothing(database: Database) -> None:
    with pytest.raises(LookupError):
        fail_half_way(database)

    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM control")).scalar_one() == 0
