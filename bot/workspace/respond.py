"""What an app may say in answer to one press or command: replace, delete, whisper, or speak up."""

from __future__ import annotations

from bot.workspace.block import with_ids
from bot.workspace.checks import check_message
from bot.workspace.conversation import Conversation
from bot.workspace.problem import Json, SlackError, refuse
from bot.workspace.state import Workspace
from bot.workspace.ticket import Hook


def _delete(space: Workspace, conversation: Conversation, hook: Hook, original: Json | None) -> None:
    if original is None or original.get("bot_id") != space.team.bot_id:
        raise SlackError("message_not_found")
    kept = conversation.whispers.get(hook.user, []) if original.get("is_ephemeral") else conversation.messages
    kept.remove(original)
    space.announce(conversation.members, "gone", channel=conversation.id, ts=original["ts"])


def _replace(space: Workspace, conversation: Conversation, original: Json, text: str, blocks: list[Json]) -> None:
    original |= {"text": text, "edited": {"user": space.team.bot_user, "ts": space.moment()}}
    original["blocks"] = with_ids(blocks)
    space.announce_message(conversation, original)


def answer_at(space: Workspace, hook: Hook, body: Json) -> None:
    """Do what the body of an answer asks. Private is the default. Raises SlackError for a bad message."""
    conversation = space.conversations[hook.channel]
    original = conversation.find(hook.ts) or conversation.whisper(hook.user, hook.ts)
    if body.get("delete_original"):
        _delete(space, conversation, hook, original)
        return
    blocks, text = body.get("blocks") or None, body.get("text")
    refuse(check_message(blocks, text))
    if body.get("replace_original") and original is not None:
        _replace(space, conversation, original, str(text), blocks or [])
        return
    message = space.written(str(text), blocks, conversation, thread_ts=body.get("thread_ts"))
    if body.get("response_type") == "in_channel":
        space.post(conversation, message)
    else:
        space.whisper(conversation, hook.user, message)
