"""Socket Mode: the bot connects to us, and what people do goes to it over that connection instead of over HTTP.

Shapes: docs.slack.dev, "Using Socket Mode". Payloads are unsigned here, as at Slack: trust is the app token.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any
from urllib.parse import parse_qsl

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.workspace.problem import Json, SlackError

CONNECTIONS = 10


def envelope(body: str, content_type: str, retry: Json) -> Json:
    """What an HTTP request would have carried, as a Socket Mode envelope."""
    fields = dict(parse_qsl(body)) if content_type.startswith("application/x-www") else {}
    kind, payload = "events_api", None
    if "payload" in fields:
        kind, payload = "interactive", json.loads(fields["payload"])
    elif fields:
        kind, payload = "slash_commands", fields
    else:
        payload = json.loads(body)
    made: Json = {"envelope_id": secrets.token_hex(16), "type": kind, "payload": payload}
    made["accepts_response_payload"] = kind != "events_api"
    return made | retry


class Sockets:
    """The bot's open connections, at most ten; any of them may get a payload."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, asyncio.Future[str]] = {}

    @property
    def connected(self) -> int:
        """How many connections stand."""
        return len(self._open)

    def ticket(self) -> str:
        """A secret that opens one connection. Raises SlackError over ten connections."""
        if self.connected >= CONNECTIONS:
            raise SlackError("too_many_websockets")
        name = secrets.token_urlsafe(18)
        self._tickets.add(name)
        return name

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from hello until it ends."""
        ticket = str(socket.path_params["ticket"])
        if ticket not in self._tickets:
            await socket.close(4001)
            return
        self._tickets.remove(ticket)
        await socket.accept()
        self._open.append(socket)
        try:
            await socket.send_json(
                {
                    "type": "hello",
                    "num_connections": self.connected,
                    "connection_info": {"app_id": self._app_id},
                    "debug_info": {"host": "local stand-in", "approximate_connection_time": 18060},
                }
            )
            while True:
                self._take(await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            self._open.remove(socket)

    def _take(self, text: str) -> None:
        """An acknowledgement, for whoever waits for it; anything else is dropped."""
        try:
            body: Any = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            return
        if not isinstance(body, dict):
            return
        waiting = self._waiting.pop(str(body.get("envelope_id")), None)
        if waiting is not None and not waiting.done():
            payload = body.get("payload")
            waiting.set_result("" if payload in (None, {}, "") else json.dumps(payload))

    async def send(self, made: Json) -> str:
        """The text with which the bot acknowledged; the caller bounds the time. Raises ConnectionError without a bot."""
        if not self._open:
            raise ConnectionError("no connection of the bot stands")
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[made["envelope_id"]] = waiting
        try:
            await secrets.choice(self._open).send_json(made)
            return str(await waiting)
        finally:
            self._waiting.pop(made["envelope_id"], None)
