"""A worker process that delivers cards until SIGTERM: `python -m tests.engine.worker DATABASE_URL PORT NAME LEASE`."""

from __future__ import annotations

import signal
import sys
from datetime import timedelta
from threading import Event

from bot.clock import SystemClock
from bot.delivery import Cards
from bot.outbox import Deliverer
from bot.store.database import Database
from bot.store.outbox_queue import Queue
from tests.engine.slackish import HttpChat


def main(url: str, port: str, name: str, lease: str) -> None:
    """Work; on SIGTERM finish what is under way and write it back."""
    queue = Queue(Database(url), SystemClock(), name, limits={}, lease=timedelta(seconds=float(lease)))
    cards = Cards(HttpChat(int(port)), lambda case: case, lambda case, key: None)
    deliverer = Deliverer(queue, {"card": cards}, SystemClock(), threads=16)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    deliverer.run_until(stop)
    sys.exit(0 if deliverer.stop(10) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
