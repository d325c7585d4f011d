"""The check of a stored sign-in, without a network, years later: the token's signature and what it commits to.

It needs the standard library and `cryptography` only, so that a verifier can carry it. `exp` is not looked at: a token
that was good when it was used stays evidence.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

DOMAIN = b"attest/v1\x00"
SALT_BYTES = 16
SMALLEST_KEY = 2048
LONGEST_TOKEN = 16 * 1024


class NotProven(Exception):
    """The token proves nothing about this decision. ``code``: `malformed`, `algorithm`, `key`, `signature` or `decision`."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def commitment(salt: bytes, decision_sha256: str) -> str:
    """The nonce that stands for a decision: base64url(SHA-256("attest/v1" ‖ 0 ‖ salt ‖ SHA-256 of the canonical decision)).

    The salt keeps the identity provider from finding the decision by trying. Raises ValueError for a salt that is not of
    16 bytes, or a digest that is not SHA-256.
    """
    digest = bytes.fromhex(decision_sha256)
    if len(salt) != SALT_BYTES or len(digest) != 32:
        raise ValueError("a commitment needs 16 bytes of salt and a SHA-256")
    return _b64url(hashlib.sha256(DOMAIN + salt + digest).digest())


def batch_sha256(decisions: Sequence[str]) -> str:
    """The digest that one sign-in commits to: of the decision itself, or of the list of digests where they are many.

    The list is RFC 8785 JSON of lower-case hex digests in the order in which they were shown.
    Raises ValueError where there is none, or one stands twice.
    """
    if not decisions or len(set(decisions)) != len(decisions):
        raise ValueError("a sign-in covers decisions, each of them once")
    if len(decisions) == 1:
        return decisions[0]
    listed = ",".join(f'"{bytes.fromhex(d).hex()}"' for d in decisions)
    return hashlib.sha256(f"[{listed}]".encode()).hexdigest()


def verify_offline(token: str, jwk: Mapping[str, Any], salt: bytes, decision_sha256: str) -> dict[str, Any]:
    """The claims of a stored ID token whose signature holds and whose nonce commits to this decision. Raises NotProven.

    ``jwk`` is the public key as the issuer's reply had it. That this key was the issuer's rests on that stored reply.
    """
    header, claims, signed, signature = _parts(token)
    if header.get("alg") != "RS256" or "crit" in header or "b64" in header:
        raise NotProven("algorithm", "The token is not signed with RS256, so it proves nothing.")
    if header.get("kid") != jwk.get("kid"):
        raise NotProven("key", "The token was signed with another key than the stored one.")
    try:
        _key(jwk).public_key().verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise NotProven("signature", "The token was altered, or another key signed it.") from error
    nonce = claims.get("nonce")
    expected = commitment(salt, decision_sha256)
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(errors="surrogatepass"), expected.encode()):
        raise NotProven("decision", "The token was issued for another decision than this one.")
    return claims


def _key(jwk: Mapping[str, Any]) -> RSAPublicNumbers:
    try:
        if jwk.get("kty") != "RSA":
            raise NotProven("key", "The stored key is not an RSA key.")
        numbers = RSAPublicNumbers(
            int.from_bytes(_unb64url(jwk["e"]), "big"), int.from_bytes(_unb64url(jwk["n"]), "big")
        )
        if numbers.n.bit_length() < SMALLEST_KEY:
            raise NotProven("key", f"The stored key has fewer than {SMALLEST_KEY} bits.")
        numbers.public_key()
    except (KeyError, TypeError, ValueError) as error:
        raise NotProven("key", "The stored key is not a readable RSA key.") from error
    return numbers


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    try:
        if len(token) > LONGEST_TOKEN:
            raise ValueError("too long")
        head, body, signature = token.split(".")
        header, claims = json.loads(_unb64url(head)), json.loads(_unb64url(body))
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise TypeError("no object")
        return header, claims, f"{head}.{body}".encode("ascii"), _unb64url(signature)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotProven("malformed", "The stored token is not a signed token in compact form.") from error


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unb64url(text: str) -> bytes:
    """Raises ValueError for any spelling but the one without padding."""
    try:
        raw = text.encode("ascii")
        data = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, AttributeError, binascii.Error) as error:
        raise ValueError("this is not base64url") from error
    if _b64url(data) != text:
        raise ValueError("this base64url is not spelled the canonical way")
    return data
