"""Loading a complete pull: rows go into a temporary stage, then two statements a table close and open ranges.

Two ways to the stage: `executemany` of the driver on SQLite, `COPY` on PostgreSQL (both several times as fast as an ORM).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from psycopg.errors import UniqueViolation
from pydantic import BaseModel
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import DropTable
from sqlalchemy.types import TypeEngine

from bot.store.base import Row
from bot.store.table_identity import KEY, AccountRow, EntitlementRow, LineRow, PersonRow
from workflows.kernel.identity import Account, Entitlement, Line, Pull

BATCH = 5_000
KEY_BYTES = 2_000
"""All ids of one key together. PostgreSQL refuses an index entry over 2,704 bytes."""
WORTH_ANALYZING = 100

Key = tuple[str, ...]
V = TypeVar("V")


class PullInvalid(ValueError):
    """A pull contradicts itself or cannot be kept; the sentence says which row. Nothing of it was stored."""


@dataclass(frozen=True)
class Ranged:
    """A table whose rows hold for a range of collections: what identifies a row, and what it says."""

    table: Table
    keys: tuple[str, ...]
    values: tuple[str, ...]


@cache
def stage_of(ranged: Ranged, sqlite: bool) -> Table:
    """The temporary table that a pull's rows are put into first; one object, so that statements over it compile once."""
    columns = [Column(name, KEY, primary_key=True) for name in ranged.keys]
    kinds: dict[str, TypeEngine[Any]] = {"substance": LargeBinary(), "data": Text()}
    columns += [Column(name, kinds[name], nullable=False) for name in ranged.values]
    options = {"sqlite_with_rowid": False} if sqlite else {"postgresql_on_commit": "DROP"}
    return Table(f"stage_{ranged.table.name}", MetaData(), *columns, prefixes=["TEMPORARY"], **options)


def _ranged(row: type[Row], keys: Sequence[str], values: Sequence[str]) -> Ranged:
    return Ranged(row.__table__, tuple(keys), tuple(values))  # type: ignore[attr-defined]


PEOPLE = _ranged(PersonRow, ("native_id",), ("data",))
ACCOUNTS = _ranged(AccountRow, ("system", "native_id"), ("substance", "data"))
ENTITLEMENTS = _ranged(EntitlementRow, ("system", "native_id"), ("substance", "data"))
LINES = _ranged(LineRow, ("system", "account", "entitlement"), ("substance", "data"))


def holds(table: FromClause, source: str, number: int) -> ColumnElement[bool]:
    """The condition that a row was true at collection ``number`` of the source."""
    ended = table.c.last_collection
    return and_(table.c.source == source, table.c.first_collection <= number, (ended.is_(None)) | (ended >= number))


def contents(pull: Pull) -> list[tuple[Ranged, Iterable[tuple[Any, ...]]]]:
    """The rows of a pull by table. Raises PullInvalid where one account or entitlement is described in two ways."""
    accounts = _unique("account", (((a.system, a.native_id), a) for a in pull.accounts))
    entitlements: dict[Key, Entitlement] = {}
    for line in pull.lines:
        a, e = line.account, line.entitlement
        _same("account", accounts, (a.system, a.native_id), a)
        _same("entitlement", entitlements, (e.system, e.native_id), e)
        if a.system != e.system:
            raise PullInvalid(f"A line joins an account of {a.system} to an entitlement of {e.system}.")
    people = _unique("person", (((p.id,), p) for p in pull.people))
    return [
        (PEOPLE, ((*key, written(p)) for key, p in people.items())),
        (ACCOUNTS, ((*key, _account_substance(a), written(a)) for key, a in accounts.items())),
        (ENTITLEMENTS, ((*key, _entitlement_substance(e), written(e)) for key, e in entitlements.items())),
        (LINES, ((*line.key, _line_substance(line), _line_text(line)) for line in pull.lines)),
    ]


