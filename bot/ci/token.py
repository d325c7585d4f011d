"""A run's token, believed only if its issuer signed it for this installation and it is of now (OpenID Connect Core, 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from bot.ci.keyring import KeyRing
from workflows.kernel.errors import Refused

LEEWAY = 30
"""Seconds that clocks may differ."""
LONGEST_LIFE = 24 * 3600
LONGEST_TOKEN = 16 * 1024
REQUIRED = ("iss", "iat", "exp", "aud", "jti")


@dataclass(frozen=True)
class Believed:
    """A token that is its issuer's, with the keys as they were when it was checked. ``ends`` is its own end."""

    claims: Mapping[str, Any]
    text: str
    keys: bytes
    ends: datetime


class TokenCheck:
    """Checks tokens of one issuer for one ``audience``, the origin of ATTESTER_PUBLIC_URL."""

    def __init__(self, audience: str, ring: KeyRing) -> None:
        self.audience = audience
        self._ring = ring

    def check(self, header: str) -> Believed:
        """What the bearer of an `Authorization` header is. Raises Refused, KeysUnavailable."""
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise self._no("token_missing", "The request has no token.")
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise self._no("token_malformed", "The token is no signed token.")
        try:
            named = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise self._no("token_malformed", "The token is no signed token.") from None
        kid = named.get("kid")
        if named.get("alg") != "RS256" or not isinstance(kid, str) or not kid:
            raise self._no("token_algorithm", "The token is not signed with RS256 by a key that it names.")
        fetched = self._ring.keys(kid)
        if kid not in fetched.keys:
            raise self._no("token_key", "The token was signed with a key that its issuer does not have.")
        claims = self._verified(token, fetched.keys[kid])
        return Believed(claims, token, fetched.raw, self._end(claims))

    def _verified(self, token: str, key: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, jwt.PyJWK(dict(key), algorithm="RS256").key, algorithms=["RS256"], audience=self.audience,
                issuer=self._ring.issuer, leeway=LEEWAY, options={"require": list(REQUIRED), "strict_aud": True},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise self._no("token_expired", "The token has expired.") from None
        except jwt.ImmatureSignatureError:
            raise self._no("token_early", "The token is of a time to come: the clocks differ.") from None
        except jwt.InvalidAudienceError:
            raise self._no("token_audience", "The token was made for somebody else.") from None
        except jwt.InvalidIssuerError:
            raise self._no("token_issuer", "The token is of another issuer.") from None
        except jwt.MissingRequiredClaimError as missing:
            raise self._no("token_claim", f"The token does not say `{missing.claim}`.") from None
        except (jwt.PyJWTError, ValueError):
            raise self._no("token_signature", "The token's signature does not hold.") from None
        return claims

    def _end(self, claims: Mapping[str, Any]) -> datetime:
        begins, ends = int(claims["iat"]), int(claims["exp"])
        if not begins <= ends <= begins + LONGEST_LIFE:
            raise self._no("token_life", "The token lives longer than a day.")
        return datetime.fromtimestamp(ends, UTC)

    def _no(self, code: str, why: str) -> Refused:
        return Refused(code, why, f"Nothing was stored. Ask for a new token with the audience {self.audience}.")
