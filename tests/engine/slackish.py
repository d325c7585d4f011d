"""Two methods of Slack's Web API over real HTTP on 127.0.0.1, slow and moody on purpose, and a Chat that calls them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from workflows.kernel.ports import ChatFailure, ChatUser

Answer = tuple[int, dict[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """A call as it reached the server."""

    at: float
    method: str
    channel: str
    text: str
    row: str


@dataclass
class Slackish:
    """What the server saw. `mood` may answer instead of the server: (status, headers, body)."""

    latency: float = 0.0
    mood: Callable[[Call], Answer | None] = lambda call: None
    calls: list[Call] = field(default_factory=list)
    posted: list[Call] = field(default_factory=list)
    under_way: int = 0
    port: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, method: str, body: Mapping[str, Any]) -> Answer:
        row = str(body.get("metadata", {}).get("row", ""))
        call = Call(time.monotonic(), method, str(body["channel"]), str(body["text"]), row)
        with self._lock:
            self.calls.append(call)
            self.under_way += 1
        try:
            said = self.mood(call)
            if said is not None:
                return said
            with self._lock:
                self.posted.append(call)
                number = next(self._numbers)
            time.sleep(self.latency)
            return 200, {}, {"ok": True, "channel": f"D{call.channel}", "ts": f"{number}.000100"}
        finally:
            with self._lock:
                self.under_way -= 1

    def texts(self) -> list[str]:
        """The texts of the messages that were posted, in order."""
        with self._lock:
            return [call.text for call in self.posted]


@contextmanager
def serving(slack: Slackish) -> Iterator[Slackish]:
    """Serve on a free port of 127.0.0.1."""

    class Methods(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, answer = slack.handle(self.path.rpartition("/")[2], body)
            data = json.dumps(answer).encode()
            try:
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(data))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except ConnectionError:
                self.close_connection = True  # the worker was killed meanwhile; that is the point of some tests

        def log_message(self, *words: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Methods)
    server.daemon_threads = True
    slack.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class HttpChat:
    """A Chat over plain HTTP, with the meanings of Slack's answers that a card needs."""

    def __init__(self, port: int) -> None:
        self._port = port

    def post(
        self, to: str, text: str, blocks: Sequence[Mapping[str, Any]], metadata: Mapping[str, str]
    ) -> tuple[str, str]:
        body = {"channel": to, "text": text, "blocks": list(blocks), "metadata": dict(metadata)}
        answer = self._call("chat.postMessage", body)
        return answer["channel"], answer["ts"]

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._call("chat.update", {"channel": channel, "ts": ts, "text": text, "blocks": list(blocks)})

    def whisper(self, channel: str, user: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        raise ChatFailure("stopped", "not_in_this_stand_in")

    def open_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        raise ChatFailure("stopped", "not_in_this_stand_in")

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        raise ChatFailure("stopped", "not_in_this_stand_in")

    def users(self) -> Iterator[ChatUser]:
        return iter(())

    def identity(self) -> Mapping[str, str]:
        return {}

    def _call(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("POST", f"/api/{method}", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ChatFailure("unsure", type(error).__name__) from error
        finally:
            connection.close()
        if response.status == 429:
            raise ChatFailure("later", "ratelimited", float(response.headers["Retry-After"]))
        if response.status != 200:
            raise ChatFailure("unsure", f"HTTP {response.status}")
        answer: dict[str, Any] = json.loads(data)
        return answer
