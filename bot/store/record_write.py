"""Writing decisions: case rows, events, attestations, evidence, asks and what is to be sent, all in one session.

Several decisions may share a transaction. What is the same for each of them is written with one statement a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete

from bot.store.base import table_of
from bot.store.frozen import refuse_frozen
from bot.store.outbox import enqueue, enqueue_copy
from bot.store.table_case import AskRow, CaseRow, CaseWatchRow, ClaimRow, EventRow, EvidenceRow
from bot.store.table_ledger import EntryRow, PayloadRow, PendingRow
from bot.store.write import CaseWrite, Claim, Repeated
from workflows.kernel.attestation import Born
from workflows.kernel.errors import Conflict
from workflows.kernel.link import case_ref
from workflows.kernel.model import Ask, CaseSummary

_CASE, _EVIDENCE, _CLAIM, _ENTRIES = (table_of(r) for r in (CaseRow, EvidenceRow, ClaimRow, EntryRow))
# Built once: a decision writes many of them.
_STANDS = select(_CASE.c.case_id, _CASE.c.n).where(_CASE.c.case_id.in_(bindparam("cases", expanding=True)))
_CLAIMED = select(_CLAIM.c.key, _CLAIM.c.answer).where(_CLAIM.c.key.in_(bindparam("keys", expanding=True)))
_BEGIN = insert(_CASE)
_MOVE_ON = update(_CASE).where(_CASE.c.case_id == bindparam("this_case"), _CASE.c.n == bindparam("expected_n"))
_ENTRY = insert(_ENTRIES)
_ENTRY_IDS = insert(_ENTRIES).returning(_ENTRIES.c.id, sort_by_parameter_order=True)
_PAYLOAD, _PENDING, _EVENT, _REMEMBER = (insert(table_of(r)) for r in (PayloadRow, PendingRow, EventRow, ClaimRow))
_KEEP = {
    "sqlite": sqlite.insert(_EVIDENCE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_EVIDENCE).on_conflict_do_nothing(),
}
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Decision:
    """What is committed together: what it changes in each case, when, and the key of the request that asked for it."""

    writes: Sequence[CaseWrite]
    at: datetime
    claim: Claim | None = None


def write_decisions(session: Session, decisions: Sequence[Decision]) -> list[Conflict | Repeated | None]:
    """Write each of them, or nothing of it and what is in its way: Conflict, Repeated.

    Raises Refused where nothing at all may be recorded, and Conflict where another transaction came first to one of them.
    """
    refuse_frozen(session)
    connection = session.connection()
    stands = dict(_in(connection, _STANDS, "cases", (write.case for one in decisions for write in one.writes)))
    claimed = dict(_in(connection, _CLAIMED, "keys", (one.claim.key for one in decisions if one.claim)))
    said = [_admit(one, stands, claimed) for one in decisions]
    admitted = [one for one, trouble in zip(decisions, said, strict=True) if trouble is None]
    writes = [write for one in admitted for write in one.writes]
    _write_claims(connection, admitted)
    _write_cases(connection, writes)
    for at in sorted({one.at for one in admitted}):
        write_evidence(session, (file for one in admitted if one.at == at for w in one.writes for file in w.born), at)
    _write_entries(connection, writes)
    _all(connection, _EVENT, [row for write in writes for row in _event_rows(write)])
    for write in writes:
        if not write.same_index:
            _write_index(session, write)
        _write_outbox(session, write)
    return said


def _in(connection: Connection, query: Any, name: str, values: Iterable[str]) -> Iterable[Any]:
    wanted = sorted(set(values))
    return (tuple(row) for row in connection.execute(query, {name: wanted})) if wanted else ()


def _admit(one: Decision, stands: dict[str, int], claimed: dict[str, str]) -> Conflict | Repeated | None:
    """What is in a decision's way; where nothing is, those behind it see it as written."""
    if one.claim is not None and one.claim.key in claimed:
        return Repeated(json.loads(claimed[one.claim.key]))
    after: dict[str, int] = {}
    for write in one.writes:
        if after.get(write.case, stands.get(write.case, 0)) != write.expected_n:
            return Conflict(f"{write.case} has moved on from event {write.expected_n}")
        after[write.case] = write.expected_n + len(write.events)
    stands.update(after)
    if one.claim is not None:
        claimed[one.claim.key] = _answer(one.claim)
    return None


