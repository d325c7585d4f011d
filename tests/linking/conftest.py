"""The company on each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.linking.office import Office, started


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as after:
        yield started(database_url, tmp_path, after)


@pytest.fixture
def small_office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """On SQLite only, where the database does not matter."""
    with ExitStack() as after:
        yield started(sqlite_url, tmp_path, after)
