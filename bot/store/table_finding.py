"""What the newest scans show: an index over the evidence that came in, by tool, repository and finding."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from bot.store.base import Row


class FindingRow(Row, table=True):
    """A finding as the newest scan that has it shows it. ``gone_at`` is when a whole later scan no longer had it."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_place", "repository", "tool"),)

    id: str = Field(primary_key=True, max_length=16)
    tool: str = Field(max_length=40)
    repository: str = Field(max_length=200)
    mark: str = Field(max_length=12)
    rule: str = Field(sa_column=Column(Text, nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    place: str = Field(sa_column=Column(Text, nullable=False))
    severity: str = Field(max_length=8)
    rank: int
    fingerprint: str = Field(max_length=64)
    commit_sha: str = Field(max_length=64)
    live_secret: bool
    dismissed: str = Field(sa_column=Column(Text, nullable=False))
    scan_name: str = Field(max_length=255)
    scan_sha256: str = Field(max_length=64)
    scan_kind: str = Field(max_length=64)
    scan_media_type: str = Field(max_length=128)
    scan_at: datetime
    first_seen: datetime
    gone_at: datetime | None = None


class ScanMarkRow(Row, table=True):
    """How far the evidence of a control was looked through for findings: the number of the last event."""

    __tablename__ = "scan_mark"

    case_id: str = Field(primary_key=True, max_length=255)
    n: int
