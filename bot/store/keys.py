"""When signing keys count: rows that follow from what was decided about them, and can be set again at any time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_ledger import EntryRow, KeyRow


@dataclass(frozen=True)
class KeyUse:
    """A key of the ledger: when it counts, and how many attestations it signed."""

    keyid: str
    pem: str
    not_before: datetime
    not_after: datetime | None
    compromised_since: datetime | None
    signed: int

    @property
    def ended(self) -> bool:
        """Whether it was retired or declared compromised."""
        return self.not_after is not None or self.compromised_since is not None


class Keys:
    """Reads and ends keys. Values in, values out."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def use(self, keyid: str) -> KeyUse | None:
        """What is known of a key; None where the ledger has none of this id."""
        with self._db.read() as session:
            row = session.get(KeyRow, keyid)
            if row is None:
                return None
            query = select(func.count()).select_from(EntryRow).where(col(EntryRow.keyid) == keyid)
            return KeyUse(**row.model_dump(), signed=session.exec(query).one())

    def live(self) -> list[str]:
        """The keys that were not ended, oldest first."""
        query = (
            select(KeyRow.keyid)
            .where(col(KeyRow.not_after).is_(None), col(KeyRow.compromised_since).is_(None))
            .order_by(col(KeyRow.not_before), col(KeyRow.keyid))
        )
        with self._db.read() as session:
            return list(session.exec(query))

    def ended(self, keyid: str) -> tuple[datetime | None, datetime | None]:
        """Until when a key counts, and since when it is compromised; None where nothing of the kind was decided."""
        with self._db.read() as session:
            row = session.get(KeyRow, keyid)
            return (row.not_after, row.compromised_since) if row else (None, None)

    def end(self, keyid: str, not_after: datetime | None, compromised_since: datetime | None) -> bool:
        """End a key; of two decisions the earlier time stands, so a second time changes nothing. Returns whether it did.

        A key that the ledger does not know is passed over: nothing that counts was signed with it.
        """
        with self._db.read() as session:  # nothing to do is the rule, and must not take SQLite's write lock
            row = session.get(KeyRow, keyid)
            if row is None or not _move(row, not_after, compromised_since):
                return False
        with in_words(), self._db.write() as session:
            return _end(session, keyid, not_after, compromised_since)


def _end(session: Session, keyid: str, not_after: datetime | None, compromised_since: datetime | None) -> bool:
    row = session.get(KeyRow, keyid, with_for_update=True)
    if row is None:
        return False
    moved = _move(row, not_after, compromised_since)
    for name, at in moved.items():
        setattr(row, name, at)
    session.add(row)
    return bool(moved)


def _move(row: KeyRow, not_after: datetime | None, compromised_since: datetime | None) -> dict[str, datetime]:
    """The columns that come to an earlier time."""
    wanted = (("not_after", not_after, row.not_after), ("compromised_since", compromised_since, row.compromised_since))
    return {name: to for name, to, stands in wanted if to is not None and (stands is None or to < stands)}
