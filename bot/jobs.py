"""The clock's hand in every worker: ticks that only wake. What is due stands in the database, so a tick may fail, come
late, or come in several processes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from logging import CRITICAL, getLogger
from threading import Event, Thread
from time import monotonic

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent  # type: ignore[import-untyped]
from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]
from prometheus_client import Counter, Gauge

from bot.clock import SystemClock
from bot.outbox import Deliverer
from workflows.kernel.ports import Clock

STALE = 60.0
"""Seconds without a good tick after which `/healthz` says that the process is sick."""

TICKS = Counter("attester_ticks", "Ticks of the schedule, by how they went", ["job", "outcome"])
LAST_TICK = Gauge("attester_last_good_tick_seconds", "When a job of the schedule last went well", ["job"])

Loop = Callable[[Event], None]
"""A thread's whole life: runs until the event is set."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Tick:
    """Something that is looked at again and again. ``at_start``: also at once when the process starts."""

    name: str
    seconds: float
    run: Callable[[], object]
    at_start: bool = True


class Jobs:
    """Runs the ticks, each at most once at a time in this process, one thread that delivers, and other ``loops``.

    A failing tick is logged and counted and stops no other. Several workers may run the same ticks.
    """

    def __init__(self, deliverer: Deliverer, ticks: Sequence[Tick], clock: Clock, loops: Sequence[Loop] = ()) -> None:
        self._deliverer = deliverer
        self._ticks = {tick.name: tick for tick in ticks}
        self._clock = clock
        # The scheduler lives by the machine's clock, also where the product's clock is shifted.
        self._wall = SystemClock()
        self._good: dict[str, tuple[float, datetime]] = {}
        self._started: float | None = None
        self._stop = Event()
        self._thread = Thread(target=deliverer.run_until, args=(self._stop,), name="deliver-loop", daemon=True)
        self._loops = [Thread(target=loop, args=(self._stop,), name="loop", daemon=True) for loop in loops]
        # A thread for each tick: one that takes minutes (a pull) must not keep the others waiting.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(len(ticks), 1))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._ran, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def start(self) -> None:
        """Begin; returns at once."""
        # What fails is logged and counted by `_ran`; a tick that is skipped because the last one still runs is no news.
        getLogger("apscheduler").setLevel(CRITICAL)
        self._started = monotonic()
        now = self._wall.now()
        for tick in self._ticks.values():
            first = now if tick.at_start else now + timedelta(seconds=tick.seconds)
            trigger = IntervalTrigger(seconds=tick.seconds, timezone=UTC)
            self._scheduler.add_job(tick.run, trigger, id=tick.name, name=tick.name, next_run_time=first)
        self._scheduler.start()
        self._thread.start()
        for loop in self._loops:
            loop.start()

    def poke(self, name: str = "deliver") -> None:
        """Something was committed: deliver now. With a name: run that tick now."""
        if name == "deliver":
            self._deliverer.poke()
        elif name in self._ticks and self._scheduler.running:
            self._scheduler.modify_job(name, next_run_time=self._wall.now())

    def stop(self, timeout: float = 10.0) -> bool:
        """End the ticks, finish what is under way and write it back; True where nothing was left."""
        end = monotonic() + timeout
        self._stop.set()
        self._deliverer.poke()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._thread.is_alive():
            self._thread.join(timeout)
        return self._deliverer.stop(max(end - monotonic(), 0.0))

    def last_good_tick(self) -> datetime | None:
        """When the schedule last did something well, by the product's clock; None before the first time."""
        return max((at for _, at in self._good.values()), default=None)

    def sick(self, now: float | None = None) -> list[str]:
        """What stands still, a sentence each; empty where all is well. For `/healthz`; ``now`` is `time.monotonic`."""
        if self._started is None or self._stop.is_set():
            return []
        now = monotonic() if now is None else now
        found = []
        for name, tick in self._ticks.items():
            since = self._good.get(name, (self._started, None))[0]
            if now - since > max(STALE, 3 * tick.seconds):
                found.append(f"{name} has not succeeded for {now - since:.0f} s. Look at the log, restart the worker.")
        if (idle := self._deliverer.idle_for(now)) > STALE:
            found.append(f"The outbox was not looked at for {idle:.0f} s. Check the database, restart the worker.")
        return found

    def _ran(self, event: JobExecutionEvent) -> None:
        name = event.job_id
        if event.exception is not None:
            TICKS.labels(name, "failed").inc()
            log.error("tick_failed", job=name, error=repr(event.exception)[:500], exc_info=event.exception)
            return
        now = self._clock.now()
        self._good[name] = (monotonic(), now)
        TICKS.labels(name, "good").inc()
        LAST_TICK.labels(name).set(now.timestamp())
