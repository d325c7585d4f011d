"""What pipelines asked: the requests as they came in, and the deployments that wait for an answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text, text
from sqlmodel import Field

from bot.store.base import Row

_OPEN = text("settled_at IS NULL")


class PipelineDeliveryRow(Row, table=True):
    """A request of a pipeline, by the id that its sender gave it: the same one again changes nothing. Its bytes are
    evidence; ``outcome`` says what became of it, in a sentence."""

    __tablename__ = "pipeline_delivery"

    id: str = Field(primary_key=True, max_length=128)
    at: datetime = Field(index=True)
    sha256: str = Field(max_length=64)
    outcome: str = Field(default="", sa_column=Column(Text, nullable=False))


class PipelineDeployRow(Row, table=True):
    """A deployment that a pipeline asked about: where to answer, and when to look at it again. ``settled_at`` is set once
    nothing has to be asked or told any more."""

    __tablename__ = "pipeline_deploy"
    __table_args__ = (
        Index("ix_pipeline_deploy_look", "look_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_pipeline_deploy_place", "repository", "environment"),
    )

    case_id: str = Field(primary_key=True, max_length=255)
    system: str = Field(max_length=64)
    repository: str = Field(max_length=255)
    environment: str = Field(max_length=255)
    run: str = Field(max_length=64)
    attempt: int
    commit_sha: str = Field(max_length=64)
    installation: str = Field(max_length=32)
    deployment: str = Field(max_length=32)
    request_sha256: str = Field(max_length=64)
    at: datetime
    look_at: datetime
    reports: int = 0
    settled_at: datetime | None = None
