"""Judging signatures with public keys alone."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key


def verify_p256(public_der: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the P-256 key made this DER signature over ``data``; False for any other kind of key."""
    try:
        key = load_der_public_key(public_der)
    except ValueError:
        return False
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        return False
    try:
        key.verify(signature, data, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def verify_ed25519(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 key (32 bytes) made this signature over ``data``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (ValueError, InvalidSignature):
        return False
    return True
