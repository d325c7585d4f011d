"""What a person can do on the page, each as one function: the page and the driver use the same ones.

``data`` comes from a browser and is checked here; ActRefused carries the sentence for whoever sent it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.workspace import deliver, payload
from bot.workspace.block import ValueRefused, field_errors, find
from bot.workspace.conversation import Conversation
from bot.workspace.form import take_answer
from bot.workspace.people import Member
from bot.workspace.problem import Json, SlackError
from bot.workspace.respond import answer_at
from bot.workspace.state import Workspace
from bot.workspace.ticket import Hook

_MENTION = re.compile(r"@([a-z0-9._-]+)")


class ActRefused(Exception):
    """The act cannot be done: nothing was sent to the bot. The message says why."""


@dataclass
class Done:
    """What came of an act. ``sentence`` is what Slack shows where it failed; ``errors`` stand under the fields."""

    ok: bool = True
    sentence: str = ""
    sent: bool = False
    status: int = 0
    ms: float = 0.0
    entry: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    def shown(self) -> Json:
        """As the page reads it."""
        return asdict(self)


def _text(data: Json, name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise ActRefused(f"{name} must be a text.")
    return value


def _values(data: Json) -> Json:
    value = data.get("values") or {}
    if not isinstance(value, dict):
        raise ActRefused("values must be an object.")
    return value


def _member(space: Workspace, data: Json) -> Member:
    found = space.people.get(_text(data, "user") or space.views.owner(_text(data, "view")))
    if found is None or found.id == space.team.bot_user:
        raise ActRefused("There is no such person here.")
    return found


def _conversation(space: Workspace, member: Member, data: Json) -> Conversation:
    found = space.conversations.get(_text(data, "channel"))
    if found is None or not found.seen_by(member.id):
        raise ActRefused(f"{member.name} does not see that conversation.")
    return found


def _element(blocks: list[Json], data: Json) -> tuple[Json, Json]:
    found = find(blocks, _text(data, "block_id"), _text(data, "action_id"))
    if found is None:
        raise ActRefused("That button is no longer there. Look at the message again.")
    return found


def _done(answer: deliver.Answer, entry: Any) -> Done:
    return Done(answer.ok, answer.failure, True, abs(answer.status), entry.ms, entry.id)


async def press(space: Workspace, base: str, data: Json) -> Done:
    """A button, a choice, a date: in a message, a modal or the Home tab. ``value`` is what was chosen."""
    member = _member(space, data)
    if data.get("view"):
        return await _press_in_view(space, member, data)
    conversation = _conversation(space, member, data)
    ts = _text(data, "ts")
    message = conversation.find(ts) or conversation.whisper(member.id, ts)
    if message is None:
        raise ActRefused("That message is no longer there.")
    block, element = _element(message.get("blocks", []), data)
    entry = space.journal.start(member.id, "press", _title(member, element))
    tickets = _tickets(space, base, Hook(member.id, conversation.id, ts, 0.0, entry.id))
    try:
        sent = payload.block_actions_in_message(
            space, member, (conversation, message), (block, element, data.get("value")), _values(data), tickets
        )
    except ValueRefused as refused:
        space.journal.finish(entry)
        raise ActRefused(str(refused)) from refused
    return _done(await deliver.interaction(space, entry, sent), entry)


async def _press_in_view(space: Workspace, member: Member, data: Json) -> Done:
    view = _view(space, member, _text(data, "view"))
    block, element = _element(view["blocks"], data)
    entry = space.journal.start(member.id, "press", _title(member, element))
    try:
        trigger = space.tickets.trigger(member.id, entry.id, view["id"])
        pressed = (block, element, data.get("value"))
        sent = payload.block_actions_in_view(space, member, view, pressed, _values(data), trigger)
    except ValueRefused as refused:
        space.journal.finish(entry)
        raise ActRefused(str(refused)) from refused
    return _done(await deliver.interaction(space, entry, sent), entry)


def _title(member: Member, element: Json) -> str:
    label = element.get("text", element.get("placeholder")) or {}
    return f"{member.name}: {label.get('text') or element['type'].replace('_', ' ')}"


def _tickets(space: Workspace, base: str, hook: Hook) -> tuple[str, str]:
    key = space.tickets.hook(hook.user, hook.channel, hook.ts, hook.entry)
    return space.tickets.trigger(hook.user, hook.entry), f"{base}/response/{key}"


def _view(space: Workspace, member: Member, name: str) -> Json:
    home = space.views.home(member.id)
    found = [view for view in [*space.views.stack(member.id), *([home] if home else [])] if view["id"] == name]
    if not found:
        raise ActRefused("That form is no longer open.")
    return found[0]


async def submit(space: Workspace, _base: str, data: Json) -> Done:
    """Send the form on top. What Slack's client would refuse itself comes back as ``errors``, and nothing is sent."""
    member = _member(space, data)
    stack = space.views.stack(member.id)
    view = _view(space, member, _text(data, "view"))
    if not stack or stack[-1]["id"] != view["id"]:
        raise ActRefused("Another form is on top of this one.")
    values = _values(data)
    if errors := field_errors(view["blocks"], values):
        return Done(False, "Some answers are missing.", False, errors=errors)
    entry = space.journal.start(member.id, "submit", f"{member.name}: {(view['submit'] or {}).get('text', 'Submit')}")
    trigger = space.tickets.trigger(member.id, entry.id, view["id"])
    try:
        sent = payload.view_submission(space, member, view, values, trigger)
    except ValueRefused as refused:
        space.journal.finish(entry)
        raise ActRefused(str(refused)) from refused
    answer = await deliver.interaction(space, entry, sent)
    done = _done(answer, entry)
    if answer.ok:
        done.errors, done.sentence = take_answer(space, member.id, view, answer)
        done.ok = not done.errors and not done.sentence
        if done.sentence:
            entry.note, entry.verdict = done.sentence, "failed"
            space.journal.changed(entry)
    return done


