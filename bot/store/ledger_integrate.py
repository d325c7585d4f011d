"""From pending entries to a signed checkpoint, in one transaction that holds the log's row.

Index order is the order of integration. Pending entries are rows of their own, never "ids above the last one seen":
PostgreSQL's sequence numbers commit out of order, and an entry would be left out for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, func, insert, select

from bot.store.frozen import frozen_in
from bot.store.ledger_entry import Entry, entry, faults, public_keys
from bot.store.table_ledger import CheckpointRow, EntryRow, LeafRow, LogRow, PayloadRow, PendingRow, TileRow
from workflows.kernel import tile
from workflows.kernel.checkpoint import Checkpoint, LedgerCorrupt, LogKey, signed, verified
from workflows.kernel.merkle import (
    Frontier,
    extended,
    frontier_bytes,
    frontier_from,
    frontier_root,
    frontier_size,
    leaf_hash,
)

WHAT_NOW = (
    "No checkpoint is signed any more. Run `attester ledger check`, and compare with a backup before changing anything."
)


class NotOpened(Exception):
    """The log has no origin yet: `Log.open` comes first."""


def integrate(session: Session, key: LogKey, now: datetime, limit: int, seen: Checkpoint | None) -> Checkpoint | None:
    """Give the oldest pending entries their index and sign the new checkpoint; None where nothing is pending or all is frozen.

    ``seen`` is the newest checkpoint that this process knows of: the log never goes back behind it.
    Raises LedgerCorrupt, naming what differs, and SigningFailed; the transaction must then be rolled back.
    """
    # Everybody who integrates waits here; on SQLite the writer's lock is held already.
    log = session.exec(select(LogRow).where(LogRow.id == 1).with_for_update()).first()
    if log is None:
        raise NotOpened("the log has not been opened")
    if frozen_in(session) is not None:
        return None
    pending = _pending(session, limit)
    if not pending:
        return None
    frontier = _standing(session, log, key, seen)
    hashes = _leaves(session, pending)
    session.execute(
        insert(LeafRow),
        [
            {"idx": log.size + at, "entry_id": row_id, "leaf_hash": value}
            for at, ((row_id, _), value) in enumerate(zip(pending, hashes, strict=True))
        ],
    )
    session.execute(delete(PendingRow).where(col(PendingRow.id).in_([row_id for row_id, _ in pending])))
    for (level, n), data in tile.appended(log.size, hashes, reader(session)).items():
        session.merge(TileRow(level=level, n=n, data=data))
    frontier = extended(frontier, hashes)
    size = log.size + len(hashes)
    checkpoint = signed(Checkpoint(log.origin, size, frontier_root(frontier)), key)
    log.size, log.frontier = size, frontier_bytes(frontier)
    session.add(log)
    session.add(CheckpointRow(size=size, at=now, note=checkpoint.note))
    return checkpoint


def latest(session: Session) -> CheckpointRow | None:
    """The newest checkpoint's row."""
    return session.exec(select(CheckpointRow).order_by(col(CheckpointRow.size).desc()).limit(1)).first()


def reader(session: Session) -> tile.ReadTile:
    """Reads a tile's stored bytes; none where there is no such row."""

    def read(level: int, n: int) -> bytes:
        data = session.exec(select(TileRow.data).where(TileRow.level == level, TileRow.n == n)).first()
        return data or b""

    return read


def _pending(session: Session, limit: int) -> list[tuple[int, Entry]]:
    query = (
        select(EntryRow, PayloadRow.payload)
        .join(PendingRow, col(PendingRow.id) == col(EntryRow.id))
        .outerjoin(PayloadRow, col(PayloadRow.entry_id) == col(EntryRow.id))
        .order_by(col(PendingRow.id))
        .limit(limit)
    )
    return [(row.id or 0, entry(row, payload, None)) for row, payload in session.exec(query)]


def _leaves(session: Session, pending: Sequence[tuple[int, Entry]]) -> list[bytes]:
    """The leaf hash of each entry, after every one was recomputed from what is stored.

    One flipped bit in a leaf hash ended a large certificate log for good (Yeti 2022): it is looked at before it is signed.
    """
    keys = public_keys(session)
    twice = session.exec(select(LeafRow).where(col(LeafRow.entry_id).in_([i for i, _ in pending])).limit(1)).first()
    if twice is not None:
        raise LedgerCorrupt(f"An entry is pending that the log has at index {twice.idx:,} already. {WHAT_NOW}")
    for _, found in pending:
        if found.payload is None:
            raise LedgerCorrupt(f"The entry {found.case}#{found.seq} ({found.id}) has no payload. {WHAT_NOW}")
        for fault in faults(found, keys):
            raise LedgerCorrupt(f"{fault} {WHAT_NOW}")
    return [leaf_hash(found.leaf) for _, found in pending]


def _standing(session: Session, log: LogRow, key: LogKey, seen: Checkpoint | None) -> Frontier:
    """The frontier, after the log was found to stand exactly where its last signed checkpoint says.

    Raises LedgerCorrupt otherwise: a checkpoint that does not extend every one before it must never be signed.
    """
    try:
        frontier = frontier_from(log.frontier)
        if frontier_size(frontier) != log.size:
            raise ValueError(f"the frontier covers {frontier_size(frontier):,} leaves, the log {log.size:,}")
        last_idx = session.exec(select(func.max(LeafRow.idx))).one()
        if log.size != (0 if last_idx is None else last_idx + 1):
            raise ValueError(f"the log has {log.size:,} leaves, its last leaf the index {last_idx}")
        row = latest(session)
        if row is None:
            if log.size or seen is not None:
                raise ValueError("the checkpoints are gone")
            return frontier
        last = verified(row.note, log.origin, key.public, key.verify)
        if (last.size, last.size) != (row.size, log.size):
            raise ValueError(f"the log has {log.size:,} leaves, its last checkpoint {last.size:,}")
        if frontier_root(frontier) != last.root:
            raise ValueError("the frontier does not have the root of the last checkpoint")
        tree = tile.tree(reader(session))
        if tree(0, last.size) != last.root:
            raise ValueError("the tiles do not have the root of the last checkpoint")
        if seen is not None and seen.size > last.size:
            raise ValueError(f"the log went back from {seen.size:,} to {last.size:,} leaves")
        if seen is not None and tree(0, seen.size) != seen.root:
            raise ValueError(f"the log does not extend its checkpoint of size {seen.size:,}")
    except ValueError as error:
        raise LedgerCorrupt(f"The stored log is not what was signed: {error}. {WHAT_NOW}") from error
    return frontier
