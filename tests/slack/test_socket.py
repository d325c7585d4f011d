"""Socket Mode: the same app behind a WebSocket, decisions recorded with `transport: socket`."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.slack.app import build_app
from bot.slack.chat import SlackWeb
from bot.slack.socket import Socket
from tests.slack.world import ERRAND, World

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class SocketSlack:
    """`apps.connections.open` and the WebSocket that it names (RFC 6455, text frames up to 64 KiB)."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.acks: queue.Queue[dict[str, Any]] = queue.Queue()
        self.tokens: list[str] = []
        self.connection: socket.socket | None = None
        self.ready = threading.Event()
        outer = self

        class Api(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.tokens.append(self.headers.get("authorization", ""))
                address = f"ws://127.0.0.1:{outer.listener.getsockname()[1]}/link"
                body = json.dumps({"ok": True, "url": address}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.url = f"http://127.0.0.1:{self.api.server_address[1]}/api/"
        self.threads = [
            threading.Thread(target=self.api.serve_forever, args=(0.02,), daemon=True),
            threading.Thread(target=self._serve, daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def send(self, payload: dict[str, Any]) -> None:
        assert self.ready.wait(10)
        data = json.dumps({"envelope_id": "e1", "type": "interactive", "payload": payload}).encode()
        assert self.connection is not None
        self.connection.sendall(b"\x81" + struct.pack("!BH", 126, len(data)) + data)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.listener.close()
        self.api.shutdown()
        self.api.server_close()
        for thread in self.threads:
            thread.join(5)

    def _serve(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            key = next(
                li.split(b":", 1)[1].strip()
                for li in request.split(b"\r\n")
                if li.lower().startswith(b"sec-websocket-key")
            )
            accept = base64.b64encode(hashlib.sha1(key + MAGIC.encode()).digest()).decode()
            head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
            answer = f"{head}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            connection.sendall(answer.encode())
            self.connection = connection
            self.ready.set()
            with suppress(ConnectionResetError):
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while head := stream.read(2):
            opcode, size = head[0] & 15, head[1] & 127
            if size == 126:
                size = int(struct.unpack("!H", stream.read(2))[0])
            mask, data = stream.read(4), stream.read(size)
            text = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
            if opcode == 1:
                self.acks.put(json.loads(text))
            elif opcode == 9:
                connection.sendall(b"\x8a" + bytes([len(text)]) + text)
            elif opcode == 8:
                return


@pytest.fixture
def connected(world: World) -> Iterator[SocketSlack]:
    """A Slack to which the world's app is connected."""
    slack = SocketSlack()
    app = build_app(world.parts.deps, world.parts)
    running = Socket(app, "xapp-acme", SlackWeb("xoxb-acme", slack.url))
    running.start()
    assert running.connected()
    yield slack
    running.stop()
    slack.close()


def test_a_click_through_the_socket_is_the_same_decision(world: World, connected: SocketSlack) -> None:
    world.open_errand()

    connected.send(world.click("approve"))
    ack = connected.acks.get(timeout=10)

    assert ack == {"envelope_id": "e1"}
    assert world.names() == ["errand_opened", "errand_approved"]
    assert connected.tokens == ["Bearer xapp-acme"]
    assert '"transport":"socket"' in world.payload()


def test_a_form_through_the_socket_is_answered_in_the_ack(world: World, connected: SocketSlack) -> None:
    world.open_errand()

    connected.send(world.submission("decline", {"reason": "no"}))
    ack = connected.acks.get(timeout=10)

    assert ack["payload"]["response_action"] == "errors"
    assert world.names(ERRAND) == ["errand_opened"]
