"""What somebody could do who holds the signing key but not the log's: change a packet and sign its list anew."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.packet.papers import MANIFEST_PREDICATE
from bot.packet.verify import Report, verify
from tests.packet.company import Acme
from tests.packet.damage import Files, packed, unpacked
from workflows.kernel.bundle import BUNDLE
from workflows.kernel.dsse import envelope, pae
from workflows.kernel.ports import Signer
from workflows.kernel.statement import statement

SELF = ("packet.json", "packet.sigstore.json")


def resealed(files: Files, signer: Signer) -> Files:
    """The files with a list that fits them, signed with the company's own key: only deeper checks can find the change."""
    listed = json.loads(files["packet.json"])
    listed["files"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in sorted(files.items())
        if name not in SELF
    }
    return sealed({**files, "packet.json": json.dumps(listed).encode()}, signer)


def sealed(files: Files, signer: Signer) -> Files:
    """The files with `packet.json` as it stands, signed."""
    listed = json.loads(files["packet.json"])
    subject = {"name": "packet.json", "digest": {"sha256": hashlib.sha256(files["packet.json"]).hexdigest()}}
    said = {"origin": listed["origin"], "files": len(listed["files"])}
    payload = statement([subject], MANIFEST_PREDICATE, said)
    bundle = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": signer.keyid}, "tlogEntries": []},
        "dsseEnvelope": envelope(payload, signer.sign(pae(payload)), signer.keyid),
    }
    return {**files, "packet.sigstore.json": json.dumps(bundle).encode()}


def after(review: Acme, packet: Path, out: Path, change: Callable[[Files], None]) -> Report:
    """The report on a packet that was changed and signed again with the company's own key."""
    files = unpacked(packet)
    change(files)
    return verify(packed(resealed(files, review.source.signer), out / "changed.zip"))


def verdicts(report: Report) -> set[str]:
    assert not report.fine
    return {finding.verdict for finding in report.findings}


def first(files: Files, start: str = "bundles/") -> str:
    return next(name for name in sorted(files) if name.startswith(start))


def statement_of(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"]))
    return found


def edited(files: Files, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(files[name])
    edit(value)
    files[name] = json.dumps(value).encode()
