"""The tables of sign-ins: tickets, browsers that started with one, links between Slack and the identity provider, sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field

from bot.store.base import Row

_STANDING = text("ended_at IS NULL")
_EMPTY = {"server_default": text("''")}


class TicketRow(Row, table=True):
    """One sign-in that was asked for. The secret in its address is kept as its SHA-256 only; it is used once."""

    __tablename__ = "signin_ticket"

    id: str = Field(primary_key=True, max_length=64)
    purpose: str = Field(max_length=16)
    at: datetime
    expires_at: datetime = Field(index=True)
    team: str = Field(max_length=64)
    user: str = Field(max_length=64)
    sub: str | None = Field(default=None, max_length=255)
    level: str = Field(max_length=32)
    max_age: int
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    decisions: str = Field(sa_column=Column(Text, nullable=False))
    used_at: datetime | None = None
    outcome: str = Field(max_length=64)


class StartRow(Row, table=True):
    """A browser that went to the identity provider with a ticket: its cookie and state as SHA-256, the PKCE verifier."""

    __tablename__ = "signin_start"

    state: str = Field(primary_key=True, max_length=64)
    ticket: str = Field(max_length=64, index=True, foreign_key="signin_ticket.id")
    browser: str = Field(max_length=64)
    verifier: str = Field(max_length=128)
    at: datetime


class SlackLinkRow(Row, table=True):
    """A Slack user who is a person: an index over the events of links. Of those that stand, a user has one.

    ``attestation`` names the signed event that made the link; a row without one is from before links were events, and is in
    force for nobody.
    """

    __tablename__ = "slack_link"
    __table_args__ = (
        Index("uq_slack_link_user", "team", "user", unique=True, sqlite_where=_STANDING, postgresql_where=_STANDING),
        Index("ix_slack_link_person", "issuer", "sub", "team"),
    )

    id: int | None = Field(default=None, primary_key=True)
    team: str = Field(max_length=64)
    user: str = Field(max_length=64)
    issuer: str = Field(max_length=255)
    sub: str = Field(max_length=255)
    method: str = Field(max_length=16)
    at: datetime
    login: str = Field(max_length=255)
    proof: str = Field(max_length=64)
    ended_at: datetime | None = None
    ended_by: str = Field(max_length=255)
    ended_why: str = Field(max_length=255)
    attestation: str = Field(default="", max_length=64, sa_column_kwargs=_EMPTY)
    suspended: str = Field(default="", max_length=32, sa_column_kwargs=_EMPTY)
    stale: str = Field(default="", max_length=255, sa_column_kwargs=_EMPTY)


class SessionRow(Row, table=True):
    """Somebody who is signed in on the web; the cookie is kept as its SHA-256 only."""

    __tablename__ = "web_session"

    id: str = Field(primary_key=True, max_length=64)
    sub: str = Field(max_length=255)
    at: datetime
    expires_at: datetime = Field(index=True)
