"""A database that was restored from an older copy than its vault has anchored: it is read, and takes no decision.

To go on would give two histories under one log: other attestations at indices that were published before.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, delete

from bot.store.base import table_of
from bot.store.database import Database
from bot.store.failure import Busy, in_words
from bot.store.table_frozen import FrozenRow
from workflows.kernel.errors import Conflict, Refused

WHY = "The record was restored from an older copy."
NEXT = "Nothing was recorded. Restore a newer backup, then run: attester ledger thaw"
STANDS = f"{WHY} Nothing is recorded until a newer backup is restored; then run: attester ledger thaw"
"""For those who look at the ledger, and did not try to decide."""

_FROZEN = table_of(FrozenRow)
_WHETHER = select(_FROZEN.c.since, _FROZEN.c.why, _FROZEN.c.anchored_size)  # built once: every decision asks it


class Frozen(NamedTuple):
    """Since when nothing is decided, why, and how many attestations the vault's newest checkpoint covers."""

    since: datetime
    why: str
    anchored_size: int


def frozen(database: Database) -> Frozen | None:
    """Why nothing may be decided; None where everything may."""
    with database.read() as session:
        return frozen_in(session)


def frozen_in(session: Session) -> Frozen | None:
    """The same, as this transaction sees it."""
    row = session.connection().execute(_WHETHER).first()
    return Frozen(row.since, row.why, row.anchored_size) if row else None


def freeze(database: Database, why: str, size: int, now: datetime) -> None:
    """From now on no decision is recorded and no checkpoint signed; a database that is frozen keeps its first reason.

    A decision that is being committed at this very moment may still be recorded; it never gets a checkpoint. Raises Busy,
    DiskFailed.
    """
    try:
        with in_words(), database.write() as session:
            if session.get(FrozenRow, 1) is None:
                session.add(FrozenRow(id=1, since=now, why=why, anchored_size=size))
    except Busy:
        raise
    except Conflict:
        pass  # another process froze it in this moment


def thaw(database: Database) -> None:
    """Decisions are recorded again; only for who has compared the log with the vault. Raises Busy, DiskFailed."""
    with in_words(), database.write() as session:
        session.execute(delete(FrozenRow))


def refuse_frozen(session: Session) -> None:
    """Raises Refused where this transaction may record nothing."""
    if frozen_in(session) is not None:
        raise Refused("ledger_frozen", WHY, NEXT)
