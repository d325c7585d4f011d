"""The store over a new database: each test runs once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.store.database import Database
from bot.store.record import Record
from bot.store.snapshot import Snapshots


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An opened database."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def record(database: Database) -> Record:
    """The record of cases in it."""
    return Record(database)


@pytest.fixture
def snapshots(database: Database) -> Snapshots:
    """The collections in it."""
    return Snapshots(database)
