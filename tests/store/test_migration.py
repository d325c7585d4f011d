"""The database is built by the same revisions everywhere, one upgrade at a time, and its append-only guards stand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import DateTime
from sqlmodel.sql.sqltypes import UTCDateTime

from bot.store import guard, migrate, schema
from bot.store.database import Database
from bot.store.table_ledger import APPEND_ONLY, EntryRow, PayloadRow
from tests.support.postgres import Cluster

ROOT = Path(__file__).parents[2]
HEAD = ScriptDirectory(str(ROOT / "migrations")).get_current_head() or ""
RECREATE = '''
"""Recreates a guarded table that has children."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "%HEAD%"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("entry") as batch:  # SQLite can only do this by making the table anew
        batch.alter_column("case_id", type_=sa.String(300))
'''
FAIL_HALF_WAY = '''
"""Adds a table, then fails."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "%HEAD%"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.drop_table("refusal")
    raise RuntimeError("the disk is full")
'''


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'folder' / 'attester.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


def run(database: Database, statement: str) -> None:
    """Run a statement as somebody at a console would, in a transaction of its own."""
    with database.engine.begin() as connection:
        connection.execute(text(statement))


def tables(url: str) -> dict[str, list[str]]:
    """Every table with its columns, as the database describes them."""
    engine = create_engine(url)
    found = inspect(engine)
    described = {name: [str(column) for column in found.get_columns(name)] for name in found.get_table_names()}
    engine.dispose()
    return described


def an_entry(database: Database) -> None:
    """One attestation with its payload, in the ledger."""
    with database.write() as session:
        entry = EntryRow(
            place="access_review/maya#1",
            case_id="access_review/maya",
            seq=1,
            at=datetime(2026, 10, 5, tzinfo=UTC),
            keyid="SHA256:maya",
            signature=b"signature",
            pae_sha256="1" * 64,
            leaf=b"leaf",
        )
        session.add(entry)
        session.flush()
        session.add(PayloadRow(entry_id=entry.id or 0, payload=b"{}"))


def revisions(tmp_path: Path, name: str, source: str) -> Path:
    """The project's revisions with one more."""
    scripts = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", scripts)
    (scripts / "versions" / name).write_text(source.replace("%HEAD%", HEAD), encoding="utf-8")
    return scripts


def test_the_revisions_build_exactly_what_the_models_say(database_url: str) -> None:
    assert migrate.differences(database_url) == []
    assert set(tables(database_url)) == {*schema.METADATA.tables, "alembic_version"}


def test_every_time_in_the_database_is_aware_and_in_utc() -> None:
    times = [column for table in schema.METADATA.tables.values() for column in table.columns if "_at" in column.name]
    naive = [
        str(column)
        for table in schema.METADATA.tables.values()
        for column in table.columns
        if isinstance(column.type, DateTime)
        or (column.type.python_type is datetime and not isinstance(column.type, UTCDateTime))
    ]

    assert len(times) > 10
    assert naive == []


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    first = migrate.upgrade(empty_url)
    before = tables(empty_url)

    again = migrate.upgrade(empty_url)

    assert again == first == HEAD
    assert tables(empty_url) == before
    with closing(Database(empty_url)) as database:
        migrate.ready(database)


def test_three_upgrades_at_once_are_one(empty_url: str) -> None:
    program = f"from bot.store import migrate; print(migrate.upgrade({empty_url!r}))"
    command = [sys.executable, "-c", program]

    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in running]

    assert [(out.strip(), err, code) for (out, err), code in ended] == [(HEAD.encode(), b"", 0)] * 3
    assert migrate.differences(empty_url) == []


def test_a_revision_that_fails_half_way_leaves_the_database_as_it_was(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(database_url)
    monkeypatch.setattr(migrate, "SCRIPTS", revisions(tmp_path, "9999_half.py", FAIL_HALF_WAY))

    with pytest.raises(RuntimeError, match="disk is full"):
        migrate.upgrade(database_url)

    assert tables(database_url) == before
    monkeypatch.undo()
    with closing(Database(database_url)) as database:
        migrate.ready(database)


def test_a_revision_that_recreates_a_guarded_table_keeps_its_rows_children_and_guards(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database(database_url)) as database:
        an_entry(database)
    monkeypatch.setattr(migrate, "SCRIPTS", revisions(tmp_path, "9999_recreate.py", RECREATE))

    assert migrate.upgrade(database_url) == "9999"

    with closing(Database(database_url)) as database:
        migrate.ready(database)
        with database.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT e.place, p.payload FROM entry e JOIN payload p ON p.entry_id = e.id")
            )
            assert [(place, bytes(payload)) for place, payload in rows] == [("access_review/maya#1", b"{}")]
        with pytest.raises(DBAPIError, match="append-only"):
            run(database, "DELETE FROM entry")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ['UPDATE "{0}" SET {1} = {1}', 'DELETE FROM "{0}"'])
