"""Claiming: one short transaction that takes the most urgent row of each free lane, within the limits.

A lane's `next_at` is moved a lease ahead; that is order lock and crash lease at once. Nothing here waits for a lock that a
decision's transaction may hold: what is locked is left for the next round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, false, func, or_
from sqlmodel import Session, col, select, update

from bot.store.outbox import PENDING
from bot.store.outbox_limit import Meter
from bot.store.outbox_values import Claimed, Delivered, Kind
from bot.store.table_outbox import DeliveryRow, LaneRow, OutboxRow

SETTLED_AT_ONCE = 500


@dataclass(frozen=True)
class Head:
    """The row that a free lane would deliver next."""

    id: int
    lane: str
    kind: str
    subject: str | None


def claim(
    session: Session,
    *,
    want: int,
    kinds: Mapping[str, Kind],
    meter: Meter,
    now: datetime,
    lease: timedelta,
    worker: str,
) -> list[Claimed]:
    """Up to ``want`` rows, one per lane, most urgent first; they are this worker's until the lease ends."""
    heads = _heads(session, want, kinds, meter, now)
    free = _free(session, [head.lane for head in heads], now)
    if len(heads) < want:
        _settle(session, _ready(kinds, now), now)
    groups = _groups(session, [head for head in heads if head.lane in free], now)
    stand = _stand(session, [head.subject for head, _ in groups if head.subject])
    claimed = []
    for head, rows in groups:
        method = kinds[head.kind].again if _in_place(stand.get(head.subject or "")) else kinds[head.kind].first
        if meter.left(method) == 0 or (row := _newest(session, rows, head.lane, kinds, now)) is None:
            continue
        meter.take(method)
        claimed.append((row, method, stand.get(head.subject or "")))
    session.flush()
    held = {"next_at": now + lease, "owner": worker, "asleep": False}
    lanes = [row.lane for row, _, _ in claimed]
    session.execute(update(LaneRow).where(col(LaneRow.lane).in_(lanes)).values(**held))
    meter.write()
    return [_value(row, method, there) for row, method, there in claimed]


def known(kinds: Mapping[str, Kind]) -> ColumnElement[bool]:
    """Whether this version can deliver a row."""
    return or_(
        false(), *(and_(col(OutboxRow.kind) == name, col(OutboxRow.v) <= kind.v) for name, kind in kinds.items())
    )


def _ready(kinds: Mapping[str, Kind], now: datetime) -> CTE:
    """(lane, id of its head or None) of every lane that is free now."""
    due = or_(col(OutboxRow.not_before).is_(None), col(OutboxRow.not_before) <= now)
    head = (
        select(OutboxRow.id)
        .where(col(OutboxRow.lane) == col(LaneRow.lane), PENDING, known(kinds), due)
        .order_by(col(OutboxRow.priority), col(OutboxRow.id))
        .limit(1)
        .correlate(LaneRow)
        .scalar_subquery()
    )
    return select(LaneRow.lane, head.label("head")).where(col(LaneRow.next_at) <= now).cte().prefix_with("MATERIALIZED")


def _heads(session: Session, want: int, kinds: Mapping[str, Kind], meter: Meter, now: datetime) -> list[Head]:
    """The most urgent heads whose method has calls left; a card that stands in Slack already is updated, not posted."""
    ready = _ready(kinds, now)
    stands = col(DeliveryRow.ts).is_not(None)
    allowed = [
        and_(col(OutboxRow.kind) == name, stands if again else col(DeliveryRow.ts).is_(None))
        for name, kind in kinds.items()
        for again, method in ((False, kind.first), (True, kind.again))
        if meter.left(method) != 0
    ]
    query = (
        select(OutboxRow.id, OutboxRow.lane, OutboxRow.kind, OutboxRow.subject)
        .join(ready, ready.c.head == OutboxRow.id)
        .outerjoin(DeliveryRow, col(DeliveryRow.subject) == col(OutboxRow.subject))
        .where(or_(false(), *allowed))
        .order_by(col(OutboxRow.priority), col(OutboxRow.id))
        .limit(want)
    )
    return [Head(int(number or 0), lane, kind, subject) for number, lane, kind, subject in session.exec(query)]


def _free(session: Session, lanes: Sequence[str], now: datetime) -> set[str]:
    """Lock lanes; those that somebody else has, or took meanwhile, are left out."""
    query = select(LaneRow.lane).where(col(LaneRow.lane).in_(lanes), col(LaneRow.next_at) <= now)
    return set(session.exec(query.order_by(col(LaneRow.lane)).with_for_update(skip_locked=True)))


