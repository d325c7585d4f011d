"""What the tests of the engine stand on: a clock that stands still, a Slack that remembers, rows about people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Lock
from typing import Any

import sqlalchemy

from bot.delivery import Cards, card_row
from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox import enqueue
from bot.store.outbox_values import Limit
from workflows.kernel.ports import ChatFailure, ChatUser

NoLimits: Mapping[str, Limit] = {}
START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


class StillClock:
    """Time moves when a test says so."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Message:
    """A message as Slack shows it."""

    def __init__(self, to: str, text: str, blocks: Sequence[Mapping[str, Any]], metadata: Mapping[str, str]) -> None:
        self.to = to
        self.text = text
        self.blocks = list(blocks)
        self.metadata = dict(metadata)
        self.edits = 0


class RememberingChat:
    """A Chat that keeps every message. `fail` is asked before each call and may raise what Slack would answer."""

    def __init__(self) -> None:
        self.messages: dict[tuple[str, str], Message] = {}
        self.homes: dict[str, Mapping[str, Any]] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.fail: Callable[[str, str, str], None] = lambda method, to, text: None
        self._numbers = count(1)
        self._lock = Lock()

    def post(
        self, to: str, text: str, blocks: Sequence[Mapping[str, Any]], metadata: Mapping[str, str]
    ) -> tuple[str, str]:
        self._called("chat.postMessage", to, text)
        with self._lock:
            place = (f"D{to}", f"{next(self._numbers)}.000100")
            self.messages[place] = Message(to, text, blocks, metadata)
        return place

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._called("chat.update", channel, text)
        if (channel, ts) not in self.messages:
            raise ChatFailure("stale", "message_not_found")
        message = self.messages[channel, ts]
        message.text, message.blocks, message.edits = text, list(blocks), message.edits + 1

    def whisper(self, channel: str, user: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._called("chat.postEphemeral", user, text)

    def open_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        self._called("views.open", trigger, "")

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        self._called("views.publish", user, "")
        self.homes[user] = view

    def users(self) -> Iterator[ChatUser]:
        return iter(())

    def identity(self) -> Mapping[str, str]:
        self._called("auth.test", "", "")
        return {"team": "T1", "user": "UBOT", "app": "A1"}

    def texts(self, to: str | None = None) -> list[str]:
        """What stands there now, in the order of posting."""
        return [m.text for m in self.messages.values() if to in (None, m.to)]

    def methods(self) -> list[str]:
        """The calls made, by method."""
        return [method for method, _, _ in self.calls]

    def _called(self, method: str, to: str, text: str) -> None:
        with self._lock:
            self.calls.append((method, to, text))
        self.fail(method, to, text)


def put_card(
    database: Database, user: str, text: str, *, case: str = "toy/1", key: str = "ask", version: int = 1, **more: Any
) -> None:
    """Enqueue a card as a decision's transaction does."""
    put_cards(database, [(user, text, case)], key=key, version=version, **more)


def put_cards(
    database: Database, wanted: Sequence[tuple[str, str, str]], *, key: str = "ask", version: int = 1, **more: Any
) -> None:
    """Enqueue cards, each (user, text, case), in one transaction."""
    shown = more.pop("open", True)
    with database.write() as session:
        for user, text, case in wanted:
            row = card_row(case, key, user, text, [section(text)], open=shown)
            enqueue(session, **(row | {"dedupe_key": f"card:{case}:{key}:{version}"} | more))


def section(text: str) -> dict[str, Any]:
    """A block with a text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def cards(chat: RememberingChat, undeliverable: list[tuple[str, str]] | None = None) -> Cards:
    """The handler of cards on this Slack; who cannot be reached is noted in the list."""
    lost = undeliverable if undeliverable is not None else []
    return Cards(chat, lambda case: f"https://attester.test/cases/{case}", lambda case, key: lost.append((case, key)))


def failing(failure: Exception, times: int = 1_000_000) -> Callable[[str, str, str], None]:
    """Raises a failure at the first calls."""
    left = count(1)

    def fail(method: str, to: str, text: str) -> None:
        if next(left) <= times:
            raise failure

    return fail


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds; fails where it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def settled(deliverer: Deliverer) -> bool:
    """Go on until everything that was claimed is written back."""
    deliverer.tick()
    return not deliverer.busy()


def skip_pauses(database: Database, clock: StillClock, seconds: float = 3600.0) -> None:
    """As if so much time had passed: by the test's clock, and in the rows for a database with its own."""
    if database.sqlite:
        clock.forward(seconds)
        return
    with database.write() as session:
        for statement in (
            "UPDATE lane SET next_at = next_at - make_interval(secs => :s)",
            "UPDATE limiter SET tat = tat - make_interval(secs => :s)",
            "UPDATE outbox SET not_before = not_before - make_interval(secs => :s),"
            " first_at = first_at - make_interval(secs => :s)",
        ):
            session.connection().execute(sqlalchemy.text(statement), {"s": seconds})
