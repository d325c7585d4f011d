"""A running Attester for each test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.slack.world import Front, World, running_front, running_world


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Front, httpx.Client]]:
    """The web server of this worker's own, and a client."""
    with running_front(tmp_path_factory.mktemp("front")) as front:
        yield front


@pytest.fixture
def world(sqlite_url: str, served: tuple[Front, httpx.Client]) -> Iterator[World]:
    """Acme on SQLite."""
    with running_world(sqlite_url, served) as running:
        yield running


@pytest.fixture
def both(database_url: str, served: tuple[Front, httpx.Client]) -> Iterator[World]:
    """Acme, once on SQLite and once on PostgreSQL."""
    with running_world(database_url, served) as running:
        yield running
