"""Outside time in a packet: anchored checkpoints with their tokens, and the certificates that stock tools need for them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.packet.source import ExportRefused, PacketSource, Token
from workflows.kernel.bundle import TrustedAuthority
from workflows.kernel.checkpoint import Checkpoint, Note, parse_note
from workflows.kernel.encoding import b64

PIECE = 500
ROOTS, CHAIN = "tsa-root.pem", "tsa-chain.pem"
LINE = 64


@dataclass(frozen=True)
class Anchored:
    """The newest anchor of a packet that has a token, or else the newest one."""

    size: int
    stamped_at: datetime | None


def anchored_files(source: PacketSource, newest: Checkpoint) -> tuple[dict[str, bytes], Anchored | None]:
    """`checkpoints/<size>` and its tokens `.tsr`, `.2.tsr`, … for every anchor up to a size, by sorted names.

    A checkpoint stands in it as it was stamped: with the log's own lines, because witnesses come and go. Raises ExportRefused
    where the log has become shorter than what was anchored.
    """
    anchors = {one.size: one for one in source.outside.anchored()}
    _check_length(source, max(anchors, default=0))
    sizes = sorted(size for size in anchors if 0 < size <= newest.size)
    files: dict[str, bytes] = {}
    told: Anchored | None = None
    for start in range(0, len(sizes), PIECE):
        piece = sizes[start : start + PIECE]
        tokens = source.outside.tokens([f"checkpoint/{size}" for size in piece])
        for size in piece:
            files[f"checkpoints/{size}"] = own_lines(anchors[size].note)
            found = _each_once(tokens.get(f"checkpoint/{size}", ()))
            for number, token in enumerate(found, 1):
                files[f"checkpoints/{size}{f'.{number}' if number > 1 else ''}.tsr"] = token.data
            if found or told is None or told.stamped_at is None:
                told = Anchored(size, found[0].gen_at if found else None)
    return dict(sorted(files.items())), told


def _check_length(source: PacketSource, anchored: int) -> None:
    """The log may have grown since this export began; it never becomes shorter."""
    now = source.ledger.checkpoint()
    size = now.size if now else 0
    if size < anchored:
        raise ExportRefused(
            f"The log has {size:,} entries, and a checkpoint of {anchored:,} was anchored: the database was restored from an "
            "older copy, or something was removed. No packet was written. Run: attester ledger check"
        )


def own_lines(note: str) -> bytes:
    """A checkpoint with the lines of its own log only: what a token over it stamps."""
    taken = parse_note(note)
    origin = taken.text.partition("\n")[0]
    return Note(taken.text, tuple(line for line in taken.lines if line.name == origin)).whole.encode()


def certificate_files(authorities: Sequence[TrustedAuthority]) -> dict[str, bytes]:
    """`tsa-chain.pem` (certificates that sign, and those between) and `tsa-root.pem`, each certificate once."""
    chain = dict.fromkeys(der for one in authorities for der in one.chain[:-1])
    roots = dict.fromkeys(one.chain[-1] for one in authorities)
    files = {CHAIN: b"".join(map(_pem, chain)), ROOTS: b"".join(map(_pem, roots))}
    return {name: data for name, data in files.items() if data}


def root_fingerprint(authority: TrustedAuthority) -> str:
    """The SHA-256 of an authority's root certificate, written as the fingerprints of keys are."""
    return "SHA256:" + b64(hashlib.sha256(authority.chain[-1]).digest()).rstrip("=")


def _each_once(tokens: Sequence[Token]) -> list[Token]:
    return list({token.data: token for token in reversed(tokens)}.values())[::-1]


def _pem(der: bytes) -> bytes:
    """RFC 7468."""
    text = base64.b64encode(der)
    lines = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])
