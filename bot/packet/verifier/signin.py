"""The sign-in behind a decision: the identity provider's own signature over a number that stands for this decision alone.

An ID token is good for an hour; as evidence it is good for as long as its signature holds, so `exp` is not looked at. That
the key was the provider's rests on the provider's list of keys as it was kept: compare the key's id with what they publish.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from bot.packet.verifier.archive import Archive
from bot.packet.verifier.report import Bad
from bot.packet.verifier.strict import altered, exactly, listed, mapped, parse, sha256, text, unbase64

SIGN_IN_LEVELS = ("slack+sso", "slack+sso+mfa")
SIGN_IN_KIND = "attester.signin"
SIGN_IN_LIMIT = 1024 * 1024
SIGN_IN_DOMAIN = b"attest/v1\x00"
SIGN_IN_SALT = 16
SMALLEST_RSA = 2048
TWO_FACTORS = ("urn:okta:loa:2fa:any", "phr", "phrh")
"""Context classes that always mean two factors."""


def unproven(sentence: str) -> Bad:
    """The sign-in that the attestation claims does not prove this decision."""
    return altered(f"its sign-in does not prove it: {sentence}")


class SignIns:
    """The sign-ins of a packet: each is good for one decision, that is for one case and one moment."""

    def __init__(self, archive: Archive, folder: str) -> None:
        self._archive = archive
        self._folder = folder
        self._used: dict[str, tuple[str, str]] = {}
        self.proven = 0

    def check(self, statement: dict[str, Any], subjects: dict[str, str]) -> None:
        """Raise Bad where a statement claims a sign-in that does not prove its decision.

        ``subjects`` are the digests of its evidence by name; these files are whole already.
        """
        predicate, files = statement["predicate"], set(subjects.values())
        by = predicate.get("by")
        level = by.get("assurance") if isinstance(by, dict) else None
        named = [s for s in statement["subject"] if _kind_of(s) == SIGN_IN_KIND]
        if level not in SIGN_IN_LEVELS:
            return
        if len(named) != 1:
            raise unproven("it is not among its evidence.")
        try:
            self._prove(files, predicate, named[0]["digest"]["sha256"])
        except Bad as problem:
            raise unproven(problem.sentence) from None
        self.proven += 1

    def _prove(self, files: set[str], predicate: dict[str, Any], summary: str) -> None:
        proof = _mapped(parse(self._read(summary, files), "the summary of the sign-in"), "the summary of the sign-in")
        told = exactly(
            {name: proof.get(name) for name in ("token", "jwk", "jwks", "salt", "decisions")}, "the summary of the sign-in",
            token=sha256, jwk=sha256, jwks=sha256, salt=text, decisions=listed,
        )  # fmt: skip
        digests = told["decisions"]
        if not digests or not all(sha256(one) for one in digests) or len(set(digests)) != len(digests):
            raise altered("it does not name the decisions that it is for.")
        key = _mapped(parse(self._read(told["jwk"], files), "the key"), "the key")
        _listed_key(key, parse(self._read(told["jwks"], files), "the provider's list of keys"))
        claims = token_claims(self._read(told["token"], files), key)
        if claims.get("nonce") != nonce_for(unbase64(told["salt"], "the salt"), digests):
            raise altered("the token was issued for another decision than this one.")
        _fits(claims, predicate["by"])
        decisions = [_mapped(parse(self._read(one, files), "the decision"), "the decision") for one in digests]
        if not any(_is_decision(one, predicate) for one in decisions):
            raise altered("none of the decisions that were confirmed is this one.")
        here = (predicate["case"], predicate["at"])
        if self._used.setdefault(told["token"], here) != here:
            raise altered("one sign-in is used for two decisions.")

    def _read(self, digest: str, files: set[str]) -> bytes:
        if digest not in files:
            raise altered("a part of it is not among the evidence that was signed.")
        return self._archive.read(self._folder + digest, SIGN_IN_LIMIT)


def token_claims(token: bytes, key: dict[str, Any]) -> dict[str, Any]:
    """What a compact JWS (RFC 7515) says, signed with RS256 by this key and no other."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise altered("the token is no signed token.")
    header = _mapped(parse(_unb64url(parts[0]), "the token's head"), "the token's head")
    if header.get("alg") != "RS256" or "crit" in header or "b64" in header:
        raise altered("the token is not signed with RS256.")
    if not text(header.get("kid")) or header.get("kid") != key.get("kid"):
        raise altered("the token was signed with another key than the one that was kept.")
    try:
        _rsa_key(key).verify(_unb64url(parts[2]), parts[0] + b"." + parts[1], PKCS1v15(), SHA256())
    except InvalidSignature:
        raise altered("the token was changed, or another key signed it.") from None
    return _mapped(parse(_unb64url(parts[1]), "the token"), "the token")


