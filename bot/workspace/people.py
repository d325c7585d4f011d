"""Who and what stands in the local workspace. Ids are fixed by whoever configures it, so that a program can name them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.workspace.problem import Json

SCOPES = (
    "commands", "chat:write", "im:write", "users:read", "users:read.email", "channels:manage", "channels:read",
    "groups:write", "pins:write", "bookmarks:write",
)  # fmt: skip


@dataclass(frozen=True)
class Team:
    """The workspace, and the app that is installed in it."""

    id: str = "T0ACME"
    name: str = "Acme"
    domain: str = "acme"
    app_id: str = "A0ATTESTER"
    app_name: str = "Attester"
    bot_id: str = "B0ATTESTER"
    bot_user: str = "U0ATTESTER"
    scopes: tuple[str, ...] = SCOPES


@dataclass(frozen=True)
class Member:
    """One Slack account. ``team`` is set for somebody of another workspace; ``note`` says why one would act as them."""

    id: str
    name: str
    email: str = ""
    title: str = ""
    note: str = ""
    team: str = ""
    restricted: bool = False
    ultra_restricted: bool = False
    stranger: bool = False
    deleted: bool = False
    bot: bool = False
    invited: bool = False
    owner: bool = False
    time_zone: str = "Europe/London"

    @property
    def handle(self) -> str:
        """The name in lower case with dots, as payloads carry it."""
        return ".".join(self.name.lower().split())

    def record(self, team: Team) -> Json:
        """The account as `users.info` gives it."""
        profile = {"real_name": self.name, "display_name": self.name.split()[0], "title": self.title}
        if self.email:
            profile["email"] = self.email
        base: Json = {
            "id": self.id,
            "team_id": self.team or team.id,
            "name": self.handle,
            "real_name": self.name,
            "deleted": self.deleted,
            "profile": profile,
            "is_bot": self.bot,
            "is_app_user": False,
            "updated": 0,
        }
        if self.deleted:
            return base
        return base | {
            "tz": self.time_zone,
            "is_admin": self.owner,
            "is_owner": self.owner,
            "is_primary_owner": False,
            "is_restricted": self.restricted,
            "is_ultra_restricted": self.ultra_restricted,
            "is_stranger": self.stranger,
            "is_invited_user": self.invited,
        }


@dataclass(frozen=True)
class Room:
    """A channel that is there from the start. ``ext_shared``: outsiders read along (Slack Connect)."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    private: bool = False
    ext_shared: bool = False
    topic: str = ""


@dataclass(frozen=True)
class SlashCommand:
    """A command of the app, as its manifest declares it."""

    command: str
    description: str = ""
    usage_hint: str = ""


@dataclass(frozen=True)
class Shortcut:
    """A global shortcut of the app."""

    name: str
    callback_id: str
    description: str = ""


@dataclass(frozen=True)
class Setup:
    """Everything beyond people and keys that a workspace can be given. ``tries`` are three things to try first."""

    rooms: tuple[Room, ...] = ()
    commands: tuple[SlashCommand, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    tries: tuple[str, ...] = ()
    first_person: str = ""
    socket_mode: bool = False
    ack_seconds: float = 3.0
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    tiers: dict[int, int] = field(default_factory=lambda: {1: 1, 2: 20, 3: 50, 4: 100})
    channel_posts_per_second: float = 1.0
