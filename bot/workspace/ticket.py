"""Trigger ids (3 s, once) and response addresses (5 uses, 30 min): Slack's bearer secrets, with Slack's limits."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot.workspace.problem import SlackError

TRIGGER_SECONDS = 3.0
HOOK_SECONDS = 30 * 60.0
HOOK_USES = 5


@dataclass
class Trigger:
    """What a press gives the app to open a form with; ``entry`` is the press in the journal, ``view`` the form it was in."""

    user: str
    born: float
    entry: int
    view: str = ""
    used: bool = False


@dataclass
class Hook:
    """Where the app may answer one press or command. ``ts`` is the message it stood on, if any."""

    user: str
    channel: str
    ts: str
    born: float
    entry: int
    uses: int = 0


class Tickets:
    """Hands out triggers and hooks and refuses them as Slack does. ``ticks`` counts seconds, monotonically."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, Hook] = {}

    def trigger(self, user: str, entry: int, view: str = "") -> str:
        """A fresh trigger id, in Slack's form of three parts."""
        name = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
        self._triggers[name] = Trigger(user, self._ticks(), entry, view)
        return name

    def exchange(self, name: object) -> Trigger:
        """The trigger, used up. Raises SlackError: invented, used, or older than 3 s."""
        found = self._triggers.get(name) if isinstance(name, str) else None
        if found is None:
            raise SlackError("invalid_trigger_id")
        if found.used:
            raise SlackError("exchanged_trigger_id")
        if self._ticks() - found.born > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        found.used = True
        return found

    def entry_of(self, name: object) -> int | None:
        """The press that a trigger came from, however old; None for one that we never gave."""
        found = self._triggers.get(name) if isinstance(name, str) else None
        return found.entry if found else None

    def hook(self, user: str, channel: str, ts: str, entry: int) -> str:
        """A fresh secret for a response address."""
        name = secrets.token_urlsafe(18)
        self._hooks[name] = Hook(user, channel, ts, self._ticks(), entry)
        return name

    def use(self, name: str) -> Hook:
        """The hook, used once more. Raises SlackError: unknown, used 5 times, or older than 30 min."""
        found = self._hooks.get(name)
        if found is None:
            raise SlackError("invalid_url")
        if self._ticks() - found.born > HOOK_SECONDS:
            raise SlackError("expired_url")
        if found.uses >= HOOK_USES:
            raise SlackError("used_url")
        found.uses += 1
        return found
