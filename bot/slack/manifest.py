"""The app's manifest, made from the code: what is declared to Slack is what the code uses, with a reason for each scope.

`python -m bot.slack.manifest [public URL]` prints it; without a URL it is for Socket Mode.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from bot.slack.command import COMMANDS
from bot.slack.event import EVENTS

SCOPES: Mapping[str, str] = {
    "commands": "the slash commands",
    "chat:write": "asks as direct messages, updated when they are decided, and private answers",
    "im:write": "opening the direct message in which somebody is asked",
    "users:read": "who is a member, guest, bot or deactivated: what is unknown is refused",
    "users:read.email": "finding the Slack account of a person of the directory when accounts are first linked",
}
"""Every scope that the bot asks for, and why."""

METHODS: Mapping[str, tuple[str, ...]] = {
    "auth.test": (),
    "bots.info": ("users:read",),
    "chat.postMessage": ("chat:write", "im:write"),
    "chat.update": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "users.info": ("users:read", "users:read.email"),
    "users.list": ("users:read", "users:read.email"),
    "views.open": (),
    "views.push": (),
    "views.update": (),
    "views.publish": (),
}
"""Every method that `chat.py` calls, with the scopes that we need for it (docs.slack.dev/reference/methods)."""

HEADER = """\
# The Slack app. Made from the code by `python -m bot.slack.manifest`; a test compares the two.
# Create an app "from a manifest" at https://api.slack.com/apps and paste this. With a public address, use
# `python -m bot.slack.manifest https://your.host` instead: it turns Socket Mode off and names the address.
"""


def manifest(public_url: str = "") -> dict[str, Any]:
    """The manifest for HTTP at this address, or for Socket Mode where there is none."""
    events_url = f"{public_url.rstrip('/')}/slack/events" if public_url else ""
    address = {"url": events_url} if events_url else {}
    requests = {"request_url": events_url} if events_url else {}
    commands = [
        {"command": c.name, "description": c.description, "usage_hint": c.hint, "should_escape": False, **address}
        for c in COMMANDS.values()
    ]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Attester",
            "description": "The human half of SOC 2: decisions as signed attestations",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Attester", "always_online": True},
            "slash_commands": commands,
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**requests, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, **requests},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not events_url,
            "token_rotation_enabled": False,
        },
    }


def yaml(value: Any, indent: int = 0) -> str:
    """A manifest as YAML: mappings, lists and scalars, and nothing that would need quoting rules of its own."""
    pad = "  " * indent
    lines = []
    items = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
    for name, item in items:
        head = f"{pad}{name}:" if name is not None else f"{pad}-"
        if isinstance(item, Mapping | list) and item:
            body = yaml(item, indent + 1)
            # The first key of a list's mapping stands on the dash's line.
            lines.append(f"{head} {body.lstrip()}" if name is None else f"{head}\n{body}")
        else:
            lines.append(f"{head} {_scalar(item)}\n")
    return "".join(lines)


def _scalar(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(item) if isinstance(item, int) else "[]"


def document(public_url: str = "") -> str:
    """manifest.yaml's text."""
    return HEADER + yaml(manifest(public_url))


if __name__ == "__main__":
    sys.stdout.write(document(sys.argv[1] if len(sys.argv) > 1 else ""))
