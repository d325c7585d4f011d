"""The events are the record, the rows of cases, asks and watches an index over them: made again here, compared, mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session, col, delete, select, union

from bot.store.database import Database
from bot.store.record import stored
from bot.store.record_write import ask_columns, columns
from bot.store.table_case import AskRow, CaseRow, CaseWatchRow, EventRow
from bot.store.table_ledger import EntryRow, PayloadRow
from bot.store.write import StoredEvent
from workflows.kernel.attestation import heard
from workflows.kernel.link import case_ref
from workflows.kernel.model import Ask, CaseId, CaseSummary, Recorded, case_segments
from workflows.kernel.workflow import State, Workflow

PAGE = 500

Folded = tuple[CaseSummary, Sequence[Ask]]
Fold = Callable[[CaseId, Sequence[StoredEvent]], Folded | None]
"""What a case's events add up to; None where this version has no workflow for it."""


class Deviation(NamedTuple):
    """Something that the tables say and the events do not, or the other way round."""

    case: CaseId
    what: str
    stands: object
    should: object

    def __str__(self) -> str:
        return f"{self.case}: {self.what} is {self.stands!r}, by its events it should be {self.should!r}"


def folding(workflows: Mapping[str, Workflow]) -> Fold:
    """The fold that the workflows themselves define."""

    def fold(case: CaseId, events: Sequence[StoredEvent]) -> Folded | None:
        workflow = workflows.get(case_segments(case)[0])
        if workflow is None:
            return None
        kinds = {(kind.NAME, kind.VERSION): kind for kind in workflow.events}
        state: State = None
        for event in events:
            kind = kinds.get((event.name, event.version))
            if kind is None:
                continue  # an event of no workflow, such as a refused attempt, changes no state
            recorded = Recorded(
                case=case,
                n=event.n,
                seq=event.seq,
                event=kind.model_validate(event.body),
                at=event.at,
                by=heard(event.by),
                attestation=event.attestation,
            )
            state = workflow.evolve(state, recorded)
        return workflow.summary(state), workflow.asks(state)

    return fold


def deviations(database: Database, fold: Fold) -> Iterator[Deviation]:
    """Replay every case and compare: its row, watches and asks, the numbers of its events, and their attestations.

    The case row's ``program`` is not compared: it names the program of the last decision, which is in the attestations.
    """
    for case in cases(database):
        with database.read() as session:
            if not database.sqlite:
                # One snapshot for all reads of a case: a decision that comes meanwhile is no deviation.
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            found = list(_compare(session, case, fold))
        yield from found


def mend(database: Database, fold: Fold) -> list[Deviation]:
    """Make the rows of every case that deviates again from its events; returns what was wrong. Events are never touched."""
    found = []
    for case in cases(database):
        with database.write() as session:
            session.get(CaseRow, case, with_for_update=True)  # decisions about this case wait until it is mended
            wrong = list(_compare(session, case, fold))
            found += wrong
            if wrong:
                _rewrite(session, case, fold)
    return found


def cases(database: Database) -> Iterator[CaseId]:
    """Every case that has events or a row, page by page."""
    after = ""
    while True:
        both = union(select(EventRow.case_id), select(CaseRow.case_id)).subquery()
        query = select(both.c.case_id).where(both.c.case_id > after).order_by(both.c.case_id).limit(PAGE)
        with database.read() as session:
            page = list(session.exec(query))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]


def events_of(session: Session, case: CaseId) -> list[StoredEvent]:
    """A case's events, in order."""
    query = select(EventRow).where(EventRow.case_id == case).order_by(col(EventRow.n))
    return [stored(row) for row in session.exec(query)]


def _compare(session: Session, case: CaseId, fold: Fold) -> Iterator[Deviation]:
    row = session.get(CaseRow, case)
    watches = set(session.exec(select(CaseWatchRow.source).where(CaseWatchRow.case_id == case)))
    asks = {a.key: a.model_dump() for a in session.exec(select(AskRow).where(AskRow.case_id == case))}
    events = events_of(session, case)
    yield from _broken_numbers(session, case, events)
    if not events:
        yield Deviation(case, "the case", "a row", "nothing: it has no events")
        return
    if any(event.erased for event in events):
        return  # what its row was made from is gone; the row says so
    folded = fold(case, events)
    if folded is None:
        yield Deviation(case, "the case", "of an unknown workflow", "of one that this version knows")
        return
    summary, wanted = folded
    should = _row(case, summary, events)
    if row is None:
        yield Deviation(case, "the case row", "missing", should)
        return
    for name, value in should.items():
        if (stands := getattr(row, name)) != value:
            yield Deviation(case, name, stands, value)
    if watches != set(summary.watches):
        yield Deviation(case, "watches", sorted(watches), sorted(set(summary.watches)))
    expected = {ask.key: {"case_id": case, **ask_columns(ask)} for ask in wanted}
    for key in sorted(asks.keys() | expected.keys()):
        if asks.get(key) != expected.get(key):
            yield Deviation(case, f"ask {key}", asks.get(key), expected.get(key))


def _broken_numbers(session: Session, case: CaseId, events: Sequence[StoredEvent]) -> Iterator[Deviation]:
    """Gaps in the numbers, and events whose attestation is not the one that the ledger holds in that place."""
    numbers, signed = [e.n for e in events], [e.seq for e in events if e.seq is not None]
    for what, found in (("event numbers", numbers), ("attestation numbers", signed)):
        if found != (whole := list(range(1, len(found) + 1))):
            yield Deviation(case, what, found, whole)
    query = select(EntryRow.seq, EntryRow.pae_sha256).where(EntryRow.case_id == case)
    entries: dict[int, str] = dict(session.exec(query).all())
    named = {e.seq: e.attestation for e in events if e.seq is not None}
    for seq in sorted(entries.keys() | named.keys()):
        if entries.get(seq) != named.get(seq):
            yield Deviation(case, f"attestation {seq} in the ledger", entries.get(seq), named.get(seq))


def _row(case: CaseId, summary: CaseSummary, events: Sequence[StoredEvent]) -> dict[str, Any]:
    signed = max((e.seq for e in events if e.seq is not None), default=0)
    return {"ref": case_ref(case), **columns(summary), "n": events[-1].n, "seq": signed}


def _rewrite(session: Session, case: CaseId, fold: Fold) -> None:
    """The index rows of one case, anew."""
    events = events_of(session, case)
    folded = fold(case, events) if events else None
    row = session.get(CaseRow, case)
    if events and folded is None:
        return
    for table in (CaseWatchRow, AskRow):
        session.execute(delete(table).where(col(table.case_id) == case))
    if folded is None:
        session.delete(row)
        return
    summary, asks = folded
    fields = _row(case, summary, events)
    session.merge(CaseRow(case_id=case, program=row.program if row else _program(session, case), **fields))
    session.add_all(CaseWatchRow(case_id=case, source=s) for s in sorted(set(summary.watches)))
    session.add_all(AskRow(case_id=case, **ask_columns(ask)) for ask in asks)


def _program(session: Session, case: CaseId) -> str:
    """The program that the case's last attestation names; empty where its payload was erased."""
    query = select(PayloadRow.payload).join(EntryRow, col(EntryRow.id) == col(PayloadRow.entry_id))
    last = session.exec(query.where(EntryRow.case_id == case).order_by(col(EntryRow.seq).desc()).limit(1)).first()
    return str(json.loads(last)["predicate"]["program"]) if last else ""
