"""One workspace with its toy bot for all tests of the folder; each test finds it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bot.workspace.driver import WorkspaceDriver
from tests.workspace.toy import Toy, running_toy, start_over

QUICK = {"ack_seconds": 0.5, "retry_delays": (0.0, 0.05, 0.05)}


@pytest.fixture(scope="session")
def running() -> Iterator[Toy]:
    """A workspace and a bot made with Bolt, both running; an acknowledgement may take half a second here."""
    with running_toy(**QUICK) as (toy, _address):
        yield toy


@pytest.fixture
def toy(running: Toy) -> Toy:
    """The running pair, in which nothing has happened yet."""
    start_over(running, **QUICK)
    return running


@pytest.fixture
def driver(toy: Toy) -> Iterator[WorkspaceDriver]:
    """Acts for people of the running workspace."""
    driving = WorkspaceDriver(toy.page)
    yield driving
    driving.close()


@pytest.fixture
def desk(page: Page, toy: Toy) -> Iterator[Page]:
    """Maya's page, opened; the test fails where the page itself made an error or asked anybody else for anything."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("request", lambda asked: None if asked.url.startswith((toy.page, "data:")) else faults.append(asked.url))
    page.goto(toy.page)
    expect(page.get_by_role("heading", name="Attester", level=1)).to_be_visible()
    yield page
    assert [fault for fault in faults if "400 (Bad Request)" not in fault] == []
