"""What is to be done outside after a commit, and how far it came: outbox, lanes, limiters, workers, deliveries, alarms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, Text, text
from sqlmodel import Field

from bot.store.base import Row

STATES = ("pending", "sent", "superseded", "gone", "dead", "parked")
_PENDING = text("state = 'pending'")
_DONE = text("done_at IS NOT NULL")
_AWAKE = text("next_at IS NOT NULL")


class OutboxRow(Row, table=True):
    """One thing to be done outside, written in the transaction that causes it.

    ``subject`` names what it is about (one card): a newer pending row of the same subject supersedes it. ``claimed_at`` is
    set while a worker has it; found set after the lane's lease ran out, the row is in doubt: it may have been done.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'sent', 'superseded', 'gone', 'dead', 'parked')", name="state"),
        Index("ix_outbox_head", "lane", "priority", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_outbox_subject", "subject", sqlite_where=_PENDING, postgresql_where=_PENDING),
        # Not by state: SQLite would take such an index for every question about pending rows, and read them all.
        Index("ix_outbox_done", "done_at", sqlite_where=_DONE, postgresql_where=_DONE),
    )

    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True, max_length=640)
    lane: str = Field(max_length=255)
    kind: str = Field(max_length=64)
    v: int = 1
    subject: str | None = Field(default=None, max_length=640)
    payload: str = Field(sa_column=Column(Text, nullable=False))
    priority: int = 1
    not_before: datetime | None = None
    state: str = Field(default="pending", max_length=16)
    attempts: int = 0
    first_at: datetime | None = None
    claimed_at: datetime | None = None
    doubt: bool = False
    done_at: datetime | None = None
    note: str = Field(default="", sa_column=Column(Text, nullable=False))


class LaneRow(Row, table=True):
    """An order of delivery: one row of a lane is under way at a time. ``next_at`` is rate limit, order lock and crash lease
    at once; None means that nothing waits in it. ``asleep``: only rows for later wait in it; a new row wakes it."""

    __tablename__ = "lane"
    __table_args__ = (Index("ix_lane_next", "next_at", sqlite_where=_AWAKE, postgresql_where=_AWAKE),)

    lane: str = Field(primary_key=True, max_length=255)
    next_at: datetime | None = None
    asleep: bool = False
    owner: str | None = Field(default=None, max_length=128)


class LimiterRow(Row, table=True):
    """A rate shared by all workers (GCRA): ``tat`` is the theoretical arrival time of the next call."""

    __tablename__ = "limiter"

    name: str = Field(primary_key=True, max_length=128)
    tat: datetime


class WorkerRow(Row, table=True):
    """A process that was seen at work."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True, max_length=128)
    role: str = Field(max_length=32)
    version: str = Field(max_length=64)
    started_at: datetime
    seen_at: datetime


class DeliveryRow(Row, table=True):
    """A card as Slack has it: where it stands, and the digest of what was sent last. ``status``: `sent`, `plain` (text
    only, Slack refused the blocks), `undeliverable`, `failed`."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_case", "case_id"),)

    subject: str = Field(primary_key=True, max_length=640)
    case_id: str = Field(max_length=255)
    key: str = Field(max_length=255)
    slack_user: str = Field(max_length=64)
    channel: str | None = Field(default=None, max_length=64)
    ts: str | None = Field(default=None, max_length=64)
    digest: str = Field(max_length=64)
    status: str = Field(max_length=16)
    possible_duplicate: bool = False
    sent_at: datetime


class AlarmRow(Row, table=True):
    """Something that a person must mend; ``cleared_at`` is set when it was seen mended."""

    __tablename__ = "alarm"

    name: str = Field(primary_key=True, max_length=255)
    detail: str = Field(sa_column=Column(Text, nullable=False))
    first_at: datetime
    last_at: datetime
    count: int = 1
    cleared_at: datetime | None = None
