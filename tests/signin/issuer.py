"""An OpenID issuer of our own: real RSA keys, real HTTP on loopback, and every lie that a token can tell.

It signs by hand, without PyJWT, so that the library under test does not check its own work.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

T = TypeVar("T")
CLIENT = "0oaattester"
URL = "https://acme.okta.test"
MAYA, TOM = "00umaya", "00utom"


def run(work: Coroutine[Any, Any, T]) -> T:
    """The work's result, from a thread of its own: a browser of other tests keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def b64url(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(value: Any) -> str:
    return b64url(json.dumps(value).encode())


@dataclass(frozen=True)
class Ago:
    """A time in a claim, so many seconds before the token is made; negative: after it."""

    seconds: int


@dataclass(frozen=True)
class Key:
    """A signing key with its id."""

    kid: str
    private: RSAPrivateKey

    def jwk(self) -> dict[str, Any]:
        """The public half as the list of keys has it."""
        numbers = self.private.public_key().public_numbers()
        n = b64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid, "e": "AQAB", "n": n}

    def sign(self, data: bytes) -> bytes:
        """RS256."""
        return self.private.sign(data, PKCS1v15(), SHA256())


def new_key(kid: str, bits: int = 2048) -> Key:
    """A fresh key."""
    return Key(kid, generate_private_key(65537, bits))


KEY, OTHER = new_key("key-1"), new_key("key-1")
"""The issuer's key, and somebody else's who claims the same id."""


@dataclass
class Issuer:
    """What the issuer has and how it behaves; `base` is its address on loopback."""

    base: str = ""
    url: str = URL
    keys: list[Key] = field(default_factory=lambda: [KEY])
    keys_reply: tuple[int, str] | None = None
    keys_asked: int = 0
    token_status: int = 200
    signs_in: str = MAYA
    says: dict[str, Any] = field(default_factory=dict)
    key: Key = KEY
    error: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    describes: dict[str, Any] = field(default_factory=dict)

    def description(self) -> dict[str, Any]:
        """What it says of itself."""
        start = f"{self.url}/oauth2/v1"
        return {
            "issuer": self.url, "authorization_endpoint": f"{start}/authorize", "token_endpoint": f"{start}/token",
            "jwks_uri": f"{start}/keys", "code_challenge_methods_supported": ["S256"],
        }  # fmt: skip

    def claims(self, nonce: str, /, **changed: Any) -> dict[str, Any]:
        """A good ID token's claims, with changes; None takes a claim out."""
        now = int(time.time())
        good = {
            "iss": self.url, "aud": CLIENT, "sub": self.signs_in, "iat": now, "exp": now + 3600, "auth_time": now,
            "nonce": nonce, "ver": 1, "jti": secrets.token_hex(8), "amr": ["pwd", "mfa", "otp"],
        }  # fmt: skip
        whole = {**good, **self.says, **changed}
        timed = {name: now - value.seconds if isinstance(value, Ago) else value for name, value in whole.items()}
        return {name: value for name, value in timed.items() if value is not None}

    def token(
        self, nonce: str, /, *, header: Mapping[str, Any] | None = None, key: Key | None = None, **changed: Any
    ) -> str:
        """A signed ID token."""
        signer = key or self.key
        head = {"alg": "RS256", "kid": signer.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        signed = f"{_json(head)}.{_json(self.claims(nonce, **changed))}"
        return f"{signed}.{b64url(signer.sign(signed.encode()))}"

    def transport(self) -> Loopback:
        """Leads the issuer's https name to loopback."""
        return Loopback({urlsplit(self.url).netloc: self.base})

    def answer(self, method: str, path: str, query: dict[str, str], form: dict[str, str]) -> tuple[int, str, str]:
        """(status, location, body)."""
        if path.endswith("/v1/keys"):
            self.keys_asked += 1
            if self.keys_reply is not None:
                return self.keys_reply[0], "", self.keys_reply[1]
            return 200, "", json.dumps({"keys": [key.jwk() for key in self.keys]})
        if path == "/.well-known/openid-configuration":
            return 200, "", json.dumps(self.describes or self.description())
        if path.endswith("/v1/authorize"):
            self.asked.append(query)
            back = {"state": query["state"]}
            if self.error:
                return 302, f"{query['redirect_uri']}?{urlencode(back | {'error': self.error})}", ""
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            return 302, f"{query['redirect_uri']}?{urlencode(back | {'code': code})}", ""
        if path.endswith("/v1/token") and method == "POST":
            return self._exchange(form)
        return 404, "", "{}"

    def _exchange(self, form: dict[str, str]) -> tuple[int, str, str]:
        if self.token_status != 200:
            return self.token_status, "", '{"error": "temporarily_unavailable"}'
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = b64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or challenge != asked["code_challenge"] or form.get("client_id") != CLIENT:
            return 400, "", '{"error": "invalid_grant", "error_description": "The code is not good."}'
        return (
            200,
            "",
            json.dumps({"token_type": "Bearer", "id_token": self.token(asked["nonce"]), "access_token": "x"}),
        )


class Loopback(httpx.AsyncBaseTransport):
    """Sends requests for some https hosts to plain HTTP on this machine; others go nowhere."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = dict(hosts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, over a connection of its own."""
        base = self._hosts.get(request.url.netloc.decode())
        if base is None:
            raise httpx.ConnectError(f"no way to {request.url.host}")
        here = httpx.URL(base)
        request.url = request.url.copy_with(scheme=here.scheme, host=here.host, port=here.port)
        async with httpx.AsyncHTTPTransport() as wire:
            reply = await wire.handle_async_request(request)
            body = await reply.aread()
            return httpx.Response(reply.status_code, headers=reply.headers, content=body)


@contextmanager
def running_issuer(issuer: Issuer | None = None) -> Iterator[Issuer]:
    """The issuer, answering on 127.0.0.1."""
    mine = issuer or Issuer()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            self._reply(_flat(self.rfile.read(length).decode()))

        def _reply(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            status, location, body = mine.answer(self.command, parts.path, _flat(parts.query), form)
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    mine.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield mine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
