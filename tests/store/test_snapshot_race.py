"""One pull of a source at a time, everything of it or nothing, and nobody is kept from deciding meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from threading import Barrier, Thread, Timer

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.store.database import WAIT_MS, Database
from bot.store.record import Record
from bot.store.snapshot import Snapshots
from tests.store.decision import decision
from tests.store.world import MONDAY, account, entitlement, line, person, pull
from workflows.kernel.identity import Line

ADMIN = entitlement("admin", plain="May delete every repository", privileged=True)
READ = entitlement("read")
MAYA, RAVI, DANA = account("maya", person="00umaya", link="strong"), account("ravi"), account("dana")


def test_one_pull_of_a_source_at_a_time(snapshots: Snapshots) -> None:
    later = MONDAY + timedelta(minutes=31)

    assert snapshots.lease("okta", MONDAY, 1_800, "worker 1")

    assert not snapshots.lease("okta", MONDAY + timedelta(minutes=29), 1_800, "worker 2")
    assert snapshots.lease("github", MONDAY, 1_800, "worker 2")
    assert snapshots.lease("okta", MONDAY + timedelta(minutes=1), 1_800, "worker 1")
    assert snapshots.lease("okta", later, 1_800, "worker 2")
    snapshots.release("okta", "worker 1")
    assert not snapshots.lease("okta", later, 1_800, "worker 3")
    snapshots.release("okta", "worker 2")
    assert snapshots.lease("okta", later, 1_800, "worker 3")


def test_of_many_workers_one_gets_the_lease(snapshots: Snapshots) -> None:
    start = Barrier(8)
    got: list[bool] = []

    def try_it() -> None:
        start.wait()
        got.append(snapshots.lease("okta", MONDAY, 60))

    threads = [Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == [False] * 7 + [True]


def test_two_loads_of_one_source_at_once_are_numbered_one_after_the_other(snapshots: Snapshots) -> None:
    pulls = [pull(n, lines=[line(account(f"u{i}"), READ) for i in range(n, n + 50)]) for n in range(1, 7)]
    start = Barrier(len(pulls))

    def load(number: int) -> None:
        start.wait()
        snapshots.save(pulls[number])

    threads = [Thread(target=load, args=(n,)) for n in range(len(pulls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [c.number for c in snapshots.collections("github")] == [6, 5, 4, 3, 2, 1]
    for one in pulls:
        kept = list(snapshots.lines(one.certificate_sha256))
        assert kept == sorted(one.lines, key=lambda each: each.key)


def test_a_load_that_fails_half_way_leaves_nothing(snapshots: Snapshots, database: Database) -> None:
    before = snapshots.save(pull(1, people=(person("maya"),), lines=(line(MAYA, READ), line(RAVI, READ))))
    if database.sqlite:
        fault = "CREATE TRIGGER fault BEFORE INSERT ON line BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    else:
        fault = "ALTER TABLE line ADD CONSTRAINT fault CHECK (account <> 'id-dana')"
    with database.engine.begin() as connection:
        connection.execute(text(fault))
    changed = pull(2, people=(person("tom"),), lines=(line(MAYA, ADMIN), line(DANA, READ)))

    with pytest.raises(DBAPIError):
        snapshots.save(changed)

    assert snapshots.collections("github") == [before]
    assert [one.key for one in snapshots.lines(before.id)] == [line(MAYA, READ).key, line(RAVI, READ).key]
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER fault" if database.sqlite else "ALTER TABLE line DROP CONSTRAINT fault"))
    assert snapshots.save(changed).number == 2
    assert list(snapshots.lines(changed.certificate_sha256)) == [line(DANA, READ), line(MAYA, ADMIN)]
    assert list(snapshots.directory(before.id).people) == ["00umaya"]


def test_people_decide_while_a_pull_is_being_staged(sqlite_url: str) -> None:
    """Only the last step of a load, which moves the ranges, needs SQLite's one writer."""
    with closing(Database(sqlite_url)) as database:
        clicked: list[str] = []
        one_line = line(MAYA, READ)

        class Slow(tuple[Line, ...]):
            """Lines that somebody decides in between of."""

            def __iter__(self) -> Iterator[Line]:
                Record(database).commit([decision(f"access_review/{len(clicked)}")], MONDAY)
                clicked.append("decided")
                return super().__iter__()

        certified = pull(1, lines=(one_line,))
        saved = Snapshots(database).save(certified.model_copy(update={"lines": Slow((one_line,))}))

        assert clicked == ["decided"] * 2  # before the load, and while the stage was filled
        assert list(Snapshots(database).lines(saved.id)) == [one_line]


def test_a_pull_waits_for_the_writer_longer_than_a_person_would(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with closing(Database(sqlite_url)) as database, closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        release = Timer(WAIT_MS / 1000 + 0.5, other.execute, ["ROLLBACK"])
        release.start()

        saved = Snapshots(database).save(pull(1, lines=(line(MAYA, READ),)))

        release.join()
        assert list(Snapshots(database).lines(saved.id)) == [line(MAYA, READ)]
