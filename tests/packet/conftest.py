"""One packet of Acme's review for all tests that only read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.packet.export import export
from tests.packet.company import FROM, UNTIL, Acme, acme
from tests.packet.outside import packet_of, stamped


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


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys and the vault of the stamped ledger lie."""
    return tmp_path_factory.mktemp("now")


@pytest.fixture(scope="session")
def now(sqlite_template: Path, home: Path) -> Iterator[Acme]:
    """The review as it happens now, stamped and anchored; only ever read."""
    with stamped(sqlite_template, home) as company:
        yield company


@pytest.fixture(scope="session")
def timed(now: Acme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its packet."""
    return packet_of(now.source, tmp_path_factory.mktemp("timed") / "packet.zip")
