"""The world in which sources are tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sources.iam import Iam, account
from tests.sources.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty folder, an empty vault, a standing clock."""
    return World(tmp_path)


@pytest.fixture(scope="session")
def world_factory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], World]:
    """Makes a fresh world each time, for properties."""
    return lambda: World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def iam() -> Iam:
    """An AWS account of our own, with Maya in it."""
    return Iam()


@pytest.fixture
def aws_base(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The account on 127.0.0.1, and credentials for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SecretOfDana")
    with account(iam) as url:
        yield url
