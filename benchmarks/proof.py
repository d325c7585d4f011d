"""What an auditor's verifier costs: a million attestations against their bare signature checks, and the proof of one of them."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from benchmarks.table import Table
from bot.packet.verifier.envelope import leaf_of, pae_digest
from bot.packet.verifier.keys import SigningKey
from bot.packet.verifier.tree import Roots, leaf_hash, proven_root
from bot.signing import load_log_key, load_signer
from tests.proof.ledger import KIND, ORIGIN, SUBJECT
from workflows.kernel.checkpoint import Checkpoint, proof_file, signed
from workflows.kernel.dsse import pae
from workflows.kernel.merkle import inclusion_path
from workflows.kernel.publickey import der
from workflows.kernel.statement import statement

ENTRIES = 1_000_000
DISTINCT = 20_000
"""So many statements are signed; the log has each of them several times, and every time it is judged again."""
PART = 50_000
VERIFY_GOAL = 1.3
PROOF_BYTES = 2_000
PROOF_SECONDS = 0.001
REPEATS = 2_000


class Work(NamedTuple):
    """Signed statements and the key that signed them."""

    statements: list[tuple[bytes, bytes]]
    pem: bytes


def made(folder: Path) -> Work:
    """Statements of a usual size, each signed."""
    signer = load_signer(f"file:{folder / 'signing.key'}", create=True)
    found = []
    for n in range(DISTINCT):
        payload = statement(
            [SUBJECT], KIND, {"case": f"access_review/2026-Q4/{n}", "seq": 1, "body": {"reason": "Needed. " * 40}}
        )
        found.append((payload, signer.sign(pae(payload))))
    return Work(found, signer.public_pem)


def whole(work: Work, first: int, count: int) -> tuple[float, list[bytes]]:
    """Seconds of a processor for statement → digest → signature → leaf → leaf hash, and the leaf hashes."""
    key = _key(work.pem)
    began, hashes = time.process_time(), []
    for n in range(first, first + count):
        payload, signature = work.statements[n % DISTINCT]
        digest = pae_digest(payload)
        if not key.signed(digest, signature):
            raise AssertionError("a signature does not hold")
        hashes.append(leaf_hash(leaf_of(digest, signature, key.der)))
    return time.process_time() - began, hashes


def bare(work: Work, first: int, count: int) -> float:
    """Seconds of a processor for the same signatures, checked and nothing else."""
    key = _key(work.pem).key
    digests = [hashlib.sha256(pae(payload)).digest() for payload, _ in work.statements]
    algorithm = ECDSA(Prehashed(SHA256()))
    began = time.process_time()
    for n in range(first, first + count):
        key.verify(work.statements[n % DISTINCT][1], digests[n % DISTINCT], algorithm)
    return time.process_time() - began


def _key(pem: bytes) -> SigningKey:
    key = load_pem_public_key(pem)
    assert isinstance(key, EllipticCurvePublicKey)
    return SigningKey("", der(pem.decode()), key, "", "", "")


def judged(entries: int) -> tuple[float, float, float, list[bytes]]:
    """Both over so many entries, part by part in turns on every core: seconds of processors, those on the wall, leaf hashes."""
    with tempfile.TemporaryDirectory() as name:
        work = made(Path(name))
    ours = peer = wall = 0.0
    hashes: list[bytes] = []
    cores = os.cpu_count() or 1
    parts = [(first, min(PART, entries - first)) for first in range(0, entries, PART)]
    with ProcessPoolExecutor(cores) as pool:
        for at in range(0, len(parts), cores):
            here = parts[at : at + cores]
            began = time.perf_counter()
            for seconds, found in pool.map(whole, [work] * len(here), *zip(*here, strict=True)):
                ours, hashes = ours + seconds, hashes + found
            wall += time.perf_counter() - began
            peer += sum(pool.map(bare, [work] * len(here), *zip(*here, strict=True)))
    began = time.process_time()
    roots = Roots()
    for value in hashes:
        roots.add(value)
    roots.root()
    tree = time.process_time() - began
    return ours + tree, peer, wall + tree, hashes


class Proof(NamedTuple):
    """The proof of one entry: its size, and seconds to check it."""

    size: int
    checked: float
    chain: float


def proof_of(hashes: list[bytes]) -> Proof:
    """The proof of the entry in the middle, against the log's own signed checkpoint."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [below[n : n + 2] for n in range(0, len(below), 2)]
        levels.append([hashlib.sha256(b"\x01" + p[0] + p[1]).digest() if len(p) == 2 else p[0] for p in pairs])
    index = len(hashes) // 2 + 1

    def tree(first: int, last: int) -> bytes:
        height = (last - first - 1).bit_length()
        return levels[height][first >> height]

    path = inclusion_path(index, len(hashes), tree)
    with tempfile.TemporaryDirectory() as name:
        key = load_log_key(f"file:{Path(name) / 'log.key'}", create=True)
        note = signed(Checkpoint(ORIGIN, len(hashes), levels[-1][0]), key).note
    text = proof_file(index, path, note)
    began = time.perf_counter()
    for _ in range(REPEATS):
        if proven_root(hashes[index], index, len(hashes), list(path)) != levels[-1][0]:
            raise AssertionError("the proof does not lead to the root")
    checked = (time.perf_counter() - began) / REPEATS
    began, before = time.perf_counter(), b""
    for value in hashes[index:]:
        before = hashlib.sha256(before + value).digest()
    return Proof(len(text.encode()), checked, time.perf_counter() - began)


def tables() -> list[Table]:
    """The million, and one of it."""
    ours, peer, wall, hashes = judged(ENTRIES)
    proof = proof_of(hashes)
    verify = Table(
        f"Verifying {ENTRIES:,} attestations ({os.cpu_count()} cores, {wall:.0f} s on the wall)",
        ("", "processor", "each", "ratio", "goal"),
        f"From statement to digest, signature, leaf and root, as the packet's verify.py does it, without JSON and files; "
        f"{DISTINCT:,} different statements, each judged {ENTRIES // DISTINCT} times. The peer checks the same signatures "
        "over ready digests and does nothing else.",
    )
    verify.add("ours", f"{ours:.1f} s", f"{ours / ENTRIES * 1e6:.1f} µs", f"{ours / peer:.2f}", f"{VERIFY_GOAL}")
    verify.add("bare signature checks", f"{peer:.1f} s", f"{peer / ENTRIES * 1e6:.1f} µs", "", "")
    one = Table(
        f"The proof of one attestation among {ENTRIES:,}",
        ("", "bytes", "checked in", "goal"),
        "The `.tlog-proof` holds path and checkpoint; the checkpoint's one signature comes on top. A hash chain needs every "
        "later entry's digest to lead to its end.",
    )
    half = (ENTRIES // 2 - 1) * 32
    one.add("ours", f"{proof.size:,}", f"{proof.checked * 1e6:.1f} µs", f"{PROOF_BYTES:,} bytes, 1 ms")
    one.add("hash chain", f"{half:,}", f"{proof.chain * 1e3:.0f} ms", "")
    one.add("ratio", f"1 : {half // proof.size:,}", f"1 : {proof.chain / proof.checked:,.0f}", "")
    return [verify, one]