def nonce_for(salt: bytes, digests: list[str]) -> str:
    """The number that stands for decisions: base64url(SHA-256(`attest/v1`, 0, salt, SHA-256 of the canonical decision)).

    Where there are several, in place of the decision's digest stands that of the list of digests as RFC 8785 JSON.
    """
    if len(salt) != SIGN_IN_SALT:
        raise altered("the salt does not have 16 bytes.")
    one = digests[0]
    if len(digests) > 1:
        one = hashlib.sha256(("[" + ",".join(f'"{digest}"' for digest in digests) + "]").encode("ascii")).hexdigest()
    made = hashlib.sha256(SIGN_IN_DOMAIN + salt + bytes.fromhex(one)).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def _kind_of(subject: Any) -> Any:
    notes = subject.get("annotations")
    return notes.get("kind") if isinstance(notes, dict) else None


def _mapped(value: Any, what: str) -> dict[str, Any]:
    if not mapped(value):
        raise altered(f"{what} is no object.")
    found: dict[str, Any] = value
    return found


def _fits(claims: dict[str, Any], by: dict[str, Any]) -> None:
    """The token is this person's, and says that they signed in as strongly as is claimed."""
    person = by.get("person")
    if not isinstance(person, dict) or not text(claims.get("sub")) or claims.get("sub") != person.get("sub"):
        raise altered("the token is another person's.")
    if by["assurance"] == "slack+sso+mfa":
        amr = claims.get("amr")
        if claims.get("acr") not in TWO_FACTORS and not (isinstance(amr, list) and "mfa" in amr):
            raise altered("the token reports no second factor.")


def _is_decision(decision: dict[str, Any], predicate: dict[str, Any]) -> bool:
    """Whether what was confirmed is of this attestation's case, this person's to decide, under the same program and as shown."""
    return (
        decision.get("case") == predicate["case"]
        and decision.get("person") in ("", predicate["by"]["person"]["sub"])
        and decision.get("program") in ("", predicate.get("program"))
        and decision.get("shown") in (None, "", predicate.get("shown"))
    )


def _listed_key(key: dict[str, Any], keys: Any) -> None:
    """The key stands in the provider's list as it was kept."""
    every = keys.get("keys") if mapped(keys) else None
    same = ("kty", "kid", "n", "e")
    for one in every if isinstance(every, list) else []:
        if mapped(one) and all(text(key.get(name)) and one.get(name) == key.get(name) for name in same):
            return
    raise altered("the key is not in the provider's list of keys that was kept.")


def _rsa_key(key: dict[str, Any]) -> RSAPublicKey:
    try:
        made = RSAPublicNumbers(
            int.from_bytes(_unb64url(key["e"].encode()), "big"), int.from_bytes(_unb64url(key["n"].encode()), "big")
        ).public_key()
    except (KeyError, AttributeError, ValueError):
        raise altered("the key that was kept is no RSA key.") from None
    if key.get("kty") != "RSA" or made.key_size < SMALLEST_RSA:
        raise altered(f"the key that was kept is no RSA key of {SMALLEST_RSA:,} bits.")
    return made


def _unb64url(data: bytes) -> bytes:
    """The bytes of base64url without padding, in its one spelling (RFC 7515)."""
    try:
        made = base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise altered("a part of the token is no base64url.") from None
    if base64.urlsafe_b64encode(made).rstrip(b"=") != data:
        raise altered("a part of the token is not spelled as canonical base64url.")
    return made
