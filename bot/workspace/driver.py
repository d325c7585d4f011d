"""Presses buttons as a person on the page would, by the same requests, and says what that person then sees."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.workspace.problem import Json

POLL_SECONDS = 0.03


class NotSeen(Exception):
    """What was waited for did not appear on the person's screen."""


class ActFailed(Exception):
    """The workspace would not do the act at all (no such button, no such person); nothing was sent to the bot."""


@dataclass(frozen=True)
class Seen:
    """What a person sees after an act: whether it worked, Slack's error, errors under fields, and what is new.

    ``messages``: new or changed ones, ephemeral ones among them, each with its ``channel``. ``view``: the form on top.
    """

    ok: bool
    sentence: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    ms: float = 0.0
    messages: tuple[Json, ...] = ()
    view: Json | None = None
    home: Json | None = None

    @property
    def text(self) -> str:
        """Everything readable in it, for looking something up."""
        parts: list[Any] = [self.sentence, dict(self.errors), list(self.messages), self.view]
        return json.dumps(parts, ensure_ascii=False)


def _messages(state: Json) -> dict[tuple[str, str], Json]:
    return {
        (conversation["id"], message["ts"]): message | {"channel": conversation["id"]}
        for conversation in state["conversations"]
        for message in conversation["messages"]
    }


class WorkspaceDriver:
    """Acts for any person of a running workspace; ``page`` is the page's address with its key."""

    def __init__(self, page: str, timeout: float = 20.0) -> None:
        self._http = httpx.Client(base_url=page, timeout=timeout, trust_env=False, verify=False)  # noqa: S501

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def state(self, user: str) -> Json:
        """Everything on this person's page."""
        got = self._http.get("state", params={"user": user, "journal": "0"})
        got.raise_for_status()
        state: Json = got.json()
        return state

    def _newer(self, user: str, than: Json) -> Json:
        """As `state`, where anything changed since; else the same again, without asking for all of it."""
        got = self._http.get("state", params={"user": user, "journal": "0", "since": str(than["revision"])})
        got.raise_for_status()
        state: Json = than if got.status_code == 204 else got.json()
        return state

    def _act(self, act: str, user: str, data: Json) -> Seen:
        before = _messages(self.state(user))
        got = self._http.post(f"do/{act}", json={"user": user, **data})
        done = got.json()
        if got.status_code != 200:
            raise ActFailed(done["sentence"])
        after = self.state(user)
        fresh = tuple(message for key, message in _messages(after).items() if before.get(key) != message)
        top = after["stack"][-1] if after["stack"] else None
        return Seen(done["ok"], done["sentence"], done["errors"], done["status"], done["ms"], fresh, top, after["home"])

    def press(
        self,
        user: str,
        channel: str,
        ts: str,
        block_id: str,
        action_id: str,
        value: Any = None,
        values: Mapping[str, Any] | None = None,
    ) -> Seen:
        """Use an element of a message; ``value`` is what was chosen, ``values`` what other elements hold."""
        where = {"channel": channel, "ts": ts, "block_id": block_id, "action_id": action_id}
        return self._act("press", user, {**where, "value": value, "values": dict(values or {})})

    def press_in_view(
        self,
        user: str,
        view_id: str,
        block_id: str,
        action_id: str,
        value: Any = None,
        values: Mapping[str, Any] | None = None,
    ) -> Seen:
        """Use an element of a form or of the Home tab."""
        where = {"view": view_id, "block_id": block_id, "action_id": action_id}
        return self._act("press", user, {**where, "value": value, "values": dict(values or {})})

    def submit(self, view_id: str, values: Mapping[str, Any], user: str = "") -> Seen:
        """Send a form: block id → value (a text, an option's value, a list of them), or block id → action id → value."""
        return self._act("submit", user or self._owner(view_id), {"view": view_id, "values": dict(values)})

    def _owner(self, view_id: str) -> str:
        got = self._http.get("owner", params={"view": view_id})
        return str(got.json()["user"])

    def dismiss(self, user: str) -> Seen:
        """Close the form on top."""
        return self._act("close", user, {})

    def command(self, user: str, text: str, channel: str = "") -> Seen:
        """Type a slash command, in the app's direct messages where no channel is named."""
        return self._act("command", user, {"text": text, "channel": channel or f"D{user[1:]}"})

    def open_home(self, user: str) -> Seen:
        """Open the app's Home tab."""
        return self._act("home", user, {})

    def say(self, user: str, channel: str, text: str) -> Seen:
        """Write a message."""
        return self._act("say", user, {"channel": channel, "text": text})

    def shortcut(self, user: str, callback_id: str) -> Seen:
        """Use a global shortcut."""
        return self._act("shortcut", user, {"callback_id": callback_id})

    def change_person(self, user: str, **changes: Any) -> None:
        """Change an account as an administrator would: `deleted=True`, `restricted=True`, …"""
        self._http.post("change/person", json={"user": user, **changes}).raise_for_status()

    def plan_fault(self, method: str, kind: str, **more: Any) -> None:
        """Let coming calls of a method go wrong (`bot.workspace.limit.Fault` has the kinds)."""
        self._http.post("change/fault", json={"method": method, "kind": kind, **more}).raise_for_status()

    def wait(self, user: str, wanted: Callable[[Json], Any], seconds: float = 10.0) -> Any:
        """What ``wanted`` finds in this person's state, as soon as it finds something. Raises NotSeen."""
        deadline = time.monotonic() + seconds
        state = self.state(user)
        while True:
            if found := wanted(state):
                return found
            if time.monotonic() > deadline:
                raise NotSeen(f"{user} did not see what was waited for within {seconds:g} s.")
            time.sleep(POLL_SECONDS)
            state = self._newer(user, state)

    def wait_for_message(self, user: str, text: str, seconds: float = 10.0) -> Json:
        """The newest message that this person sees and that holds this text, with its ``channel``. Raises NotSeen."""

        def newest(state: Json) -> Json | None:
            found = [m for m in _messages(state).values() if text in json.dumps(m, ensure_ascii=False)]
            return max(found, key=lambda message: str(message["ts"]), default=None)

        found: Json = self.wait(user, newest, seconds)
        return found
