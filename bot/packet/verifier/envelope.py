"""Envelopes and bundles: DSSE v1, in-toto Statement v1, Sigstore bundle v0.3, Rekor v2 leaf."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, NamedTuple

from bot.packet.verifier.keys import SigningKey
from bot.packet.verifier.report import Bad, plain
from bot.packet.verifier.strict import altered, exactly, is_, listed, mapped, parse, sha256, text, unbase64

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
BUNDLE_LIMIT = 2 * 1024 * 1024


class Signed(NamedTuple):
    """An envelope whose signature holds. ``statement`` is the parsed payload."""

    id: str
    pae_sha256: bytes
    signature: bytes
    key: SigningKey
    statement: dict[str, Any]
    subjects: dict[str, str]


class Place(NamedTuple):
    """What a bundle says of its place in the log, not judged yet."""

    idx: int
    root: bytes
    size: int
    path: list[bytes]
    checkpoint: str
    log_id: str
    body: bytes
    tokens: tuple[bytes, ...] = ()


def pae_digest(payload: bytes) -> bytes:
    """SHA-256 of the bytes that are signed."""
    return hashlib.sha256(
        b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    ).digest()


def leaf_of(pae_sha256: bytes, signature: bytes, der: bytes) -> bytes:
    """The log's leaf as it must be for this signature: a Rekor v2 hashedrekord entry as RFC 8785 bytes."""
    b64 = {name: base64.b64encode(data).decode("ascii") for name, data in
           (("digest", pae_sha256), ("content", signature), ("key", der))}  # fmt: skip
    key = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": b64["key"]}}
    entry = {
        "data": {"algorithm": "SHA2_256", "digest": b64["digest"]},
        "signature": {"content": b64["content"], "verifier": key},
    }
    value = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": entry}}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def open_envelope(value: Any, hint: str, keys: dict[str, SigningKey]) -> Signed:
    """The statement of an envelope with exactly one signature, by one of these keys."""
    exactly(value, "The envelope", payload=text, payloadType=is_(PAYLOAD_TYPE), signatures=listed)
    if len(value["signatures"]) != 1:
        raise altered("the envelope does not have exactly one signature.")
    one = exactly(value["signatures"][0], "The signature", sig=text, keyid=text)
    if one["keyid"] != hint:
        raise altered("the envelope and its bundle name different keys.")
    if hint not in keys:
        raise Bad("unknown key", "it is signed with a key that is not in keys/.")
    payload, signature = unbase64(value["payload"], "The payload"), unbase64(one["sig"], "The signature")
    digest = pae_digest(payload)
    if not keys[hint].signed(digest, signature):
        raise altered("its signature does not hold: what was signed was changed.")
    statement = exactly(
        parse(payload, "The statement"), "The statement",
        _type=is_(STATEMENT_TYPE), subject=listed, predicateType=text, predicate=mapped,
    )  # fmt: skip
    return Signed(digest.hex(), digest, signature, keys[hint], statement, _subjects(statement["subject"]))


def _subjects(subjects: list[Any]) -> dict[str, str]:
    """Names and SHA-256 of the evidence that a statement rests on."""
    found: dict[str, str] = {}
    for subject in subjects:
        if not isinstance(subject, dict) or not text(subject.get("name")):
            raise altered("it names evidence in a malformed way.")
        digest = exactly(subject.get("digest"), "The digest of a subject", sha256=sha256)["sha256"]
        if subject["name"] in found:
            raise altered(f"it names two files {plain(subject['name'], 60)}.")
        found[subject["name"]] = digest
    if not found:
        raise altered("it names no evidence.")
    return found


def open_bundle(data: bytes, keys: dict[str, SigningKey], logged: bool) -> tuple[Signed, Place | None]:
    """A bundle's statement and, where it must be ``logged``, its claimed place in the log."""
    value = exactly(
        parse(data, "The bundle"), "The bundle",
        mediaType=is_(BUNDLE_TYPE), verificationMaterial=mapped, dsseEnvelope=mapped,
    )  # fmt: skip
    material = dict(value["verificationMaterial"])
    times = material.pop("timestampVerificationData", None) if logged else None
    exactly(material, "The verification material", publicKey=mapped, tlogEntries=listed)
    hint = exactly(material["publicKey"], "The public key", hint=text)["hint"]
    signed = open_envelope(value["dsseEnvelope"], hint, keys)
    entries = material["tlogEntries"]
    if len(entries) != (1 if logged else 0):
        raise altered("the bundle does not have exactly the log entries that it needs.")
    return signed, (_place(entries[0])._replace(tokens=_tokens(times)) if logged else None)


def _tokens(value: Any) -> tuple[bytes, ...]:
    """The time stamps of a bundle, not judged yet: none, or each once."""
    if value is None:
        return ()
    listing = exactly(value, "The time stamps of the bundle", rfc3161Timestamps=listed)["rfc3161Timestamps"]
    told = [exactly(one, "A time stamp of the bundle", signedTimestamp=text)["signedTimestamp"] for one in listing]
    if not told or len(set(told)) != len(told):
        raise altered("the bundle's time stamps are an empty list, or one of them stands twice.")
    return tuple(unbase64(one, "A time stamp of the bundle") for one in told)


def _decimal(value: Any, what: str) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or str(int(value[:20])) != value:
        raise altered(f"{what} is no decimal number.")
    return int(value)


def _place(entry: Any) -> Place:
    exactly(
        entry, "The log entry",
        logIndex=text, logId=mapped, kindVersion=is_({"kind": "hashedrekord", "version": "0.0.2"}),
        inclusionProof=mapped, canonicalizedBody=text,
    )  # fmt: skip
    log_id = exactly(entry["logId"], "The log id", keyId=text)["keyId"]
    proof = exactly(
        entry["inclusionProof"], "The log proof",
        logIndex=text, rootHash=text, treeSize=text, hashes=listed, checkpoint=mapped,
    )  # fmt: skip
    if proof["logIndex"] != entry["logIndex"]:
        raise altered("the bundle gives two different places in the log.")
    checkpoint = exactly(proof["checkpoint"], "The checkpoint", envelope=text)["envelope"]
    path = [unbase64(one, "A hash of the log proof") for one in proof["hashes"]]
    if any(len(one) != 32 for one in path) or len(path) > 63:
        raise altered("the log proof has a malformed hash.")
    return Place(
        idx=_decimal(proof["logIndex"], "The place in the log"),
        root=unbase64(proof["rootHash"], "The root"),
        size=_decimal(proof["treeSize"], "The size of the log"),
        path=path,
        checkpoint=checkpoint,
        log_id=log_id,
        body=unbase64(entry["canonicalizedBody"], "The leaf"),
    )
