"""Hears of commits in other processes at once (PostgreSQL's LISTEN); without it the next look finds them a little later."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import psycopg
import structlog
from sqlalchemy.engine import make_url

from bot.store.database import Database
from bot.store.outbox import CHANNEL

AGAIN = 2.0

log = structlog.get_logger()


class Listener:
    """Calls ``heard`` whenever a transaction anywhere has enqueued something.

    Needs a connection of its own that stays: behind a transaction pooler nothing is heard, and the ticks do all the work.
    On SQLite there is nothing to listen to; `run_until` returns at once.
    """

    def __init__(self, database: Database, heard: Callable[[], None]) -> None:
        self._db = database
        self._heard = heard

    def run_until(self, stop: Event) -> None:
        """Listen until ``stop`` is set, over lost connections."""
        while not self._db.sqlite and not stop.is_set():
            try:
                self._listen(stop)
            except psycopg.Error as error:
                log.warning("outbox_not_heard", error=str(error)[:300])
                stop.wait(AGAIN)

    def _listen(self, stop: Event) -> None:
        _, options = self._db.engine.dialect.create_connect_args(make_url(self._db.url))
        with psycopg.connect(**{**options, "autocommit": True, "application_name": "attester listen"}) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not stop.is_set():
                for _ in connection.notifies(timeout=0.5, stop_after=1):
                    self._heard()
