"""What Slack sends to an app, in Slack's shape: interactions, submissions, commands, events, shortcuts.

Shapes: docs.slack.dev, "Interaction payloads" and "Events API". Fields that we cannot know are Slack's own empty ones.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bot.workspace.block import state_of, state_values
from bot.workspace.conversation import Conversation
from bot.workspace.people import Member
from bot.workspace.problem import Json
from bot.workspace.state import Workspace

VERIFICATION = "local-verification-token"


def person(space: Workspace, member: Member) -> Json:
    """The `user` of an interaction; ``team_id`` is their own team, which for an outsider is not ours."""
    return {
        "id": member.id,
        "username": member.handle,
        "name": member.handle,
        "team_id": member.team or space.team.id,
    }


def _frame(space: Workspace, member: Member, kind: str) -> Json:
    return {
        "type": kind,
        "user": person(space, member),
        "api_app_id": space.team.app_id,
        "token": VERIFICATION,
        "team": {"id": space.team.id, "domain": space.team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _pressed(element: Json, block: Json, value: Any, at: str) -> Json:
    """The entry of `actions`: the element as pressed."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": at,
    }
    if element["type"] == "button":
        return action | {key: part for key, part in element.items() if key in {"text", "value", "style", "url"}}
    kept = {key: part for key, part in element.items() if key.startswith("initial_") or key == "placeholder"}
    return action | kept | state_of(element, value)


def block_actions_in_message(
    space: Workspace,
    member: Member,
    where: tuple[Conversation, Json],
    pressed: tuple[Json, Json, Any],
    values: Mapping[str, Any],
    tickets: tuple[str, str],
) -> Json:
    """Somebody used an element of a message. ``tickets``: trigger id and response address. Raises ValueRefused."""
    conversation, message = where
    block, element, value = pressed
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": conversation.id,
        "is_ephemeral": bool(message.get("is_ephemeral")),
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    payload = _frame(space, member, "block_actions") | {
        "container": container,
        "trigger_id": tickets[0],
        "channel": {"id": conversation.id, "name": conversation.name},
        "state": {"values": state_values(message.get("blocks", []), values)},
        "response_url": tickets[1],
        "actions": [_pressed(element, block, value, space.moment())],
    }
    if not message.get("is_ephemeral"):
        payload["message"] = message
    return payload


def block_actions_in_view(
    space: Workspace,
    member: Member,
    view: Json,
    pressed: tuple[Json, Json, Any],
    values: Mapping[str, Any],
    trigger: str,
) -> Json:
    """Somebody used an element of a modal or of the Home tab. Raises ValueRefused."""
    block, element, value = pressed
    return _frame(space, member, "block_actions") | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger,
        "view": with_state(view, values),
        "actions": [_pressed(element, block, value, space.moment())],
    }


def with_state(view: Json, values: Mapping[str, Any]) -> Json:
    """The view with what the person put into it. Raises ValueRefused."""
    return view | {"state": {"values": state_values(view["blocks"], values)}}


def view_submission(space: Workspace, member: Member, view: Json, values: Mapping[str, Any], trigger: str) -> Json:
    """Somebody sent a form. Raises ValueRefused."""
    return _frame(space, member, "view_submission") | {
        "trigger_id": trigger,
        "view": with_state(view, values),
        "response_urls": [],
    }


def view_closed(space: Workspace, member: Member, view: Json, cleared: bool) -> Json:
    """Somebody closed a form whose app wanted to know."""
    return _frame(space, member, "view_closed") | {"view": view, "is_cleared": cleared}


def shortcut(space: Workspace, member: Member, callback_id: str, trigger: str) -> Json:
    """Somebody used a global shortcut."""
    return _frame(space, member, "shortcut") | {
        "callback_id": callback_id,
        "trigger_id": trigger,
        "action_ts": space.moment(),
    }


def slash_command(
    space: Workspace, member: Member, conversation: Conversation, command: str, text: str, tickets: tuple[str, str]
) -> str:
    """A slash command as the form that Slack sends; its text is escaped as Slack escapes it."""
    return urlencode(
        {
            "token": VERIFICATION,
            "team_id": space.team.id,
            "team_domain": space.team.domain,
            "channel_id": conversation.id,
            "channel_name": conversation.name,
            "user_id": member.id,
            "user_name": member.handle,
            "command": command,
            "text": html.escape(text, quote=False),
            "api_app_id": space.team.app_id,
            "is_enterprise_install": "false",
            "response_url": tickets[1],
            "trigger_id": tickets[0],
        }
    )


def event(space: Workspace, inner: Json) -> Json:
    """An Events API envelope, with an event id of its own."""
    return {
        "token": VERIFICATION,
        "team_id": space.team.id,
        "context_team_id": space.team.id,
        "context_enterprise_id": None,
        "api_app_id": space.team.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(space.wall.now().timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": space.team.id,
                "user_id": space.team.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def home_opened(space: Workspace, member: Member) -> Json:
    """Somebody opened the app's Home tab."""
    inner: Json = {
        "type": "app_home_opened",
        "user": member.id,
        "channel": space.direct(member.id).id,
        "tab": "home",
        "event_ts": space.moment(),
    }
    if view := space.views.home(member.id):
        inner["view"] = view
    return event(space, inner)
