"""The log of all attestations: opened once, grown by any number of processes, read by pages, packets and checks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from threading import Lock

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import col, func, select

from bot.store import ledger_check, ledger_integrate
from bot.store.database import Database
from bot.store.failure import explained
from bot.store.ledger_entry import Entry, PublicKey, entry
from bot.store.ledger_integrate import WHAT_NOW, NotOpened
from bot.store.table_ledger import CheckpointRow, EntryRow, KeyRow, LeafRow, LogRow, PayloadRow, PendingRow
from workflows.kernel import tile
from workflows.kernel.checkpoint import Checkpoint, LedgerCorrupt, LogKey, check_origin, parse
from workflows.kernel.errors import Conflict
from workflows.kernel.merkle import RangeRoot, consistency_path, inclusion_path
from workflows.kernel.publickey import der, fingerprint

__all__ = ["Entry", "LedgerCorrupt", "Log", "NotOpened", "PublicKey"]

BATCH = 4096
"""Entries that one checkpoint covers at most: a checkpoint for each entry halves the rate."""
PAGE = 500
TILES_KEPT = 1024
"""Tiles kept in memory, 8 kB each. What a tile holds is never changed, only continued."""
RANGES_KEPT = 16_384
"""Roots of ranges kept in memory for the tree that is being proven against: neighbours share most of their path."""


_WHOLE = (
    select(EntryRow, PayloadRow.payload, LeafRow.idx)
    .outerjoin(PayloadRow, col(PayloadRow.entry_id) == col(EntryRow.id))
    .outerjoin(LeafRow, col(LeafRow.entry_id) == col(EntryRow.id))
)


class Log:
    """The append-only Merkle log in the product's own database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = Lock()
        self._tree_kept: tuple[int, RangeRoot] | None = None
        self._seen: Checkpoint | None = None

    def open(self, origin: str, now: datetime) -> str:
        """Give the log its origin, once and for ever, and return the one it has; a log that has one keeps it.

        Raises ValueError for a new origin that is no bare host name.
        """
        with self._db.read() as session:
            log = session.get(LogRow, 1)
            if log is not None:
                return log.origin
        check_origin(origin)
        try:
            with self._db.write() as session:
                if session.get(LogRow, 1) is None:
                    session.add(LogRow(id=1, origin=origin, opened_at=now, size=0, frontier=b""))
        except IntegrityError:
            pass  # another process opened it in this moment; its origin counts
        return self.origin()

    def origin(self) -> str:
        """The log's name. Raises NotOpened before it has one."""
        with self._db.read() as session:
            log = session.get(LogRow, 1)
            if log is None:
                raise NotOpened("the log has not been opened")
            return log.origin

    def integrate(self, key: LogKey, now: datetime, limit: int = BATCH) -> Checkpoint | None:
        """Cover up to ``limit`` pending entries with a new signed checkpoint; safe with any number of processes at once.

        None where nothing is pending, all is frozen, or the database has no room now: call again. The checkpoint that is returned
        is committed. Raises LedgerCorrupt, NotOpened, SigningFailed; nothing has changed then.
        """
        try:
            with self._db.read() as session:  # idle polls must not take SQLite's write lock
                if session.exec(select(PendingRow.id).limit(1)).first() is None:
                    return None
            with self._db.write() as session:
                done = ledger_integrate.integrate(session, key, now, limit, self._seen)
        except IntegrityError as error:  # the log's row is locked: nobody else can have come first
            raise LedgerCorrupt(f"The log cannot be continued: {error.orig}. {WHAT_NOW}") from error
        except (DBAPIError, PoolTimeout) as error:
            failure = explained(error, committing=False)
            if isinstance(failure, Conflict):
                return None  # whatever became of it, the next call sees
            raise failure from error
        if done is not None:
            with self._lock:
                if self._seen is None or self._seen.size < done.size:
                    self._seen = done
        return done

    def size(self) -> int:
        """How many attestations the log covers."""
        with self._db.read() as session:
            return session.exec(select(LogRow.size)).first() or 0

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint with its signed note; None while the log is empty."""
        with self._db.read() as session:
            row = ledger_integrate.latest(session)
            return parse(row.note) if row else None

    def checkpoints(self) -> Iterator[tuple[datetime, Checkpoint]]:
        """Every checkpoint that was signed, oldest first, with its time."""
        after = -1
        while True:
            query = (
                select(CheckpointRow).where(CheckpointRow.size > after).order_by(col(CheckpointRow.size)).limit(PAGE)
            )
            with self._db.read() as session:
                found = [(row.at, parse(row.note)) for row in session.exec(query)]
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1][1].size

    def pending(self) -> int:
        """How many attestations are recorded and not logged yet."""
        with self._db.read() as session:
            return session.exec(select(func.count()).select_from(PendingRow)).one()

    def pending_age(self, now: datetime) -> float:
        """Seconds since the oldest attestation that waits for the log was made; 0 where none waits."""
        query = select(func.min(EntryRow.at)).join(PendingRow, col(PendingRow.id) == col(EntryRow.id))
        with self._db.read() as session:
            oldest = session.exec(query).one()
        return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0

    def proof(self, idx: int, size: int) -> tuple[bytes, ...]:
        """The hashes from leaf ``idx`` to the root of the tree of ``size`` leaves. Raises ValueError beyond the log."""
        return inclusion_path(idx, size, self._tree(size))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the tree of ``old`` leaves is a prefix of that of ``new`` leaves. Raises ValueError beyond the log."""
        return consistency_path(old, new, self._tree(new))

    def tile(self, level: int, n: int, width: int) -> bytes | None:
        """A tile of ``width`` hashes, cut from the stored one; None where the newest checkpoint has no such tile."""
        if not 1 <= width <= tile.WIDTH or level < 0 or tile.width_at(self.size(), level, n) < width:
            return None
        return self._read(level, n, width)[: width * tile.HASH]

    def entry_bundle(self, n: int, width: int) -> bytes | None:
        """``width`` leaf bodies from index 256·n on; None where the newest checkpoint has not all of them."""
        first = n * tile.WIDTH
        if not 1 <= width <= tile.WIDTH or n < 0 or first + width > self.size():
            return None
        query = (
            select(EntryRow.leaf)
            .join(LeafRow, col(LeafRow.entry_id) == col(EntryRow.id))
            .where(LeafRow.idx >= first, LeafRow.idx < first + width)
            .order_by(col(LeafRow.idx))
        )
        with self._db.read() as session:
            return tile.entry_bundle(session.exec(query))

    def entries(self, first: int, last: int) -> Iterator[Entry]:
        """The attestations at the indices from ``first`` to ``last``, both included, in order and in bounded memory."""
        while first <= last:
            query = _WHOLE.where(LeafRow.idx >= first, LeafRow.idx <= last).order_by(col(LeafRow.idx)).limit(PAGE)
            with self._db.read() as session:
                found = [entry(*row) for row in session.exec(query)]
            yield from found
            if len(found) < PAGE:
                return
            first += PAGE

    def interval(self, start: datetime, end: datetime) -> tuple[int, int] | None:
        """The first and last index of the smallest interval that holds every logged attestation with ``start`` <= at < ``end``.

        None where there is none. What is not logged yet is in no interval: see `unlogged`.
        """
        query = (
            select(func.min(LeafRow.idx), func.max(LeafRow.idx))
            .join(EntryRow, col(EntryRow.id) == col(LeafRow.entry_id))
            .where(EntryRow.at >= start, EntryRow.at < end)
        )
        with self._db.read() as session:
            first, last = session.exec(query).one()
        return None if first is None else (first, last)

    def unlogged(self, start: datetime, end: datetime) -> list[str]:
        """The attestations with ``start`` <= at < ``end`` that wait for the log."""
        query = (
            select(EntryRow.pae_sha256)
            .join(PendingRow, col(PendingRow.id) == col(EntryRow.id))
            .where(EntryRow.at >= start, EntryRow.at < end)
            .order_by(col(EntryRow.id))
        )
        with self._db.read() as session:
            return list(session.exec(query))

    def find(self, attestation_id: str) -> Entry | None:
        """The attestation with this id, logged or not; None where the ledger has none."""
        with self._db.read() as session:
            found = session.exec(_WHOLE.where(EntryRow.pae_sha256 == attestation_id)).first()
            return entry(*found) if found else None

    def of_case(self, case: str) -> list[Entry]:
        """The attestations of one case in the order of their numbers, logged or not."""
        with self._db.read() as session:
            query = _WHOLE.where(EntryRow.case_id == case).order_by(col(EntryRow.seq))
            return [entry(*found) for found in session.exec(query)]

    def keys(self) -> list[PublicKey]:
        """Every key that attestations were signed with, oldest first."""
        with self._db.read() as session:
            rows = session.exec(select(KeyRow).order_by(col(KeyRow.not_before), col(KeyRow.keyid)))
            return [PublicKey(**row.model_dump()) for row in rows]

    def add_key(self, keyid: str, pem: str, not_before: datetime) -> None:
        """Know a key from now on; a second time is a no-op. Raises ValueError where ``keyid`` is not this key's fingerprint."""
        if fingerprint(der(pem)) != keyid:
            raise ValueError(f"{keyid} is not the fingerprint of this key, which is {fingerprint(der(pem))}")
        try:
            with self._db.write() as session:
                if session.get(KeyRow, keyid) is None:
                    session.add(KeyRow(keyid=keyid, pem=pem, not_before=not_before))
        except IntegrityError:
            pass  # another process added the same key in this moment

    def check(
        self, key: LogKey | None = None, verify: Callable[[bytes, bytes, bytes], bool] | None = None
    ) -> list[str]:
        """Everything derived again from the stored envelopes; one sentence for each thing that is not as it should be.

        ``verify(public_der, data, signature)`` judges the attestations' signatures, ``key`` those of the checkpoints; without
        them signatures are not judged.
        """
        with self._db.read() as session:
            if not self._db.sqlite:
                # One snapshot for the whole examination, as SQLite has it anyway: others go on writing meanwhile.
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            return list(ledger_check.check(session, key, verify))

    def rights(self) -> list[str]:
        """What this database role could do to the append-only tables, in sentences; a role for daily use can do nothing."""
        with self._db.read() as session:
            return ledger_check.rights(session)

    def _tree(self, size: int) -> RangeRoot:
        """The tree of ``size`` leaves, kept until another size is asked for: an export asks for one only, thousands of times."""
        with self._lock:
            if self._tree_kept is not None and self._tree_kept[0] == size:
                return self._tree_kept[1]
        if size > self.size():
            raise ValueError(f"the log has {self.size():,} leaves, not {size:,}")
        tree = lru_cache(RANGES_KEPT)(tile.tree(lambda level, n: self._read(level, n, tile.width_at(size, level, n))))
        with self._lock:
            self._tree_kept = (size, tree)
        return tree

    def _read(self, level: int, n: int, width: int) -> bytes:
        """At least ``width`` hashes of a tile, from memory where they are there."""
        with self._lock:
            data = self._tiles.get((level, n), b"")
        if len(data) < width * tile.HASH:
            with self._db.read() as session:
                data = ledger_integrate.reader(session)(level, n)
            with self._lock:
                self._tiles[level, n] = data
                self._tiles.move_to_end((level, n))
                while len(self._tiles) > TILES_KEPT:
                    self._tiles.popitem(last=False)
        return data
