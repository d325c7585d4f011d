"""Delivering messages: how many a second and at what cost, against Slack's limit and against a bare loop of slack_sdk.

The receiver is an HTTP server on this machine, in a process of its own, that answers at once. Slack's limits are switched
off for the measurement: what is measured is how much room there is above them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from slack_sdk import WebClient

from benchmarks.measure import ROOT, Stopwatch, in_own_process
from benchmarks.table import Table
from bot.clock import SystemClock
from bot.delivery import Cards, card_row
from bot.outbox import Deliverer
from bot.slack.chat import SlackWeb
from bot.store import migrate
from bot.store.database import Database
from bot.store.outbox import enqueue
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import SLACK_LIMITS, Limit
from tests.support.postgres import running_postgres

MESSAGES = 2_000
PEOPLE = 200
TOKEN = "xoxb-benchmark"
BLOCKS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": f"Line {n}: *Owner* of repository {n}"}} for n in range(10)
]
LIMIT = SLACK_LIMITS["chat.postMessage"].per_minute / 60
OPEN = {name: Limit(per_minute=6_000_000, burst=100_000) for name in SLACK_LIMITS}


class Sink(BaseHTTPRequestHandler):
    """Slack's Web API as far as a message goes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Say yes."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        answer = {"ok": True, "channel": "D1", "ts": "1790000000.000100", "message": {"text": ""}}
        body = json.dumps({**answer, "channel": {"id": "D1"}} if self.path.endswith("open") else answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def sink() -> None:
    """Serve until standard input ends; the address is the first line."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}/api/", flush=True)
    sys.stdin.read()
    server.shutdown()


@contextmanager
def receiving() -> Iterator[str]:
    """The sink's address, while the block runs."""
    command = [sys.executable, "-m", "benchmarks.outbox", "sink"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(20)


def bare(api: str) -> dict[str, float]:
    """slack_sdk in a loop: no queue, no limits, no record of what was sent."""
    watch, client = Stopwatch(), WebClient(TOKEN, base_url=api)
    with watch.phase("all"):
        for number in range(MESSAGES):
            client.chat_postMessage(channel=f"U{number % PEOPLE:06}", text=f"Line {number}", blocks=BLOCKS)
    return {"cpu": watch.cpu["all"], "wall": watch.wall["all"]}


def ours(api: str, url: str) -> dict[str, float]:
    """The outbox: written in a transaction, claimed, sent in threads, written back, in order for each person."""
    watch, database, clock = Stopwatch(), Database(url), SystemClock()
    with watch.phase("enqueue"):
        for number in range(MESSAGES):
            user = f"U{number % PEOPLE:06}"
            row = card_row("case", f"card-{number}", user, f"Line {number}", BLOCKS, dedupe_key=f"d{number}")
            with database.write() as session:
                enqueue(session, **row)
    queue = Queue(database, clock, "benchmark", limits=OPEN)
    cards = Cards(SlackWeb(TOKEN, api), lambda case: case, lambda case, key: None)
    deliverer = Deliverer(queue, {"card": cards}, clock)
    with watch.phase("all"):
        # A lane that is just being written back is not waited for by a single look.
        while deliverer.drain(300.0) and queue.counts().get("pending"):
            pass
    assert queue.counts() == {"sent": MESSAGES}, queue.counts()
    deliverer.stop()
    database.close()
    return {"cpu": watch.cpu["all"], "wall": watch.wall["all"], "enqueue": watch.cpu["enqueue"]}


def tables() -> list[Table]:
    """The bare loop, then ours on both databases, each in a process of its own."""
    table = Table(
        f"Delivering {MESSAGES:,} messages to {PEOPLE} people",
        ("", "messages a second", "× Slack's limit", "processor, ms a message", "ratio"),
        note=f"Limit: {LIMIT:g} messages a second for a workspace, as the product keeps it. Peer: slack_sdk in a loop.",
    )
    with tempfile.TemporaryDirectory(prefix="attester-") as folder, receiving() as api, running_postgres() as cluster:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'outbox.db'}", "PostgreSQL": cluster.url(cluster.create())}
        found = {"peer: slack_sdk in a loop": in_own_process("benchmarks.outbox", "bare", api)}
        for name, url in urls.items():
            migrate.upgrade(url)
            found[f"ours: outbox on {name}"] = in_own_process("benchmarks.outbox", "ours", api, url)
    base = found["peer: slack_sdk in a loop"]["cpu"]
    for name, took in found.items():
        rate = MESSAGES / took["wall"]
        table.add(
            name, f"{rate:.0f}", f"{rate / LIMIT:.0f}", f"{1000 * took['cpu'] / MESSAGES:.2f}", f"{took['cpu'] / base:.2f}"
        )  # fmt: skip
    return [table]


if __name__ == "__main__":
    act, *arguments = sys.argv[1:]
    if act == "sink":
        sink()
    else:
        print(json.dumps({"bare": bare, "ours": ours}[act](*arguments)))
