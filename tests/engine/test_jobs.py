"""Ticks only wake: a failing one stops no other, a dead thread shows, a commit is heard at once, stopping writes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest

from bot.clock import SystemClock
from bot.jobs import STALE, Jobs, Tick
from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox_listen import Listener
from bot.store.outbox_queue import Queue
from tests.engine.twin import RememberingChat, cards, put_card, wait_until

Make = Callable[..., Jobs]


class Idle:
    """An outbox with nothing in it."""

    def ready(self) -> bool:
        return False

    def claim(self, want: int, kinds: object) -> list[object]:
        return []

    def settle(self, results: object) -> list[object]:
        return []

    def renew(self, claims: object) -> None:
        return None

    def park(self, kinds: object) -> int:
        return 0

    def counts(self) -> dict[str, int]:
        return {}


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes jobs and ends them."""
    made: list[Jobs] = []

    def start(ticks: list[Tick], deliverer: Deliverer | None = None, **more: object) -> Jobs:
        idle = deliverer or Deliverer(Idle(), {}, SystemClock())  # type: ignore[arg-type]
        made.append(Jobs(idle, ticks, SystemClock(), **more))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield start
    for jobs in made:
        jobs.stop(2)


def test_a_tick_that_fails_stops_neither_itself_nor_the_others(make: Make) -> None:
    bad: list[int] = []
    good: list[int] = []

    def fail() -> None:
        bad.append(1)
        raise ZeroDivisionError("a bug in a tick")

    jobs = make([Tick("bad", 0.05, fail), Tick("good", 0.05, lambda: good.append(1))])
    wait_until(lambda: len(bad) > 2 and len(good) > 2)

    assert jobs.last_good_tick() is not None


def test_a_tick_that_hangs_keeps_no_other_waiting_and_never_runs_twice_at_once(make: Make) -> None:
    release = Event()
    runs: list[int] = []
    good: list[int] = []

    def hang() -> None:
        runs.append(1)
        release.wait(5)

    make([Tick("hangs", 0.02, hang), Tick("good", 0.02, lambda: good.append(1))])
    wait_until(lambda: len(good) > 5)
    during = len(runs)
    release.set()

    assert during == 1


def test_a_poked_tick_runs_now(make: Make) -> None:
    ran = Event()
    jobs = make([Tick("seldom", 3600, ran.set, at_start=False)])

    before = ran.wait(0.1)
    jobs.poke("seldom")

    assert not before
    assert ran.wait(5)


def test_a_schedule_whose_thread_is_dead_is_sick_within_a_minute(make: Make) -> None:
    jobs = make([Tick("wake", 0.02, lambda: None)])
    wait_until(lambda: jobs.last_good_tick() is not None)
    well = jobs.sick()

    later = jobs.sick(time.monotonic() + STALE + 1)

    assert well == []
    assert any(sentence.startswith("wake has not succeeded for 6") for sentence in later)
    assert any("outbox" in sentence for sentence in later)


def test_jobs_deliver_and_write_back_before_they_end(database: Database, queue: Queue, make: Make) -> None:
    chat = RememberingChat()
    chat.fail = lambda method, to, text: time.sleep(0.2)
    put_card(database, "UMAYA", "on its way")
    jobs = make([], Deliverer(queue, {"card": cards(chat)}, SystemClock(), threads=2))
    wait_until(lambda: bool(chat.calls))

    clean = jobs.stop(10)

    assert clean
    assert queue.counts() == {"sent": 1}


def test_a_card_is_sent_soon_after_a_poke(database: Database, queue: Queue, make: Make) -> None:
    chat = RememberingChat()
    jobs = make([], Deliverer(queue, {"card": cards(chat)}, SystemClock(), threads=2))

    put_card(database, "UMAYA", "at once")
    jobs.poke()

    wait_until(lambda: chat.texts() == ["at once"])


def test_a_commit_is_heard_on_postgresql_and_nothing_is_listened_to_on_sqlite(database: Database) -> None:
    heard, stop = Event(), Event()
    other = Database(database.url)
    thread = Thread(target=Listener(other, heard.set).run_until, args=(stop,))
    thread.start()

    def said() -> bool:
        put_card(database, "UMAYA", "news", version=time.monotonic_ns())
        return heard.wait(0.2) or database.sqlite

    wait_until(said)
    stop.set()
    thread.join()
    other.close()

    assert heard.is_set() is not database.sqlite
