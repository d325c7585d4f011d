"""Modals and Home tabs: a stack of at most three per person, and a hash that changes with every write."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bot.workspace.block import with_ids
from bot.workspace.checks import check_view
from bot.workspace.people import Team
from bot.workspace.problem import Json, SlackError, refuse

STACK = 3


def read_view(view: Any, kind: str) -> Json:
    """The view, checked. Raises SlackError with Slack's messages."""
    refuse(check_view(view))
    if view["type"] != kind:
        raise SlackError("invalid_arguments", {"response_metadata": {"messages": [f"[ERROR] a {kind} is needed here"]}})
    return dict(view)


class Views:
    """Every view that is open or published. Changes are the workspace's to announce."""

    def __init__(self, team: Team, moment: Callable[[], str]) -> None:
        self._team = team
        self._moment = moment
        self._views: dict[str, Json] = {}
        self._stacks: dict[str, list[str]] = {}
        self._homes: dict[str, Json] = {}

    def _stamp(self, view: Json, old: Json | None = None) -> Json:
        """The view as Slack gives it back: ids of its own, a new hash, the stack's links."""
        name = old["id"] if old else f"V{secrets.token_hex(5).upper()}"
        taken = {v.get("external_id") for v in self._views.values() if v["id"] != name}
        if view.get("external_id") and view["external_id"] in taken:
            raise SlackError("duplicate_external_id")
        return {
            "id": name,
            "team_id": self._team.id,
            "type": view["type"],
            "title": view.get("title", {"type": "plain_text", "text": "View", "emoji": True}),
            "submit": view.get("submit"),
            "close": view.get("close"),
            "blocks": with_ids(view["blocks"]),
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "state": {"values": {}},
            "hash": f"{self._moment()}.{secrets.token_urlsafe(6)}",
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            "previous_view_id": old["previous_view_id"] if old else None,
            "root_view_id": old["root_view_id"] if old else name,
            "app_id": self._team.app_id,
            "app_installed_team_id": self._team.id,
            "bot_id": self._team.bot_id,
        }

    def stack(self, user: str) -> list[Json]:
        """This person's open modals, the top one last."""
        return [self._views[name] for name in self._stacks.get(user, [])]

    def home(self, user: str) -> Json | None:
        """This person's Home tab, once it was published."""
        return self._homes.get(user)

    def owner(self, name: str) -> str:
        """Whose screen a view stands on; empty where it is on none."""
        homes = (user for user, view in self._homes.items() if view["id"] == name)
        return next((user for user, names in self._stacks.items() if name in names), next(homes, ""))

    def get(self, name: str, external: str = "") -> Json:
        """An open or published view. Raises SlackError `not_found`."""
        for view in [*self._views.values(), *self._homes.values()]:
            if view["id"] == name or (external and view["external_id"] == external):
                return view
        raise SlackError("not_found")

    def open(self, user: str, view: Json) -> Json:
        """A new stack with this view; what was open before is gone."""
        made = self._stamp(view)
        for name in self._stacks.pop(user, []):
            self._views.pop(name, None)
        self._views[made["id"]] = made
        self._stacks[user] = [made["id"]]
        return made

    def push(self, user: str, view: Json) -> Json:
        """The view on top of this person's stack. Raises SlackError over three."""
        stack = self._stacks.get(user, [])
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        made = self._stamp(view)
        made |= {"previous_view_id": stack[-1], "root_view_id": stack[0]}
        self._views[made["id"]] = made
        stack.append(made["id"])
        return made

    def update(self, name: str, external: str, view: Json, known: str | None) -> Json:
        """The view, replaced. ``known`` is the hash that the caller saw; raises SlackError `hash_conflict`."""
        old = self.get(name, external)
        if known and known != old["hash"]:
            raise SlackError("hash_conflict")
        made = self._stamp(view, old)
        if old["type"] == "home":
            self._homes[self.owner(old["id"])] = made
        else:
            self._views[made["id"]] = made
        return made

    def publish(self, user: str, view: Json, known: str | None) -> Json:
        """This person's Home tab, replaced. Raises SlackError `hash_conflict`."""
        old = self._homes.get(user)
        if known and (old is None or known != old["hash"]):
            raise SlackError("hash_conflict")
        self._homes[user] = self._stamp(view, old)
        return self._homes[user]

    def pop(self, user: str) -> None:
        """The top view is gone; the one below is on top again."""
        if stack := self._stacks.get(user):
            self._views.pop(stack.pop(), None)

    def clear(self, user: str) -> list[Json]:
        """All of this person's modals are gone; returns them, top first."""
        gone = self.stack(user)[::-1]
        for name in self._stacks.pop(user, []):
            self._views.pop(name, None)
        return gone