async def close(space: Workspace, _base: str, data: Json) -> Done:
    """Close the form on top (Escape, Cancel, ×). The app hears of it where it asked to."""
    member = _member(space, data)
    stack = space.views.stack(member.id)
    if not stack:
        return Done()
    top = stack[-1]
    cleared = top["clear_on_close"] or bool(data.get("all"))
    gone = space.views.clear(member.id) if cleared else [top]
    if not cleared:
        space.views.pop(member.id)
    space.announce_stack(member.id)
    done = Done()
    for view in (view for view in gone if view["notify_on_close"]):
        entry = space.journal.start(member.id, "close", f"{member.name} closed {view['title']['text']}")
        answer = await deliver.interaction(space, entry, payload.view_closed(space, member, view, cleared))
        done = _done(answer, entry)
    return done


async def command(space: Workspace, base: str, data: Json) -> Done:
    """A slash command, as typed: `/review help`."""
    member = _member(space, data)
    conversation = _conversation(space, member, data)
    name, _, text = _text(data, "text").strip().partition(" ")
    known = {command.command for command in space.setup.commands}
    if data.get("thread_ts"):
        raise ActRefused("Slash commands do not work in threads. Type it in the conversation.")
    if member.stranger or (member.team and member.team != space.team.id):
        raise ActRefused("Slash commands do not work for people of another workspace.")
    if name not in known:
        raise ActRefused(f"{name} is not a valid command. There are: {', '.join(sorted(known)) or 'none'}.")
    entry = space.journal.start(member.id, "command", f"{member.name}: {name} {text}".strip())
    hook = Hook(member.id, conversation.id, "", 0.0, entry.id)
    tickets = _tickets(space, base, hook)
    form = payload.slash_command(space, member, conversation, name, text.strip(), tickets)
    shown = {"command": name, "text": text.strip(), "user_id": member.id, "channel_id": conversation.id}
    answer = await deliver.command(space, entry, form, shown)
    done = _done(answer, entry)
    if answer.ok and answer.text.strip():
        body = answer.json()
        try:
            answer_at(space, hook, body if isinstance(body, dict) else {"text": answer.text})
        except SlackError as error:
            done.ok, done.sentence = False, f"{name} answered with something that Slack refuses: {error.code}."
            entry.note, entry.verdict = f"{done.sentence} {error.more.get('errors', '')}", "failed"
            space.journal.changed(entry)
    if not done.ok:
        done.sentence = f"{name} failed. {done.sentence}"
    return done


async def shortcut(space: Workspace, _base: str, data: Json) -> Done:
    """A global shortcut of the app."""
    member = _member(space, data)
    known = {one.callback_id: one for one in space.setup.shortcuts}
    found = known.get(_text(data, "callback_id"))
    if found is None:
        raise ActRefused("There is no such shortcut.")
    entry = space.journal.start(member.id, "shortcut", f"{member.name}: {found.name}")
    trigger = space.tickets.trigger(member.id, entry.id)
    sent = payload.shortcut(space, member, found.callback_id, trigger)
    return _done(await deliver.interaction(space, entry, sent), entry)


async def home(space: Workspace, _base: str, data: Json) -> Done:
    """Open the app's Home tab."""
    member = _member(space, data)
    entry = space.journal.start(member.id, "home", f"{member.name} opened Home")
    return _done(await deliver.event(space, entry, payload.home_opened(space, member)), entry)


def _mentions(space: Workspace, text: str) -> str:
    handles = {member.handle: member.id for member in space.people.values()}
    return _MENTION.sub(lambda found: f"<@{handles[found[1]]}>" if found[1] in handles else found[0], text)


async def say(space: Workspace, _base: str, data: Json) -> Done:
    """Write a message in a conversation; `@maya.chen` becomes a mention. The app gets no event for it."""
    member = _member(space, data)
    conversation = _conversation(space, member, data)
    text = _text(data, "text").strip()
    if not text or len(text) > 4_000:
        raise ActRefused("Write from 1 to 4,000 characters.")
    if conversation.archived:
        raise ActRefused("This channel is archived.")
    thread = _text(data, "thread_ts")
    if thread and conversation.find(thread) is None:
        raise ActRefused("That thread is no longer there.")
    words = _mentions(space, html.escape(text, quote=False))
    message: Json = {"type": "message", "user": member.id, "team": member.team or space.team.id}
    message |= {"ts": space.moment(), "text": words, **({"thread_ts": thread} if thread else {})}
    space.post(conversation, message)
    return Done()


async def read(space: Workspace, _base: str, data: Json) -> Done:
    """The person has seen a conversation: nothing in it is unread."""
    member = _member(space, data)
    _conversation(space, member, data).unread[member.id] = 0
    space.revision += 1
    return Done()


ACTS: dict[str, Callable[[Workspace, str, Json], Awaitable[Done]]] = {
    "press": press,
    "submit": submit,
    "close": close,
    "command": command,
    "shortcut": shortcut,
    "home": home,
    "say": say,
    "read": read,
}
