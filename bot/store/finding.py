"""What scans showed: an index over stored evidence, made anew from it at any time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, delete, select

from bot.store.base import table_of
from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_finding import FindingRow, ScanMarkRow
from workflows.kernel.model import CaseId
from workflows.kernel.weakness import SEVERITIES, Weakness

_FINDING = table_of(FindingRow)
_ADD = insert(_FINDING)
_CHANGE = update(_FINDING).where(_FINDING.c.id == bindparam("this"))


@dataclass(frozen=True)
class Looked:
    """What one scan of a repository by a tool showed. ``complete``: what it does not show is not there."""

    tool: str
    repository: str
    at: datetime
    complete: bool
    shown: tuple[Weakness, ...]


class Findings:
    """The newest state of every finding."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def mark(self, case: CaseId) -> int:
        """The number of the last event of a case that was looked at; 0 before the first."""
        with self._db.read() as session:
            row = session.get(ScanMarkRow, case)
            return row.n if row else 0

    def note(self, case: CaseId, n: int, looked: Iterable[Looked]) -> None:
        """Keep what the scans of one event showed, and that the event was looked at. Raises Busy, Conflict, DiskFailed."""
        with in_words(), self._db.write() as session:
            for scan in looked:
                _note(session, scan)
            row = session.get(ScanMarkRow, case)
            if row is None:
                session.add(ScanMarkRow(case_id=case, n=n))
            else:
                row.n = max(row.n, n)

    def get(self, weakness: str) -> Weakness | None:
        """A finding by its id."""
        with self._db.read() as session:
            row = session.get(FindingRow, weakness)
            return _weakness(row) if row else None

    def open(self, repository: str = "", tool: str = "") -> Sequence[Weakness]:
        """The findings that the newest scans show, the worst first, then those known longest."""
        query = select(FindingRow).where(col(FindingRow.gone_at).is_(None))
        if repository:
            query = query.where(FindingRow.repository == repository)
        if tool:
            query = query.where(FindingRow.tool == tool)
        with self._db.read() as session:
            rows = session.exec(query.order_by(col(FindingRow.rank).desc(), col(FindingRow.first_seen), FindingRow.id))
            return [_weakness(row) for row in rows]

    def forget(self) -> None:
        """Empty the index, to make it anew."""
        with in_words(), self._db.write() as session:
            session.execute(delete(FindingRow))
            session.execute(delete(ScanMarkRow))


def _note(session: Session, scan: Looked) -> None:
    here = (FindingRow.tool == scan.tool, FindingRow.repository == scan.repository)
    known = {row.id: row for row in session.exec(select(FindingRow).where(*here))}
    shown = {one.id: one for one in scan.shown}
    # A scan that comes late says nothing about what a newer one has shown.
    newer = {key for key, row in known.items() if row.scan_at > scan.at}
    fresh = [_columns(one) for key, one in shown.items() if key not in known]
    again = [
        {"this": key, **_columns(one, known[key].first_seen)}
        for key, one in shown.items()
        if key in known.keys() - newer
    ]
    if fresh:
        session.connection().execute(_ADD, fresh)
    if again:
        session.connection().execute(_CHANGE, again)
    if scan.complete:
        missing = [k for k, row in known.items() if row.gone_at is None and k not in shown and k not in newer]
        gone = [{"this": key, "gone_at": scan.at} for key in missing]
        if gone:
            session.connection().execute(_CHANGE, gone)


def _columns(one: Weakness, first_seen: datetime | None = None) -> dict[str, Any]:
    row = one.model_dump(exclude={"commit", "gone"})
    more = {"id": one.id, "commit_sha": one.commit, "rank": SEVERITIES.index(one.severity), "gone_at": None}
    return row | more | ({"first_seen": first_seen} if first_seen else {})


def _weakness(row: FindingRow) -> Weakness:
    fields = row.model_dump(exclude={"id", "rank", "commit_sha", "gone_at"})
    return Weakness(**fields, commit=row.commit_sha, gone=row.gone_at is not None)
