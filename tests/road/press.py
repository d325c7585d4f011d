"""Presses that the local page would not offer: a button of somebody else, an old one, from another workspace."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.workspace.driver import Seen
from tests.road.installation import Installation
from workflows.kernel.link import Link

NUMBERS = count(1)


def forged(made: Installation, user: str, link: Link, *, team: str = "T0ACME", home: str = "") -> int:
    """A signed press of this link as this person; the HTTP status. ``home`` is their own workspace, if another one."""
    number = next(NUMBERS)
    payload: dict[str, Any] = {
        "type": "block_actions",
        "team": {"id": team, "domain": "acme"},
        "user": {"id": user, "username": user.lower(), "team_id": home or team},
        "api_app_id": "A0ATTESTER",
        "container": {"type": "message", "message_ts": "1790000000.000100", "channel_id": f"D{user[1:]}"},
        "channel": {"id": f"D{user[1:]}", "name": "directmessage"},
        "message": {"ts": "1790000000.000100", "text": "A card"},
        "trigger_id": f"1.2.{number}",
        "response_url": f"{made.space_api}/respond/none",
        "actions": [
            {
                "type": "button",
                "action_id": f"attester:{link.act}:{link.item}",
                "block_id": "b1",
                "value": link.text(),
                "action_ts": f"1790000001.{number:06d}",
            }
        ],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    mac = hmac.new(made.secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={mac}",
        "content-type": "application/x-www-form-urlencoded",
    }
    return httpx.post(f"{made.url}/slack/events", content=body, headers=headers, timeout=10).status_code


def block_of(message: dict[str, Any], action: str) -> str:
    """The block that holds the element with this id."""
    for block in message["blocks"]:
        if any(e.get("action_id") == action for e in block.get("elements", ())):
            return str(block["block_id"])
    raise AssertionError(f"no {action} in this message")


def card_of(made: Installation, user: str, title: str, action: str) -> dict[str, Any]:
    """The message with this headline that has this button, as soon as it is there."""

    def found(state: dict[str, Any]) -> dict[str, Any] | None:
        for conversation in state["conversations"]:
            for message in conversation["messages"]:
                blocks = message.get("blocks") or []
                heads = [b["text"]["text"] for b in blocks if b["type"] == "header"]
                ids = [e.get("action_id") for b in blocks for e in b.get("elements", ())]
                if action in ids and any(title in head for head in heads):
                    return {**message, "channel": conversation["id"]}
        return None

    return dict(made.driver.wait(user, found, 30))


def press(made: Installation, user: str, title: str, action: str, value: str | None = None) -> Seen:
    """Press a button, or choose from a menu, in the message with this headline."""
    card = card_of(made, user, title, action)
    return made.driver.press(user, card["channel"], card["ts"], block_of(card, action), action, value)