def stage(connection: Connection, ranged: Ranged, rows: Iterable[tuple[Any, ...]]) -> Table:
    """Put rows into a new temporary table. Raises PullInvalid for a key that comes twice or cannot be stored."""
    sqlite = connection.dialect.name == "sqlite"
    staged = stage_of(ranged, sqlite)
    connection.execute(DropTable(staged, if_exists=True))  # left by a load that failed, on a connection of the pool
    staged.create(connection)
    checked = (_checked(ranged, row) for row in rows)
    try:
        if sqlite:
            marks = ", ".join("?" for _ in staged.columns)
            while batch := list(islice(checked, BATCH)):
                connection.exec_driver_sql(f"INSERT INTO {staged.name} VALUES ({marks})", batch)  # noqa: S608 - our own names
        else:
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY {staged.name} FROM STDIN") as copy:
                for row in checked:
                    copy.write_row(row)
            connection.execute(text(f"ANALYZE {staged.name}"))
    except (IntegrityError, UniqueViolation) as error:
        raise PullInvalid(f"The pull names the same {ranged.table.name} twice: {error}") from error
    return staged


def merge(
    connection: Connection, ranged: Ranged, staged: Table, source: str, number: int, previous: int | None
) -> None:
    """Close what the stage no longer says, open what it says anew; ``previous`` is the last complete collection's number."""
    table = ranged.table
    if previous is not None:
        same = [staged.c[k] == table.c[k] for k in ranged.keys]
        still = exists().where(*same, staged.c.data == table.c.data)
        current = and_(table.c.source == source, table.c.last_collection.is_(None))
        connection.execute(update(table).where(current, ~still).values(last_collection=previous))
    there = exists().where(
        table.c.source == source,
        table.c.last_collection.is_(None),
        *(table.c[k] == staged.c[k] for k in ranged.keys),
    )
    columns = [*ranged.keys, *ranged.values]
    fresh = select(literal(source), literal(number), null(), *(staged.c[name] for name in columns)).where(~there)
    into = insert(table).from_select(["source", "first_collection", "last_collection", *columns], fresh)
    opened = connection.execute(into, execution_options={"preserve_rowcount": True}).rowcount
    staged.drop(connection, checkfirst=False)
    if opened > WORTH_ANALYZING and connection.dialect.name == "postgresql":
        # Without statistics the planner would read a freshly loaded table row by row for each key.
        connection.execute(text(f'ANALYZE "{table.name}"'))


def lock_source(connection: Connection, source: str) -> None:
    """Let one load of a source at a time through, until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"snapshot {source}", 0))))


def written(value: BaseModel, leave_out: set[str] | None = None) -> str:
    """A value as the JSON text that a row keeps: equal values give equal text."""
    data = value.model_dump(mode="json", exclude=leave_out)
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _line_text(line: Line) -> str:
    return written(line, {"account", "entitlement"})


def _line_substance(line: Line) -> bytes:
    return _sha256(sorted(line.via))


def _account_substance(account: Account) -> bytes:
    return _sha256([account.login, account.person, account.link, account.kind, account.active, account.owner])


def _entitlement_substance(entitlement: Entitlement) -> bytes:
    return _sha256([entitlement.resource, entitlement.name, entitlement.plain, entitlement.privileged])


def _sha256(parts: list[Any]) -> bytes:
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def _unique(what: str, pairs: Iterable[tuple[Key, V]]) -> dict[Key, V]:
    found: dict[Key, V] = {}
    for key, value in pairs:
        _same(what, found, key, value)
    return found


def _same(what: str, known: dict[Key, V], key: Key, value: V) -> None:
    before = known.setdefault(key, value)
    if before is not value and before != value:
        raise PullInvalid(f"The pull describes the {what} {'/'.join(key)} in two ways.")


def _checked(ranged: Ranged, row: tuple[Any, ...]) -> tuple[Any, ...]:
    key = row[: len(ranged.keys)]
    if any("\x00" in part for part in key):
        raise PullInvalid(f"The id of a {ranged.table.name} holds a NUL character: {key!r}. The source must reject it.")
    if sum(len(part.encode()) for part in key) > KEY_BYTES:
        raise PullInvalid(f"The id of a {ranged.table.name} is longer than {KEY_BYTES} bytes: {key[-1][:60]}…")
    return row
