"""Keeps that a token of a run was used, and its text until it has ended and is put into the vault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, or_, select

from bot.store.base import table_of
from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_ci import CiTokenRow

AFTER = timedelta(seconds=35)
"""A token is refused from 30 s after its end on; so long, and a little longer, it must be known here."""

_TOKEN = table_of(CiTokenRow)
_USE = {
    "sqlite": sqlite.insert(_TOKEN).on_conflict_do_nothing(index_elements=["issuer", "jti"]),
    "postgresql": postgresql.insert(_TOKEN).on_conflict_do_nothing(index_elements=["issuer", "jti"]),
}


class CiTokens:
    """The table of tokens. Every method may raise Busy or Unsure."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def use(self, issuer: str, jti: str, token: str, ends: datetime) -> bool:
        """Use a token up; True for one caller only."""
        row = {
            "issuer": issuer, "jti": jti, "expires_at": ends, "token": token,
            "sha256": hashlib.sha256(token.encode()).hexdigest(),
        }  # fmt: skip
        with in_words(), self._db.write() as session:
            connection = session.connection()
            once = _USE[connection.dialect.name].returning(_TOKEN.c.jti)
            return connection.execute(once, row).scalar_one_or_none() is not None

    def drop(self, issuer: str, jti: str) -> None:
        """Keep nothing of a token but that it was used: what it was for was refused, and nothing names it."""
        with in_words(), self._db.write() as session:
            row = session.get(CiTokenRow, (issuer, jti))
            if row is not None:
                row.token = ""

    def text(self, sha256: str) -> bytes | None:
        """A token that is not in the vault yet, by its SHA-256."""
        with self._db.read() as session:
            found = session.exec(select(CiTokenRow.token).where(CiTokenRow.sha256 == sha256)).first()
            return found.encode() if found else None

    def ended(self, now: datetime) -> Sequence[str]:
        """The texts of tokens that nobody can use any more, for the vault."""
        with self._db.read() as session:
            over = (col(CiTokenRow.expires_at) < now - AFTER, CiTokenRow.token != "")
            return list(session.exec(select(CiTokenRow.token).where(*over)))

    def forget(self, now: datetime, kept: Sequence[str]) -> int:
        """Drop the tokens that nobody can use any more, of those with a text only these, by SHA-256; returns how many."""
        done = or_(CiTokenRow.token == "", col(CiTokenRow.sha256).in_(kept))
        with in_words(), self._db.write() as session:
            gone = session.execute(delete(CiTokenRow).where(col(CiTokenRow.expires_at) < now - AFTER, done))
            return int(getattr(gone, "rowcount", 0))
