"""The workspace's state: everything a Slack workspace would know, in memory, used by one event loop only.

It can never be used with a real Slack app: it takes only tokens and secrets of its own making and a bot on loopback.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from bot.clock import SystemClock
from bot.workspace.block import with_ids
from bot.workspace.checks import lint_message
from bot.workspace.conversation import Conversation
from bot.workspace.journal import Entry, Journal
from bot.workspace.limit import Faults, Limits
from bot.workspace.people import Member, Setup, Team
from bot.workspace.problem import Json, SlackError
from bot.workspace.socket import Sockets
from bot.workspace.ticket import Tickets
from bot.workspace.view import Views
from workflows.kernel.ports import Clock

TOKEN_PREFIX = "xoxb-local-"  # noqa: S105  (what a token of our own making starts with, no secret)
SECRET_PREFIX = "local-"  # noqa: S105
APP_TOKEN_PREFIX = "xapp-local-"  # noqa: S105
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def fresh_token() -> str:
    """A bot token that only a local workspace takes."""
    return TOKEN_PREFIX + secrets.token_hex(16)


def fresh_secret() -> str:
    """A signing secret that only a local workspace signs with."""
    return SECRET_PREFIX + secrets.token_hex(16)


class Workspace:
    """Team, people, conversations, views and the journal. Raises ValueError for a token, secret or bot that is not local.

    ``clock`` tells the time that people read (a demo may shift it); ``wall`` the real time that signatures carry, which
    the bot compares with its own; ``ticks`` counts seconds for triggers, limits and acknowledgements.
    ``entries`` counts the ledger's entries, so that the inspector can show that a press added some.
    """

    def __init__(
        self,
        people: Sequence[Member],
        team: Team,
        secret: str,
        token: str,
        bot_url: str,
        setup: Setup | None = None,
        *,
        clock: Clock | None = None,
        wall: Clock | None = None,
        ticks: Callable[[], float] = time.monotonic,
        entries: Callable[[], int] | None = None,
    ) -> None:
        if not token.startswith(TOKEN_PREFIX) or not secret.startswith(SECRET_PREFIX):
            raise ValueError(
                "The local workspace takes only its own tokens and secrets: use fresh_token, fresh_secret."
            )
        if urlsplit(bot_url).hostname not in LOOPBACK:
            raise ValueError("The local workspace talks only to a bot on this machine: give a bot_url on 127.0.0.1.")
        self.team, self.secret, self.token, self.bot_url = team, secret, token, bot_url
        self.setup = setup or Setup()
        self.clock, self.wall, self.ticks = clock or SystemClock(), wall or SystemClock(), ticks
        self.entries = entries
        self.page_key = secrets.token_urlsafe(16)
        self.app_token = APP_TOKEN_PREFIX + secrets.token_hex(16)
        self.sockets = Sockets(team.app_id)
        app = Member(team.bot_user, team.app_name, bot=True)
        self.people = {member.id: member for member in (app, *people)}
        self.views = Views(team, self.moment)
        self.tickets = Tickets(ticks)
        self.limits = Limits(self.setup.tiers, self.setup.channel_posts_per_second, ticks)
        self.faults = Faults()
        self.journal = Journal(self._note, ticks, self.moment)
        self.conversations: dict[str, Conversation] = {}
        self.lints: dict[tuple[str, str], list[str]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.revision = 0
        self._last = 0
        self._readers: dict[asyncio.Queue[Json], str] = {}
        for room in self.setup.rooms:
            members = [*dict.fromkeys([*room.members, team.bot_user])]
            self.conversations[room.id] = Conversation(
                room.id, room.name, "channel", room.private, room.ext_shared, members=members, topic=room.topic
            )

    def now(self) -> datetime:
        """The time that people read."""
        return self.clock.now()

    def moment(self) -> str:
        """A timestamp in Slack's form, later than every one before."""
        self._last = max(self._last + 1, int(self.now().timestamp() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    # -- who listens -------------------------------------------------------------------------------------------------

    def listen(self, user: str) -> asyncio.Queue[Json]:
        """What changes for this person from now on."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._readers[queue] = user
        return queue

    def leave(self, queue: asyncio.Queue[Json]) -> None:
        """Nobody reads this queue any more."""
        self._readers.pop(queue, None)

    def announce(self, users: Iterable[str] | None, kind: str, **data: Any) -> None:
        """Tell these people's pages (None: everybody's)."""
        wanted = None if users is None else set(users)
        self.revision += 1
        for queue, user in self._readers.items():
            if wanted is None or user in wanted:
                queue.put_nowait({"kind": kind, "revision": self.revision, **data})

    def _note(self, entry: Entry) -> None:
        self.announce(None, "entry", entry=entry.shown())

    # -- people and conversations ------------------------------------------------------------------------------------

    def member(self, user: object) -> Member:
        """The account. Raises SlackError `user_not_found`."""
        found = self.people.get(user) if isinstance(user, str) else None
        if found is None:
            raise SlackError("user_not_found")
        return found

    def change_member(self, user: str, **changes: Any) -> Member:
        """Deactivate somebody, make them a guest, …: as a Slack administrator would."""
        self.people[user] = replace(self.member(user), **changes)
        self.announce(None, "people", people=[member.record(self.team) for member in self.people.values()])
        return self.people[user]

    def direct(self, user: str) -> Conversation:
        """The direct messages between this person and the app."""
        name = f"D{user[1:]}"
        if name not in self.conversations:
            members = [user, self.team.bot_user]
            self.conversations[name] = Conversation(name, "directmessage", "im", True, members=members)
            self.announce_conversation(self.conversations[name])
        return self.conversations[name]

    def conversation(self, name: object) -> Conversation:
        """By id, `#name`, or the id of a person (their direct messages). Raises SlackError `channel_not_found`."""
        text = name if isinstance(name, str) else ""
        if text in self.conversations:
            return self.conversations[text]
        if text in self.people and text != self.team.bot_user and not self.people[text].deleted:
            return self.direct(text)
        named = (c for c in self.conversations.values() if c.kind == "channel" and text in (c.name, f"#{c.name}"))
        found = next(named, None)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def sees(self, user: str) -> list[Conversation]:
        """The conversations in this person's sidebar."""
        return [conversation for conversation in self.conversations.values() if conversation.seen_by(user)]

    # -- what is written ---------------------------------------------------------------------------------------------

    def shown(self, conversation: Conversation, message: Json) -> Json:
        """A message as the page reads it: Slack's fields, and ours under `local`."""
        lint = self.lints.get((conversation.id, message["ts"]), [])
        return message | {"local": {"lint": lint, "ephemeral": bool(message.get("is_ephemeral"))}}

    def announce_conversation(self, conversation: Conversation) -> None:
        """A conversation is new, or its members, name or topic changed."""
        self.announce(conversation.members, "conversation", id=conversation.id)

    def post(self, conversation: Conversation, message: Json) -> Json:
        """A new message, for everybody in the conversation."""
        conversation.messages.append(message)
        if parent := conversation.find(message.get("thread_ts", "")):
            parent["reply_count"] = parent.get("reply_count", 0) + 1
            parent["latest_reply"] = message["ts"]
            self.announce_message(conversation, parent)
        for user in conversation.members:
            if user != message.get("user"):
                conversation.unread[user] += 1
        self.announce_message(conversation, message)
        return message

    def announce_message(self, conversation: Conversation, message: Json) -> None:
        """A message is new or was changed."""
        for user in conversation.members:
            self.announce(
                [user],
                "message",
                channel=conversation.id,
                message=self.shown(conversation, message),
                unread=conversation.unread[user],
            )

    def written(self, text: str, blocks: Any, conversation: Conversation, **more: Any) -> Json:
        """A message of the app; what our own lint finds is kept beside it."""
        message: Json = {
            "type": "message",
            "user": self.team.bot_user,
            "bot_id": self.team.bot_id,
            "app_id": self.team.app_id,
            "team": self.team.id,
            "ts": self.moment(),
            "text": text,
            **{key: value for key, value in more.items() if value is not None},
        }
        if blocks:
            message["blocks"] = with_ids(blocks)
        self.lints[(conversation.id, message["ts"])] = lint_message(blocks, text)
        return message

    def whisper(self, conversation: Conversation, user: str, message: Json) -> None:
        """An ephemeral message: only this person sees it, until they reload."""
        message["is_ephemeral"] = True
        conversation.whispers.setdefault(user, []).append(message)
        self.announce(
            [user],
            "message",
            channel=conversation.id,
            message=self.shown(conversation, message),
            unread=conversation.unread[user],
        )

    def announce_stack(self, user: str) -> None:
        """This person's modals changed."""
        self.announce([user], "stack", views=self.views.stack(user))
