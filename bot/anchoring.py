"""What keeps the ledger's past out of our own hands: copies in the vault, checkpoint after checkpoint.

Anchors only follow the log and never hold up a decision: a vault that is away is waited for, and the gap is measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import monotonic
from typing import NamedTuple

import structlog
from prometheus_client import Gauge

from bot.stamper import BUDGET, LIMIT, Alarms, Bell, Pause
from bot.store.anchor import Anchors, Gap, Planned
from bot.store.ledger import Log
from bot.store.stamp import CHECKPOINT, Stamps
from workflows.kernel import tile
from workflows.kernel.bundle import Logged, bundle
from workflows.kernel.checkpoint import log_id, parse
from workflows.kernel.ports import Clock, Forked, Shelf

THREADS = 8
PIECE = 200

ANCHOR_GAP, FORKED, BEHIND = "ledger_anchor_gap", "ledger_forked", "ledger_behind_its_anchor"

ANCHORED = Gauge("attester_ledger_anchored_size", "Attestations that the vault holds with a checkpoint over them")
UNANCHORED = Gauge("attester_ledger_unanchored", "Attestations in the log that no anchor covers yet")
GAP = Gauge("attester_ledger_anchor_gap_seconds", "How long the first checkpoint without an anchor has been waiting")

log = structlog.get_logger()


class Vaulted(NamedTuple):
    """The vault that anchors go to, under the name by which the database knows it."""

    name: str
    shelf: Shelf


class Anchorer:
    """Copies what the log has become into the vault: bundles, tiles, and last the checkpoint that covers them."""

    def __init__(
        self,
        anchors: Anchors,
        stamps: Stamps,
        ledger: Log,
        log_public: bytes,
        vault: Vaulted,
        clock: Clock,
        alarms: Alarms,
        *,
        stamp: bool,
    ) -> None:
        self._anchors = anchors
        self._stamps = stamps
        self._ledger = ledger
        self._log_public = log_public
        self._vault = vault
        self._clock = clock
        self._bell = Bell(alarms)
        self._stamp = stamp
        self._pause = Pause()

    def run(self) -> int:
        """One round: returns how many attestations the vault holds more than before. A vault that is away is waited for."""
        done = 0
        if self._pause.over():
            try:
                done = self._round(monotonic() + BUDGET)
                self._pause.end()
            except OSError as away:
                log.warning("vault_away", why=str(away), again_in=self._pause.longer())
            except Forked as forked:
                self._pause.longer()
                self._bell.ring(FORKED, str(forked))
        self._measure()
        return done

    def gap(self) -> Gap:
        """How far the vault is behind the log."""
        return self._anchors.gap(self._vault.name)

    def compare(self) -> str:
        """Why the log is not what the vault's newest checkpoint says, as a sentence; empty where it agrees. Raises OSError."""
        origin = self._ledger.origin()
        names = [n for n in self._vault.shelf.names(f"ledger/{origin}/checkpoint/") if not n.endswith(".tsr")]
        if not names:
            return ""
        held = parse(self._vault.shelf.read(names[-1]).decode())
        ours = self._anchors.checkpoint(held.size)
        if ours is not None and ours.root == held.root:
            self._bell.quiet(BEHIND)
            return ""
        said = (
            f"The vault holds a checkpoint of {held.size:,} attestations that this ledger of {self._ledger.size():,} does "
            "not have: the database was restored from an older copy, or is another one. Do not go on with it; restore a newer "
            "copy."
        )
        self._bell.ring(BEHIND, said)
        return said

    def _round(self, end: float) -> int:
        before = after = -1
        while monotonic() < end:
            planned = self._anchors.plan(self._vault.name, self._clock.now())
            if planned is None:
                break
            before = planned.before if before < 0 else before
            self._keep(planned)
            after = planned.checkpoint.size
            self._anchors.anchored(self._vault.name, after, self._clock.now(), stamp=self._stamp)
            self._bell.quiet(FORKED)
        self._keep_tokens()
        return after - before

    def _keep(self, planned: Planned) -> None:
        """Everything new up to a checkpoint, and then the checkpoint: who finds it in the vault finds what it covers."""
        checkpoint = planned.checkpoint
        with ThreadPoolExecutor(THREADS, thread_name_prefix="anchor") as pool:
            for piece in _pieces(self._bundles(planned)):
                list(pool.map(lambda item: self._vault.shelf.keep(*item), piece))
            for piece in _pieces(self._tiles(planned)):
                list(pool.map(lambda item: self._vault.shelf.keep(*item), piece))
        self._vault.shelf.keep(checkpoint_name(checkpoint.origin, checkpoint.size), checkpoint.note.encode())

    def _bundles(self, planned: Planned) -> Iterator[tuple[str, bytes]]:
        checkpoint = planned.checkpoint
        name = log_id(checkpoint.origin, self._log_public)
        for entry in self._ledger.entries(planned.before, checkpoint.size - 1):
            if entry.payload is None or entry.idx is None:
                continue  # erased after retention: its leaf is in the tiles
            where = Logged(entry.idx, self._ledger.proof(entry.idx, checkpoint.size), checkpoint, name)
            whole = bundle(entry.payload, entry.signature, entry.keyid, entry.leaf, where)
            yield bundle_name(entry.id), json.dumps(whole, separators=(",", ":")).encode("ascii")

    def _tiles(self, planned: Planned) -> Iterator[tuple[str, bytes]]:
        size = planned.checkpoint.size
        for one in tile.tiles(size):
            level = one.level or 0
            if one.width == tile.WIDTH and tile.width_at(planned.before, level, one.n) == tile.WIDTH:
                continue  # full before, and kept then
            data = self._ledger.tile(level, one.n, one.width)
            if data is None:
                raise LookupError(f"the log has no {one.path} at size {size:,}. Run: attester ledger check")
            yield f"ledger/{planned.checkpoint.origin}/{one.path}", data

    def _keep_tokens(self) -> None:
        """Tokens come later than what they stamp; each is kept beside it."""
        left = self._stamps.tokens_left(PIECE)
        if not left:
            return
        named = [(self._token_name(token.subject, suffix), token.data) for suffix, token in left]
        with ThreadPoolExecutor(THREADS, thread_name_prefix="anchor") as pool:
            list(pool.map(lambda item: self._vault.shelf.keep(*item), named))
        self._stamps.token_kept([token.id for _, token in left], self._clock.now())

    def _token_name(self, subject: str, suffix: str) -> str:
        if subject.startswith(CHECKPOINT):
            return checkpoint_name(self._ledger.origin(), int(subject.removeprefix(CHECKPOINT))) + suffix
        return f"bundles/{subject}{suffix}"

    def _measure(self) -> None:
        gap = self.gap()
        seconds = gap.seconds(self._clock.now())
        ANCHORED.set(gap.anchored)
        UNANCHORED.set(gap.size - gap.anchored)
        GAP.set(seconds)
        if seconds > LIMIT.total_seconds():
            self._bell.ring(
                ANCHOR_GAP,
                f"The vault holds {gap.anchored:,} of {gap.size:,} attestations for over a day. Run: attester doctor",
            )
        else:
            self._bell.quiet(ANCHOR_GAP)


def checkpoint_name(origin: str, size: int) -> str:
    """Where a vault keeps a checkpoint: 20 digits, so that names stand in the order of sizes."""
    return f"ledger/{origin}/checkpoint/{size:020}"


def bundle_name(attestation: str) -> str:
    """Where a vault keeps an attestation's bundle, with its proof at the time it was anchored."""
    return f"bundles/{attestation}.sigstore.json"


def _pieces(items: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """In bounded memory."""
    rest = iter(items)
    while piece := list(islice(rest, PIECE)):
        yield piece
