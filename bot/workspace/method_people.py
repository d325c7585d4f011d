"""`auth.test`, `users.*` and `conversations.*`."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from bot.workspace.conversation import Conversation
from bot.workspace.problem import Json, SlackError
from bot.workspace.state import Workspace

_NAME = re.compile(r"[a-z0-9_\-]+")
NAME_LIMIT = 80


def paged(items: Sequence[Any], arguments: Json, key: str, default: int = 100) -> Json:
    """One page of a list, with Slack's opaque cursor. Raises SlackError for a cursor or limit that is not one."""
    try:
        limit = int(arguments.get("limit") or default)
        cursor = str(arguments.get("cursor") or "")
        start = int(base64.urlsafe_b64decode(cursor).decode().removeprefix("at:")) if cursor else 0
    except ValueError as error:
        raise SlackError("invalid_cursor" if arguments.get("cursor") else "invalid_limit") from error
    if not 0 < limit <= 1000 or start < 0:
        raise SlackError("invalid_limit")
    end = start + limit
    following = base64.urlsafe_b64encode(f"at:{end}".encode()).decode() if end < len(items) else ""
    return {key: list(items[start:end]), "response_metadata": {"next_cursor": following}}


def auth_test(space: Workspace, _arguments: Json) -> Json:
    """`auth.test`: who the app is here."""
    team = space.team
    url = f"https://{team.domain}.slack.test/"
    return {
        "url": url, "team": team.name, "user": team.app_name.lower(), "team_id": team.id, "user_id": team.bot_user,
        "bot_id": team.bot_id, "app_id": team.app_id, "is_enterprise_install": False,
    }  # fmt: skip


def connect(space: Workspace, arguments: Json) -> Json:
    """`apps.connections.open`: an address for one Socket Mode connection. ``host`` is put in by the server."""
    return {"url": f"ws://{arguments['host']}/link/{space.sockets.ticket()}"}


def users_list(space: Workspace, arguments: Json) -> Json:
    """`users.list`: everybody, deactivated accounts included."""
    return paged([member.record(space.team) for member in space.people.values()], arguments, "members")


def users_info(space: Workspace, arguments: Json) -> Json:
    """`users.info`."""
    return {"user": space.member(arguments.get("user")).record(space.team)}


def users_lookup(space: Workspace, arguments: Json) -> Json:
    """`users.lookupByEmail`: active accounts only; the raised `users_not_found` is Slack's spelling."""
    wanted = str(arguments.get("email", "")).casefold()
    for member in space.people.values():
        if wanted and member.email.casefold() == wanted and not member.deleted:
            return {"user": member.record(space.team)}
    raise SlackError("users_not_found")


def _names(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _channel(space: Workspace, arguments: Json) -> Conversation:
    found = space.conversations.get(str(arguments.get("channel")))
    if found is None or (found.private and space.team.bot_user not in found.members):
        raise SlackError("channel_not_found")
    return found


def conversations_open(space: Workspace, arguments: Json) -> Json:
    """`conversations.open`: the direct messages with one person."""
    users = _names(arguments.get("users"))
    if len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "not_enough_users")
    if space.member(users[0]).deleted:
        raise SlackError("user_disabled")
    opened = space.direct(users[0])
    return {"channel": {"id": opened.id} if not arguments.get("return_im") else opened.record(space.team)}


def conversations_info(space: Workspace, arguments: Json) -> Json:
    """`conversations.info`."""
    return {"channel": _channel(space, arguments).record(space.team)}


def conversations_list(space: Workspace, arguments: Json) -> Json:
    """`conversations.list`: by `types`, which are public channels where nothing is said."""
    types = set(_names(arguments.get("types") or "public_channel"))
    found = [
        conversation.record(space.team)
        for conversation in space.conversations.values()
        if ("im" if conversation.kind == "im" else "private_channel" if conversation.private else "public_channel")
        in types
        and (not conversation.private or space.team.bot_user in conversation.members)
        and not (conversation.archived and str(arguments.get("exclude_archived", "")).lower() in {"true", "1"})
    ]
    return paged(found, arguments, "channels")


