"""Whether the events say what the ledger says: each signed statement is read again and compared with its event row.

The tables are an index over the events (`replay`); the events in turn must be what was signed. Events that no later
signature covers yet are left out: nothing has been claimed about them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
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


class Covered(NamedTuple):
    """An event that the ledger covers. A manifest says neither number of attestation nor version: these are None and 0."""

    n: int
    seq: int | None
    attestation: str | None
    version: int
    said: Stated


def unfaithful(database: Database, read: Read) -> Iterator[Deviation]:
    """Every event row that differs from what was signed. Raises what ``read`` raises where evidence is not there."""
    for case in cases(database):
        with database.read() as session:
            rows = {event.n: event for event in events_of(session, case)}
            payloads = _payloads(session, case)
        stated = {one.n: one.said for one in covered((("", payload) for payload in payloads), read)}
        for n, said in stated.items():
            if n not in rows:
                yield Deviation(case, f"event {n}", "missing", said.event)
                continue
            yield from _differences(case, rows[n], said)


def _payloads(session: Session, case: CaseId) -> list[bytes]:
    query = select(PayloadRow.payload).join(EntryRow, col(EntryRow.id) == col(PayloadRow.entry_id))
    return list(session.exec(query.where(EntryRow.case_id == case).order_by(col(EntryRow.seq))))


def covered(signed: Iterable[tuple[str, bytes]], read: Read) -> Iterator[Covered]:
    """Every event of a case that its statements (id, bytes) cover, in order: those signed and those in a manifest."""
    last = 0
    for attestation, payload in signed:
        statement = json.loads(payload)
        predicate = statement["predicate"]
        if predicate["batched"]:
            for line in read(predicate["batched"]).splitlines():
                told = json.loads(line)
                last = int(told["n"])
                yield Covered(last, None, None, 0, Stated(told["event"], told["at"], told["by"], told["body"]))
        last += 1
        body = {name: _whole(value, read) for name, value in predicate["body"].items()}
        version = int(statement["predicateType"].rpartition("/v")[2])
        said = Stated(predicate["event"], predicate["at"], predicate["by"], body)
        yield Covered(last, predicate["seq"], attestation, version, said)


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
