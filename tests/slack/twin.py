"""A Slack in memory that passes the same contract suite as the real adapter against an independent stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from workflows.kernel.ports import ChatFailure, ChatUser

Json = Mapping[str, Any]


class TwinChat:
    """Keeps what it is told. ``fail`` is asked before each call: it may raise what Slack would answer, or take its time."""

    def __init__(self, people: Sequence[ChatUser] = (), team: str = "T0ACME") -> None:
        self.people = {p.user: p for p in people}
        self.team = team
        self.messages: dict[tuple[str, str], tuple[str, list[Json]]] = {}
        self.whispers: list[tuple[str, str, str]] = []
        self.answers: list[tuple[str, str]] = []
        self.views: list[tuple[str, str, Json]] = []
        self.homes: dict[str, Json] = {}
        self.fail: Callable[[str], None] = lambda method: None
        self._numbers = count(1)

    def post(self, to: str, text: str, blocks: Sequence[Json], metadata: Mapping[str, str]) -> tuple[str, str]:
        self._called("chat.postMessage")
        if not text:
            raise ChatFailure("ours", "no_text")
        if to not in self.people and not to.startswith("C"):
            raise ChatFailure("gone", "channel_not_found")
        place = (f"D{to}", f"1790000000.{next(self._numbers):06d}")
        self.messages[place] = (text, list(blocks))
        return place

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Json]) -> None:
        self._called("chat.update")
        if (channel, ts) not in self.messages:
            raise ChatFailure("stale", "message_not_found")
        self.messages[channel, ts] = (text, list(blocks))

    def whisper(self, channel: str, user: str, text: str, blocks: Sequence[Json]) -> None:
        self._called("chat.postEphemeral")
        self.whispers.append((channel, user, text))

    def respond(self, response_url: str, text: str, blocks: Sequence[Json]) -> None:
        self._called("response_url")
        self.answers.append((response_url, text))

    def open_view(self, trigger: str, view: Json) -> None:
        self._view("views.open", trigger, view)

    def push_view(self, trigger: str, view: Json) -> None:
        self._view("views.push", trigger, view)

    def update_view(self, view: str, seen: str, content: Json) -> None:
        self._view("views.update", view, content)

    def publish_home(self, user: str, view: Json) -> None:
        self._called("views.publish")
        self.homes[user] = view

    def users(self) -> Iterator[ChatUser]:
        self._called("users.list")
        return iter(self.people.values())

    def user(self, user: str) -> ChatUser:
        self._called("users.info")
        if user not in self.people:
            raise ChatFailure("gone", "user_not_found")
        return self.people[user]

    def identity(self) -> Mapping[str, str]:
        self._called("auth.test")
        return {"team": self.team, "workspace": "Acme", "app": "A0ATT", "bot": "B0ATT", "bot_user": "U0ATT"}

    def _view(self, method: str, handle: str, view: Json) -> None:
        self._called(method)
        self.views.append((method, handle, view))

    def _called(self, method: str) -> None:
        self.fail(method)
