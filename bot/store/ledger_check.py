"""The ledger's own examination: leaves, tiles, frontier, roots and checkpoints derived again from the stored envelopes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import text
from sqlmodel import Session, col, select

from bot.store import guard
from bot.store.ledger_entry import Entry, entry, faults, public_keys
from bot.store.ledger_integrate import reader
from bot.store.table_ledger import (
    APPEND_ONLY,
    CheckpointRow,
    EntryRow,
    LeafRow,
    LogRow,
    PayloadRow,
    PendingRow,
    TileRow,
)
from workflows.kernel import tile
from workflows.kernel.checkpoint import Checkpoint, LogKey, parse, verified
from workflows.kernel.dsse import pae
from workflows.kernel.merkle import Frontier, extended, frontier_bytes, frontier_root, leaf_hash

PAGE = 500
Verify = Callable[[bytes, bytes, bytes], bool]


def check(session: Session, key: LogKey | None, verify: Verify | None) -> Iterator[str]:
    """One sentence for each thing that is wrong; nothing where the ledger is whole."""
    for name in guard.missing(session.connection()):
        yield f"The guard {name} is missing: the table could be changed. Run `attester db upgrade`."
    log = session.get(LogRow, 1)
    if log is None:
        yield "The log has not been opened. Start the worker once."
        return
    walk = _Walk(session, log, key, verify)
    yield from walk.leaves()
    yield from walk.rest()
    yield from walk.waiting()


class _Walk:
    """The log built anew, leaf by leaf, and compared with what is stored."""

    def __init__(self, session: Session, log: LogRow, key: LogKey | None, verify: Verify | None) -> None:
        self.session = session
        self.log = log
        self.key = key
        self.verify = verify
        self.keys = public_keys(session)
        self.frontier: Frontier = ()
        self.size = 0
        self.whole = True
        self.heads: dict[str, tuple[int, str | None]] = {}
        self.made: dict[tuple[int, int], bytes] = {}
        self.signed = {row.size: row for row in session.exec(select(CheckpointRow))}
        self.sizes = set(self.signed)

    def leaves(self) -> Iterator[str]:
        """Every leaf in index order, in bounded memory."""
        after = -1
        while True:
            query = (
                select(LeafRow.idx, LeafRow.leaf_hash, EntryRow, PayloadRow.payload)
                .join(EntryRow, col(EntryRow.id) == col(LeafRow.entry_id))
                .outerjoin(PayloadRow, col(PayloadRow.entry_id) == col(EntryRow.id))
                .where(LeafRow.idx > after)
                .order_by(col(LeafRow.idx))
                .limit(PAGE)
            )
            rows = self.session.exec(query).all()
            start, hashes = self.size, []
            for idx, stored, row, payload in rows:
                found = entry(row, payload, idx)
                hashes.append(leaf_hash(found.leaf))
                yield from self._leaf(idx, stored, found, hashes[-1])
            if self.whole:
                yield from self._tiles(start, hashes)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]
            self.session.expunge_all()

    def _leaf(self, idx: int, stored: bytes, found: Entry, value: bytes) -> Iterator[str]:
        if idx != self.size and self.whole:
            yield f"The log has no leaf {self.size:,}; the next one is {idx:,}. Restore the newest backup."
            self.whole = False
        if stored != value:
            yield f"The leaf {idx:,} does not have the hash of its entry. Restore the row from a backup."
        yield from (f"At index {idx:,}: {fault}" for fault in _judged(found, self.keys, self.verify))
        yield from self._chain(found)
        self.size = idx + 1
        if self.whole:
            self.frontier = extended(self.frontier, [value])
        row = self.signed.pop(self.size, None)
        if row is not None and self.whole:
            yield from self._checkpoint(row)

    def _chain(self, found: Entry) -> Iterator[str]:
        """Each case counts 1, 2, 3… and each attestation names the one before it."""
        seq, before = self.heads.get(found.case, (0, None))
        self.heads[found.case] = (found.seq, found.id)
        if found.seq != seq + 1:
            yield f"At index {found.idx:,}: the case {found.case} goes from number {seq} to {found.seq}."
        elif found.payload is not None and _previous(found.payload) != before:
            yield f"At index {found.idx:,}: {found.case}#{found.seq} does not name the attestation before it."

    def _tiles(self, start: int, hashes: Sequence[bytes]) -> Iterator[str]:
        """Continue the tiles; a full one is compared and let go."""
        for (level, n), data in tile.appended(start, hashes, lambda level, n: self.made.get((level, n), b"")).items():
            self.made[level, n] = data
            if len(data) == tile.WIDTH * tile.HASH:
                yield from self._compare(level, n, self.made.pop((level, n)))

    def _compare(self, level: int, n: int, data: bytes) -> Iterator[str]:
        if reader(self.session)(level, n) != data:
            yield f"The tile {level}/{n} is not what the leaves give. It can be made again from them."

    def _checkpoint(self, row: CheckpointRow) -> Iterator[str]:
        try:
            stated = parse(row.note) if self.key is None else self._verified(row.note, self.key)
        except ValueError as error:
            yield f"The checkpoint of size {row.size:,} cannot be trusted: {error}."
            return
        if (stated.origin, stated.size, stated.root) != (self.log.origin, row.size, frontier_root(self.frontier)):
            yield f"The checkpoint of size {row.size:,} is not a prefix of this log. Compare with one that was anchored."

    def _verified(self, note: str, key: LogKey) -> Checkpoint:
        return verified(note, self.log.origin, key.public, key.verify)

    def rest(self) -> Iterator[str]:
        """What stands at the right edge: partial tiles, frontier, size, and what should not be there."""
        yield from (f"The checkpoint of size {size:,} lies beyond the log." for size in sorted(self.signed))
        if self.log.size != self.size:
            yield f"The log says {self.log.size:,} leaves; there are {self.size:,}. Restore the newest backup."
        elif self.size and self.size not in self.sizes:
            yield f"The log has {self.size:,} leaves and no checkpoint of that size."
        if not self.whole:
            return
        for (level, n), data in sorted(self.made.items()):
            yield from self._compare(level, n, data)
        for level, n in self.session.exec(select(TileRow.level, TileRow.n)):
            if level > tile.MAX_LEVEL or not tile.width_at(self.size, level, n):
                yield f"The tile {level}/{n} lies beyond the log."
        if self.log.frontier != frontier_bytes(self.frontier):
            yield "The frontier is not what the leaves give. It can be made again from them."

    def waiting(self) -> Iterator[str]:
        """Entries that the log does not cover yet, and entries that nobody would ever log."""
        query = (
            select(EntryRow, PayloadRow.payload, col(PendingRow.id), col(LeafRow.idx))
            .outerjoin(PayloadRow, col(PayloadRow.entry_id) == col(EntryRow.id))
            .outerjoin(PendingRow, col(PendingRow.id) == col(EntryRow.id))
            .outerjoin(LeafRow, col(LeafRow.entry_id) == col(EntryRow.id))
            .where(col(LeafRow.idx).is_(None) | col(PendingRow.id).is_not(None))
            .order_by(col(EntryRow.id))
        )
        for row, payload, pending, idx in self.session.exec(query):
            found = entry(row, payload, idx)
            name = f"{found.case}#{found.seq} ({found.id})"
            if pending is None:
                yield f"The entry {name} is neither in the log nor waiting for it."
            elif idx is not None:
                yield f"The entry {name} waits for the log, which has it at index {idx:,}."
            elif payload is None:
                yield f"The entry {name} waits for the log and has no payload."
            else:
                yield from (f"Waiting for the log: {fault}" for fault in _judged(found, self.keys, self.verify))


def rights(session: Session) -> list[str]:
    """What the role could do to append-only tables on PostgreSQL; SQLite knows no roles, only the triggers hold there."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return []
    could = text("SELECT has_table_privilege(current_user, :table, :verb)")
    return [
        f"The role of DATABASE_URL may {verb} the table {table}. Take the right away: REVOKE {verb} ON {table} FROM ROLE."
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE", "TRUNCATE")
        if connection.execute(could, {"table": table, "verb": verb}).scalar_one()
    ]


def _judged(found: Entry, keys: dict[str, bytes], verify: Verify | None) -> Iterator[str]:
    """Faults of an entry, and whether its signature holds."""
    wrong = list(faults(found, keys))
    yield from wrong
    if verify is None or wrong or found.payload is None:
        return
    if not verify(keys[found.keyid], pae(found.payload), found.signature):
        yield f"The entry {found.case}#{found.seq} ({found.id}) has a signature that does not hold."


def _previous(payload: bytes) -> str | None:
    """The attestation that a statement names as the one before it."""
    try:
        previous: str | None = json.loads(payload)["predicate"]["previous"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
    return previous
