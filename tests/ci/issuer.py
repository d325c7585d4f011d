"""GitHub's identity provider for runs, as it documents itself: real keys, real HTTP on loopback, and the lies a token can tell.

It signs by hand, without PyJWT, so that the library under test does not check its own work.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.signin.issuer import Ago, Key, b64url, new_key

KEY, OTHER, NEXT = new_key("run-1"), new_key("run-1"), new_key("run-2")
"""The issuer's key, somebody else's who claims the same id, and the issuer's next one."""
COMMIT = "41ab" * 10
REQUEST_TOKEN = "what the runner gives the job"


@dataclass
class Issuer:
    """What the issuer has and how it behaves. ``url`` is its name and its address."""

    url: str = ""
    keys: list[Key] = field(default_factory=lambda: [KEY])
    keys_reply: tuple[int, bytes] | None = None
    describes: dict[str, Any] = field(default_factory=dict)
    keys_asked: int = 0
    audiences: list[str] = field(default_factory=list)
    says: dict[str, Any] = field(default_factory=dict)
    down: bool = False

    def claims(self, audience: Any, changed: Mapping[str, Any]) -> dict[str, Any]:
        """The claims of a good run, with changes; None takes a claim out."""
        now = int(time.time())
        good = {
            "iss": self.url, "aud": audience, "sub": "repo:acme/payments:ref:refs/heads/main", "jti": secrets.token_hex(8),
            "iat": now, "nbf": now - 5, "exp": now + 300, "repository": "acme/payments", "repository_owner": "acme",
            "repository_owner_id": "4104", "repository_id": "77", "sha": COMMIT, "ref": "refs/heads/main",
            "run_id": "812", "run_attempt": "1", "run_number": "3", "workflow": "Scan", "event_name": "push",
            "job_workflow_ref": "acme/payments/.github/workflows/scan.yml@refs/heads/main", "actor": "lena-novak",
        }  # fmt: skip
        whole = {**good, **self.says, **changed}
        timed = {name: now - value.seconds if isinstance(value, Ago) else value for name, value in whole.items()}
        return {name: value for name, value in timed.items() if value is not None}

    def token(
        self, audience: Any, /, *, header: Mapping[str, Any] | None = None, key: Key = KEY, **changed: Any
    ) -> str:
        """A signed token; ``header`` changes its head, None takes a field out."""
        head = {"typ": "JWT", "alg": "RS256", "kid": key.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        signed = f"{_json(head)}.{_json(self.claims(audience, changed))}"
        return f"{signed}.{b64url(signature(head.get('alg'), key, signed.encode()))}"

    def answer(self, path: str, query: Mapping[str, list[str]], authorization: str) -> tuple[int, bytes]:
        """Status and body."""
        if self.down:
            return 503, b"{}"
        if path == "/.well-known/openid-configuration":
            keys = f"{self.url}/.well-known/jwks"
            return 200, json.dumps({"issuer": self.url, "jwks_uri": keys, **self.describes}).encode()
        if path == "/.well-known/jwks":
            self.keys_asked += 1
            return self.keys_reply or (200, json.dumps({"keys": [key.jwk() for key in self.keys]}).encode())
        if path == "/request" and authorization == f"Bearer {REQUEST_TOKEN}":
            audience = query["audience"][0]
            self.audiences.append(audience)
            return 200, json.dumps({"value": self.token(audience)}).encode()
        return 404, b"{}"


def signature(algorithm: Any, key: Key, data: bytes) -> bytes:
    """What a token of this algorithm carries; for HS256 the issuer's public key is the secret, as an attacker would have it."""
    if algorithm == "none":
        return b""
    if algorithm == "HS256":
        return hmac.new(json.dumps(KEY.jwk()).encode(), data, hashlib.sha256).digest()
    return key.sign(data)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """The issuer, answering on 127.0.0.1."""
    mine = Issuer()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = mine.answer(parts.path, parse_qs(parts.query), self.headers.get("authorization", ""))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    mine.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield mine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _json(value: Any) -> str:
    return b64url(json.dumps(value).encode())
