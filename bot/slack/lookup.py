"""Asking Slack about somebody we do not know, in the background, so that their next try is judged on fresh knowledge."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

from bot.slack.payload import Where
from bot.slack.ports import Members, Voice
from bot.slack.who import DIRECTORY_AGE
from workflows.kernel.ports import Clock

EVERY_SECONDS = 60.0


class LookUp:
    """Asks at most once a minute for each person, and as often for the whole directory."""

    def __init__(self, members: Members, chat: Voice, clock: Clock, resync: Callable[[], None]) -> None:
        self._members = members
        self._chat = chat
        self._clock = clock
        self._resync = resync
        self._asked: dict[str, float] = {}
        self._lock = Lock()

    def ask(self, where: Where) -> None:
        """Read the person's row where the directory is fresh, else everybody's. Raises ChatFailure."""
        synced, now = self._members.synced_at(), self._clock.now()
        if synced is None or now - synced > DIRECTORY_AGE:
            if self._may("*"):
                self._resync()
        elif self._may(where.user):
            self._members.update(self._chat.user(where.user), now)

    def _may(self, what: str) -> bool:
        with self._lock:
            now = monotonic()
            self._asked = {name: at for name, at in self._asked.items() if now - at < EVERY_SECONDS}
            if what in self._asked:
                return False
            self._asked[what] = now
            return True
