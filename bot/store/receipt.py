"""Receipts: from what came into the log since the last look to one row of the outbox for each person's signing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_
from sqlmodel import Session, col, select

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.outbox import enqueue
from bot.store.stamp import lock
from bot.store.table_anchor import MarkRow
from bot.store.table_case import EventRow
from bot.store.table_ledger import CheckpointRow, EntryRow, LeafRow, LogRow
from bot.store.table_outbox import DeliveryRow

MARK = "receipt"
PAGE = 500
FRESH = timedelta(days=1)
"""A receipt for something older says nothing that its reader still waits for."""


@dataclass
class Signing:
    """What one person signed in one moment, as it stands in the log: `first` to `last` index, and the cases."""

    user: str
    attestation: str
    first: int
    last: int
    cases: list[str] = field(default_factory=list)


class Receipts:
    """Enqueues receipts, and finds the card whose thread they belong in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def enqueue(self, now: datetime) -> int:
        """Enqueue the receipts of what came into the log since the last time; returns how many.

        The row and the mark are one transaction: nothing is receipted twice, and nothing is left out.
        """
        with self._db.read() as session:
            if _mark(session) >= (session.exec(select(LogRow.size)).first() or 0):
                return 0
        with in_words(), self._db.write() as session:
            lock(session)
            start = _mark(session)
            query = (
                select(LeafRow.idx, EntryRow, EventRow.by)
                .join(EntryRow, col(EntryRow.id) == col(LeafRow.entry_id))
                .outerjoin(
                    EventRow,
                    and_(col(EventRow.case_id) == col(EntryRow.case_id), col(EventRow.seq) == col(EntryRow.seq)),
                )
                .where(LeafRow.idx >= start)
                .order_by(col(LeafRow.idx))
                .limit(PAGE)
            )
            rows = session.exec(query).all()
            if not rows:
                return 0
            end = rows[-1][0] + 1
            session.merge(MarkRow(name=MARK, idx=end))
            note = (
                select(CheckpointRow.note).where(CheckpointRow.size >= end).order_by(col(CheckpointRow.size)).limit(1)
            )
            checkpoint = session.exec(note).one()
            return sum(_enqueue(session, signing, checkpoint) for signing in _signings(rows, now - FRESH))

    def card(self, cases: Sequence[str], user: str) -> tuple[str, str] | None:
        """Channel and time stamp of the card that this person has of one of these cases; None where there is none."""
        query = (
            select(DeliveryRow.channel, DeliveryRow.ts)
            .where(
                col(DeliveryRow.case_id).in_(cases), DeliveryRow.slack_user == user, col(DeliveryRow.ts).is_not(None)
            )
            .order_by(col(DeliveryRow.sent_at).desc())
            .limit(1)
        )
        with self._db.read() as session:
            found = session.exec(query).first()
            return (found[0] or "", found[1] or "") if found else None


def _mark(session: Session) -> int:
    row = session.get(MarkRow, MARK)
    return row.idx if row else 0


def _signings(rows: Sequence[tuple[int, EntryRow, str | None]], since: datetime) -> Iterator[Signing]:
    """One for each person and moment, in the order of the log."""
    found: dict[tuple[str, datetime], Signing] = {}
    for idx, entry, by in rows:
        user = json.loads(by).get("slack", {}).get("user", "") if by else ""
        if not user or entry.at < since:
            continue
        signing = found.setdefault((user, entry.at), Signing(user, entry.pae_sha256, idx, idx))
        signing.last = idx
        if entry.case_id not in signing.cases:
            signing.cases.append(entry.case_id)
    yield from found.values()


def _enqueue(session: Session, signing: Signing, checkpoint: str) -> bool:
    payload = {
        "user": signing.user, "attestation": signing.attestation, "first": signing.first, "last": signing.last,
        "cases": signing.cases[:50], "checkpoint": checkpoint,
    }  # fmt: skip
    return enqueue(
        session,
        lane=f"slack:{signing.user}",
        kind="receipt",
        payload=payload,
        dedupe_key=f"receipt:{signing.attestation}",
        priority=2,
    )
