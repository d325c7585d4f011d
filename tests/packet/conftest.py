"""One packet of Acme's review for all tests that only read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.packet.export import export
from tests.packet.company import FROM, UNTIL, Acme, acme


@pytest.fixture(scope="session")
def review(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    """Acme's ledger after a whole review; only ever read."""
    folder = tmp_path_factory.mktemp("acme")
    shutil.copy(sqlite_template, folder / "attester.db")
    made = acme(f"sqlite:///{folder / 'attester.db'}", folder)
    yield made
    made.database.close()


@pytest.fixture(scope="session")
def packet(review: Acme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packet of that review."""
    out = tmp_path_factory.mktemp("packet") / "packet.zip"
    export(review.source, out=out, start=FROM, end=UNTIL)
    return out
