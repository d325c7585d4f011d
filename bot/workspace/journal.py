"""What the inspector shows: each thing a person did, what was sent for it, the answer, and the calls that the app made."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.workspace.problem import Json

KEPT = 200
SECRETS = {"token", "client_secret"}
"""Arguments of a call that no page shows: the inspector is for reading over somebody's shoulder too."""


@dataclass
class Call:
    """One Web API call of the app. ``at_ms`` counts from the press it belongs to; None where it belongs to none."""

    method: str
    arguments: Json
    ok: bool
    error: str = ""
    at_ms: float | None = None


@dataclass
class Entry:
    """One thing that happened. ``verdict``: `waiting`, `ok`, `late`, `failed`, `unreachable`, `call`."""

    id: int
    at: str
    user: str
    kind: str
    title: str
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    payload: Any = None
    status: int = 0
    answer: str = ""
    ms: float = 0.0
    verdict: str = "waiting"
    note: str = ""
    calls: list[Call] = field(default_factory=list)
    ledger: tuple[int, int] | None = None
    started: float = 0.0

    def curl(self) -> str:
        """The same request as a shell command; its signature is good for five minutes."""
        if not self.url:
            return ""
        headers = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items())
        return f"curl -sS -i -X POST {headers} --data-raw {shlex.quote(self.body)} {shlex.quote(self.url)}"

    def shown(self) -> Json:
        """The entry as the page reads it."""
        return asdict(self) | {"curl": self.curl()}


class Journal:
    """The last 200 entries. A call belongs to the press that is still waiting, if exactly one is; else it stands alone."""

    def __init__(
        self, announce: Callable[[Entry], None], ticks: Callable[[], float], moment: Callable[[], str]
    ) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._announce = announce
        self._ticks = ticks
        self._moment = moment
        self._waiting: list[Entry] = []
        self._last = 0

    def start(self, user: str, kind: str, title: str) -> Entry:
        """An entry for something that a person does now."""
        self._last += 1
        entry = Entry(self._last, self._moment(), user, kind, title, started=self._ticks())
        self.entries.append(entry)
        self._waiting.append(entry)
        return entry

    def finish(self, entry: Entry) -> None:
        """The answer is here, or will not come."""
        if entry in self._waiting:
            self._waiting.remove(entry)
        self._announce(entry)

    def changed(self, entry: Entry) -> None:
        """Something was added to an entry."""
        self._announce(entry)

    def find(self, number: int) -> Entry | None:
        """The entry with this number, if it is still kept."""
        return next((entry for entry in self.entries if entry.id == number), None)

    def call(self, method: str, arguments: Json, answer: Json, number: int | None = None) -> None:
        """Note one call of the app; ``number`` names the press that it certainly belongs to."""
        shown = {key: value for key, value in arguments.items() if key not in SECRETS}
        call = Call(method, shown, bool(answer.get("ok")), str(answer.get("error", "")))
        entry = self.find(number) if number else self._waiting[0] if len(self._waiting) == 1 else None
        if entry is None:
            self._last += 1
            verdict = "call" if call.ok else "failed"
            entry = Entry(self._last, self._moment(), "", "call", method, verdict=verdict, calls=[call])
            self.entries.append(entry)
        else:
            call.at_ms = round((self._ticks() - entry.started) * 1000, 1)
            entry.calls.append(call)
        self._announce(entry)
