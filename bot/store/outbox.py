"""`enqueue`: the one seam through which a transaction says what is to be done outside once it is committed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, event, literal_column, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from bot.store.base import table_of
from bot.store.table_outbox import LaneRow, OutboxRow

AWAKE = datetime(2000, 1, 1, tzinfo=UTC)
"""The `next_at` of a lane that may be served at once, whatever any clock says."""

CHANNEL = "attester_outbox"
"""PostgreSQL tells listening workers of a commit on this channel."""

PENDING = col(OutboxRow.state) == literal_column("'pending'")
"""Written out, not bound: only so may the database use the partial indexes over pending rows."""

_LANES = "attester_lanes"

# Built once, over tables and not over row classes: every click comes through here.
_ROW, _LANE_ROW = table_of(OutboxRow), table_of(LaneRow)
_ONCE = {
    "sqlite": sqlite.insert(_ROW).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(_ROW.c.id),
    "postgresql": postgresql.insert(_ROW).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(_ROW.c.id),
}
_LANE = {
    "sqlite": sqlite.insert(_LANE_ROW).on_conflict_do_nothing(index_elements=["lane"]),
    "postgresql": postgresql.insert(_LANE_ROW).on_conflict_do_nothing(index_elements=["lane"]),
}
_IDLE = or_(_LANE_ROW.c.next_at.is_(None), _LANE_ROW.c.asleep.is_(True))
_ROUSE = update(_LANE_ROW).where(_LANE_ROW.c.lane == bindparam("this_lane"), _IDLE).values(next_at=AWAKE, asleep=False)
_OLDER = (
    _ROW.c.subject == bindparam("this_subject"),
    PENDING,
    _ROW.c.claimed_at.is_(None),
    _ROW.c.dedupe_key != bindparam("newest"),
)
_DOUBTS = select(_ROW.c.doubt).where(*_OLDER).with_for_update()
_DROP = update(_ROW).where(*_OLDER).values(state="superseded")
_DOUBT = update(_ROW).where(_ROW.c.dedupe_key == bindparam("newest")).values(doubt=True)


def enqueue(
    session: Session,
    *,
    lane: str,
    kind: str,
    payload: Mapping[str, Any],
    dedupe_key: str,
    supersedes: str | None = None,
    priority: int = 1,
    not_before: datetime | None = None,
    v: int = 1,
) -> bool:
    """Write one row in the session's transaction; False where ``dedupe_key`` was enqueued before.

    ``supersedes`` names what the row is about: a pending row of the same name that nobody has claimed is dropped, so only
    the latest state of a card is sent. ``priority`` 0 goes before 1 before 2, within a lane and among lanes.
    """
    row = {
        "dedupe_key": dedupe_key,
        "lane": lane,
        "kind": kind,
        "v": v,
        "subject": supersedes,
        "payload": json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
        "priority": priority,
        "not_before": not_before,
        "state": "pending",
        "attempts": 0,
        "doubt": False,
        "note": "",
    }
    connection = session.connection()
    if connection.execute(_ONCE[connection.dialect.name], row).scalar_one_or_none() is None:
        return False
    if supersedes:
        _supersede(session, supersedes, dedupe_key)
    wake(session, lane)
    return True


def enqueue_copy(session: Session, sha256: str) -> bool:
    """Have evidence that was born in this transaction copied to the vault."""
    return enqueue(
        session,
        lane=f"vault:{sha256[:1]}",
        kind="copy",
        payload={"sha256": sha256},
        dedupe_key=f"copy:{sha256}",
        priority=2,
    )


def wake(session: Session, lane: str) -> None:
    """Have the lane served after this transaction.

    Lanes are touched at the very end and in one order, so that two transactions never wait for each other in a ring.
    """
    lanes = session.info.setdefault(_LANES, set())
    if not lanes:
        event.listen(session, "before_commit", _wake_lanes, once=True)
    lanes.add(lane)


def _wake_lanes(session: Session) -> None:
    lanes = sorted(session.info.pop(_LANES, ()))
    connection = session.connection()
    for lane in lanes:
        connection.execute(_LANE[connection.dialect.name], {"lane": lane, "next_at": AWAKE, "asleep": False})
        connection.execute(_ROUSE, {"this_lane": lane})
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


def _supersede(session: Session, subject: str, newest: str) -> None:
    """Drop the older pending rows of a subject that nobody has claimed; the newest inherits their doubt."""
    connection, which = session.connection(), {"this_subject": subject, "newest": newest}
    doubts = list(connection.execute(_DOUBTS, which).scalars())
    if doubts:
        connection.execute(_DROP, which)
    if any(doubts):
        connection.execute(_DOUBT, {"newest": newest})
