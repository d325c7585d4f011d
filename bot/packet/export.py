"""Writes the packet: everything an auditor needs to check the decisions of a time without us."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bot.packet.account import Account
from bot.packet.box import Box, Packed, written
from bot.packet.gather import TOLD, Gathered, follow_certificates, gather, interval
from bot.packet.guide import guide
from bot.packet.outside import anchored_files, certificate_files
from bot.packet.papers import (
    evidence_table,
    key_path,
    keys_table,
    manifest,
    policy,
    signed_manifest,
    trust,
)
from bot.packet.single import single_file
from bot.packet.source import Exported, ExportRefused, Key, PacketSource
from workflows.kernel import tile
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing

__all__ = ["ExportRefused", "Exported", "PacketSource", "export"]

Progress = Callable[[str, int, int], None]
"""(what, how many are done, of how many)"""


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def export(
    source: PacketSource, *, out: Path, start: datetime, end: datetime, progress: Progress = _silent
) -> Exported:
    """Write the packet of all attestations with ``start`` <= at < ``end``, and of what lies between them in the log.

    Raises ExportRefused, with a sentence that names what is missing, and OSError; then ``out`` is as it was before. The same
    export at one checkpoint differs only in `packet.sigstore.json`, whose signature is fresh each time.
    """
    first, last, checkpoint = interval(source, start, end)
    keys = list(source.ledger.keys())
    _check_signer(source, keys)
    with (
        tempfile.TemporaryDirectory(prefix="attester-packet-") as scratch,
        written(out) as box,
        (Path(scratch) / "bundles").open("w+b") as heap,
    ):
        found = Gathered(first, last, start, end, checkpoint, heap)
        with closing(Account(Path(scratch), source, found)) as account:
            gather(source, found, account.tell, lambda done, of: progress("attestations", done, of))
            follow_certificates(source, found)
            _pack(box, source, found, account, keys, progress)
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    count = len(found.bundles) + len(found.erased)
    return Exported(out, digest, count, len(found.evidence), first, last, checkpoint.size)


def _check_signer(source: PacketSource, keys: list[Key]) -> None:
    mine = [key for key in keys if key.keyid == source.signer.keyid]
    if not mine:
        raise ExportRefused(
            "The signing key is not among the ledger's keys. Set ATTESTER_SIGNING_KEY to the key of this ledger."
        )
    if mine[0].compromised_since is not None:
        raise ExportRefused("The signing key was declared compromised. Set ATTESTER_SIGNING_KEY to its successor.")
    if mine[0].not_after is not None:
        raise ExportRefused("The signing key was retired. Set ATTESTER_SIGNING_KEY to its successor.")


def _pack(
    box: Box, source: PacketSource, found: Gathered, account: Account, keys: list[Key], progress: Progress
) -> None:
    """Put everything in, in the order of the names; nothing is left out of `packet.json`."""
    anchors, newest = anchored_files(source, found.checkpoint)
    found.anchors, found.newest_anchor = sum(1 for name in anchors if not name.endswith(".tsr")), newest
    box.add("VERIFY.md", guide(source, found, keys).encode())
    for done, id_ in enumerate(sorted(found.bundles)):
        progress("bundles", done, len(found.bundles))
        box.add(f"bundles/{id_}.sigstore.json", found.chunks(id_))
    box.add("checkpoint", found.checkpoint.note.encode())
    for name, data in anchors.items():
        box.add(name, data)
    with account.decisions().open("rb") as file:
        box.add("decisions.csv", file)
    box.add("evidence.csv", evidence_table(found))
    _pack_evidence(box, source, found, progress)
    box.add("index.html", account.page(keys).encode())
    box.add("keys.csv", keys_table(keys))
    for key in sorted(keys, key=key_path):
        box.add(key_path(key), key.pem.encode())
    with account.lines().open("rb") as file:
        box.add("lines.csv", file)
    authorities = source.outside.authorities()  # after the tokens: whoever signed one is among them
    last = {
        "policy": policy(source, found),
        "trusted_root.json": trust(source, found, keys, authorities),
        **certificate_files(authorities),
        "verify.py": single_file().encode(),
    }
    tiles = sorted(tile.tiles(found.checkpoint.size), key=lambda one: one.path)
    to_come = {name: Packed(hashlib.sha256(data).hexdigest(), len(data)) for name, data in last.items()}
    for one in tiles:
        data = _tile(source, one)
        to_come[one.path] = Packed(hashlib.sha256(data).hexdigest(), len(data))
    listed = manifest(source, found, {**box.files, **to_come})
    box.add("packet.json", listed)
    box.add("packet.sigstore.json", signed_manifest(source, found, listed, len(box.files) - 1 + len(to_come)))
    box.add("policy", last["policy"])
    for one in tiles:
        box.add(one.path, _tile(source, one))
    for name in sorted(last.keys() - {"policy"}):
        box.add(name, last[name])


def _tile(source: PacketSource, one: tile.TileName) -> bytes:
    data = source.ledger.tile(one.level or 0, one.n, one.width)
    if data is None or len(data) != one.width * tile.HASH:
        raise ExportRefused(f"The log's {one.path} is missing or damaged. Run: attester ledger check")
    return data


def _pack_evidence(box: Box, source: PacketSource, found: Gathered, progress: Progress) -> None:
    """Put every file of evidence in. Raises ExportRefused, naming those that are missing or differ."""
    gone: list[str] = []
    for done, (sha256, one) in enumerate(sorted(found.evidence.items())):
        progress("evidence", done, len(found.evidence))
        try:
            with source.evidence(sha256) as file:
                packed = box.add(f"evidence/sha256/{sha256}", file)
        except EvidenceMissing:
            gone.append(f"{one.name} ({sha256}) is missing")
            continue
        except EvidenceAltered:
            gone.append(f"{one.name} ({sha256}) has other bytes than those that were signed")
            continue
        one.bytes = packed.bytes
        if packed.sha256 != sha256:
            gone.append(f"{one.name} ({sha256}) has other bytes than those that were signed")
    if gone:
        more = f" and {len(gone) - TOLD:,} more" if len(gone) > TOLD else ""
        raise ExportRefused(
            f"Evidence that attestations name cannot be handed over: {'; '.join(gone[:TOLD])}{more}. "
            "No packet was written. Restore these files in the vault, then export again."
        )
