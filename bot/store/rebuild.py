"""The record made anew from the ledger alone: from signed statements and the evidence they name, into an empty database.

What no later signature covers is not in the ledger and cannot come back: marks after a case's last signed event, what was
waiting to be sent, and what was claimed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from bot.store.database import Database
from bot.store.link import write_links
from bot.store.record_write import ask_columns, columns
from bot.store.replay import PAGE, Fold
from bot.store.restate import Read, covered
from bot.store.table_case import AskRow, CaseRow, CaseWatchRow, EventRow
from bot.store.table_ledger import EntryRow, PayloadRow
from bot.store.write import StoredEvent
from workflows.kernel.attestation import heard
from workflows.kernel.link import case_ref
from workflows.kernel.linking import ACCOUNTS
from workflows.kernel.model import CaseId, case_segments
from workflows.kernel.workflow import Workflow


class NotEmpty(Exception):
    """There are events already: nothing was written."""


def rebuild(ledger: Database, read: Read, into: Database, workflows: Mapping[str, Workflow], fold: Fold) -> int:
    """Write events, cases, asks, watches and links of every case of the ledger; returns how many cases.

    Raises NotEmpty where there are events already, and what ``read`` raises where evidence is missing or altered; of the
    case at hand nothing is written then, and the cases before it are whole.
    """
    with into.read() as session:
        if session.exec(select(EventRow.id).limit(1)).first() is not None:
            raise NotEmpty("The database to write into has events already; take an empty one.")
    count = 0
    for case in _cases(ledger):
        with ledger.read() as session:
            signed = _signed(session, case)
        if not signed:
            continue  # erased after retention
        workflow = workflows.get(case_segments(case)[0])
        versions = {kind.NAME: kind.VERSION for kind in workflow.events} if workflow else {}
        events = list(_events(signed, read, versions))
        with into.write() as session:
            session.add_all(_event_row(case, event) for event in events)
            _index(session, case, events, fold, signed[-1][1])
            if case.startswith(ACCOUNTS):
                write_links(session, case, events)
        count += 1
    return count


def _cases(ledger: Database) -> Iterator[CaseId]:
    """Every case that has an attestation, page by page."""
    after = ""
    while True:
        query = select(EntryRow.case_id).where(EntryRow.case_id > after).distinct().order_by(col(EntryRow.case_id))
        with ledger.read() as session:
            page = list(session.exec(query.limit(PAGE)))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]


def _signed(session: Session, case: CaseId) -> list[tuple[str, bytes]]:
    """The ids and statements of a case's attestations, in order. What was erased after retention is not among them."""
    query = (
        select(EntryRow.pae_sha256, PayloadRow.payload)
        .join(PayloadRow, col(PayloadRow.entry_id) == col(EntryRow.id))
        .where(EntryRow.case_id == case)
        .order_by(col(EntryRow.seq))
    )
    return [(name, payload) for name, payload in session.exec(query)]


def _events(signed: list[tuple[str, bytes]], read: Read, versions: Mapping[str, int]) -> Iterator[StoredEvent]:
    """The events that the statements and the manifests under them tell, in order."""
    for n, seq, attestation, version, said in covered(signed, read):
        yield StoredEvent(
            n=n, seq=seq, name=said.event, version=version or versions.get(said.event, 1),
            at=datetime.fromisoformat(said.at), by=said.by, body=said.body, attestation=attestation,
        )  # fmt: skip


def _event_row(case: CaseId, event: StoredEvent) -> EventRow:
    return EventRow(
        case_id=case, n=event.n, seq=event.seq, name=event.name, version=event.version, at=event.at,
        by=json.dumps(event.by, ensure_ascii=False), actor=heard(event.by).id,
        body=json.dumps(event.body, ensure_ascii=False), attestation=event.attestation,
    )  # fmt: skip


def _index(session: Session, case: CaseId, events: list[StoredEvent], fold: Fold, last: bytes) -> None:
    """Case, asks and watches, as the events add up."""
    folded = fold(case, events)
    if folded is None:
        return
    summary, asks = folded
    seq = max(event.seq or 0 for event in events)
    program = str(json.loads(last)["predicate"]["program"])
    row = columns(summary) | {"n": events[-1].n, "seq": seq, "program": program}
    session.add(CaseRow(case_id=case, ref=case_ref(case), **row))
    session.add_all(CaseWatchRow(case_id=case, source=s) for s in sorted(set(summary.watches)))
    session.add_all(AskRow(case_id=case, **ask_columns(ask)) for ask in asks)
