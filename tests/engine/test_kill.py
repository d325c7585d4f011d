"""Workers as real processes, killed and stopped in the middle of sending to a real HTTP server."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.store.database import Database
from bot.store.outbox_queue import Queue
from bot.store.table_outbox import DeliveryRow, OutboxRow
from tests.engine.slackish import Slackish, serving
from tests.engine.twin import put_cards, wait_until

ROOT = Path(__file__).parents[2]
PEOPLE = [f"U{number:02}" for number in range(40)]
CARDS = 200
THREADS = 16

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def slack() -> Iterator[Slackish]:
    """A slow Slack."""
    with serving(Slackish(latency=0.05)) as running:
        yield running


@pytest.fixture
def start(database: Database, slack: Slackish) -> Iterator[Start]:
    """Starts a worker process; those still alive at the end are ended, each by its id."""
    started: list[subprocess.Popen[str]] = []

    def begin(name: str, lease: float = 15) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.engine.worker", database.url, str(slack.port), name, str(lease)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def put_all(database: Database) -> list[str]:
    """200 cards for 40 people, five each; returns their texts."""
    people = [PEOPLE[number % len(PEOPLE)] for number in range(CARDS)]
    texts = [f"card {number:03} for {person}" for number, person in enumerate(people)]
    put_cards(database, [(people[n], texts[n], f"toy/{n}") for n in range(CARDS)])
    return texts


def all_sent(queue: Queue) -> bool:
    return queue.counts() == {"sent": CARDS}


def marked(database: Database) -> set[str]:
    """The texts of cards that are marked as possible duplicates."""
    with database.read() as session:
        query = select(DeliveryRow.case_id).where(col(DeliveryRow.possible_duplicate).is_(True))
        numbers = [int(case.removeprefix("toy/")) for case in session.exec(query)]
    return {f"card {number:03} for {PEOPLE[number % len(PEOPLE)]}" for number in numbers}


def test_a_worker_killed_in_the_middle_loses_nothing_and_its_copies_are_marked(
    database: Database, queue: Queue, slack: Slackish, start: Start
) -> None:
    texts = put_all(database)
    first = start("worker-a", lease=2)
    ready(first)
    wait_until(lambda: len(slack.posted) > CARDS // 2 and slack.under_way > 0, 120)
    first.kill()
    first.wait()

    second = start("worker-b", lease=2)
    wait_until(lambda: all_sent(queue), 120)
    second.terminate()

    sent = Counter(slack.texts())
    twice = {text for text, times in sent.items() if times > 1}
    assert sorted(sent) == texts
    assert twice <= marked(database)
    assert len(twice) <= THREADS
    assert max(sent.values()) <= 2
    assert second.wait(30) == 0


def test_two_workers_send_no_card_twice_and_keep_the_order_of_each_lane(
    database: Database, queue: Queue, slack: Slackish, start: Start
) -> None:
    slack.latency = 0.02
    texts = put_all(database)
    workers = [start("worker-a"), start("worker-b")]

    wait_until(lambda: all_sent(queue), 120)
    for process in workers:
        process.terminate()

    assert sorted(slack.texts()) == texts
    for person in PEOPLE:
        mine = [call.text for call in slack.posted if call.channel == person]
        assert mine == sorted(mine)
    assert [process.wait(30) for process in workers] == [0, 0]


def test_a_worker_that_is_told_to_stop_finishes_and_writes_back_what_is_under_way(
    database: Database, queue: Queue, slack: Slackish, start: Start
) -> None:
    slack.latency = 0.5
    put_all(database)
    process = start("worker-a")
    wait_until(lambda: slack.under_way >= THREADS // 2, 120)

    process.terminate()

    assert process.wait(30) == 0
    with database.read() as session:
        query = select(OutboxRow.payload).where(OutboxRow.state == "sent")
        recorded = len(session.exec(query).all())
    assert recorded == len(slack.posted)
    assert 0 < recorded < CARDS
