"""One small installation for all tests that push to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ci.world import CLEAN, Office, office


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """It runs until the end, and what one test stored is there in the next; `CLEAN` is there from the start."""
    with office(tmp_path_factory.mktemp("acme")) as made:
        assert made.push(("clean.json", CLEAN)).status_code == 201
        yield made
