"""What an auditor's tools read: the log's leaf (Rekor v2), the Sigstore bundle v0.3, and the trusted root."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from workflows.kernel.checkpoint import Checkpoint, log_id
from workflows.kernel.dsse import envelope
from workflows.kernel.encoding import b64
from workflows.kernel.publickey import ed25519_der

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


class Logged(NamedTuple):
    """Where an attestation stands in the log, and the proof of it against one checkpoint."""

    idx: int
    path: Sequence[bytes]
    checkpoint: Checkpoint
    log_id: bytes


class TrustedLog(NamedTuple):
    """A log to be trusted, since when: origin and 32-byte Ed25519 key."""

    origin: str
    public: bytes
    start: datetime


class TrustedAuthority(NamedTuple):
    """A timestamp authority to be trusted. ``chain`` is leaf, intermediates, root as DER; ``uri`` is unique per authority."""

    organization: str
    common_name: str
    uri: str
    start: datetime
    chain: Sequence[bytes]


def leaf_body(pae_sha256: bytes, signature: bytes, public_der: bytes) -> bytes:
    """The log's leaf: the RFC 8785 bytes of a Rekor v2 `hashedrekord` entry; 489 bytes with a 72-byte signature.

    It holds digests, a signature and a key, no personal data: a payload can be erased and every proof stays.
    """
    key = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": b64(public_der)}}
    entry = {
        "data": {"algorithm": "SHA2_256", "digest": b64(pae_sha256)},
        "signature": {"content": b64(signature), "verifier": key},
    }
    value = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": entry}}
    # All keys and values are ASCII without escapes, so sorted and compact JSON is RFC 8785 here.
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def bundle(
    payload: bytes, signature: bytes, keyid: str, leaf: bytes, logged: Logged, tokens: Sequence[bytes] = ()
) -> dict[str, Any]:
    """The Sigstore bundle v0.3 of one attestation, as a JSON value. ``tokens`` are RFC 3161 responses in DER, each once.

    64-bit integers are texts. Both `logIndex` are equal: one verifier proves with the outer, another with the inner one.
    """
    proof = {
        "logIndex": str(logged.idx),
        "rootHash": b64(logged.checkpoint.root),
        "treeSize": str(logged.checkpoint.size),
        "hashes": [b64(value) for value in logged.path],
        "checkpoint": {"envelope": logged.checkpoint.note},
    }
    entry = {
        "logIndex": str(logged.idx),
        "logId": {"keyId": b64(logged.log_id)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": proof,
        "canonicalizedBody": b64(leaf),
    }
    material: dict[str, Any] = {"publicKey": {"hint": keyid}, "tlogEntries": [entry]}
    if tokens:
        times = [{"signedTimestamp": b64(token)} for token in dict.fromkeys(tokens)]
        material["timestampVerificationData"] = {"rfc3161Timestamps": times}
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": material,
        "dsseEnvelope": envelope(payload, signature, keyid),
    }


def trusted_root(logs: Sequence[TrustedLog], authorities: Sequence[TrustedAuthority] = ()) -> dict[str, Any]:
    """`trusted_root.json` as a JSON value. Keys of attestations are not in it; they travel as PEM files.

    A log's `logId` stands twice, because one stock verifier looks up by the one and another by the other name.
    """
    return {
        "mediaType": TRUSTED_ROOT,
        "certificateAuthorities": [],
        "ctlogs": [],
        "tlogs": [_trusted_log(log) for log in logs],
        "timestampAuthorities": [_trusted_authority(one) for one in authorities],
    }


def _trusted_log(log: TrustedLog) -> dict[str, Any]:
    name = b64(log_id(log.origin, log.public))
    key = {
        "rawBytes": b64(ed25519_der(log.public)),
        "keyDetails": "PKIX_ED25519",
        "validFor": {"start": _seconds(log.start)},
    }
    return {
        "baseUrl": f"https://{log.origin}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": key,
        "logId": {"keyId": name},
        "checkpointKeyId": {"keyId": name},
    }


def _trusted_authority(one: TrustedAuthority) -> dict[str, Any]:
    return {
        "subject": {"organization": one.organization, "commonName": one.common_name},
        "uri": one.uri,
        "validFor": {"start": _seconds(one.start)},
        "certChain": {"certificates": [{"rawBytes": b64(der)} for der in one.chain]},
    }


def _seconds(at: datetime) -> str:
    """RFC 3339 in UTC, whole seconds, rounded down."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
