"""A running world on each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from bot.store.database import Database
from tests.signin.issuer import running_issuer
from tests.signin.world import World, running_world


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database, on SQLite and on PostgreSQL."""
    with closing(Database(database_url)) as opened:
        yield opened


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """An installation with sign-in, on each database."""
    with running_issuer() as issuer, running_world(database, issuer) as running:
        yield running


@pytest.fixture
def small_world(sqlite_url: str) -> Iterator[World]:
    """The same on SQLite only, where the database does not matter."""
    with closing(Database(sqlite_url)) as opened, running_issuer() as issuer, running_world(opened, issuer) as running:
        yield running
