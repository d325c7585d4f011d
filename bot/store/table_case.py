"""Cases, events, asks: the record of what happened and the index by which it is found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from bot.store.base import Row


class CaseRow(Row, table=True):
    """One occurrence of a control; an index over its events, rebuilt by a replay. ``n`` is the number of its last event."""

    __tablename__ = "case"
    __table_args__ = (Index("ix_case_wake", "open", "wake_at"),)

    case_id: str = Field(primary_key=True, max_length=255)
    ref: str = Field(unique=True, max_length=16)
    workflow: str = Field(max_length=64)
    control: str = Field(max_length=64)
    parent: str | None = Field(default=None, max_length=255, index=True)
    title: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(max_length=64)
    open: bool
    owner: str | None = Field(default=None, max_length=255)
    opened_at: datetime | None = None
    due_at: datetime | None = None
    wake_at: datetime | None = None
    counts: str = Field(sa_column=Column(Text, nullable=False))
    notes: str = Field(sa_column=Column(Text, nullable=False))
    watches: str = Field(sa_column=Column(Text, nullable=False))
    n: int
    seq: int
    program: str = Field(max_length=64)


class ErasedCaseRow(Row, table=True):
    """A case whose texts were erased after their retention, and the case in which that was agreed."""

    __tablename__ = "erased_case"

    case_id: str = Field(primary_key=True, max_length=255)
    erasure: str = Field(max_length=255)
    at: datetime


class CaseWatchRow(Row, table=True):
    """An open case that wants to hear of each complete pull of a source."""

    __tablename__ = "case_watch"

    case_id: str = Field(primary_key=True, max_length=255)
    source: str = Field(primary_key=True, max_length=64, index=True)


class AskRow(Row, table=True):
    """One decision wanted of one person."""

    __tablename__ = "ask"
    __table_args__ = (Index("ix_ask_person_open", "person", "open"),)

    case_id: str = Field(primary_key=True, max_length=255)
    key: str = Field(primary_key=True, max_length=255)
    person: str = Field(max_length=255)
    title: str = Field(sa_column=Column(Text, nullable=False))
    detail: str = Field(sa_column=Column(Text, nullable=False))
    due_at: datetime | None = None
    open: bool


class EventRow(Row, table=True):
    """What happened, append-only. ``seq`` and ``attestation`` are set for events that are signed one by one."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("case_id", "n"),
        CheckConstraint("(seq IS NULL) = (attestation IS NULL)", name="attested"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(max_length=255)
    n: int
    seq: int | None = None
    name: str = Field(max_length=64, index=True)
    version: int
    at: datetime
    by: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(max_length=255, index=True)
    body: str = Field(sa_column=Column(Text, nullable=False))
    attestation: str | None = Field(default=None, max_length=64)


class EvidenceRow(Row, table=True):
    """Evidence born in a decision, kept in its transaction; the outbox copies it to the vault."""

    __tablename__ = "evidence"

    sha256: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=64)
    media_type: str = Field(max_length=128)
    at: datetime
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ClaimRow(Row, table=True):
    """A request that has had its effect: the same one again gets the same answer and runs nothing."""

    __tablename__ = "claim"

    key: str = Field(primary_key=True, max_length=128)
    at: datetime
    expires_at: datetime = Field(index=True)
    answer: str = Field(sa_column=Column(Text, nullable=False))
    repeats: int = 0


class RefusalRow(Row, table=True):
    """An attempt that was refused: who, what, why. Repeats within the hour raise the count."""

    __tablename__ = "refusal"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    last_at: datetime
    team: str = Field(max_length=64)
    user: str = Field(max_length=64)
    person: str | None = Field(default=None, max_length=255)
    case_id: str | None = Field(default=None, max_length=255)
    act: str = Field(max_length=64)
    reason: str = Field(max_length=64)
    sentence: str = Field(sa_column=Column(Text, nullable=False))
    count: int = 1


class SlackUserRow(Row, table=True):
    """A row of Slack's directory; a flag that Slack did not send is NULL, and refuses.

    ``synced_at`` is when the whole directory was read last; NULL where Slack only told of this one person so far.
    """

    __tablename__ = "slack_user"

    team: str = Field(primary_key=True, max_length=64)
    user: str = Field(primary_key=True, max_length=64)
    name: str = Field(sa_column=Column(Text, nullable=False))
    time_zone: str = Field(max_length=64)
    deleted: bool | None = None
    bot: bool | None = None
    restricted: bool | None = None
    ultra_restricted: bool | None = None
    stranger: bool | None = None
    invited: bool | None = None
    synced_at: datetime | None = None


class ProgramRow(Row, table=True):
    """A program that was applied; the newest is in force. ``document`` holds its files' texts, and hashes to ``digest``."""

    __tablename__ = "program"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(max_length=64, index=True)
    applied_at: datetime
    document: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ControlRow(Row, table=True):
    """Since when a control is in force: its periods are expected from then on."""

    __tablename__ = "control"

    id: str = Field(primary_key=True, max_length=64)
    effective_from: datetime
