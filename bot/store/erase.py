"""Erasing the texts of whole cases after their retention. Leaves, signatures, places, tiles and proofs are never touched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, func, select, update

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_case import AskRow, CaseRow, CaseWatchRow, ErasedCaseRow, EventRow, EvidenceRow
from bot.store.table_ledger import EntryRow, PayloadRow, PendingRow
from workflows.kernel.model import CaseId

PAGE = 500
GONE = {"title": "Erased after its retention", "status": "erased", "owner": None, "counts": "{}", "notes": "[]"}


class Erasures:
    """Finds what is old enough, and erases it. Values in, values out."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def old(self, control: str, before: datetime) -> tuple[list[CaseId], int]:
        """Closed, logged cases of a control whose last attestation is older, not erased yet; and how many attestations."""
        last = func.max(EntryRow.at)
        young = select(EntryRow.case_id).group_by(EntryRow.case_id).having(last >= before)
        waiting = select(EntryRow.case_id).join(PendingRow, col(PendingRow.id) == col(EntryRow.id))
        query = (
            select(CaseRow.case_id, func.count(col(EntryRow.id)))
            .join(EntryRow, col(EntryRow.case_id) == col(CaseRow.case_id))
            .where(CaseRow.control == control, col(CaseRow.open).is_(False), CaseRow.status != "erased")
            .where(col(CaseRow.case_id).not_in(young), col(CaseRow.case_id).not_in(waiting))
            .group_by(CaseRow.case_id)
            .order_by(CaseRow.case_id)
        )
        with self._db.read() as session:
            found = [(case, count) for case, count in session.exec(query)]
        return [case for case, _ in found], sum(count for _, count in found)

    def erase(self, cases: Sequence[CaseId], erasure: CaseId, now: datetime) -> tuple[list[str], list[str]]:
        """Erase these cases; safe to repeat. Returns the SHA-256 of files that nobody names any more, and the attestations.

        What is returned is still to be taken out of the vault: a second call returns it no more, so the caller erases
        there first (`unnamed`).
        """
        files, ids = self.unnamed(cases)
        with in_words(), self._db.write() as session:
            for case in cases:
                _erase(session, case, erasure, now)
            for start in range(0, len(files), PAGE):
                session.execute(delete(EvidenceRow).where(col(EvidenceRow.sha256).in_(files[start : start + PAGE])))
        return files, ids

    def unnamed(self, cases: Sequence[CaseId]) -> tuple[list[str], list[str]]:
        """The files born in decisions of these cases that no other attestation names, and the cases' attestations."""
        mine, others, ids = set[str](), set[str](), list[str]()
        here, after = set(cases), 0
        while True:
            query = (
                select(EntryRow.id, EntryRow.case_id, EntryRow.pae_sha256, PayloadRow.payload)
                .join(PayloadRow, col(PayloadRow.entry_id) == col(EntryRow.id))
                .where(col(EntryRow.id) > after)
                .order_by(col(EntryRow.id))
                .limit(PAGE)
            )
            with self._db.read() as session:
                page = session.exec(query).all()
            for _, case, name, payload in page:
                named = {subject["digest"]["sha256"] for subject in json.loads(payload)["subject"]}
                (mine if case in here else others).update(named)
                ids += [name] if case in here else []
            if len(page) < PAGE:
                break
            after = page[-1][0] or 0
        alone = sorted(mine - others)
        with self._db.read() as session:
            born = [
                sha256
                for start in range(0, len(alone), PAGE)
                for sha256 in session.exec(
                    select(EvidenceRow.sha256).where(col(EvidenceRow.sha256).in_(alone[start : start + PAGE]))
                )
            ]
        return sorted(born), ids


def _erase(session: Session, case: CaseId, erasure: CaseId, now: datetime) -> None:
    if session.get(ErasedCaseRow, case) is None:
        session.add(ErasedCaseRow(case_id=case, erasure=erasure, at=now))
        session.flush()  # the guard of events looks for it
    session.execute(update(EventRow).where(col(EventRow.case_id) == case).values(body="{}", by="{}", actor=""))
    entries = select(EntryRow.id).where(EntryRow.case_id == case)
    session.execute(delete(PayloadRow).where(col(PayloadRow.entry_id).in_(entries)))
    for table in (AskRow, CaseWatchRow):
        session.execute(delete(table).where(col(table.case_id) == case))
    gone = {**GONE, "open": False, "watches": "[]", "due_at": None, "wake_at": None}
    session.execute(update(CaseRow).where(col(CaseRow.case_id) == case).values(**gone))
