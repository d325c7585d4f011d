"""An ID token, accepted only for this decision, this person, this client, fresh and strong enough.

Signature, `iss`, `aud`, `exp`, `iat` are checked by okta-jwt-verifier; it is never asked alone, because it accepts tokens
without a nonce, reads no `auth_time` and lets other clients' tokens pass.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

import httpx

from bot.signin.keyring import Fetched, KeyRing, KeysUnavailable
from bot.signin.level import Asked, at_least
from bot.signin.refusal import SignInRefused
from workflows.kernel.model import Assurance
from workflows.kernel.ports import Clock

LEEWAY = 30
LONGEST_LIFE = 300
LONGEST_TOKEN = 16 * 1024


class Library(Protocol):
    """`bot.signin.okta_library`, imported at its first use."""

    async def verified(
        self, token: str, issuer: str, client: str, nonce: str, leeway: int, ring: KeyRing
    ) -> tuple[dict[str, Any], dict[str, Any], Fetched]: ...


@dataclass(frozen=True)
class Expected:
    """What a token must say. ``sub`` is None where whoever signs in is enrolled or only reads; ``since`` is the click."""

    nonce: str
    since: datetime
    asked: Asked
    sub: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """A verified sign-in with everything that proves it offline: the token, its key, and the reply the key came in."""

    sub: str
    claims: Mapping[str, Any]
    level: Assurance
    token: str
    jwk: Mapping[str, Any]
    jwks: bytes


class TokenCheck:
    """Checks ID tokens of one issuer for one client. ``issuer`` is https and without a slash at its end."""

    def __init__(
        self, issuer: str, client: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._clock = clock
        self.ring = KeyRing(f"{endpoint(issuer)}/keys", clock, transport)

    async def check(self, token: str, expected: Expected) -> SignedIn:
        """Who signed in, how strongly, with the proof. Raises SignInRefused."""
        if len(token) > LONGEST_TOKEN:
            raise SignInRefused("token_refused", "too_long")
        library = cast(Library, import_module("bot.signin.okta_library"))
        try:
            header, claims, fetched = await library.verified(
                token, self._issuer, self._client, expected.nonce, LEEWAY, self.ring
            )
        except KeysUnavailable as outage:
            raise SignInRefused("okta_unreachable", str(outage)) from outage
        except ValueError as refused:
            raise SignInRefused("token_refused", f"library: {str(refused)[:120]}") from refused
        now = self._clock.now()
        _is_id_token(header, claims)
        _is_for_this(claims, expected.nonce)
        _is_for_us(claims, self._client)
        _is_of_now(claims, expected.since, now)
        _is_fresh(claims, expected.since, now, expected.asked.max_age)
        sub = claims.get("sub")
        if not isinstance(sub, str) or not 0 < len(sub) <= 255:
            raise SignInRefused("token_refused", "sub")
        if expected.sub is not None and not _same(sub, expected.sub):
            raise SignInRefused("other_person", "sub")
        level = expected.asked.reached(claims)
        if not at_least(level, expected.asked.level):
            raise SignInRefused("too_weak", "acr")
        return SignedIn(sub, claims, level, token, fetched.keys[header["kid"]], fetched.raw)


def endpoint(issuer: str) -> str:
    """Where an issuer's OAuth endpoints start: an organisation's own server has them under `/oauth2`."""
    return f"{issuer}/v1" if "/oauth2/" in f"{issuer}/" else f"{issuer}/oauth2/v1"


def _is_id_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    # An access token for an audience that is named like our client passes every check of the library.
    if str(header.get("typ", "JWT")).upper() != "JWT" or "scp" in claims or "cid" in claims:
        raise SignInRefused("token_refused", "not_an_id_token")
    if "crit" in header or "b64" in header:
        raise SignInRefused("token_refused", "crit")


def _is_for_this(claims: Mapping[str, Any], nonce: str) -> None:
    found = claims.get("nonce")
    if not isinstance(found, str):
        raise SignInRefused("token_refused", "nonce_missing")
    if not _same(found, nonce):
        raise SignInRefused("token_refused", "nonce")


def _is_for_us(claims: Mapping[str, Any], client: str) -> None:
    if claims.get("aud") not in (client, [client]):
        raise SignInRefused("token_refused", "aud")
    if claims.get("azp", client) != client:
        raise SignInRefused("token_refused", "azp")


def _is_of_now(claims: Mapping[str, Any], since: datetime, now: datetime) -> None:
    issued, at = _seconds(claims, "iat"), now.timestamp()
    if issued > at + LEEWAY or issued < since.timestamp() - LEEWAY or issued < at - LONGEST_LIFE - LEEWAY:
        raise SignInRefused("token_refused", "iat")
    if _seconds(claims, "exp") <= at - LEEWAY:
        raise SignInRefused("token_refused", "exp")
    if "nbf" in claims and _seconds(claims, "nbf") > at + LEEWAY:
        raise SignInRefused("token_refused", "nbf")


def _is_fresh(claims: Mapping[str, Any], since: datetime, now: datetime, max_age: int) -> None:
    signed_in = _seconds(claims, "auth_time")
    if signed_in > now.timestamp() + LEEWAY:
        raise SignInRefused("token_refused", "auth_time")
    # `max_age` 0 means after the click, to the second: leeway would let a sign-in of before it through.
    earliest = int(since.timestamp()) - (max_age + LEEWAY if max_age else 0)
    if signed_in < earliest:
        raise SignInRefused("too_old", "auth_time")


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    found = claims.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise SignInRefused("token_refused", f"{name}_missing")
    return found


def _same(found: str, wanted: str) -> bool:
    """In constant time; a lone surrogate, which JSON can carry, is no reason to fail otherwise than by being unequal."""
    return hmac.compare_digest(found.encode(errors="surrogatepass"), wanted.encode(errors="surrogatepass"))
