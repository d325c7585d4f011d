"""Lanes: one row under way at a time, in order; leases, limits, gaps; rows for later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from sqlmodel import select

from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import Limit, Outcome
from bot.store.table_outbox import LaneRow
from tests.engine.rows import SENT, drained, keys, put, settle, standing, take
from tests.engine.twin import RememberingChat, StillClock, cards, put_card, skip_pauses


def test_a_lane_has_one_row_under_way_and_keeps_its_order(database: Database, queue: Queue) -> None:
    for key in ("a1", "a2", "a3"):
        put(database, "a", key)

    first = take(queue)
    meanwhile = take(queue)
    settle(queue, first)

    assert keys(first) == ["a1"]
    assert meanwhile == []
    assert drained(queue) == ["a2", "a3"]


def test_asks_go_before_reminders_and_reminders_before_decoration(database: Database, queue: Queue) -> None:
    put(database, "a", "decoration", priority=2)
    put(database, "b", "reminder", priority=1)
    put(database, "c", "ask", priority=0)
    put(database, "a", "late ask", priority=0)

    assert keys(take(queue, 3)) == ["ask", "late ask", "reminder"]


def test_two_workers_never_have_the_same_row(database: Database, queue: Queue, worker: Callable[[str], Queue]) -> None:
    for number in range(10):
        put(database, f"lane-{number}", f"k{number}")

    ours, theirs = take(queue, 6), take(worker("worker-2"), 6)

    assert len(ours) == 6
    assert sorted(keys(ours) + keys(theirs)) == [f"k{number}" for number in range(10)]


def test_a_row_of_a_dead_worker_comes_again_in_doubt_and_its_late_result_does_not_count(
    database: Database, queue: Queue, worker: Callable[[str], Queue], clock: StillClock
) -> None:
    put(database, "a", "a1")
    stuck = take(queue)

    skip_pauses(database, clock, 16)
    again = take(worker("worker-2"))
    late = settle(queue, stuck)

    assert (keys(again), again[0].doubt, again[0].attempts) == (["a1"], True, 2)
    assert late == 0
    assert settle(worker("worker-2"), again) == 1
    assert queue.counts() == {"sent": 1}


def test_a_slow_delivery_keeps_its_lane_as_long_as_it_is_renewed(
    database: Database, queue: Queue, worker: Callable[[str], Queue], clock: StillClock
) -> None:
    put(database, "a", "a1")
    slow = take(queue)

    skip_pauses(database, clock, 10)
    queue.renew(slow)
    skip_pauses(database, clock, 10)

    assert take(worker("worker-2")) == []
    assert settle(queue, slow) == 1


def test_a_newer_state_that_arrives_while_the_old_one_is_in_doubt_is_sent_alone_and_in_doubt(
    database: Database, queue: Queue, worker: Callable[[str], Queue], clock: StillClock
) -> None:
    put_card(database, "UMAYA", "old", version=1)
    take(queue)
    put_card(database, "UMAYA", "new", version=2)

    skip_pauses(database, clock, 16)
    again = take(worker("worker-2"))

    assert [(row.payload["text"], row.doubt) for row in again] == [("new", True)]
    assert queue.counts() == {"pending": 1, "superseded": 1}


def test_a_429_on_posting_pauses_that_lane_only(database: Database, queue: Queue, clock: StillClock) -> None:
    put(database, "a", "a1")
    put(database, "b", "b1")
    put(database, "b", "b2")
    rows = take(queue)

    queue.settle([(rows[0], Outcome("later", "ratelimited", 30.0)), (rows[1], SENT)])
    soon = keys(take(queue))
    skip_pauses(database, clock, 31)

    assert soon == ["b2"]
    assert "a1" in keys(take(queue))


def test_a_429_on_updating_pauses_updating_for_everybody_and_posting_goes_on(
    database: Database, clock: StillClock
) -> None:
    queue = Queue(database, clock, "worker-1", limits={"chat.update": Limit(600, 10)})
    for user in ("UMAYA", "URAVI"):
        put_card(database, user, "first", case=f"toy/{user}")
    posted = take(queue)
    queue.settle([(row, Outcome("sent", delivered=standing(row))) for row in posted])
    for user in ("UMAYA", "URAVI"):
        put_card(database, user, "second", case=f"toy/{user}", version=2)
    one = take(queue, 1)

    settle(queue, one, Outcome("later", "ratelimited", 30.0))
    put_card(database, "UTOM", "for Tom", case="toy/UTOM")
    soon = take(queue)
    settle(queue, soon)
    skip_pauses(database, clock, 31)

    assert one[0].method == "chat.update"
    assert [row.payload["user"] for row in soon] == ["UTOM"]
    assert sorted(row.payload["user"] for row in take(queue)) == ["UMAYA", "URAVI"]


def test_all_workers_together_keep_a_methods_rate_and_it_starves_no_other(
    database: Database, clock: StillClock
) -> None:
    limits = {"chat.postMessage": Limit(per_minute=6, burst=4)}
    queues = [Queue(database, clock, name, limits=limits) for name in ("worker-1", "worker-2")]
    for number in range(20):
        put_card(database, f"U{number}", "card", case=f"toy/{number}", priority=0)
    put(database, "a", "a1", priority=2)

    first = [take(queue, 8) for queue in queues]
    starved = [row for rows in first for row in rows if row.kind == "note"] or take(queues[0])
    for each, rows in zip(queues, first, strict=True):
        settle(each, rows)
    skip_pauses(database, clock, 20.5)
    second = [take(queue, 8) for queue in queues]

    assert sum(row.kind == "card" for rows in first for row in rows) == 4
    assert keys(starved) == ["a1"]
    assert sum(row.kind == "card" for rows in second for row in rows) == 2


def test_a_row_for_later_waits_and_a_row_for_now_wakes_its_lane(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    start = database.now() or clock.now()
    put(database, "a", "tonight", not_before=start + timedelta(hours=8))
    early = take(queue)
    asleep = queue.ready()

    put(database, "a", "now")
    now = drained(queue)
    skip_pauses(database, clock, 8 * 3600 + 1)

    assert (early, asleep) == ([], False)
    assert now == ["now"]
    assert drained(queue) == ["tonight"]


def test_a_lane_with_nothing_in_it_is_not_looked_at(database: Database, queue: Queue) -> None:
    put(database, "a", "a1")
    drained(queue)

    looked = queue.ready()

    assert not looked
    with database.read() as session:
        assert session.exec(select(LaneRow.next_at)).all() == [None]


def test_a_lane_keeps_its_gap_after_a_post(database: Database, clock: StillClock) -> None:
    queue = Queue(database, clock, "worker-1", limits={"chat.postMessage": Limit(6000, 100, gap=60.0)})
    put_card(database, "UMAYA", "one", case="toy/1")
    put_card(database, "UMAYA", "two", case="toy/2")

    settle(queue, take(queue))
    at_once = take(queue)
    skip_pauses(database, clock, 61)

    assert at_once == []
    assert [row.payload["text"] for row in take(queue)] == ["two"]


@pytest.mark.parametrize("lanes", [1, 5])
def test_no_row_is_lost_while_others_write_and_several_deliver(
    database: Database, worker: Callable[[str], Queue], lanes: int
) -> None:
    chat = RememberingChat()
    deliverers = [Deliverer(worker(f"worker-{n}"), {"card": cards(chat)}, StillClock(), threads=4) for n in range(2)]

    def write(writer: int) -> None:
        for number in range(15):
            put_card(database, f"U{number % lanes}", f"{writer}-{number}", case=f"toy/{writer}-{number}")

    threads = [Thread(target=write, args=(writer,)) for writer in range(4)]
    threads += [Thread(target=deliverer.drain) for deliverer in deliverers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliverers[0].drain()
    for deliverer in deliverers:
        deliverer.stop(2)

    assert sorted(chat.texts()) == sorted(f"{writer}-{number}" for writer in range(4) for number in range(15))
