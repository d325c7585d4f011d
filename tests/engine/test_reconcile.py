"""A card is a projection: what stands in Slack is made equal to what should stand there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.outbox import Deliverer
from bot.reconcile import Reconciler, open_cards
from bot.store.database import Database
from bot.store.outbox_queue import Queue
from bot.store.table_outbox import DeliveryRow
from tests.engine.office import Office
from tests.engine.twin import RememberingChat, StillClock, cards, failing
from workflows.kernel.ports import ChatFailure

CASE = "watering/CTL-W/2026-10"


@pytest.fixture
def office(database: Database, tmp_path: Path, clock: StillClock) -> Office:
    made = Office(database, tmp_path, clock)
    made.due.open()
    return made


@pytest.fixture
def chat() -> RememberingChat:
    return RememberingChat()


@pytest.fixture
def deliverer(queue: Queue, chat: RememberingChat, clock: StillClock) -> Deliverer:
    return Deliverer(queue, {"card": cards(chat)}, clock, threads=4)


@pytest.fixture
def reconciler(queue: Queue, office: Office, clock: StillClock) -> Reconciler:
    return Reconciler(queue, lambda: open_cards(office.record, office.runtime, office.book.directory), clock)


def test_what_stands_as_it_should_is_left_alone(reconciler: Reconciler, deliverer: Deliverer) -> None:
    waiting = reconciler.run()
    deliverer.drain()

    assert (waiting, reconciler.run()) == (0, 0)


def test_a_card_that_shows_something_else_is_put_right(
    database: Database, reconciler: Reconciler, deliverer: Deliverer, chat: RememberingChat
) -> None:
    deliverer.drain()
    message = list(chat.messages.values())[-1]
    message.text = "something old"
    forget_digest(database, f"card:{CASE}:ask")

    enqueued = reconciler.run()
    deliverer.drain()

    assert enqueued == 1
    assert message.text == "Watering is due"
    assert len(chat.messages) == 4


def forget_digest(database: Database, subject: str) -> None:
    with database.write() as session:
        row = session.get(DeliveryRow, subject)
        assert row is not None
        row.digest = "0" * 64
        session.add(row)


def test_who_joins_slack_later_gets_the_open_cards(
    database: Database, queue: Queue, clock: StillClock, tmp_path: Path, chat: RememberingChat, deliverer: Deliverer
) -> None:
    office = Office(database, tmp_path, clock)
    office.book.slack_user = None
    office.due.open()
    shown: Callable[[], object] = lambda: open_cards(office.record, office.runtime, office.book.directory)  # noqa: E731
    reconciler = Reconciler(queue, shown, clock)  # type: ignore[arg-type]
    before = reconciler.run()

    office.book.slack_user = "UMAYA"
    enqueued = reconciler.run()
    deliverer.drain()

    assert (before, enqueued) == (0, 4)
    assert chat.texts("UMAYA") == ["Watering is due"] * 4


def test_who_cannot_be_reached_is_not_tried_again_and_again(
    reconciler: Reconciler, deliverer: Deliverer, chat: RememberingChat
) -> None:
    chat.fail = failing(ChatFailure("gone", "user_not_found"))
    deliverer.drain()

    enqueued = reconciler.run()

    assert enqueued == 0


def test_the_same_difference_is_sent_once_a_day(
    queue: Queue, reconciler: Reconciler, deliverer: Deliverer, chat: RememberingChat, clock: StillClock
) -> None:
    chat.fail = failing(ChatFailure("ours", "invalid_blocks"))
    deliverer.drain()
    dead = queue.counts()["dead"]

    first = reconciler.run()
    deliverer.drain()
    second = reconciler.run()
    clock.forward(86400)
    tomorrow = reconciler.run()

    assert dead == 4
    assert (first, second, tomorrow) == (4, 0, 4)