def conversations_create(space: Workspace, arguments: Json) -> Json:
    """`conversations.create`: lower case, digits, `-` and `_`, at most 80."""
    name = str(arguments.get("name") or "")
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > NAME_LIMIT:
        raise SlackError("invalid_name_maxlength")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name_specials")
    if any(conversation.name == name for conversation in space.conversations.values()):
        raise SlackError("name_taken")
    private = str(arguments.get("is_private", "")).lower() in {"true", "1"}
    at = space.moment()
    made = Conversation(
        f"C{at.replace('.', '')[-10:]}", name, "channel", private, created=int(float(at)), members=[space.team.bot_user]
    )
    space.conversations[made.id] = made
    space.announce_conversation(made)
    return {"channel": made.record(space.team)}


def conversations_invite(space: Workspace, arguments: Json) -> Json:
    """`conversations.invite`: all or nobody."""
    conversation = _channel(space, arguments)
    conversation.needs_member(space.team.bot_user)
    users = [space.member(user) for user in _names(arguments.get("users"))]
    if not users:
        raise SlackError("no_user")
    if any(member.id == space.team.bot_user for member in users):
        raise SlackError("cant_invite_self")
    if any(member.deleted for member in users):
        raise SlackError("user_disabled")
    if all(member.id in conversation.members for member in users):
        raise SlackError("already_in_channel")
    conversation.members += [member.id for member in users if member.id not in conversation.members]
    space.announce_conversation(conversation)
    return {"channel": conversation.record(space.team)}


def conversations_members(space: Workspace, arguments: Json) -> Json:
    """`conversations.members`."""
    return paged(_channel(space, arguments).members, arguments, "members")


def conversations_history(space: Workspace, arguments: Json) -> Json:
    """`conversations.history`: newest first, threads' answers left out."""
    conversation = _channel(space, arguments)
    conversation.needs_member(space.team.bot_user)
    top = [m for m in conversation.messages if m.get("thread_ts", m["ts"]) == m["ts"]]
    page = paged(top[::-1], arguments, "messages")
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}


def conversations_replies(space: Workspace, arguments: Json) -> Json:
    """`conversations.replies`: the first message and its answers, oldest first."""
    conversation = _channel(space, arguments)
    ts = str(arguments.get("ts"))
    if conversation.find(ts) is None:
        raise SlackError("thread_not_found")
    page = paged([m for m in conversation.messages if ts in (m["ts"], m.get("thread_ts"))], arguments, "messages")
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}


def conversations_set_topic(space: Workspace, arguments: Json) -> Json:
    """`conversations.setTopic`: at most 250 characters."""
    conversation = _channel(space, arguments)
    conversation.needs_member(space.team.bot_user)
    topic = str(arguments.get("topic") or "")
    if len(topic) > 250:
        raise SlackError("too_long")
    conversation.topic = topic
    space.announce_conversation(conversation)
    return {"channel": conversation.record(space.team)}


def conversations_archive(space: Workspace, arguments: Json) -> Json:
    """`conversations.archive`: nothing can be written there any more."""
    conversation = _channel(space, arguments)
    if conversation.archived:
        raise SlackError("already_archived")
    conversation.archived = True
    space.announce_conversation(conversation)
    return {}


def pins_add(space: Workspace, arguments: Json) -> Json:
    """`pins.add`: once per message."""
    conversation = _channel(space, arguments)
    message = conversation.find(str(arguments.get("timestamp")))
    if message is None:
        raise SlackError("message_not_found")
    if conversation.id in message.setdefault("pinned_to", []):
        raise SlackError("already_pinned")
    message["pinned_to"].append(conversation.id)
    space.announce_message(conversation, message)
    return {}
