"""Public keys as the formats name them: SPKI DER, PEM, and the OpenSSH fingerprint that is our key id. No cryptography here.

Attestations are signed with ECDSA P-256, checkpoints with Ed25519: Rekor's entries dropped pure Ed25519, and C2SP's
witnesses want it.
"""

from __future__ import annotations

import base64
import hashlib

from workflows.kernel.encoding import b64, unb64

_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_ED25519 = bytes.fromhex("302a300506032b6570032100")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


def pem(public_der: bytes) -> str:
    """The key as PEM text with a newline at its end."""
    text = b64(public_der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([_BEGIN, *lines, _END]) + "\n"


def der(pem_text: str) -> bytes:
    """The SPKI DER of a PEM public key. Raises ValueError for any other text."""
    lines = pem_text.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("this is not a public key in PEM form")
    return unb64("".join(lines[1:-1]))


def ed25519_der(public: bytes) -> bytes:
    """The SPKI DER of a raw Ed25519 public key. Raises ValueError unless it has 32 bytes."""
    if len(public) != 32:
        raise ValueError(f"an Ed25519 public key has 32 bytes, not {len(public)}")
    return _ED25519 + public


def fingerprint(public_der: bytes) -> str:
    """The key id: `SHA256:` and unpadded base64, 50 characters, what `ssh-keygen -lf` prints.

    Go's DSSE verifier skips a signature with any other key id that is not empty; securesystemslib needs one.
    Raises ValueError for a key that is neither P-256 (uncompressed) nor Ed25519.
    """
    if public_der.startswith(_P256) and len(public_der) == len(_P256) + 65 and public_der[len(_P256)] == 4:
        wire = _strings(b"ecdsa-sha2-nistp256", b"nistp256", public_der[len(_P256) :])
    elif public_der.startswith(_ED25519) and len(public_der) == len(_ED25519) + 32:
        wire = _strings(b"ssh-ed25519", public_der[len(_ED25519) :])
    else:
        raise ValueError("this key is neither P-256 nor Ed25519")
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")


def _strings(*parts: bytes) -> bytes:
    """RFC 4251 strings: four bytes of length, then the bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
