"""What pulls brought: collections, and people, accounts, entitlements and lines as rows with a range of validity.

A row holds from collection number ``first_collection`` of its source to ``last_collection``, both included; NULL means that
the newest complete collection still says so. A row's content never changes: what changed is closed and opened anew, so
that every complete collection can be rebuilt exactly. Only complete collections open or close rows.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from bot.store.base import Row

KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""Ids that sources give. Compared by code point on both databases, so that "in key order" is one order."""


class CollectionRow(Row, table=True):
    """A pull of a source, complete or not, numbered per source; ``id`` is the SHA-256 of its certificate."""

    __tablename__ = "collection"
    __table_args__ = (
        UniqueConstraint("source", "number"),
        CheckConstraint("verdict IN ('complete', 'partial')", name="verdict"),
    )

    id: str = Field(primary_key=True, max_length=64)
    source: str = Field(max_length=64)
    system: str = Field(max_length=255)
    number: int
    as_of: datetime
    ended_at: datetime
    verdict: str = Field(max_length=16)
    reasons: str = Field(sa_column=Column(Text, nullable=False))
    lines: int
    lines_sha256: str = Field(max_length=64)
    raw_sha256: str = Field(max_length=64)
    certificate: str = Field(sa_column=Column(Text, nullable=False))


class PersonRow(Row, table=True):
    """Somebody in the identity provider, as one range of collections of the directory source says."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_range", "source", "last_collection"),)

    source: str = Field(primary_key=True, max_length=64)
    native_id: str = Field(sa_column=Column(KEY, primary_key=True))
    first_collection: int = Field(primary_key=True)
    last_collection: int | None = None
    data: str = Field(sa_column=Column(Text, nullable=False))


class AccountRow(Row, table=True):
    """One account. ``substance`` is the SHA-256 of what a verdict about its lines rests on; last use is not part of it."""

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_range", "source", "last_collection"),)

    source: str = Field(primary_key=True, max_length=64)
    system: str = Field(sa_column=Column(KEY, primary_key=True))
    native_id: str = Field(sa_column=Column(KEY, primary_key=True))
    first_collection: int = Field(primary_key=True)
    last_collection: int | None = None
    substance: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    data: str = Field(sa_column=Column(Text, nullable=False))


class EntitlementRow(Row, table=True):
    """Something that can be held; ``substance`` as in `AccountRow`."""

    __tablename__ = "entitlement"
    __table_args__ = (Index("ix_entitlement_range", "source", "last_collection"),)

    source: str = Field(primary_key=True, max_length=64)
    system: str = Field(sa_column=Column(KEY, primary_key=True))
    native_id: str = Field(sa_column=Column(KEY, primary_key=True))
    first_collection: int = Field(primary_key=True)
    last_collection: int | None = None
    substance: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    data: str = Field(sa_column=Column(Text, nullable=False))


class LineRow(Row, table=True):
    """One access held by one account: paths, grant time and last use; account and entitlement stand in their own rows."""

    __tablename__ = "line"
    __table_args__ = (Index("ix_line_range", "source", "last_collection"),)

    source: str = Field(primary_key=True, max_length=64)
    system: str = Field(sa_column=Column(KEY, primary_key=True))
    account: str = Field(sa_column=Column(KEY, primary_key=True))
    entitlement: str = Field(sa_column=Column(KEY, primary_key=True))
    first_collection: int = Field(primary_key=True)
    last_collection: int | None = None
    substance: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    data: str = Field(sa_column=Column(Text, nullable=False))


class SourceLeaseRow(Row, table=True):
    """Who pulls a source now, and until when nobody else may begin."""

    __tablename__ = "source_lease"

    source: str = Field(primary_key=True, max_length=64)
    holder: str = Field(max_length=255)
    until: datetime
