"""The Web API as a table: method → what it does, the scope it wants, its rate tier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.workspace import method_chat as chat
from bot.workspace import method_people as people
from bot.workspace import method_view as view
from bot.workspace.problem import Json
from bot.workspace.state import Workspace


@dataclass(frozen=True)
class Method:
    """One method. ``scopes``: any one of them is enough; empty: none is needed."""

    run: Callable[[Workspace, Json], Json]
    tier: int
    scopes: tuple[str, ...] = ()


_READ = ("channels:read", "groups:read")
_MANAGE = ("channels:manage", "groups:write")

CONNECT = "apps.connections.open"
"""The one method that takes the app token instead of the bot token."""

METHODS: dict[str, Method] = {
    "auth.test": Method(people.auth_test, 4),
    CONNECT: Method(people.connect, 2),
    "chat.postMessage": Method(chat.post_message, 0, ("chat:write",)),
    "chat.update": Method(chat.update, 3, ("chat:write",)),
    "chat.delete": Method(chat.delete, 3, ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, 4, ("chat:write",)),
    "reactions.add": Method(chat.add_reaction, 3, ("reactions:write",)),
    "views.open": Method(view.open_view, 4),
    "views.push": Method(view.push, 4),
    "views.update": Method(view.update, 4),
    "views.publish": Method(view.publish, 4),
    "users.list": Method(people.users_list, 2, ("users:read",)),
    "users.info": Method(people.users_info, 4, ("users:read",)),
    "users.lookupByEmail": Method(people.users_lookup, 3, ("users:read.email",)),
    "conversations.open": Method(people.conversations_open, 3, ("im:write", "mpim:write")),
    "conversations.info": Method(people.conversations_info, 3, _READ),
    "conversations.list": Method(people.conversations_list, 2, _READ),
    "conversations.create": Method(people.conversations_create, 2, _MANAGE),
    "conversations.invite": Method(people.conversations_invite, 3, _MANAGE),
    "conversations.members": Method(people.conversations_members, 4, _READ),
    "conversations.history": Method(people.conversations_history, 3, ("channels:history", "im:history")),
    "conversations.replies": Method(people.conversations_replies, 3, ("channels:history", "im:history")),
    "conversations.setTopic": Method(people.conversations_set_topic, 2, _MANAGE),
    "conversations.archive": Method(people.conversations_archive, 2, _MANAGE),
    "pins.add": Method(people.pins_add, 2, ("pins:write",)),
}
