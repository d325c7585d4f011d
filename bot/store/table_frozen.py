"""That this database is behind what its vault holds: while the row stands, nothing is decided and nothing is signed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from bot.store.base import Row


class FrozenRow(Row, table=True):
    """One row, or none. ``anchored_size``: how many attestations the vault's newest checkpoint covers."""

    __tablename__ = "frozen"

    id: int = Field(default=1, primary_key=True)
    since: datetime
    why: str = Field(sa_column=Column(Text, nullable=False))
    anchored_size: int
