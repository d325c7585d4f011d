"""Writing one decision: case row, events, attestations, evidence, asks and what is to be sent, all in one session."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete

from bot.store.base import table_of
from bot.store.outbox import enqueue, enqueue_copy
from bot.store.table_case import AskRow, CaseRow, CaseWatchRow, ClaimRow, EventRow, EvidenceRow
from bot.store.table_ledger import EntryRow, PayloadRow, PendingRow
from bot.store.write import CaseWrite, Claim, EventWrite, Repeated
from workflows.kernel.attestation import Born
from workflows.kernel.errors import Conflict
from workflows.kernel.link import case_ref
from workflows.kernel.model import Ask, CaseId, CaseSummary

_CASE, _EVIDENCE = table_of(CaseRow), table_of(EvidenceRow)
# Built once: a decision writes many of them.
_BEGIN = insert(_CASE)
_MOVE_ON = update(_CASE).where(_CASE.c.case_id == bindparam("this_case"), _CASE.c.n == bindparam("expected_n"))
_ENTRY, _PAYLOAD, _PENDING, _EVENT = (insert(table_of(r)) for r in (EntryRow, PayloadRow, PendingRow, EventRow))
_KEEP = {
    "sqlite": sqlite.insert(_EVIDENCE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_EVIDENCE).on_conflict_do_nothing(),
}


def write_claim(session: Session, claim: Claim, at: datetime) -> None:
    """Claim the request's key. Raises Repeated where the same request had its effect before."""
    row = session.get(ClaimRow, claim.key)
    if row is not None:
        raise Repeated(json.loads(row.answer))
    answer = json.dumps(claim.answer, ensure_ascii=False)
    session.add(ClaimRow(key=claim.key, at=at, expires_at=claim.expires_at, answer=answer))
    session.flush()


def write_case(session: Session, write: CaseWrite, at: datetime) -> None:
    """Everything one decision changes in one case. Raises Conflict where the case has moved on."""
    last = write.expected_n + len(write.events)
    fields = columns(write.summary) | {"n": last, "seq": write.seq, "program": write.program}
    connection = session.connection()
    if write.expected_n == 0:
        connection.execute(_BEGIN, {"case_id": write.case, "ref": case_ref(write.case), **fields})
    else:
        changed = connection.execute(_MOVE_ON, {"this_case": write.case, "expected_n": write.expected_n, **fields})
        if changed.rowcount != 1:
            raise Conflict(f"{write.case} has moved on from event {write.expected_n}")
    write_evidence(session, write.born, at)
    for event in write.events:
        _write_event(connection, write.case, event)
    if not write.same_index:
        _write_index(session, write)
    _write_outbox(session, write)


def columns(summary: CaseSummary) -> dict[str, Any]:
    """A summary as the columns of its case row."""
    fields = _storable(summary.model_dump(exclude={"case", "counts", "notes", "watches"}))
    for name in ("counts", "notes", "watches"):
        fields[name] = json.dumps(getattr(summary, name), ensure_ascii=False, sort_keys=True)
    return fields


def ask_columns(ask: Ask) -> dict[str, Any]:
    """An ask as the columns of its row."""
    return _storable(ask.model_dump())


def _storable(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without NUL, which PostgreSQL cannot keep in a text; the record itself keeps it, escaped."""
    return {
        name: value.replace("\x00", "\ufffd") if isinstance(value, str) else value for name, value in fields.items()
    }


def write_evidence(session: Session, files: Iterable[Born], at: datetime) -> None:
    """Evidence born in the decision, in order of digest so that two decisions with equal files cannot wait for each other."""
    keep = _KEEP[session.get_bind().dialect.name]
    for ref, data in sorted(files, key=lambda file: file.ref.sha256):
        row = {"sha256": ref.sha256, "kind": ref.kind, "media_type": ref.media_type, "at": at, "data": data}
        session.connection().execute(keep, row)
        enqueue_copy(session, ref.sha256)


def _write_index(session: Session, write: CaseWrite) -> None:
    """Asks and watches of one case: an index over its events."""
    session.execute(delete(CaseWatchRow).where(col(CaseWatchRow.case_id) == write.case))
    session.execute(delete(AskRow).where(col(AskRow.case_id) == write.case))
    session.add_all(CaseWatchRow(case_id=write.case, source=s) for s in sorted(set(write.summary.watches)))
    session.add_all(AskRow(case_id=write.case, **ask_columns(ask)) for ask in write.asks)
    session.flush()


def _write_outbox(session: Session, write: CaseWrite) -> None:
    """Cards that look different now, and what is wanted outside."""
    last = write.expected_n + len(write.events)
    for item in write.cards:
        if item.slack_user is None:
            continue
        card = item.card
        enqueue(
            session,
            lane=f"slack:{item.slack_user}",
            kind="card",
            payload={"case": write.case, "key": card.key, "user": item.slack_user, "text": card.text}
            | {"blocks": list(card.blocks), "open": card.open},
            dedupe_key=f"card:{write.case}:{card.key}:{last}",
            supersedes=f"card:{write.case}:{card.key}",
            priority=0 if card.urgent else 1,
        )
    for number, want in enumerate(write.wants):
        enqueue(
            session,
            lane=f"source:{want.source}",
            kind=want.kind,
            payload={"source": want.source, "reason": want.reason},
            dedupe_key=f"{want.kind}:{write.case}:{last}:{number}",
            not_before=want.not_before,
            priority=2,
        )


def _write_event(connection: Connection, case: CaseId, event: EventWrite) -> None:
    """One event, and its attestation."""
    signed = event.signed
    if signed is not None and event.seq is not None:
        entry = {
            "place": f"{case}#{event.seq}",
            "case_id": case,
            "seq": event.seq,
            "at": event.at,
            "keyid": signed.keyid,
            "signature": signed.signature,
            "pae_sha256": signed.id,
            "leaf": signed.leaf,
        }
        (entry_id,) = connection.execute(_ENTRY, entry).inserted_primary_key or (None,)
        connection.execute(_PAYLOAD, {"entry_id": entry_id, "payload": signed.payload})
        connection.execute(_PENDING, {"id": entry_id})
    row = {
        "case_id": case,
        "n": event.n,
        "seq": event.seq,
        "name": event.name,
        "version": event.version,
        "at": event.at,
        "by": json.dumps(event.by, ensure_ascii=False),
        "actor": event.actor,
        "body": json.dumps(event.body, ensure_ascii=False),
        "attestation": signed.id if signed else None,
    }
    connection.execute(_EVENT, row)
