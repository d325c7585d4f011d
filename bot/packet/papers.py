"""The small files of a packet: lists, keys, trust, and the signed list of everything."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.packet.box import Packed
from bot.packet.gather import Gathered
from bot.packet.source import Key, PacketSource
from bot.packet.table import cell
from workflows.kernel.attestation import instant
from workflows.kernel.bundle import BUNDLE, TrustedAuthority, TrustedLog, trusted_root
from workflows.kernel.checkpoint import vkey
from workflows.kernel.dsse import envelope, pae
from workflows.kernel.encoding import b64
from workflows.kernel.jcs import canonical
from workflows.kernel.statement import statement

PACKET_TYPE = "urn:attester:packet/v1"
MANIFEST_PREDICATE = "urn:attester:packet/manifest/v1"
EVIDENCE_COLUMNS = (
    "sha256", "file", "name", "kind", "source", "media_type", "collected_at", "first_named_by", "times_named",
    "in_packet",
)  # fmt: skip
KEY_COLUMNS = ("keyid", "file", "not_before", "not_after", "compromised_since")


def evidence_table(found: Gathered) -> bytes:
    """`evidence.csv`: every file with its name, kind and source; also those that certificates name and that are not here."""
    rows = []
    for sha256, one in sorted({**found.absent, **found.evidence}.items()):
        here = sha256 in found.evidence
        rows.append(
            (
                sha256, f"evidence/sha256/{sha256}" if here else "", one.name, one.kind, one.source, one.media_type,
                one.collected_at, one.named_by, one.times, "yes" if here else "no",
            )
        )  # fmt: skip
    return _csv(EVIDENCE_COLUMNS, rows)


def key_path(key: Key) -> str:
    """`keys/<16 hex digits of the SHA-256 of the SPKI>.pem`."""
    return f"keys/{hashlib.sha256(key.public_der).hexdigest()[:16]}.pem"


def keys_table(keys: Sequence[Key]) -> bytes:
    """`keys.csv`: which keys count, from when to when."""
    rows = [
        (key.keyid, key_path(key), *(_time(at) for at in (key.not_before, key.not_after, key.compromised_since)))
        for key in keys
    ]
    return _csv(KEY_COLUMNS, rows)


def policy(source: PacketSource, found: Gathered) -> bytes:
    """The log's key as a C2SP tlog-policy; no witness is required."""
    return f"log {vkey(found.checkpoint.origin, source.log_public)}\nquorum none\n".encode()


def trust(source: PacketSource, found: Gathered, keys: Sequence[Key], authorities: Sequence[TrustedAuthority]) -> bytes:
    """`trusted_root.json` for Sigstore's verifiers."""
    log = TrustedLog(found.checkpoint.origin, source.log_public, min(key.not_before for key in keys))
    return _json(trusted_root([log], authorities))


def manifest(source: PacketSource, found: Gathered, files: dict[str, Packed]) -> bytes:
    """`packet.json`: what this packet is of, and the SHA-256 of every other file."""
    return _json(
        {
            "type": PACKET_TYPE,
            "attester": source.version,
            "origin": found.checkpoint.origin,
            "interval": {
                "start": instant(found.start), "end": instant(found.end), "first": found.first, "last": found.last,
            },
            "checkpoint": {"size": found.checkpoint.size, "root": b64(found.checkpoint.root)},
            "programs": sorted(found.programs),
            "erased": sorted(found.erased, key=lambda one: int(one["index"])),
            "files": {name: asdict(packed) for name, packed in sorted(files.items())},
        }
    )  # fmt: skip


def signed_manifest(source: PacketSource, found: Gathered, listed: bytes, files: int) -> bytes:
    """`packet.sigstore.json`: a statement whose subject is `packet.json`, signed with the ledger's key."""
    subject = {
        "name": "packet.json",
        "digest": {"sha256": hashlib.sha256(listed).hexdigest()},
        "mediaType": "application/json",
    }
    payload = statement([subject], MANIFEST_PREDICATE, {"origin": found.checkpoint.origin, "files": files})
    signature = source.signer.sign(pae(payload))
    material: dict[str, Any] = {"publicKey": {"hint": source.signer.keyid}, "tlogEntries": []}
    whole = {
        "mediaType": BUNDLE,
        "verificationMaterial": material,
        "dsseEnvelope": envelope(payload, signature, source.signer.keyid),
    }
    return canonical(whole)


def _time(at: datetime | None) -> str:
    return instant(at) if at else ""


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", errors="replace")
