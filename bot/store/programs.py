"""Programs that were applied, and since when each control is in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select as select_columns
from sqlmodel import col, select

from bot.store.base import table_of
from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_case import ControlRow, ProgramRow

_PROGRAM = table_of(ProgramRow)
_NEWEST = select_columns(_PROGRAM.c.id, _PROGRAM.c.digest).order_by(_PROGRAM.c.id.desc()).limit(1)


class Programs:
    """The program in force and all before it; every attestation names one by digest."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._read: tuple[str, bytes] | None = None

    def apply(self, digest: str, document: bytes, controls: Mapping[str, datetime], at: datetime) -> bool:
        """Put a program in force; False where it already is. ``controls``: each id, and since when it counts if it is new."""
        with in_words(), self._db.write() as session:
            newest = session.exec(select(ProgramRow).order_by(col(ProgramRow.id).desc()).limit(1)).first()
            for control, since in controls.items():
                if session.get(ControlRow, control) is None:
                    session.add(ControlRow(id=control, effective_from=since))
            if newest is not None and newest.digest == digest:
                return False
            session.add(ProgramRow(digest=digest, applied_at=at, document=document))
            return True

    def current(self) -> tuple[str, bytes] | None:
        """(digest, document) of the program in force. Every decision asks: a document that was read is kept."""
        with self._db.engine.connect() as connection:
            found = connection.execute(_NEWEST).first()
            if found is None:
                return None
            number, digest = found
            before = self._read
            if before is None or before[0] != digest:
                document = select(ProgramRow.document).where(col(ProgramRow.id) == number)
                before = self._read = (digest, connection.execute(document).scalar_one())
            return before

    def document(self, digest: str) -> bytes | None:
        """The document of a program by its digest."""
        with self._db.read() as session:
            row = session.exec(select(ProgramRow).where(ProgramRow.digest == digest).limit(1)).first()
            return row.document if row else None

    def effective_from(self, control: str) -> datetime | None:
        """Since when the control is in force."""
        with self._db.read() as session:
            row = session.get(ControlRow, control)
            return row.effective_from if row else None
