"""Alarms: what a person must mend, kept in the database so that every process can say it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bot.store.outbox_values import Alarm
from bot.store.table_outbox import AlarmRow

STOPPED = "slack_stopped"


def sound(session: Session, name: str, detail: str, now: datetime) -> None:
    """Raise an alarm, or count it again."""
    name = name[:255]
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = insert(AlarmRow).values(name=name, detail=detail, first_at=now, last_at=now, count=0)
    session.execute(new.on_conflict_do_nothing(index_elements=["name"]))
    row = session.get_one(AlarmRow, name, with_for_update=True, populate_existing=True)
    if row.cleared_at is not None:
        row.first_at, row.count, row.cleared_at = now, 0, None
    row.detail, row.last_at, row.count = detail, now, row.count + 1
    session.add(row)
    session.flush()


def clear(session: Session, name: str, now: datetime) -> bool:
    """Mark an alarm as mended; False where it was not raised."""
    row = session.get(AlarmRow, name)
    if row is None or row.cleared_at is not None:
        return False
    row.cleared_at = now
    session.add(row)
    return True


def raised(session: Session) -> list[Alarm]:
    """The alarms that nobody has cleared, oldest first."""
    rows = session.exec(select(AlarmRow).where(col(AlarmRow.cleared_at).is_(None)).order_by(col(AlarmRow.first_at)))
    return [Alarm(r.name, r.detail, r.first_at, r.last_at, r.count) for r in rows]


def stopped(session: Session) -> bool:
    """Whether nothing may be sent to Slack until somebody mends it."""
    row = session.get(AlarmRow, STOPPED)
    return row is not None and row.cleared_at is None
