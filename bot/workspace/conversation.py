"""Channels and direct messages: what was said, who sees it, what is unread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.workspace.people import Team
from bot.workspace.problem import Json, SlackError


@dataclass
class Conversation:
    """A channel or a direct message. ``whispers`` are ephemeral: one person's, gone when that person reloads."""

    id: str
    name: str
    kind: str = "channel"
    private: bool = False
    ext_shared: bool = False
    archived: bool = False
    topic: str = ""
    created: int = 0
    members: list[str] = field(default_factory=list)
    messages: list[Json] = field(default_factory=list)
    whispers: dict[str, list[Json]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)

    def seen_by(self, user: str) -> bool:
        """Whether this person has the conversation in the sidebar."""
        return user in self.members

    def find(self, ts: str) -> Json | None:
        """The message with this ts."""
        return next((message for message in self.messages if message["ts"] == ts), None)

    def whisper(self, user: str, ts: str) -> Json | None:
        """This person's ephemeral message with this ts."""
        return next((message for message in self.whispers.get(user, []) if message["ts"] == ts), None)

    def for_person(self, user: str) -> Iterator[Json]:
        """What this person sees here, oldest first."""
        yield from sorted([*self.messages, *self.whispers.get(user, [])], key=lambda message: str(message["ts"]))

    def needs_member(self, user: str) -> None:
        """Raises SlackError where the conversation is archived or this account is not in it."""
        if self.archived:
            raise SlackError("is_archived")
        if user not in self.members:
            raise SlackError("not_in_channel")

    def record(self, team: Team) -> Json:
        """The conversation as `conversations.info` gives it."""
        direct = self.kind == "im"
        base: Json = {
            "id": self.id,
            "created": self.created,
            "is_im": direct,
            "is_archived": self.archived,
            "is_org_shared": False,
            "context_team_id": team.id,
        }
        if direct:
            other = next(member for member in self.members if member != team.bot_user)
            return base | {"user": other, "is_user_deleted": False}
        return base | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.private,
            "is_group": self.private,
            "is_private": self.private,
            "is_ext_shared": self.ext_shared,
            "is_member": team.bot_user in self.members,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }
