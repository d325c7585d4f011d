"""Delivers what the outbox holds: claims, sends in threads, writes results back in batches, ends cleanly."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from bot.delivery import Handler
from bot.store.outbox_values import Claimed, Kind, Outcome, QueueUnavailable
from workflows.kernel.ports import Clock

IDLE = 0.25
"""Seconds between two looks when nobody pokes."""
PACE = 0.1
"""At most so often, in seconds, while rows are under way: one claim for many rows is what keeps this cheap."""
RENEW = 5.0

ATTEMPTS = Counter("attester_deliveries", "Attempts to deliver, by how they went", ["kind", "outcome"])
UNDER_WAY = Gauge("attester_deliveries_under_way", "Rows of the outbox that are being delivered now")
ROWS = Gauge("attester_outbox_rows", "Rows of the outbox by state", ["state"])
STATES = ("pending", "sent", "superseded", "gone", "dead", "parked")
LAST_ROUND = Gauge("attester_deliveries_last_round_seconds", "When the outbox was last looked at with success")

log = structlog.get_logger()


class Rows(Protocol):
    """What the deliverer needs of the queue (`bot.store.outbox_queue.Queue`)."""

    def ready(self) -> bool: ...

    def claim(self, want: int, kinds: Mapping[str, Kind]) -> list[Claimed]: ...

    def settle(self, results: Sequence[tuple[Claimed, Outcome]]) -> list[tuple[Claimed, Outcome]]: ...

    def renew(self, claims: Sequence[Claimed]) -> None: ...

    def park(self, kinds: Mapping[str, Kind]) -> int: ...

    def counts(self) -> dict[str, int]: ...


class Deliverer:
    """One worker's deliveries. `tick` is one round and never waits for a receiver; `run_until` is a thread's whole life."""

    def __init__(self, queue: Rows, handlers: Mapping[str, Handler], clock: Clock, *, threads: int = 16) -> None:
        self._queue = queue
        self._handlers = dict(handlers)
        self._kinds = {name: handler.kind for name, handler in handlers.items()}
        self._clock = clock
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="deliver")
        self._under_way: dict[Future[Outcome], tuple[Claimed, float]] = {}
        self._results: list[tuple[Claimed, Outcome]] = []
        self._lock = Lock()
        self._wake = Event()
        self._closed = False
        self._renewed = time.monotonic()
        self._round = time.monotonic()

    def poke(self) -> None:
        """Something was committed: look now."""
        self._wake.set()

    def tick(self) -> int:
        """One round: write back what is finished, claim what is free, hand it to the threads. Returns how many it claimed.

        Raises QueueUnavailable; results are kept and written by a later round.
        """
        with self._lock:
            self._flush()
            self._renew()
            claimed = self._claim()
        self._round = time.monotonic()
        LAST_ROUND.set(self._clock.now().timestamp())
        return claimed

    def idle_for(self, now: float) -> float:
        """Seconds since the last good round, at a `time.monotonic`: over a few, a thread hangs or the database is away."""
        return now - self._round

    def busy(self) -> bool:
        """Whether rows are under way or wait to be written back."""
        return bool(self._under_way or self._results)

    def drain(self, timeout: float = 30.0) -> bool:
        """Deliver until nothing can be claimed now and nothing is under way; False where that takes longer.

        What waits for its lane's gap, a limit or a later time is not waited for.
        """
        end = time.monotonic() + timeout
        empty = 0
        while time.monotonic() < end:
            empty = 0 if self.tick() or self.busy() else empty + 1
            if empty and (empty > 1 or not self._queue.ready()):
                return True
            time.sleep(0.02)
        return False

    def run_until(self, stop: Event) -> None:
        """Deliver until ``stop`` is set; a database that is away is waited for."""
        while not stop.is_set():
            # Cleared before the look: what is committed during it wakes the next one.
            self._wake.clear()
            try:
                self.tick()
            except QueueUnavailable as error:
                log.warning("outbox_unavailable", error=str(error)[:500])
                stop.wait(1.0)
            self._wake.wait(PACE if self.busy() else IDLE)

    def stop(self, timeout: float = 10.0) -> bool:
        """Claim nothing more, wait for what is under way, write back. False where something was left: its lease will run
        out, and it is sent again as a possible duplicate."""
        self._closed = True
        end = time.monotonic() + timeout
        while self.busy() and time.monotonic() < end:
            try:
                with self._lock:
                    self._flush()
            except QueueUnavailable as error:
                log.warning("outbox_unavailable", error=str(error)[:500])
            time.sleep(0.01)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for claimed, _ in self._under_way.values():
            log.warning("delivery_left_under_way", row=claimed.id, kind=claimed.kind)
        return not self.busy()

    def park(self) -> int:
        """Put rows of unknown kinds aside, and take back those that are known now; counts all rows for the metrics."""
        aside = self._queue.park(self._kinds)
        counts = self._queue.counts()
        for state in STATES:
            ROWS.labels(state).set(counts.get(state, 0))
        if aside:
            log.error("outbox_parked", rows=aside)
        return aside

    def _claim(self) -> int:
        free = self._threads - len(self._under_way)
        if self._closed or free <= 0 or not self._queue.ready():
            return 0
        rows = self._queue.claim(free, self._kinds)
        mine = {row.id: future for future, (row, _) in self._under_way.items()}
        for row in rows:
            if row.id in mine:
                # Its lease ran out (a clock that was moved) while our thread is still at it: one delivery, a new lease.
                future = mine[row.id]
                self._under_way[future] = (row, self._under_way[future][1])
                continue
            future = self._pool.submit(self._handlers[row.kind].deliver, row)
            self._under_way[future] = (row, time.monotonic())
            future.add_done_callback(self._finished)
        UNDER_WAY.set(len(self._under_way))
        if len(rows) == free:
            self._wake.set()
        return len(rows)

    def _finished(self, _: Future[Outcome]) -> None:
        """Wake the round early when many are done: the others wait for the next one, so that one write serves many."""
        if sum(f.done() for f in tuple(self._under_way)) * 2 >= self._threads:
            self._wake.set()

    def _flush(self) -> None:
        for future in [f for f in self._under_way if f.done()]:
            row, _ = self._under_way.pop(future)
            self._results.append((row, _outcome(row, future)))
        if not self._results:
            return
        counted = self._queue.settle(self._results)
        late = len(self._results) - len(counted)
        self._results = []
        for row, outcome in counted:
            ATTEMPTS.labels(row.kind, outcome.kind).inc()
            if outcome.kind not in ("sent", "later"):
                log.warning(
                    "delivery", row=row.id, kind=row.kind, lane=row.lane, outcome=outcome.kind, why=outcome.note
                )
        if late:
            log.warning("deliveries_came_too_late", rows=late)
        UNDER_WAY.set(len(self._under_way))

    def _renew(self) -> None:
        """Hold the lanes of slow deliveries, as long as their handler may take."""
        now = time.monotonic()
        if now - self._renewed < RENEW:
            return
        self._renewed = now
        slow = [row for row, since in self._under_way.values() if now - since < self._handlers[row.kind].longest]
        if slow:
            self._queue.renew(slow)


def _outcome(row: Claimed, future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    log.error("delivery_broke", row=row.id, kind=row.kind, error=repr(error)[:500], exc_info=error)
    return Outcome("failed", f"{type(error).__name__}: {error}"[:500])
