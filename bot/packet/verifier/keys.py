"""Keys of a packet: which there are, when each counts, and what they signed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from bot.packet.verifier.archive import Archive
from bot.packet.verifier.report import Bad
from bot.packet.verifier.strict import HEX64, INSTANT, altered

KEY_COLUMNS = ["keyid", "file", "not_before", "not_after", "compromised_since"]
KEY_LIMIT = 64 * 1024


class SigningKey(NamedTuple):
    """A P-256 key. Times are RFC 3339 texts in UTC, empty where there is none."""

    keyid: str
    der: bytes
    key: EllipticCurvePublicKey
    not_before: str
    not_after: str
    compromised_since: str

    def signed(self, pae_sha256: bytes, signature: bytes) -> bool:
        """Whether it signed the message with this SHA-256 (ECDSA, DER)."""
        try:
            self.key.verify(signature, pae_sha256, ECDSA(Prehashed(SHA256())))
        except InvalidSignature:
            return False
        return True

    def check_time(self, at: str) -> None:
        """Raises Bad where the key did not count at the time that an attestation claims."""
        if at < self.not_before or (self.not_after and at >= self.not_after):
            raise Bad("doubtful", "it was signed at a time when its key was not valid.")
        if self.compromised_since and at >= self.compromised_since:
            raise Bad("doubtful", "its key was compromised by then.")


def fingerprint(kind: bytes, *parts: bytes) -> str:
    """What `ssh-keygen -lf` prints: SHA-256 over the SSH wire encoding."""
    wire = b"".join(len(part).to_bytes(4, "big") + part for part in (kind, *parts))
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode("ascii").rstrip("=")


def log_fingerprint(public: bytes) -> str:
    """The fingerprint of the log's key."""
    return fingerprint(b"ssh-ed25519", public)


def log_signed(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the log's Ed25519 key signed the data."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_keys(archive: Archive) -> dict[str, SigningKey]:
    """The signing keys of `keys/` by their id, with the times of `keys.csv`."""
    try:
        table = archive.read("keys.csv", 16 * 1024 * 1024).decode("utf-8")
    except UnicodeDecodeError:
        raise altered("keys.csv is no UTF-8 text.") from None
    try:
        rows = list(csv.reader(io.StringIO(table, newline=""), strict=True))
    except csv.Error:
        raise altered("keys.csv is no table.") from None
    if not rows or rows[0] != KEY_COLUMNS:
        raise altered("keys.csv does not have the columns of a key list.")
    found = {}
    for row in rows[1:]:
        key = _read_key(archive, row)
        if key.keyid in found:
            raise altered("keys.csv lists a key twice.")
        found[key.keyid] = key
    if not found:
        raise altered("keys.csv lists no key.")
    return found


def _read_key(archive: Archive, row: list[str]) -> SigningKey:
    if len(row) != len(KEY_COLUMNS) or not all(INSTANT.fullmatch(time) for time in (row[2], *filter(None, row[3:]))):
        raise altered("keys.csv has a malformed row.")
    keyid, path = row[0], row[1]
    if not (path.startswith("keys/") and path.endswith(".pem")):
        raise altered("keys.csv names a file outside keys/.")
    try:
        key = load_pem_public_key(archive.read(path, KEY_LIMIT))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise altered(f"The key {path} cannot be read.") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise altered(f"The key {path} is no ECDSA P-256 key.")
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if fingerprint(b"ecdsa-sha2-nistp256", b"nistp256", point) != keyid:
        raise altered(f"The key {path} is not the one that keys.csv names.")
    name = path[len("keys/") : -len(".pem")]
    if len(name) != 16 or not HEX64.fullmatch(name * 4) or not hashlib.sha256(der).hexdigest().startswith(name):
        raise altered(f"The key {path} is filed under another name than its own.")
    return SigningKey(keyid, der, key, row[2], row[3], row[4])
