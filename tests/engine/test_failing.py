"""What fails, what nobody knows, what is late, and a clock that lies: nothing is lost and nothing blocks."""

from __future__ import annotations

from threading import Event

from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import Kind, Outcome
from tests.engine.rows import KINDS, SENT, age, drained, keys, put, settle, take
from tests.engine.twin import RememberingChat, StillClock, cards, failing, put_card, skip_pauses, wait_until
from workflows.kernel.ports import ChatFailure


def test_what_always_fails_becomes_a_dead_letter_with_an_alarm_and_never_blocks_its_lane(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    put(database, "a", "poison")
    put(database, "a", "good")

    seen: list[str] = []
    for number in range(20):
        for row in take(queue):
            seen.append(str(row.payload["key"]))
            settle(queue, [row], SENT if seen[-1] == "good" else Outcome("failed", "no such thing"))
        skip_pauses(database, clock, 5 if number < 2 else 0 if number == 2 else 300)

    assert seen.count("poison") == 8
    assert seen.index("good") == 3
    assert queue.counts() == {"dead": 1, "sent": 1}
    assert [(a.name, "no such thing" in a.detail) for a in queue.alarms()] == [("dead letter: note", True)]


def test_a_dead_letter_can_be_revived(database: Database, queue: Queue) -> None:
    put(database, "a", "a1")
    settle(queue, take(queue), Outcome("dead", "wrong"))

    revived = queue.revive("note")

    assert revived == 1
    assert queue.alarms() == []
    assert drained(queue) == ["a1"]


def test_a_receiver_that_is_down_for_a_day_loses_nothing_and_raises_an_alarm_after_an_hour(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    put(database, "a", "a1")

    for _ in range(24):
        settle(queue, take(queue), Outcome("unsure", "connection refused", 30.0))
        skip_pauses(database, clock, 3600)

    assert [alarm.name for alarm in queue.alarms()] == ["late: note"]
    assert drained(queue) == ["a1"]


def test_a_kind_that_this_version_does_not_know_is_parked_with_an_alarm_and_sent_after_an_upgrade(
    database: Database, queue: Queue
) -> None:
    put(database, "a", "strange", kind="telegram")
    put(database, "a", "newer", v=2)
    put(database, "a", "plain")

    before = drained(queue)
    aside = queue.park(KINDS)
    alarms = [alarm.name for alarm in queue.alarms()]
    newer = KINDS | {"telegram": Kind(), "note": Kind(v=2)}
    queue.park(newer)

    assert before == ["plain"]
    assert (aside, sorted(alarms)) == (2, ["parked: note", "parked: telegram"])
    first = queue.claim(5, newer)
    settle(queue, first)
    assert keys(first + queue.claim(5, newer)) == ["strange", "newer"]
    assert queue.alarms() == []


def test_done_rows_are_forgotten_after_30_days_and_dead_ones_never(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    put(database, "a", "sent")
    put(database, "b", "dead")
    rows = {str(row.payload["key"]): row for row in take(queue)}
    queue.settle([(rows["sent"], SENT), (rows["dead"], Outcome("dead", "wrong"))])

    at_once = queue.forget()
    age(database, clock)

    assert at_once == 0
    assert queue.forget() == 1
    assert queue.counts() == {"dead": 1}


def test_a_broken_handler_is_a_failure_of_its_row_and_of_nothing_else(database: Database, queue: Queue) -> None:
    chat = RememberingChat()
    broken = failing(ZeroDivisionError("a bug"))
    chat.fail = lambda method, to, text: broken(method, to, text) if to == "UMAYA" else None
    deliverer = Deliverer(queue, {"card": cards(chat)}, StillClock(), threads=2)
    put_card(database, "UMAYA", "breaks", case="toy/1")
    put_card(database, "URAVI", "works", case="toy/2")

    deliverer.drain()
    deliverer.stop(1)

    assert chat.texts() == ["works"]
    assert queue.counts() == {"pending": 1, "sent": 1}


def test_slack_being_away_is_not_a_reason_to_give_up(database: Database, queue: Queue, clock: StillClock) -> None:
    chat = RememberingChat()
    chat.fail = failing(ChatFailure("unsure", "connection refused"), times=12)
    deliverer = Deliverer(queue, {"card": cards(chat)}, StillClock(), threads=2)
    put_card(database, "UMAYA", "at last")

    for _ in range(13):
        deliverer.drain()
        skip_pauses(database, clock, 400)
    deliverer.stop(1)

    assert chat.texts() == ["at last"]


def test_a_clock_that_is_set_back_stops_sqlite_with_an_alarm_and_means_nothing_to_postgresql(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    put(database, "a", "a1")
    put(database, "b", "b1")
    first = take(queue, 1)

    clock.forward(-7200)
    back = take(queue, 1)
    alarms = [alarm.name for alarm in queue.alarms()]
    clock.forward(7200)

    assert keys(first) == ["a1"]
    assert (keys(back), alarms) == (([], ["clock_went_back"]) if database.sqlite else (["b1"], []))
    assert keys(take(queue)) == (["b1"] if database.sqlite else [])
    assert queue.alarms() == []


def test_a_clock_that_jumps_ahead_makes_no_second_delivery_of_what_is_under_way(
    database: Database, queue: Queue, clock: StillClock
) -> None:
    chat = RememberingChat()
    go = Event()
    chat.fail = lambda method, to, text: wait_until(go.is_set)
    deliverer = Deliverer(queue, {"card": cards(chat)}, StillClock(), threads=4)
    put_card(database, "UMAYA", "once")
    deliverer.tick()
    wait_until(lambda: bool(chat.calls))

    skip_pauses(database, clock, 86400)
    deliverer.tick()
    go.set()
    deliverer.drain()
    deliverer.stop(1)

    assert len(chat.calls) == 1
    assert queue.counts() == {"sent": 1}
