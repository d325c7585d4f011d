"""Tokens of an outside authority for everything in the log. They only follow it and never hold up a decision: what is away
is tried again with growing pauses, and what waits too long is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from bot.stamping import Authority, AuthorityAway, TokenRefused
from bot.store.stamp import AuthorityCertificate, Stamps, Wanted
from workflows.kernel.ledger import NoteClock, NoteNoTime
from workflows.kernel.model import Command
from workflows.kernel.ports import Clock

Note = Callable[[Command], bool]
"""Records in the ledger what was found about it; False where that could not be done now."""

ROUND = 64
BUDGET = 25.0
"""Seconds after which a round ends and leaves the rest to the next: a tick must not be taken for dead."""
LEASE = timedelta(minutes=2)
AHEAD = timedelta(seconds=60)
LATE = timedelta(minutes=15)
LIMIT = timedelta(hours=24)
"""How long a token or an anchor may be missing before it is said aloud."""
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 900.0

CLOCK_WRONG, TIME_MISSING = "ledger_clock_wrong", "ledger_time_missing"

TOKENS = Counter("attester_ledger_tokens", "Answers of the timestamp authority, by how they went", ["outcome"])
UNSTAMPED = Gauge("attester_ledger_unstamped", "Attestations and anchors that wait for a token")
UNSTAMPED_AGE = Gauge("attester_ledger_oldest_unstamped_seconds", "How long the first of them has been waiting")

log = structlog.get_logger()


class Alarms(Protocol):
    """Where a person is told what to mend."""

    def sound(self, name: str, detail: str) -> None: ...

    def clear(self, name: str) -> bool: ...


def unrecorded(_note: Command) -> bool:
    """For who only looks: what is found stays out of the ledger."""
    return True


class Bell:
    """Rings alarms, and remembers which ring: a round that finds nothing new takes no lock of the database."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._known: dict[str, str] = {}

    def ring(self, name: str, detail: str) -> None:
        """Something is to be mended."""
        if self._known.get(name) != detail:
            self._alarms.sound(name, detail)
            self._known[name] = detail

    def quiet(self, name: str) -> None:
        """It is mended, or never was wrong; at the first time it is not known whether an earlier process rang."""
        if self._known.get(name) != "":
            self._alarms.clear(name)
            self._known[name] = ""


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

    def __init__(
        self, stamps: Stamps, authority: Authority, clock: Clock, alarms: Alarms, note: Note = unrecorded
    ) -> None:
        self._note = note
        self._noted: datetime | None = None
        self._why = ""
        self._stamps = stamps
        self._authority = authority
        self._clock = clock
        self._bell = Bell(alarms)
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
                self._why = str(away)
                self._stamps.not_stamped(rest, str(away), self._later(self._pause.longer()), tried=False)
                break
        return done

    def _stamp(self, one: Wanted) -> bool:
        try:
            found = self._authority.stamp(one.data)
        except TokenRefused as refused:
            TOKENS.labels("refused").inc()
            log.warning("token_refused", subject=one.subject, why=str(refused))
            self._why = str(refused)
            self._stamps.not_stamped([one.subject], str(refused), self._later(pause(one.tries)))
            return False
        if found.gen_at < one.at - AHEAD:
            TOKENS.labels("clock_wrong").inc()
            detail = (
                f"The timestamp authority says {found.gen_at:%Y-%m-%d %H:%M:%S}, and {one.subject} claims to be of "
                f"{one.at:%Y-%m-%d %H:%M:%S} UTC. Let this machine follow a time server."
            )
            self._bell.ring(CLOCK_WRONG, detail)
            self._why = detail
            self._note(NoteClock(subject=one.subject, at=one.at, gen_at=found.gen_at, authority=self._authority.url))
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
        self._bell.quiet(CLOCK_WRONG)
        return True

    def _measure(self) -> None:
        count, since = self._stamps.waiting_for_tokens()
        age = self._clock.now() - since if since else timedelta()
        UNSTAMPED.set(count)
        UNSTAMPED_AGE.set(max(age.total_seconds(), 0.0))
        if since is not None and age > LIMIT:
            detail = (
                f"{count:,} wait for a time stamp, the first for {age // timedelta(hours=1):,} h. Run: attester doctor"
            )
            self._bell.ring(TIME_MISSING, detail)
            # Once for as long as the same one waits: the note itself waits for a token too.
            if since != self._noted and self._note(NoteNoTime(since=since, waiting=count, why=self._why[:500])):
                self._noted = since
        else:
            self._bell.quiet(TIME_MISSING)

    def _later(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)