def _answer(claim: Claim) -> str:
    return json.dumps(claim.answer, ensure_ascii=False)


def _write_claims(connection: Connection, decisions: Sequence[Decision]) -> None:
    rows = [
        {
            "key": one.claim.key,
            "at": one.at,
            "expires_at": one.claim.expires_at,
            "answer": _answer(one.claim),
            "repeats": 0,
        }
        for one in decisions
        if one.claim is not None
    ]
    _all(connection, _REMEMBER, sorted(rows, key=lambda row: str(row["key"])))


def _write_cases(connection: Connection, writes: Sequence[CaseWrite]) -> None:
    """New cases, then those that move on, in order of their ids: two transactions never wait for each other in a ring."""
    in_order = sorted(writes, key=lambda write: write.case)
    _all(connection, _BEGIN, [{"case_id": w.case, **_case_row(w)} for w in in_order if w.expected_n == 0])
    moving = [w for w in in_order if w.expected_n > 0]
    moves = [{"this_case": w.case, "expected_n": w.expected_n, **_case_row(w, new=False)} for w in moving]
    if moves and connection.execute(_MOVE_ON, moves).rowcount != len(moves):
        raise Conflict(f"{', '.join(w.case for w in moving)}: at least one has moved on")


def _case_row(write: CaseWrite, *, new: bool = True) -> dict[str, Any]:
    last = write.expected_n + len(write.events)
    fields = columns(write.summary) | {"n": last, "seq": write.seq, "program": write.program}
    return {"ref": case_ref(write.case), **fields} if new else fields


def _all(connection: Connection, statement: Any, rows: Rows) -> None:
    if rows:
        connection.execute(statement, rows)


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
    """Evidence born in decisions, in order of digest so that two transactions with equal files cannot wait for each other."""
    by_digest = sorted({ref.sha256: (ref, data) for ref, data in files}.items())
    rows = [
        {"sha256": ref.sha256, "kind": ref.kind, "media_type": ref.media_type, "at": at, "data": data}
        for _, (ref, data) in by_digest
    ]
    _all(session.connection(), _KEEP[session.get_bind().dialect.name], rows)
    for sha256, _ in by_digest:
        enqueue_copy(session, sha256)


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
            lane=f"{'source' if want.kind == 'pull' else want.kind}:{want.source}",
            kind=want.kind,
            payload={"source": want.source, "reason": want.reason, "case": write.case},
            dedupe_key=f"{want.kind}:{write.case}:{last}:{number}",
            not_before=want.not_before,
            priority=2,
        )


def _write_entries(connection: Connection, writes: Sequence[CaseWrite]) -> None:
    """The attestations of signed events, and that each of them waits for its place in the log."""
    rows: Rows = []
    payloads: list[bytes] = []
    for write in writes:
        for event in write.events:
            if (signed := event.signed) is None or event.seq is None:
                continue
            payloads.append(signed.payload)
            rows.append({
                "place": f"{write.case}#{event.seq}",
                "case_id": write.case,
                "seq": event.seq,
                "at": event.at,
                "keyid": signed.keyid,
                "signature": signed.signature,
                "pae_sha256": signed.id,
                "leaf": signed.leaf,
            })  # fmt: skip
    if not rows:
        return
    if len(rows) == 1:
        ids = list(connection.execute(_ENTRY, rows[0]).inserted_primary_key or ())
    else:
        ids = list(connection.execute(_ENTRY_IDS, rows).scalars())
    numbered = zip(ids, payloads, strict=True)
    connection.execute(_PAYLOAD, [{"entry_id": number, "payload": payload} for number, payload in numbered])
    connection.execute(_PENDING, [{"id": number} for number in ids])


def _event_rows(write: CaseWrite) -> Rows:
    return [
        {
            "case_id": write.case,
            "n": event.n,
            "seq": event.seq,
            "name": event.name,
            "version": event.version,
            "at": event.at,
            "by": json.dumps(event.by, ensure_ascii=False),
            "actor": event.actor,
            "body": json.dumps(event.body, ensure_ascii=False),
            "attestation": event.signed.id if event.signed else None,
        }
        for event in write.events
    ]
