"""The tables of outside time: who was asked for a stamp, tokens, the authorities that gave them, anchors, probes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field

from bot.store.base import Row

_WAITING = text("next_at IS NOT NULL")
_LEFT = text("kept_at IS NULL")


class AuthorityRow(Row, table=True):
    """A certificate that a timestamp authority signed with, by its SHA-256; ``chain`` is leaf to root in PEM.

    Every one that ever signed stays: stock verifiers find an authority by its leaf.
    """

    __tablename__ = "authority"

    leaf_sha256: str = Field(primary_key=True, max_length=64)
    url: str = Field(sa_column=Column(Text, nullable=False))
    chain: str = Field(sa_column=Column(Text, nullable=False))
    first_at: datetime
    ends_at: datetime


class StampRow(Row, table=True):
    """Something that wants a token: an attestation by its id, or `checkpoint/<size>`. ``next_at`` is None once it has one.

    ``idx`` is the attestation's place in the log, and None for a checkpoint; ``at`` is the time that it claims.
    """

    __tablename__ = "stamp"
    __table_args__ = (Index("ix_stamp_next", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),)

    subject: str = Field(primary_key=True, max_length=96)
    idx: int | None = Field(default=None, unique=True)
    at: datetime
    since_at: datetime
    next_at: datetime | None = None
    tries: int = 0
    note: str = Field(default="", sa_column=Column(Text, nullable=False))


class TokenRow(Row, table=True):
    """A verified RFC 3161 response, unchanged. ``gen_at`` is the authority's time; ``kept_at``: when the vault had it."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_left", "kept_at", sqlite_where=_LEFT, postgresql_where=_LEFT),)

    id: int | None = Field(default=None, primary_key=True)
    subject: str = Field(max_length=96, index=True)
    sha256: str = Field(unique=True, max_length=64)
    gen_at: datetime
    late: bool
    leaf_sha256: str = Field(max_length=64, foreign_key="authority.leaf_sha256")
    kept_at: datetime | None = None
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AnchorRow(Row, table=True):
    """A checkpoint on its way to a vault, or (with ``done_at``) held there with everything before it, and read back."""

    __tablename__ = "anchor"
    __table_args__ = (UniqueConstraint("vault", "size"),)

    id: int | None = Field(default=None, primary_key=True)
    vault: str = Field(max_length=500)
    size: int
    began_at: datetime
    done_at: datetime | None = None


class ProbeRow(Row, table=True):
    """What was tried against a vault's immutability, and what it answered; ``verdicts`` is JSON."""

    __tablename__ = "probe"

    id: int | None = Field(default=None, primary_key=True)
    vault: str = Field(max_length=500, index=True)
    at: datetime
    verdicts: str = Field(sa_column=Column(Text, nullable=False))


class MarkRow(Row, table=True):
    """How far something has read the log: every attestation below ``idx`` was looked at."""

    __tablename__ = "mark"

    name: str = Field(primary_key=True, max_length=32)
    idx: int
