"""`chat.*` and `reactions.add`: own, non-ephemeral messages only can be changed."""

from __future__ import annotations

from bot.workspace.block import with_ids
from bot.workspace.checks import TEXT_CUT, check_message, lint_message
from bot.workspace.conversation import Conversation
from bot.workspace.problem import Json, SlackError, refuse
from bot.workspace.state import Workspace


def _content(arguments: Json) -> tuple[str, list[Json] | None, Json]:
    """Text, blocks, and what the answer adds where the text was cut."""
    blocks, text = arguments.get("blocks") or None, arguments.get("text")
    refuse(check_message(blocks, text))
    words = str(text)
    if len(words) <= TEXT_CUT:
        return words, blocks, {}
    return words[:TEXT_CUT], blocks, {"response_metadata": {"warnings": ["message_truncated"]}}


def _metadata(value: object) -> Json | None:
    """Metadata as Slack takes it: an event type and an object. Raises SlackError."""
    if not value:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(value.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return value


def post_message(space: Workspace, arguments: Json) -> Json:
    """`chat.postMessage`: to a channel, or to a person's direct messages by their user id."""
    conversation = space.conversation(arguments.get("channel"))
    conversation.needs_member(space.team.bot_user)
    text, blocks, warnings = _content(arguments)
    thread = arguments.get("thread_ts") or None
    if thread is not None and conversation.find(str(thread)) is None:
        raise SlackError("thread_not_found")
    metadata = _metadata(arguments.get("metadata"))
    message = space.written(text, blocks, conversation, thread_ts=thread, metadata=metadata)
    space.post(conversation, message)
    return {"channel": conversation.id, "ts": message["ts"], "message": message, **warnings}


def _own(space: Workspace, conversation: Conversation, ts: object) -> Json:
    message = conversation.find(ts) if isinstance(ts, str) else None
    if message is None:
        raise SlackError("message_not_found")
    if message.get("bot_id") != space.team.bot_id:
        raise SlackError("cant_update_message")
    return message


def update(space: Workspace, arguments: Json) -> Json:
    """`chat.update`: the message changes in place and carries a mark that it was edited."""
    conversation = space.conversation(arguments.get("channel"))
    conversation.needs_member(space.team.bot_user)
    message = _own(space, conversation, arguments.get("ts"))
    text, blocks, warnings = _content(arguments)
    message["text"] = text
    message.pop("blocks", None)
    if blocks:
        message["blocks"] = with_ids(blocks)
    message["edited"] = {"user": space.team.bot_user, "ts": space.moment()}
    space.lints[(conversation.id, message["ts"])] = lint_message(blocks, text)
    space.announce_message(conversation, message)
    return {"channel": conversation.id, "ts": message["ts"], "text": text, "message": message, **warnings}


def delete(space: Workspace, arguments: Json) -> Json:
    """`chat.delete`: own messages only."""
    conversation = space.conversation(arguments.get("channel"))
    message = _own(space, conversation, arguments.get("ts"))
    conversation.messages.remove(message)
    space.announce(conversation.members, "gone", channel=conversation.id, ts=message["ts"])
    return {"channel": conversation.id, "ts": message["ts"]}


def post_ephemeral(space: Workspace, arguments: Json) -> Json:
    """`chat.postEphemeral`: only one person of the conversation sees it, until they reload."""
    conversation = space.conversation(arguments.get("channel"))
    conversation.needs_member(space.team.bot_user)
    user = space.member(arguments.get("user")).id
    if user not in conversation.members:
        raise SlackError("user_not_in_channel")
    text, blocks, _warnings = _content(arguments)
    message = space.written(text, blocks, conversation, thread_ts=arguments.get("thread_ts") or None)
    space.whisper(conversation, user, message)
    return {"message_ts": message["ts"]}


def add_reaction(space: Workspace, arguments: Json) -> Json:
    """`reactions.add`: once per name."""
    conversation = space.conversation(arguments.get("channel"))
    message = conversation.find(str(arguments.get("timestamp")))
    if message is None:
        raise SlackError("message_not_found")
    name = str(arguments.get("name", "")).strip(":")
    if not name:
        raise SlackError("no_reaction")
    reactions = message.setdefault("reactions", [])
    if any(reaction["name"] == name for reaction in reactions):
        raise SlackError("already_reacted")
    reactions.append({"name": name, "users": [space.team.bot_user], "count": 1})
    space.announce_message(conversation, message)
    return {}
