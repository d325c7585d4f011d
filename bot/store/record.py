"""The record of cases: one transaction per decision, with a compare-and-set on each case's event number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam
from sqlalchemy import select as select_columns
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import col, delete, func, select, update

from bot.store.base import table_of
from bot.store.database import Database
from bot.store.group import Group
from bot.store.record_write import Decision, write_decisions
from bot.store.table_case import AskRow, CaseRow, CaseWatchRow, ClaimRow, EventRow, EvidenceRow
from bot.store.write import CaseWrite, Claim, Head, Repeated, StoredEvent
from workflows.kernel.model import Ask, CaseId, CaseSummary

EVENT, CASE = table_of(EventRow), table_of(CaseRow)

# Every decision asks these two: they are built once, and read columns, not objects.
_LAST_SIGNED = (
    select_columns(EVENT.c.attestation)
    .where(EVENT.c.case_id == bindparam("case"), EVENT.c.seq.is_not(None))
    .order_by(EVENT.c.n.desc())
    .limit(1)
)
# One statement: a second one could see an event that the first did not.
_HEAD = select_columns(
    CASE.c.n, CASE.c.seq, _LAST_SIGNED.scalar_subquery().label("previous"), CASE.c.control, CASE.c.program
).where(CASE.c.case_id == bindparam("case"))
_EVENTS = (
    select_columns(EVENT)
    .where(EVENT.c.case_id == bindparam("case"), EVENT.c.n > bindparam("after"))
    .order_by(EVENT.c.n)
)


class Record:
    """Cases, their events and asks. Values in, values out."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._group = Group(database, write_decisions)

    def head(self, case: CaseId) -> Head | None:
        """Where the case stands, or None where it does not exist."""
        with self._db.engine.connect() as connection:
            found = connection.execute(_HEAD, {"case": case}).first()
            return None if found is None else Head(**found._mapping)

    def events(self, case: CaseId, after: int = 0) -> list[StoredEvent]:
        """The case's events with numbers above ``after``, in order."""
        with self._db.engine.connect() as connection:
            return [stored(r) for r in connection.execute(_EVENTS, {"case": case, "after": after})]

    def since_signed(self, case: CaseId) -> list[StoredEvent]:
        """The batched events after the last signed one, in order."""
        signed = select(func.max(col(EventRow.n))).where(EventRow.case_id == case, col(EventRow.seq).is_not(None))
        with self._db.read() as session:
            after = session.exec(signed).one() or 0
        return self.events(case, after)

    def evidence(self, sha256: str) -> bytes | None:
        """Evidence that was born in a decision, or None."""
        with self._db.read() as session:
            row = session.get(EvidenceRow, sha256)
            return row.data if row else None

    def case_of(self, ref: str) -> CaseId | None:
        """The case with this ref."""
        with self._db.read() as session:
            return session.exec(select(CaseRow.case_id).where(CaseRow.ref == ref)).first()

    def summary(self, case: CaseId) -> CaseSummary | None:
        """The case's row."""
        with self._db.read() as session:
            row = session.get(CaseRow, case)
            return _summary(row) if row else None

    def summaries(
        self, *, parent: CaseId | None = None, open_only: bool = False, top: bool = False
    ) -> list[CaseSummary]:
        """Cases by id: all, the children of one, or only those without a parent (``top``)."""
        query = select(CaseRow)
        if parent is not None:
            query = query.where(CaseRow.parent == parent)
        if top:
            query = query.where(col(CaseRow.parent).is_(None))
        if open_only:
            query = query.where(col(CaseRow.open).is_(True))
        with self._db.read() as session:
            return sorted((_summary(row) for row in session.exec(query)), key=lambda found: found.case)

    def starting(self, start: str) -> list[CaseId]:
        """The cases whose id starts with this."""
        with self._db.read() as session:
            query = select(CaseRow.case_id).where(col(CaseRow.case_id).startswith(start, autoescape=True))
            return sorted(session.exec(query))

    def waking(self, now: datetime, limit: int = 500) -> list[CaseId]:
        """Open cases for which time has something to say."""
        with self._db.read() as session:
            query = select(CaseRow.case_id).where(col(CaseRow.open).is_(True), col(CaseRow.wake_at) <= now)
            return list(session.exec(query.order_by(col(CaseRow.wake_at)).limit(limit)))

    def watching(self, source: str) -> list[CaseId]:
        """Cases that want to hear of each complete pull of a source."""
        with self._db.read() as session:
            query = select(CaseWatchRow.case_id).where(CaseWatchRow.source == source)
            return sorted(session.exec(query))

    def asks(self, person: str, *, open_only: bool = True) -> list[tuple[CaseId, Ask]]:
        """What is asked of one person, most urgent first."""
        query = select(AskRow).where(AskRow.person == person)
        if open_only:
            query = query.where(col(AskRow.open).is_(True))
        with self._db.read() as session:
            rows = session.exec(query.order_by(col(AskRow.due_at).nulls_last(), col(AskRow.case_id), col(AskRow.key)))
            return [(r.case_id, _ask(r)) for r in rows]

    def lately(self, actor: str, limit: int = 5) -> list[tuple[CaseId, StoredEvent]]:
        """The last signed events that one person caused."""
        query = select(EventRow).where(EventRow.actor == actor, col(EventRow.seq).is_not(None))
        with self._db.read() as session:
            rows = session.exec(query.order_by(col(EventRow.id).desc()).limit(limit))
            return [(r.case_id, stored(r)) for r in rows]

    def repeated(self, key: str) -> Repeated | None:
        """The answer of a request that had its effect before; counted."""
        with self._db.read() as session:
            row = session.get(ClaimRow, key)
            if row is None:
                return None
            answer = json.loads(row.answer)
        try:
            with self._db.write() as session:
                more = {"repeats": col(ClaimRow.repeats) + 1}
                session.execute(update(ClaimRow).where(col(ClaimRow.key) == key).values(more))
        except (OperationalError, PoolTimeout):
            pass  # the answer counts, not how often it was asked for
        return Repeated(answer)

    def forget_claims(self, now: datetime) -> int:
        """Drop the keys whose time is over; returns how many."""
        with self._db.write() as session:
            result = session.execute(delete(ClaimRow).where(col(ClaimRow.expires_at) < now))
            return int(getattr(result, "rowcount", 0))

    def commit(self, writes: Sequence[CaseWrite], at: datetime, claim: Claim | None = None) -> None:
        """Write everything of one decision or nothing.

        Raises Conflict when somebody else's event came first, Busy where the database had no room for it in time, Repeated
        when this very request was handled before, Unsure when the commit's outcome is unknown, Refused where the database
        was restored from an older copy.
        """

        self._group.commit(Decision(writes, at, claim))


def _summary(row: CaseRow) -> CaseSummary:
    plain = row.model_dump(exclude={"case_id", "ref", "n", "seq", "program", "counts", "notes", "watches"})
    lists: dict[str, Any] = {name: json.loads(getattr(row, name)) for name in ("counts", "notes", "watches")}
    return CaseSummary(case=row.case_id, **plain, **lists)


def _ask(row: AskRow) -> Ask:
    return Ask.model_validate(row.model_dump(exclude={"case_id"}))


def stored(row: EventRow | Row[*tuple[Any, ...]]) -> StoredEvent:
    """An event row as a value."""
    return StoredEvent(
        n=row.n,
        seq=row.seq,
        name=row.name,
        version=row.version,
        at=row.at,
        by=json.loads(row.by),
        body=json.loads(row.body),
        attestation=row.attestation,
    )


def claim_until(at: datetime, days: float = 7) -> datetime:
    """When a claimed key may be forgotten."""
    return at + timedelta(days=days)
