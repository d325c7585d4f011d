"""Builds and upgrades the database: `attester db upgrade`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url

from bot.store import guard, schema
from bot.store.database import Database, normal_url

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
"""Beside `bot` in a checkout and in an installed package alike."""

WAIT_SECONDS = 60
"""How long an upgrade waits for another one, or for SQLite's writer."""

_LOCK = 4717200


class NotUpgraded(Exception):
    """The database is not at this version's schema, or its guards are gone; the sentence says what to run."""


def upgrade(url: str) -> str:
    """Bring the database to the newest revision and return it: everything or nothing, one upgrade at a time, safe to repeat.

    Raises NotUpgraded where the database is newer than this version, or rows would be left without their parents.
    """
    with _exclusive(url) as connection:
        _not_newer(connection)
        command.upgrade(_config(connection), "head")
        guard.install(connection)
        if connection.dialect.name == "sqlite":
            # Foreign keys are off meanwhile: with them on, recreating a table would delete its children without a word.
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise NotUpgraded(f"The upgrade left {len(broken)} rows without their parents; nothing was changed.")
        return MigrationContext.configure(connection).get_current_revision() or ""


def revise(url: str, message: str) -> None:
    """Write a new revision from the difference between models and database (for maintainers)."""
    with _exclusive(url) as connection:
        command.revision(_config(connection), message, autogenerate=True)


def differences(url: str) -> list[object]:
    """What Alembic would change to make the database equal to the models; empty when they agree."""
    with _exclusive(url) as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.METADATA))


def ready(database: Database) -> None:
    """Raises NotUpgraded unless the schema is this version's and every append-only guard stands."""
    with database.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory(str(SCRIPTS)).get_current_head()
        if here != head:
            _not_newer(connection)
            raise NotUpgraded(
                f"The database is at revision {here or 'none'}, this version needs {head}. Run: attester db upgrade"
            )
        if gone := guard.missing(connection):
            raise NotUpgraded(f"Append-only guards are missing ({', '.join(gone)}). Run: attester db upgrade")


def _not_newer(connection: Connection) -> None:
    """Raises NotUpgraded for a revision that this version does not know: a newer version has been here."""
    here = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}
    if here is not None and here not in known:
        raise NotUpgraded(
            f"The database is at revision {here}, which this version does not know: a newer one has upgraded it. "
            "Install that version."
        )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _exclusive(url: str) -> Iterator[Connection]:
    """A connection in a transaction that no other upgrade is in; committed at the end, rolled back when the block raises."""
    where = make_url(normal_url(url))
    sqlite = where.get_backend_name() == "sqlite"
    if sqlite and where.database:
        Path(where.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold personal data
    engine = create_engine(normal_url(url), connect_args={"timeout": WAIT_SECONDS} if sqlite else {})
    if sqlite:
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    try:
        with engine.begin() as connection:
            if not sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
    finally:
        engine.dispose()


def _sqlite_connect(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves, so that DDL can be rolled back
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]


def _sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
