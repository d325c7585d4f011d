"""Collections as they were pulled: any complete one can be read again exactly, and two can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel import select as select_rows

from bot.store import snapshot_read
from bot.store.base import table_of
from bot.store.database import WAIT_MS, Database
from bot.store.failure import in_words
from bot.store.snapshot_difference import Difference, compare
from bot.store.snapshot_load import ACCOUNTS, PEOPLE, Ranged, contents, lock_source, merge, stage
from bot.store.table_identity import CollectionRow, SourceLeaseRow
from workflows.kernel.identity import (
    Account,
    Certificate,
    Collection,
    Directory,
    Line,
    LineKey,
    Person,
    PersonId,
    Pull,
    directory_of,
)

PATIENCE_MS = 30_000

_COLLECTION = table_of(CollectionRow)
_LAST = select(_COLLECTION.c.source, func.max(_COLLECTION.c.number)).group_by(_COLLECTION.c.source)
_NEWEST = select(*(c for c in _COLLECTION.columns if c.name != "certificate")).where(
    tuple_(_COLLECTION.c.source, _COLLECTION.c.number).in_(_LAST)
)
"""Every decision asks this: it is built once, and leaves the certificate where it is."""

Tables = Sequence[tuple[Ranged, Iterable[tuple[Any, ...]]]]
Staged = Sequence[tuple[Ranged, Table]]


class NoSuchCollection(LookupError):
    """There is no complete collection with this id. The lines of a partial one are never used: it fails closed."""


class Snapshots:
    """The collections of all sources. Values in, values out; a partial collection is a record and nothing more."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def save(self, pull: Pull) -> Collection:
        """Keep a pull, in one transaction; the same certificate a second time changes nothing.

        Raises PullInvalid, with nothing stored, where a complete pull contradicts itself; Busy where the database had no
        room for it, Unsure where its answer was lost: then save it again.
        """
        known = self.get(pull.certificate_sha256)
        if known is not None:
            return known
        tables = contents(pull) if pull.certificate.verdict == "complete" else []
        with in_words():
            return self._save_in_turn(pull, tables) if self._db.sqlite else self._save_at_once(pull, tables)

    def _save_at_once(self, pull: Pull, tables: Tables) -> Collection:
        """PostgreSQL: stage and ranges in one transaction."""
        with self._db.engine.begin() as connection:
            return self._enter(connection, pull, [(ranged, stage(connection, ranged, rows)) for ranged, rows in tables])

    def _save_in_turn(self, pull: Pull, tables: Tables) -> Collection:
        """SQLite: the stage is filled before the one writer's lock is taken, because people's clicks need it meanwhile."""
        with self._db.engine.connect() as connection:
            with connection.begin():
                staged = [(ranged, stage(connection, ranged, rows)) for ranged, rows in tables]
                connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE_MS}")  # nobody waits for a pull
            try:
                connection.execution_options(attester_write=True)
                with connection.begin():
                    return self._enter(connection, pull, staged)
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={WAIT_MS}")

    def _enter(self, connection: Connection, pull: Pull, staged: Staged) -> Collection:
        """Number the collection and move the ranges of its rows; one at a time for each source."""
        certificate = pull.certificate
        lock_source(connection, certificate.source)
        known = connection.execute(
            select(CollectionRow).where(col(CollectionRow.id) == pull.certificate_sha256)
        ).first()
        if known is not None:
            return _collection(CollectionRow(**known._mapping))
        numbers = select(func.max(col(CollectionRow.number))).where(col(CollectionRow.source) == certificate.source)
        number = (connection.execute(numbers).scalar_one() or 0) + 1
        complete = numbers.where(col(CollectionRow.verdict) == "complete")
        previous = connection.execute(complete).scalar_one()
        row = CollectionRow(
            id=pull.certificate_sha256,
            source=certificate.source,
            system=certificate.system,
            number=number,
            as_of=certificate.as_of,
            ended_at=certificate.ended_at,
            verdict=certificate.verdict,
            reasons=json.dumps(certificate.reasons, ensure_ascii=False),
            lines=len(pull.lines),
            lines_sha256=certificate.lines_sha256,
            raw_sha256=certificate.raw_sha256,
            certificate=certificate.model_dump_json(),
        )
        connection.execute(insert(CollectionRow).values(**row.model_dump()))
        for ranged, table in staged:
            merge(connection, ranged, table, certificate.source, number, previous)
        return _collection(row)

    def get(self, collection_id: str) -> Collection | None:
        """The collection with this id, complete or not."""
        with self._db.read() as session:
            row = session.get(CollectionRow, collection_id)
            return _collection(row) if row else None

    def certificate(self, collection_id: str) -> Certificate | None:
        """The certificate of a collection, complete or not."""
        with self._db.read() as session:
            row = session.get(CollectionRow, collection_id)
            return Certificate.model_validate_json(row.certificate) if row else None

    def latest(self, source: str, complete_only: bool = True) -> Collection | None:
        """The newest collection of a source."""
        query = select_rows(CollectionRow).where(CollectionRow.source == source)
        if complete_only:
            query = query.where(CollectionRow.verdict == "complete")
        with self._db.read() as session:
            row = session.exec(query.order_by(col(CollectionRow.number).desc()).limit(1)).first()
            return _collection(row) if row else None

    def newest(self) -> dict[str, Collection]:
        """The newest collection of every source, complete or not, by source."""
        with self._db.engine.connect() as connection:
            found = [dict(row._mapping) for row in connection.execute(_NEWEST)]
        return {row["source"]: Collection(**row | {"reasons": tuple(json.loads(row["reasons"]))}) for row in found}

    def collections(self, source: str) -> list[Collection]:
        """Every collection of a source, newest first."""
        query = select_rows(CollectionRow).where(CollectionRow.source == source)
        with self._db.read() as session:
            return [_collection(row) for row in session.exec(query.order_by(col(CollectionRow.number).desc()))]

    def directory(self, collection_id: str) -> Directory:
        """Everybody that a complete collection of the directory source names. Raises NoSuchCollection."""
        found = self._complete(collection_id)
        rows = snapshot_read.rows(self._db, PEOPLE, found.source, found.number)
        people = (Person.model_validate_json(row.data) for row in rows)
        return directory_of(people, digest=found.id, synced_at=found.as_of)

    def accounts(self, collection_id: str) -> Iterator[Account]:
        """Every account of a complete collection, with lines or without, in key order. Raises NoSuchCollection."""
        found = self._complete(collection_id)
        rows = snapshot_read.rows(self._db, ACCOUNTS, found.source, found.number)
        return (Account.model_validate_json(row.data) for row in rows)

    def lines(self, collection_id: str) -> Iterator[Line]:
        """Every line of a complete collection, in key order, read page by page. Raises NoSuchCollection."""
        found = self._complete(collection_id)
        return snapshot_read.lines(self._db, found.source, found.number)

    def lines_by_key(self, collection_id: str, keys: Iterable[LineKey]) -> dict[LineKey, Line]:
        """The lines with these keys; one that the collection does not have is left out. Raises NoSuchCollection."""
        found = self._complete(collection_id)
        return snapshot_read.lines_by_key(self._db, found.source, found.number, keys)

    def holders(self, collection_id: str, entitlements: frozenset[str]) -> frozenset[tuple[str, PersonId]]:
        """(entitlement, person) of whoever has one of these entitlements in a complete collection. Raises NoSuchCollection."""
        found = self._complete(collection_id)
        return snapshot_read.holders(self._db, found.source, found.number, entitlements)

    def difference(self, old_id: str, new_id: str) -> Difference:
        """What the newer of two complete collections of one source changed. Raises NoSuchCollection, ValueError."""
        old, new = self._complete(old_id), self._complete(new_id)
        if old.source != new.source:
            raise ValueError(f"A collection of {old.source} cannot be compared with one of {new.source}.")
        return compare(self._db, old.source, old.number, new.number)

    def lease(self, source: str, now: datetime, seconds: float, holder: str = "") -> bool:
        """Take the right to pull a source until then; False where somebody else has it. A named holder may renew."""
        dialect = sqlite if self._db.sqlite else postgresql
        new = dialect.insert(SourceLeaseRow).values(
            source=source, holder=holder, until=now + timedelta(seconds=seconds)
        )
        free = col(SourceLeaseRow.until) <= now
        if holder:
            free = or_(free, col(SourceLeaseRow.holder) == holder)
        taken = new.on_conflict_do_update(
            index_elements=["source"],
            set_={"holder": new.excluded.holder, "until": new.excluded.until},
            where=free,
        ).returning(col(SourceLeaseRow.source))
        with in_words(), self._db.write() as session:
            return session.connection().execute(taken).first() is not None

    def release(self, source: str, holder: str = "") -> None:
        """Give the right back; without effect where another holder has taken it meanwhile."""
        with in_words(), self._db.write() as session:
            mine = (col(SourceLeaseRow.source) == source, col(SourceLeaseRow.holder) == holder)
            session.connection().execute(delete(SourceLeaseRow).where(*mine))

    def _complete(self, collection_id: str) -> Collection:
        found = self.get(collection_id)
        if found is None:
            raise NoSuchCollection(f"No pull with the certificate {collection_id} was loaded.")
        if found.verdict != "complete":
            raise NoSuchCollection(
                f"The pull of {found.source} number {found.number} is partial; its lines are not used. Pull again."
            )
        return found


def _collection(row: CollectionRow) -> Collection:
    plain = row.model_dump(exclude={"reasons", "certificate"})
    return Collection(**plain, reasons=tuple(json.loads(row.reasons)))
