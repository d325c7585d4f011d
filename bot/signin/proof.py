"""What is kept of a sign-in, so that somebody else can check it without us and without Okta."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from bot.signin.offline import batch_sha256, commitment
from bot.signin.token import SignedIn
from workflows.kernel.attestation import Born, born
from workflows.kernel.model import Assurance, Digest, EvidenceRef
from workflows.kernel.signin import Ticket

KIND = "attester.signin"


@dataclass(frozen=True)
class Proof:
    """A sign-in for one ticket: who, how strongly, and the evidence; ``sha256`` names the summary that names the rest."""

    sub: str
    level: Assurance
    files: tuple[Born, ...]
    sha256: Digest


def nonce_of(ticket: Ticket) -> str:
    """The nonce that commits to everything that a ticket covers."""
    return commitment(ticket.salt, batch_sha256([d.sha256() for d in ticket.decisions]))


def proof_of(ticket: Ticket, signed: SignedIn) -> Proof:
    """The evidence of a sign-in: token, key, the issuer's list of keys, each decision, and the summary with the salt.

    They are personal data and can be erased; what is signed carries their digests only.
    """
    token = _bytes("id-token.jwt", f"{KIND}.token", "application/jwt", signed.token.encode())
    jwks = _bytes("jwks.json", f"{KIND}.jwks", "application/json", signed.jwks)
    jwk = born("jwk.json", f"{KIND}.jwk", dict(signed.jwk))
    decisions = tuple(
        _bytes("decision.json", f"{KIND}.decision", "application/json", d.document()) for d in ticket.decisions
    )
    claims = {name: signed.claims.get(name) for name in ("iss", "sub", "aud", "iat", "exp", "auth_time", "acr", "amr")}
    summary = born(
        "signin.json",
        KIND,
        {
            "purpose": ticket.purpose,
            "token": token.ref.sha256,
            "jwk": jwk.ref.sha256,
            "jwks": jwks.ref.sha256,
            "salt": base64.b64encode(ticket.salt).decode(),
            "decisions": [d.ref.sha256 for d in decisions],
            "nonce": nonce_of(ticket),
            "asked": ticket.level,
            "reached": signed.level,
            "claims": claims,
            "slack": {"team": ticket.team, "user": ticket.user},
        },
    )
    return Proof(signed.sub, signed.level, (summary, token, jwk, jwks, *decisions), summary.ref.sha256)


def _bytes(name: str, kind: str, media_type: str, data: bytes) -> Born:
    return Born(EvidenceRef(name=name, sha256=hashlib.sha256(data).hexdigest(), kind=kind, media_type=media_type), data)