def _groups(session: Session, heads: Sequence[Head], now: datetime) -> list[tuple[Head, list[OutboxRow]]]:
    """Each head with all pending rows of its subject, locked, oldest first; left out where somebody is writing one."""
    there: dict[str | int, set[int | None]] = {}
    rows: dict[str | int, list[OutboxRow]] = {}
    # Two statements rather than one with OR, which would read every pending row on SQLite.
    for mine in (
        col(OutboxRow.subject).in_([head.subject for head in heads if head.subject]),
        col(OutboxRow.id).in_([head.id for head in heads if not head.subject]),
    ):
        for number, subject in session.exec(select(OutboxRow.id, OutboxRow.subject).where(mine, PENDING)):
            there.setdefault(subject or int(number or 0), set()).add(number)
        query = select(OutboxRow).where(mine, PENDING).order_by(col(OutboxRow.id)).with_for_update(skip_locked=True)
        for row in session.exec(query):
            rows.setdefault(row.subject or int(row.id or 0), []).append(row)
    busy = _busy(session, [row for group in rows.values() for row in group], now)
    found = []
    for head in heads:
        name = head.subject or head.id
        group = rows.get(name, [])
        elsewhere = any(row.claimed_at is not None and row.lane != head.lane and row.lane in busy for row in group)
        if group and {row.id for row in group} == there.get(name) and not elsewhere:
            found.append((head, group))
    return found


def _busy(session: Session, rows: Sequence[OutboxRow], now: datetime) -> set[str]:
    """Lanes of these rows that a worker is serving: a card that moved to another lane waits for its older state."""
    lanes = {row.lane for row in rows if row.claimed_at is not None}
    if not lanes:
        return set()
    served = (col(LaneRow.lane).in_(lanes), col(LaneRow.next_at) > now, col(LaneRow.owner).is_not(None))
    return set(session.exec(select(LaneRow.lane).where(*served)))


def _stand(session: Session, subjects: Sequence[str]) -> dict[str, DeliveryRow]:
    """What Slack has of these cards."""
    rows = session.exec(select(DeliveryRow).where(col(DeliveryRow.subject).in_(subjects)))
    return {row.subject: row for row in rows}


def _in_place(there: DeliveryRow | None) -> bool:
    return there is not None and there.ts is not None


def _newest(
    session: Session, rows: Sequence[OutboxRow], lane: str, kinds: Mapping[str, Kind], now: datetime
) -> OutboxRow | None:
    """The row to deliver of one subject; the older ones are superseded. None where it belongs to another lane, or to a
    version that we do not know."""
    newest = rows[-1]
    for row in rows[:-1]:
        newest.doubt = newest.doubt or row.doubt or row.claimed_at is not None
        row.state = "superseded"
        session.add(row)
    session.add(newest)
    if newest.lane != lane or newest.kind not in kinds or newest.v > kinds[newest.kind].v:
        return None
    newest.doubt = newest.doubt or newest.claimed_at is not None
    newest.claimed_at = now
    newest.first_at = newest.first_at or now
    newest.attempts += 1
    return newest


def _value(row: OutboxRow, method: str, there: DeliveryRow | None) -> Claimed:
    delivered = None
    if there is not None:
        delivered = Delivered(case=there.case_id, **there.model_dump(exclude={"subject", "case_id", "sent_at"}))
    payload: Mapping[str, Any] = json.loads(row.payload)
    assert row.id is not None  # noqa: S101 - it was read
    assert row.claimed_at is not None  # noqa: S101 - set by the claim
    assert row.first_at is not None  # noqa: S101 - set by the claim
    return Claimed(
        id=row.id,
        lane=row.lane,
        kind=row.kind,
        v=row.v,
        subject=row.subject,
        payload=payload,
        attempts=row.attempts,
        doubt=row.doubt,
        method=method,
        first_at=row.first_at,
        claimed_at=row.claimed_at,
        delivered=delivered,
    )


def _settle(session: Session, ready: CTE, now: datetime) -> None:
    """Lay lanes to rest in which nothing is due: asleep until the earliest row for later, or idle."""
    empty = session.exec(select(ready.c.lane).where(ready.c.head.is_(None)).limit(SETTLED_AT_ONCE)).all()
    free = _free(session, empty, now)
    # A statement of its own, after the lock: it sees every row whose transaction woke one of these lanes before.
    at_once = func.count().filter(col(OutboxRow.not_before).is_(None))
    pending = select(OutboxRow.lane, at_once, func.min(col(OutboxRow.not_before))).where(
        col(OutboxRow.lane).in_(free), PENDING
    )
    waiting = {lane: (due, later) for lane, due, later in session.exec(pending.group_by(col(OutboxRow.lane)))}
    rest = []
    for lane in sorted(free):
        due, later = waiting.get(lane, (0, None))
        if not due and (later is None or later > now):
            rest.append({"lane": lane, "next_at": later, "asleep": later is not None, "owner": None})
    if rest:
        session.execute(update(LaneRow), rest)
