"""Keeps sign-ins: tickets that are used once, and who is signed in on the web."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, delete, func, select

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_signin import SessionRow, StartRow, TicketRow
from workflows.kernel.model import Digest
from workflows.kernel.signin import Decision, Start, Ticket, WebSession

MOST_STARTS = 10
KEPT = timedelta(days=1)
"""How long a ticket that has expired is kept, so that its link can say what became of it."""


class SignIns:
    """The tables of sign-ins. Nothing of a ticket is secret enough to sign in with: both secrets are kept as digests."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, ticket: Ticket) -> None:
        """Keep a new ticket."""
        fields = ticket.model_dump(exclude={"decisions"})
        decisions = json.dumps([d.model_dump(mode="json") for d in ticket.decisions])
        with in_words(), self._db.write() as session:
            session.add(TicketRow(**fields, decisions=decisions))

    def find(self, ticket: Digest) -> Ticket | None:
        """The ticket, used or not; None where there never was one, or it is forgotten."""
        with self._db.read() as session:
            row = session.get(TicketRow, ticket)
            if row is None:
                return None
            decisions = tuple(Decision.model_validate(d) for d in json.loads(row.decisions))
            return Ticket.model_validate(row.model_dump(exclude={"decisions"}) | {"decisions": decisions})

    def start(self, start: Start) -> bool:
        """Keep that a browser goes on with a ticket; False where it is unknown, used, expired, or was started too often."""
        with in_words(), self._db.write() as session:
            row = session.get(TicketRow, start.ticket, with_for_update=True)
            if row is None or row.used_at is not None or row.expires_at <= start.at:
                return False
            before = session.exec(select(func.count()).where(StartRow.ticket == start.ticket)).one()
            if before >= MOST_STARTS:
                return False
            session.add(StartRow(**start.model_dump()))
            return True

    def started(self, state: Digest) -> Start | None:
        """Who started with this state."""
        with self._db.read() as session:
            row = session.get(StartRow, state)
            return Start.model_validate(row.model_dump()) if row else None

    def use(self, ticket: Digest, at: datetime) -> bool:
        """Use the ticket up; True for one caller only."""
        unused = (col(TicketRow.id) == ticket, col(TicketRow.used_at).is_(None), col(TicketRow.expires_at) > at)
        with in_words(), self._db.write() as session:
            used = session.execute(update(TicketRow).where(*unused).values(used_at=at))
            return getattr(used, "rowcount", 0) == 1

    def settle(self, ticket: Digest, outcome: str) -> None:
        """Say what came of a ticket; the first word stands."""
        open_still = (col(TicketRow.id) == ticket, col(TicketRow.outcome) == "")
        with in_words(), self._db.write() as session:
            session.execute(update(TicketRow).where(*open_still).values(outcome=outcome[:64]))

    def forget(self, at: datetime) -> int:
        """Delete tickets that expired a day ago, and sessions that are over; returns how many tickets."""
        with in_words(), self._db.write() as session:
            old = select(TicketRow.id).where(col(TicketRow.expires_at) < at - KEPT)
            session.execute(delete(StartRow).where(col(StartRow.ticket).in_(old)))
            gone = session.execute(delete(TicketRow).where(col(TicketRow.expires_at) < at - KEPT))
            session.execute(delete(SessionRow).where(col(SessionRow.expires_at) < at))
            return int(getattr(gone, "rowcount", 0))

    def open_session(self, session: WebSession) -> None:
        """Keep a session."""
        with in_words(), self._db.write() as writing:
            writing.add(SessionRow(**session.model_dump()))

    def session(self, session: Digest, at: datetime) -> WebSession | None:
        """The session, or None where it is unknown or over."""
        with self._db.read() as reading:
            row = reading.get(SessionRow, session)
            if row is None or row.expires_at <= at:
                return None
            return WebSession.model_validate(row.model_dump())

    def close_session(self, session: Digest) -> None:
        """End a session."""
        with in_words(), self._db.write() as writing:
            writing.execute(delete(SessionRow).where(col(SessionRow.id) == session))
