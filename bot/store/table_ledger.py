"""The ledger's tables: entries and leaves are append-only (triggers refuse UPDATE and DELETE), payloads are erasable."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, LargeBinary, Text
from sqlmodel import Field

from bot.store.base import Row

APPEND_ONLY = ("entry", "leaf", "checkpoint", "event", "erased_case")
"""Tables in which nothing is ever changed or deleted; a trigger on each says so on both databases. One thing is let through:
an event of an erased case loses its text."""


class EntryRow(Row, table=True):
    """One signed attestation. ``place`` is case id + `#` + seq: a retried decision cannot be recorded twice."""

    __tablename__ = "entry"

    id: int | None = Field(default=None, primary_key=True)
    place: str = Field(unique=True, max_length=300)
    case_id: str = Field(max_length=255, index=True)
    seq: int
    at: datetime = Field(index=True)
    keyid: str = Field(max_length=64)
    signature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    pae_sha256: str = Field(unique=True, max_length=64)
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PayloadRow(Row, table=True):
    """The envelope's payload: the statement's exact bytes. Erasable after retention; every proof stays."""

    __tablename__ = "payload"

    entry_id: int = Field(primary_key=True, foreign_key="entry.id")
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PendingRow(Row, table=True):
    """An entry that the log does not cover yet."""

    __tablename__ = "pending"

    id: int = Field(primary_key=True, foreign_key="entry.id")


class LeafRow(Row, table=True):
    """Index ``idx`` of the log; ``leaf_hash`` is SHA-256(0x00 ‖ leaf)."""

    __tablename__ = "leaf"

    idx: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int = Field(unique=True, foreign_key="entry.id")
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TileRow(Row, table=True):
    """Up to 256 hashes of one level (C2SP tlog-tiles); grows until full."""

    __tablename__ = "tile"

    level: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LogRow(Row, table=True):
    """The log's one state row: origin, size and frontier (a cache; a check derives it again)."""

    __tablename__ = "log"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(primary_key=True)
    origin: str = Field(max_length=255)
    opened_at: datetime
    size: int
    frontier: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointRow(Row, table=True):
    """A signed checkpoint; every one extends all before it."""

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    note: str = Field(sa_column=Column(Text, nullable=False))


class KeyRow(Row, table=True):
    """A public key that attestations are or were signed with. After ``compromised_since`` its signatures prove nothing alone."""

    __tablename__ = "signing_key"

    keyid: str = Field(primary_key=True, max_length=64)
    pem: str = Field(sa_column=Column(Text, nullable=False))
    not_before: datetime
    not_after: datetime | None = None
    compromised_since: datetime | None = None