def test_nothing_in_an_append_only_table_is_changed_or_deleted(database: Database, table: str, statement: str) -> None:
    an_entry(database)
    run(database, "INSERT INTO leaf (idx, entry_id, leaf_hash) VALUES (0, 1, '00')")
    run(database, "INSERT INTO checkpoint (size, at, note) VALUES (1, '2026-10-05 00:00:00', 'note')")
    run(
        database,
        "INSERT INTO event (case_id, n, name, version, at, by, actor, body) "
        "VALUES ('access_review/maya', 1, 'opened', 1, '2026-10-05 00:00:00', '{}', 'time', '{}')",
    )
    run(database, "INSERT INTO erased_case (case_id, erasure, at) VALUES ('a', 'b', '2026-10-05 00:00:00')")
    columns = {"entry": "seq", "leaf": "entry_id", "checkpoint": "note", "event": "n", "erased_case": "erasure"}
    column = columns[table]

    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        run(database, statement.format(table, column))


def test_replacing_a_row_is_refused_like_deleting_it(database: Database) -> None:
    an_entry(database)
    if not database.sqlite:
        with pytest.raises(DBAPIError, match="entry is append-only"):
            run(database, "TRUNCATE entry CASCADE")
        return
    columns = "id, place, case_id, seq, at, keyid, signature, pae_sha256, leaf"

    with pytest.raises(DBAPIError, match="entry is append-only"):
        run(database, f"INSERT OR REPLACE INTO entry ({columns}) SELECT {columns} FROM entry")


def test_an_empty_database_is_not_ready_and_the_sentence_says_what_to_run(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    with closing(Database(empty_url)) as database:
        run(database, "DROP TABLE alembic_version")

        with pytest.raises(
            migrate.NotUpgraded, match=rf"revision none, this version needs {HEAD}\. Run: attester db upgrade"
        ):
            migrate.ready(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    run(database, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(migrate.NotUpgraded, match="Install that version"):
        migrate.ready(database)
    with pytest.raises(migrate.NotUpgraded, match="Install that version"):
        migrate.upgrade(database.url)


def break_guard(connection: Connection, how: str) -> None:
    """Make the guard of the event table useless in one of the ways that come to mind."""
    on = " ON event" if connection.dialect.name == "postgresql" else ""
    if how == "disabled":
        connection.execute(text("ALTER TABLE event DISABLE TRIGGER event_no_delete"))
    elif how == "function emptied":
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION attester_append_only() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RETURN NULL; END $$"
            )
        )
    else:
        connection.execute(text(f"DROP TRIGGER event_no_delete{on}"))
    if how == "emptied":
        connection.execute(text("CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT 1; END"))


@pytest.mark.parametrize("how", ["dropped", "emptied", "disabled", "function emptied"])
def test_a_guard_that_does_not_stand_is_named_and_an_upgrade_mends_it(how: str, database_url: str) -> None:
    with closing(Database(database_url)) as database:
        possible = {"dropped", "emptied"} if database.sqlite else {"dropped", "disabled", "function emptied"}
        with database.engine.begin() as connection:
            break_guard(connection, how if how in possible else "dropped")

        with pytest.raises(
            migrate.NotUpgraded, match=r"guards are missing \(.*event_no_delete.*Run: attester db upgrade"
        ):
            migrate.ready(database)

        migrate.upgrade(database_url)
        migrate.ready(database)
        with database.engine.connect() as connection:
            assert guard.missing(connection) == []


def test_the_revisions_travel_with_an_installed_package(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for package in ("bot", "workflows", "migrations"):
        shutil.copytree(ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    program = f"import sys; sys.path.insert(0, {str(site)!r}); from bot.store import migrate; print(migrate.SCRIPTS); "
    program += f"print(migrate.upgrade('sqlite:///{tmp_path}/attester.db'))"

    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stdout.split(), done.stderr) == ([str(site / "migrations"), HEAD], "")
