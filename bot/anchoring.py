"""What keeps the ledger's past out of our own hands: tokens of an outside authority, and copies in the vault.

Both only follow the log and never hold up a decision: what is away is tried again with growing pauses, and a gap is
measured and, past its limit, said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Counter, Gauge

from bot.stamping import Authority, AuthorityAway, TokenRefused
from bot.store.anchor import Anchors, Gap, Planned
from bot.store.ledger import Log
from bot.store.stamp import CHECKPOINT, AuthorityCertificate, Stamps, Wanted
from workflows.kernel import tile
from workflows.kernel.bundle import Logged, bundle
from workflows.kernel.checkpoint import log_id, parse
from workflows.kernel.ports import Clock, Forked, Shelf

ROUND = 64
BUDGET = 25.0
"""Seconds after which a round ends and leaves the rest to the next: a tick must not be taken for dead."""
LEASE = timedelta(minutes=2)
AHEAD = timedelta(seconds=60)
LATE = timedelta(minutes=15)
LIMIT = timedelta(hours=24)
"""How long a token or an anchor may be missing before it is said aloud."""
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 900.0
THREADS = 8
PIECE = 200

CLOCK_WRONG, TIME_MISSING, ANCHOR_GAP = "ledger_clock_wrong", "ledger_time_missing", "ledger_anchor_gap"
FORKED, BEHIND = "ledger_forked", "ledger_behind_its_anchor"

TOKENS = Counter("attester_ledger_tokens", "Answers of the timestamp authority, by how they went", ["outcome"])
UNSTAMPED = Gauge("attester_ledger_unstamped", "Attestations and anchors that wait for a token")
UNSTAMPED_AGE = Gauge("attester_ledger_oldest_unstamped_seconds", "How long the first of them has been waiting")
ANCHORED = Gauge("attester_ledger_anchored_size", "Attestations that the vault holds with a checkpoint over them")
UNANCHORED = Gauge("attester_ledger_unanchored", "Attestations in the log that no anchor covers yet")
GAP = Gauge("attester_ledger_anchor_gap_seconds", "How long the first checkpoint without an anchor has been waiting")

log = structlog.get_logger()


class Alarms(Protocol):
    """Where a person is told what to mend."""

    def sound(self, name: str, detail: str) -> None: ...

    def clear(self, name: str) -> bool: ...


class Pause:
    """Growing pauses while something outside is away: 15 s, 30 s, … 15 minutes."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    def over(self) -> bool:
        """Whether it may be tried again."""
        return monotonic() >= self._until

    def longer(self) -> float:
        """It failed again; returns the seconds until the next try."""
        seconds = pause(self._failures)
        self._failures += 1
        self._until = monotonic() + seconds
        return seconds

    def end(self) -> None:
        """It answered."""
        self._failures, self._until = 0, 0.0


def pause(failures: int) -> float:
    """Seconds until the next try after so many failures."""
    return float(min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE))


class Stamper:
    """Gets a token for every attestation in the log, over its signature, and for every anchored checkpoint, over its note."""

    def __init__(self, stamps: Stamps, authority: Authority, clock: Clock, alarms: Alarms) -> None:
        self._stamps = stamps
        self._authority = authority
        self._clock = clock
        self._alarms = alarms
        self._pause = Pause()

    def run(self) -> int:
        """One round; returns how many tokens it got. An authority that is away or lies is no error of ours."""
        now = self._clock.now()
        self._stamps.want_tokens(now)
        done = 0
        if self._pause.over():
            wanted = self._stamps.claim_stamps(now, now + LEASE, ROUND)
            done = self._round(wanted, monotonic() + BUDGET)
        self._measure()
        return done

    def renew(self) -> int:
        """Daily: have anchored checkpoints stamped again whose certificate ends soon; returns how many."""
        return self._stamps.want_again(self._clock.now())

    def _round(self, wanted: Sequence[Wanted], end: float) -> int:
        done = 0
        for number, one in enumerate(wanted):
            rest = [left.subject for left in wanted[number:]]
            if monotonic() > end:
                self._stamps.not_stamped(rest, "", self._clock.now(), tried=False)
                break
            try:
                done += self._stamp(one)
                self._pause.end()
            except AuthorityAway as away:
                TOKENS.labels("away").inc()
                log.warning("authority_away", why=str(away))
                self._stamps.not_stamped(rest, str(away), self._later(self._pause.longer()), tried=False)
                break
        return done

    def _stamp(self, one: Wanted) -> bool:
        try:
            found = self._authority.stamp(one.data)
        except TokenRefused as refused:
            TOKENS.labels("refused").inc()
            log.warning("token_refused", subject=one.subject, why=str(refused))
            self._stamps.not_stamped([one.subject], str(refused), self._later(pause(one.tries)))
            return False
        if found.gen_at < one.at - AHEAD:
            TOKENS.labels("clock_wrong").inc()
            detail = (
                f"The timestamp authority says {found.gen_at:%Y-%m-%d %H:%M:%S}, and {one.subject} claims to be of "
                f"{one.at:%Y-%m-%d %H:%M:%S} UTC. Let this machine follow a time server."
            )
            self._alarms.sound(CLOCK_WRONG, detail)
            self._stamps.not_stamped([one.subject], detail, self._later(pause(one.tries)))
            return False
        certificate = AuthorityCertificate(
            leaf_sha256=found.leaf_sha256,
            url=self._authority.url,
            chain=found.chain_pem,
            first_at=found.gen_at,
            ends_at=found.ends_at,
        )
        self._stamps.stamped(one, found.data, found.gen_at, found.gen_at > one.at + LATE, certificate)
        TOKENS.labels("kept").inc()
        self._alarms.clear(CLOCK_WRONG)
        return True

    def _measure(self) -> None:
        count, since = self._stamps.waiting_for_tokens()
        age = self._clock.now() - since if since else timedelta()
        UNSTAMPED.set(count)
        UNSTAMPED_AGE.set(max(age.total_seconds(), 0.0))
        if age > LIMIT:
            detail = f"{count:,} wait for a time stamp, the first for {age.days} days. Run: attester doctor"
            self._alarms.sound(TIME_MISSING, detail)
        else:
            self._alarms.clear(TIME_MISSING)

    def _later(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)


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
        self._alarms = alarms
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
                self._alarms.sound(FORKED, str(forked))
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
            self._alarms.clear(BEHIND)
            return ""
        said = (
            f"The vault holds a checkpoint of {held.size:,} attestations that this ledger of {self._ledger.size():,} does "
            "not have: the database was restored from an older copy, or is another one. Do not go on with it; restore a newer "
            "copy."
        )
        self._alarms.sound(BEHIND, said)
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
            self._alarms.clear(FORKED)
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
        left = self._stamps.tokens_left()
        for suffix, token in left:
            self._vault.shelf.keep(self._token_name(token.subject, suffix), token.data)
            self._stamps.token_kept([token.id], self._clock.now())

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
            self._alarms.sound(
                ANCHOR_GAP,
                f"The vault holds {gap.anchored:,} of {gap.size:,} attestations for over a day. Run: attester doctor",
            )
        else:
            self._alarms.clear(ANCHOR_GAP)


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
