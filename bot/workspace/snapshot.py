"""Everything that one person's page shows, as one JSON object: the page starts from it, then follows the changes."""

from __future__ import annotations

from dataclasses import asdict

from bot.workspace.conversation import Conversation
from bot.workspace.problem import Json
from bot.workspace.state import Workspace


def conversation_shown(space: Workspace, conversation: Conversation, user: str) -> Json:
    """A conversation with its messages, as this person sees it."""
    other = next((member for member in conversation.members if member != user), "")
    return {
        "id": conversation.id,
        "name": space.people[other].name if conversation.kind == "im" and other else conversation.name,
        "kind": conversation.kind,
        "private": conversation.private,
        "shared": conversation.ext_shared,
        "archived": conversation.archived,
        "topic": conversation.topic,
        "members": conversation.members,
        "unread": conversation.unread[user],
        "messages": [space.shown(conversation, message) for message in conversation.for_person(user)],
    }


def snapshot(space: Workspace, user: str, journal: bool = True) -> Json:
    """What ``user`` sees now, on request without the inspector's journal. Raises SlackError `user_not_found`."""
    actors = [member for member in space.people.values() if not member.bot]
    me = space.member(user or actors[0].id)
    space.direct(me.id)
    return {
        "team": {"id": space.team.id, "name": space.team.name, "app": space.team.app_name, "bot": space.team.bot_user},
        "me": me.id,
        "revision": space.revision,
        "people": [
            {"id": member.id, "name": member.name, "handle": member.handle, "title": member.title, "note": member.note,
             "bot": member.bot, "deleted": member.deleted, "stranger": bool(member.stranger or member.team),
             "guest": member.restricted or member.ultra_restricted}
            for member in space.people.values()
        ],
        "conversations": [conversation_shown(space, conversation, me.id) for conversation in space.sees(me.id)],
        "home": space.views.home(me.id),
        "stack": space.views.stack(me.id),
        "commands": [asdict(command) for command in space.setup.commands],
        "shortcuts": [asdict(shortcut) for shortcut in space.setup.shortcuts],
        "tries": list(space.setup.tries),
        "journal": [entry.shown() for entry in space.journal.entries] if journal else [],
        "ack_ms": space.setup.ack_seconds * 1000,
        "now": space.now().isoformat(),
    }  # fmt: skip
