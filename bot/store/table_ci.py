"""Tokens of runs in pipelines: each is used once, and kept as evidence only when nobody can use it any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from bot.store.base import Row


class CiTokenRow(Row, table=True):
    """A token that was used. ``token`` is its text where an attestation names it, until it is in the vault."""

    __tablename__ = "ci_token"

    issuer: str = Field(primary_key=True, max_length=255)
    jti: str = Field(primary_key=True, max_length=500)
    expires_at: datetime = Field(index=True)
    sha256: str = Field(index=True, max_length=64)
    token: str = Field(sa_column=Column(Text, nullable=False))
