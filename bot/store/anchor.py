"""What is kept of anchors: which checkpoint a vault holds, how far it is behind, and how its immutability was probed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.frozen import Frozen, freeze, frozen, thaw
from bot.store.stamp import CHECKPOINT, lock
from bot.store.table_anchor import AnchorRow, ProbeRow, StampRow
from bot.store.table_ledger import CheckpointRow, LogRow
from workflows.kernel.checkpoint import Checkpoint, parse

BATCH = 2_000
"""Attestations that are written to a vault in one go: a tick must end before it is taken for dead."""


@dataclass(frozen=True)
class Planned:
    """A checkpoint to be anchored; the newest one before it that a vault holds has ``before`` attestations."""

    before: int
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Anchor:
    """A checkpoint that a vault holds, with all that it covers."""

    vault: str
    done_at: datetime
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Gap:
    """How far a vault is behind the log. ``since`` is when the first checkpoint was signed that it does not hold."""

    anchored: int
    size: int
    since: datetime | None

    def seconds(self, now: datetime) -> float:
        """How long something has been waiting for its anchor; 0 where nothing waits."""
        return max(0.0, (now - self.since).total_seconds()) if self.since else 0.0


@dataclass(frozen=True)
class Probed:
    """The last probe of a vault: for each check its verdict and a sentence."""

    at: datetime
    verdicts: Mapping[str, tuple[str, str]]


class Anchors:
    """Anchors and probes in the database. Values in, values out; any number of workers at once."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def plan(self, vault: str, now: datetime) -> Planned | None:
        """The next checkpoint for a vault: one that was begun and not finished, else a newer one; None where it has all.

        One at a time and the same one again after a crash: what is written once must be the same bytes each time.
        """
        with self._db.read() as session:
            anchored, begun = _held(session, vault), _begun(session, vault)
            if begun is None and _next(session, anchored) is None:
                return None
        with in_words(), self._db.write() as session:
            lock(session)
            anchored, size = _held(session, vault), _begun(session, vault)
            if size is None:
                size = _next(session, anchored)
                if size is None:
                    return None
                session.add(AnchorRow(vault=vault, size=size, began_at=now))
            return Planned(anchored, parse(session.get_one(CheckpointRow, size).note))

    def anchored(self, vault: str, size: int, now: datetime, *, stamp: bool) -> None:
        """The vault holds the checkpoint and everything before it; ``stamp``: it shall get a token."""
        subject = f"{CHECKPOINT}{size}"
        with in_words(), self._db.write() as session:
            lock(session)
            here = (col(AnchorRow.vault) == vault, col(AnchorRow.size) == size, col(AnchorRow.done_at).is_(None))
            session.execute(update(AnchorRow).where(*here).values(done_at=now))
            if stamp and session.get(StampRow, subject) is None:
                at = session.get_one(CheckpointRow, size).at
                session.add(StampRow(subject=subject, at=at, since_at=now, next_at=now))

    def gap(self, vault: str) -> Gap:
        """How far the vault is behind."""
        with self._db.read() as session:
            anchored = _held(session, vault)
            size = session.exec(select(LogRow.size)).first() or 0
            after = select(CheckpointRow.at).where(CheckpointRow.size > anchored).order_by(col(CheckpointRow.size))
            return Gap(anchored, size, session.exec(after.limit(1)).first())

    def checkpoint(self, size: int) -> Checkpoint | None:
        """The checkpoint that was signed at exactly this size; None where there is none."""
        with self._db.read() as session:
            row = session.get(CheckpointRow, size)
            return parse(row.note) if row else None

    def anchors(self, vault: str | None = None) -> list[Anchor]:
        """Every anchored checkpoint, by size; of one vault or of all."""
        query = (
            select(AnchorRow, CheckpointRow.note)
            .join(CheckpointRow, col(CheckpointRow.size) == col(AnchorRow.size))
            .where(col(AnchorRow.done_at).is_not(None))
            .order_by(col(AnchorRow.size), col(AnchorRow.id))
        )
        if vault is not None:
            query = query.where(AnchorRow.vault == vault)
        with self._db.read() as session:
            found = []
            for row, note in session.exec(query):
                assert row.done_at is not None  # noqa: S101 - the query says so
                found.append(Anchor(row.vault, row.done_at, parse(note)))
            return found

    def freeze(self, why: str, size: int, now: datetime) -> None:
        """Nothing is decided and nothing signed from now on: the vault has a checkpoint of ``size`` that the log lacks."""
        freeze(self._db, why, size, now)

    def frozen(self) -> Frozen | None:
        """Why nothing is decided; None where all goes on."""
        return frozen(self._db)

    def thaw(self) -> None:
        """All goes on."""
        thaw(self._db)

    def newest(self, vault: str) -> datetime | None:
        """When the vault got its last checkpoint; None before the first."""
        with self._db.read() as session:
            return session.exec(select(func.max(AnchorRow.done_at)).where(AnchorRow.vault == vault)).one()

    def probed(self, vault: str) -> Probed | None:
        """The last probe of a vault; None before the first."""
        query = select(ProbeRow).where(ProbeRow.vault == vault).order_by(col(ProbeRow.id).desc()).limit(1)
        with self._db.read() as session:
            row = session.exec(query).first()
            return Probed(row.at, {k: (v[0], v[1]) for k, v in json.loads(row.verdicts).items()}) if row else None

    def keep_probe(self, vault: str, at: datetime, verdicts: Mapping[str, tuple[str, str]]) -> None:
        """Keep how a probe went."""
        with in_words(), self._db.write() as session:
            session.add(ProbeRow(vault=vault, at=at, verdicts=json.dumps(dict(verdicts), ensure_ascii=False)))


def _held(session: Session, vault: str) -> int:
    done = select(func.max(AnchorRow.size)).where(AnchorRow.vault == vault, col(AnchorRow.done_at).is_not(None))
    return session.exec(done).one() or 0


def _begun(session: Session, vault: str) -> int | None:
    query = select(func.min(AnchorRow.size)).where(AnchorRow.vault == vault, col(AnchorRow.done_at).is_(None))
    return session.exec(query).one()


def _next(session: Session, anchored: int) -> int | None:
    """The newest checkpoint that is not too far from the last anchor, else the next one."""
    newer = CheckpointRow.size > anchored
    near = session.exec(select(func.max(CheckpointRow.size)).where(newer, CheckpointRow.size <= anchored + BATCH)).one()
    return near or session.exec(select(func.min(CheckpointRow.size)).where(newer)).one()
