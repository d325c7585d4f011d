"""Okta as an OpenID provider for a public client: authorization code with PKCE (RFC 6749, 7636, OpenID Connect Core)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import anyio
import httpx

from bot.signin.level import Asked
from bot.signin.refusal import SignInRefused
from bot.signin.token import LEEWAY, endpoint

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
WHOLE_SECONDS = 15.0
LARGEST = 256 * 1024


class Provider:
    """Where people sign in. ``redirect`` is the one registered address that Okta sends browsers back to."""

    def __init__(
        self, issuer: str, client: str, redirect: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.issuer = issuer
        self.redirect = redirect
        self._client = client
        self._transport = transport

    def address(self, *, nonce: str, state: str, verifier: str, asked: Asked, login: str = "") -> str:
        """Where to send the browser. ``login`` is a hint for the form, nothing that is relied on."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self._client,
            "response_type": "code",
            "response_mode": "query",
            "scope": "openid",
            "redirect_uri": self.redirect,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **asked.parameters(),
        }
        if login:
            query["login_hint"] = login
        return f"{endpoint(self.issuer)}/authorize?{urlencode(query)}"

    async def probe(self, now: datetime) -> str:
        """One sentence for `attester doctor`: the issuer's own description agrees with how we use it, and so do the clocks.

        Raises SignInRefused: `okta_unreachable`, or `okta_refused` with what differs.
        """
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT, follow_redirects=False) as client:
                reply = await client.get(f"{self.issuer}/.well-known/openid-configuration")
            said = reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise SignInRefused("okta_unreachable", type(error).__name__) from error
        if not isinstance(said, dict):
            raise SignInRefused("okta_unreachable", f"its description: {reply.status_code}")
        start = endpoint(self.issuer)
        for name, wanted in (
            ("issuer", self.issuer),
            ("authorization_endpoint", f"{start}/authorize"),
            ("token_endpoint", f"{start}/token"),
            ("jwks_uri", f"{start}/keys"),
        ):
            if said.get(name) != wanted:
                raise SignInRefused("okta_refused", f"its {name} is {str(said.get(name))[:200]}, and not {wanted}")
        if "S256" not in (said.get("code_challenge_methods_supported") or ["S256"]):
            raise SignInRefused("okta_refused", "it does not offer PKCE with S256")
        return f"{self.issuer} describes itself as we use it{_apart(reply.headers.get('date', ''), now)}"

    async def exchange(self, code: str, verifier: str) -> str:
        """The ID token for a code. Raises SignInRefused: `okta_unreachable` where it is no answer, `token_refused` for a no."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client,
            "redirect_uri": self.redirect,
            "code": code,
            "code_verifier": verifier,
        }
        try:
            with anyio.fail_after(WHOLE_SECONDS):  # the library's limits are for each read: a trickle has none
                return _id_token(*await self._post(form))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise SignInRefused("okta_unreachable", f"token: {type(error).__name__}") from error

    async def _post(self, form: Mapping[str, str]) -> tuple[int, bytes]:
        raw = b""
        async with (
            httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT, follow_redirects=False) as client,
            client.stream("POST", f"{endpoint(self.issuer)}/token", data=form) as reply,
        ):
            async for part in reply.aiter_bytes():
                raw += part
                if len(raw) > LARGEST:
                    raise SignInRefused("okta_unreachable", "the token's reply is too long")
        return reply.status_code, raw


def _apart(date: str, now: datetime) -> str:
    """The end of the sentence: how far its clock and ours differ. Raises SignInRefused where tokens would be refused for it."""
    try:
        apart = abs((parsedate_to_datetime(date) - now).total_seconds())
    except (TypeError, ValueError):
        return "."
    if apart > LEEWAY:
        raise SignInRefused(
            "okta_refused", f"its clock and this machine's are {apart:.0f} s apart; follow a time server"
        )
    return "; the clocks agree."


def _id_token(status: int, raw: bytes) -> str:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        said = None
    if 400 <= status < 500 and status not in (408, 429) and isinstance(said, dict):
        # Okta's own code only (`invalid_grant`, `invalid_client`); its description may quote what was sent.
        error = str(said.get("error", ""))[:40]
        kind = "token_refused" if error == "invalid_grant" else "okta_refused"
        raise SignInRefused(kind, f"token: {status} {error}")
    if status != 200 or not isinstance(said, dict):
        raise SignInRefused("okta_unreachable", f"token: {status}")
    token = said.get("id_token")
    if not isinstance(token, str):
        raise SignInRefused("token_refused", "no id_token")
    return token
