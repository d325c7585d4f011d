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

from bot.signing import verify_ed25519
from bot.stamper import BUDGET, LIMIT, Alarms, Bell, Note, Pause, unrecorded
from bot.store.anchor import Anchors, Gap, Planned
from bot.store.ledger import Log
from bot.store.stamp import CHECKPOINT, Stamps
from workflows.kernel import tile
from workflows.kernel.bundle import Logged, bundle
from workflows.kernel.checkpoint import Checkpoint, log_id, verified
from workflows.kernel.ledger import NoteGap
from workflows.kernel.ports import Clock, EvidenceMissing, Forked, Shelf

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


class Compared(NamedTuple):
    """The newest checkpoint in the vault that this log's key signed, if there is one; why the log is behind it, or empty;
    and what else is wrong there, in sentences."""

    newest: Checkpoint | None
    behind: str
    findings: tuple[str, ...]


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
        note: Note = unrecorded,
    ) -> None:
        self._note = note
        self._noted: int | None = None
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
        """Why the log is not what the vault says, as sentences; empty where it agrees. Raises OSError.

        A log that is behind the vault's newest checkpoint is frozen. What nobody with the log's key wrote freezes nothing.
        """
        found = self.look()
        if found.behind and found.newest is not None:
            self._bell.ring(BEHIND, found.behind)
            self._anchors.freeze(found.behind, found.newest.size, self._clock.now())
        elif found.newest is not None:
            self._bell.quiet(BEHIND)
        return " ".join(said for said in (found.behind, *found.findings) if said)

    def thaw(self) -> str:
        """Let decisions go on where the log has all that the vault has; else why not, as a sentence. Raises OSError."""
        frozen = self._anchors.frozen()
        if frozen is None:
            return ""
        found = self.look()
        if found.behind:
            return found.behind
        if found.newest is None or found.newest.size < frozen.anchored_size:
            return (
                f"This vault holds no checkpoint of the {frozen.anchored_size:,} attestations for which the ledger was frozen, "
                "so nothing shows that none is missing. Point ATTESTER_VAULT at the vault that has it."
            )
        self._anchors.thaw()
        self._bell.quiet(BEHIND)
        return ""

    def look(self) -> Compared:
        """Compare, and change nothing. Raises OSError."""
        origin = self._ledger.origin()
        start = f"ledger/{origin}/checkpoint/"
        names = [name for name in self._vault.shelf.names(start) if not name.endswith(".tsr")]
        held, findings = None, []
        for name in reversed(names):
            try:
                held = self._held(name, origin)
                break
            except (ValueError, EvidenceMissing) as wrong:
                findings.append(
                    f"The vault's {name} is no checkpoint that this ledger signed: {wrong}. Find out who wrote it."
                )
        if held is None:
            anchored = self.gap().anchored
            if anchored:
                findings.append(
                    f"The database says that {anchored:,} attestations were copied to {self._vault.name}, but no checkpoint of "
                    "this ledger is there. Check ATTESTER_VAULT, and who may delete in the vault."
                )
            return Compared(None, "", tuple(findings))
        ours = self._anchors.checkpoint(held.size)
        if ours is not None and ours.root == held.root:
            return Compared(held, "", tuple(findings))
        behind = (
            f"The vault holds a checkpoint of {held.size:,} attestations that this ledger of {self._ledger.size():,} does "
            "not have: the database was restored from an older copy, or is another one. No decision is recorded. Restore a "
            "newer copy, then run: attester ledger thaw"
        )
        return Compared(held, behind, tuple(findings))

    def _held(self, name: str, origin: str) -> Checkpoint:
        """A checkpoint in the vault. Raises ValueError where this log's key did not sign it, under this name."""
        note = self._vault.shelf.read(name).decode()
        public = self._log_public
        found = verified(note, origin, public, lambda data, signature: verify_ed25519(public, data, signature))
        if name != checkpoint_name(origin, found.size):
            raise ValueError(f"it is the one of size {found.size:,}, under another name")
        return found

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
        if gap.since is not None and seconds > LIMIT.total_seconds():
            self._bell.ring(
                ANCHOR_GAP,
                f"The vault holds {gap.anchored:,} of {gap.size:,} attestations for over a day. Run: attester doctor",
            )
            # Once for as long as the vault stands still: the note itself has to be anchored too.
            found = NoteGap(anchored_size=gap.anchored, size=gap.size, since=gap.since)
            if gap.anchored != self._noted and self._note(found):
                self._noted = gap.anchored
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
