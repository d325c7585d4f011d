"""Rows and what a worker does with them, in one word each."""

from __future__ import annotations

from bot.store.database import Database
from bot.store.outbox import enqueue
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import Claimed, Delivered, Kind, Outcome
from tests.engine.twin import StillClock

KINDS = {"card": Kind(1, "chat.postMessage", "chat.update"), "note": Kind()}
SENT = Outcome("sent")


def put(database: Database, lane: str, key: str, **more: object) -> None:
    row: dict[str, object] = {"lane": lane, "kind": "note", "payload": {"key": key}, "dedupe_key": key}
    with database.write() as session:
        enqueue(session, **(row | more))  # type: ignore[arg-type]


def keys(rows: list[Claimed]) -> list[str]:
    return [str(row.payload["key"]) for row in rows]


def take(queue: Queue, want: int = 16) -> list[Claimed]:
    return queue.claim(want, KINDS)


def settle(queue: Queue, rows: list[Claimed], outcome: Outcome = SENT) -> int:
    return len(queue.settle([(row, outcome) for row in rows]))


def drained(queue: Queue) -> list[str]:
    """The keys in the order in which they come, each sent at once."""
    found: list[str] = []
    while rows := take(queue):
        found += keys(rows)
        settle(queue, rows)
    return found


def standing(row: Claimed) -> Delivered:
    card = row.payload
    return Delivered(card["case"], card["key"], card["user"], f"D{card['user']}", "1.0", "0" * 64)


def age(database: Database, clock: StillClock) -> None:
    if database.sqlite:
        clock.forward(31 * 86400)
        return
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE outbox SET done_at = done_at - interval '31 days'")
