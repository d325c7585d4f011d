"""An HTTP server on 127.0.0.1 that answers as a test says: whole, cut off, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A request that came."""

    path: str
    query: dict[str, str]
    headers: Message
    body: bytes = b""
    method: str = "GET"


@dataclass
class Reply:
    """An answer. ``cut``: the connection ends this many bytes before the body does."""

    status: int = 200
    body: bytes = b"[]"
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = "application/json"
    cut: int = 0


Answering = Callable[[Request], Reply]


@contextmanager
def running(answer: Answering) -> Iterator[str]:
    """The base address of a server that answers so, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(b"")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers.get("content-length", 0))))

        do_PUT = do_DELETE = do_POST

        def _reply(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            reply = answer(Request(parts.path, dict(parse_qsl(parts.query)), self.headers, body, self.command))
            self.send_response(reply.status)
            names = {name.lower() for name, _ in reply.headers}
            if "content-type" not in names:
                self.send_header("Content-Type", reply.content_type)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) - reply.cut])
            if reply.cut:
                self.close_connection = True

        def send_response(self, code: int, message: str | None = None) -> None:
            """No `Date` of our own: the test says what the server's clock shows."""
            self.send_response_only(code, message)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
