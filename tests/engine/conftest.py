"""The outbox on a real database, with a clock that a test moves and a Slack that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.store.database import Database
from bot.store.outbox_queue import Queue
from tests.engine.twin import NoLimits, StillClock


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the newest schema."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> StillClock:
    """A clock that moves when it is told to; it counts on SQLite only, PostgreSQL has its own."""
    return StillClock()


@pytest.fixture
def queue(database: Database, clock: StillClock) -> Queue:
    """A worker's view of the outbox, without limits and without chance."""
    return Queue(database, clock, "worker-1", limits=NoLimits, jitter=lambda: 1.0)


@pytest.fixture
def worker(database: Database, clock: StillClock) -> Callable[[str], Queue]:
    """Another worker's view of the same outbox."""
    return lambda name: Queue(database, clock, name, limits=NoLimits, jitter=lambda: 1.0)
