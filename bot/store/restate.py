"""Whether the events say what the ledger says: each signed statement is read again and compared with its event row.

The tables are an index over the events (`replay`); the events in turn must be what was signed. Events that no later
signature covers yet are left out: nothing has been claimed about them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from bot.store.database import Database
from bot.store.replay import Deviation, cases, events_of
from bot.store.table_ledger import EntryRow, PayloadRow
from bot.store.write import StoredEvent
from workflows.kernel.attestation import DETACHED_KEY, instant
from workflows.kernel.model import CaseId, Digest

Read = Callable[[Digest], bytes]
"""The evidence with this SHA-256. Raises EvidenceMissing or EvidenceAltered."""


class Stated(NamedTuple):
    """An event as a signed statement, or the manifest under one, tells it."""

    event: str
    at: str
    by: Mapping[str, Any]
    body: Mapping[str, Any]


def unfaithful(database: Database, read: Read) -> Iterator[Deviation]:
    """Every event row that differs from what was signed. Raises what ``read`` raises where evidence is not there."""
    for case in cases(database):
        with database.read() as session:
            rows = {event.n: event for event in events_of(session, case)}
            payloads = _payloads(session, case)
        stated = dict(_stated(case, payloads, read))
        for n, said in stated.items():
            if n not in rows:
                yield Deviation(case, f"event {n}", "missing", said.event)
                continue
            yield from _differences(case, rows[n], said)


def _payloads(session: Session, case: CaseId) -> list[bytes]:
    query = select(PayloadRow.payload).join(EntryRow, col(EntryRow.id) == col(PayloadRow.entry_id))
    return list(session.exec(query.where(EntryRow.case_id == case).order_by(col(EntryRow.seq))))


def _stated(case: CaseId, payloads: list[bytes], read: Read) -> Iterator[tuple[int, Stated]]:
    last = 0
    for payload in payloads:
        predicate = json.loads(payload)["predicate"]
        if predicate["batched"]:
            for line in read(predicate["batched"]).splitlines():
                told = json.loads(line)
                last = int(told["n"])
                yield last, Stated(told["event"], told["at"], told["by"], told["body"])
        last += 1
        body = {name: _whole(value, read) for name, value in predicate["body"].items()}
        yield last, Stated(predicate["event"], predicate["at"], predicate["by"], body)


def _whole(value: Any, read: Read) -> Any:
    """A field as it was before it was taken out into a file of its own."""
    if isinstance(value, dict) and set(value) == {DETACHED_KEY}:
        return json.loads(read(value[DETACHED_KEY]))
    return value


def _differences(case: CaseId, row: StoredEvent, said: Stated) -> Iterator[Deviation]:
    stands = Stated(row.name, instant(row.at), dict(row.by), dict(row.body))
    for name in Stated._fields:
        if getattr(stands, name) != getattr(said, name):
            yield Deviation(case, f"event {row.n}: {name}", getattr(stands, name), getattr(said, name))
