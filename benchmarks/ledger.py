"""The ledger under sixteen writers: how many attestations a second, how long one takes, and how soon a checkpoint covers it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.ledger_writer import Entry, prepare_auditchain, prepare_chain
from benchmarks.measure import ROOT, StepFailed
from benchmarks.table import Table
from bot.signing import load_signer
from bot.store import migrate
from tests.proof.ledger import Acme
from tests.support.postgres import DURABLE, postgres_server

WRITERS = 16
PROCESSES = {"sqlite": 1, "postgresql": 4}
"""As it is installed: one process on SQLite, several on PostgreSQL."""
SECONDS = 4.0
ROUNDS = 2
RATE_GOAL = 5.0
TAIL_GOAL = 0.25
COVERED_GOAL = 1.0
SIDES = {
    "ours": "ours",
    "auditchain": "auditchain, in as many processes",
    "auditchain-each": f"auditchain, in {WRITERS} processes",
    "chain": "hash chain",
}
CONNECTIONS = "300"


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Any]]:
    """A maker of fresh addresses for each kind of database; PostgreSQL keeps what it acknowledges, as in production."""
    with postgres_server({**DURABLE, "max_connections": CONNECTIONS}) as server:
        yield {
            "SQLite": lambda name: f"sqlite:///{folder / name}.db",
            "PostgreSQL": lambda _name: server.cluster.url(server.cluster.create()),
        }


def at_once(kinds: list[tuple[str, int]], url: str, folder: Path) -> tuple[list[Entry], list[Entry]]:
    """Processes of these kinds with so many writers each, all from the same moment on; what was written and covered."""
    made = [
        (kind, subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ledger_writer", kind, url, str(folder), str(count)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ))
        for kind, count in kinds
    ]  # fmt: skip
    for _, one in made:
        assert one.stdout is not None
        if one.stdout.readline().strip() != "ready":
            raise StepFailed(f"A writer did not come to its start:\n{one.communicate()[1][-2000:]}")
    for _, one in made:
        assert one.stdin is not None
        one.stdin.write(f"{SECONDS}\n")
        one.stdin.flush()
    written: list[Entry] = []
    published: list[Entry] = []
    for kind, one in made:
        said, trouble = one.communicate(timeout=180)
        if one.returncode:
            raise StepFailed(f"The writer {kind} ended with {one.returncode}:\n{trouble[-2000:]}")
        told = json.loads(said.strip().splitlines()[-1])
        written += [tuple(entry) for entry in told["written"]]
        published += [tuple(entry) for entry in told["covered"]]
    return written, published


class Figures:
    """Every write of one side, over all rounds."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.seconds = 0.0
        self.covered: list[float] = []

    def add(self, entries: list[Entry]) -> None:
        """The writes of one round."""
        self.took += [ended - began for _, began, ended in entries]
        self.seconds += max(e for _, _, e in entries) - min(b for _, b, _ in entries)

    @property
    def rate(self) -> float:
        """Writes a second."""
        return len(self.took) / self.seconds

    @property
    def p99(self) -> float:
        """Seconds that 99 of 100 writes took at most."""
        return statistics.quantiles(self.took, n=100)[98]


def round_of(side: str, url: str, folder: Path, figures: Figures) -> None:
    """One round of one side on a database of its own."""
    folder.mkdir()
    processes = (
        WRITERS if side == "auditchain-each" else PROCESSES["sqlite" if url.startswith("sqlite") else "postgresql"]
    )
    kinds = [(side, WRITERS // processes)] * processes
    if side == "ours":
        migrate.upgrade(url)
        acme = Acme(url, folder)
        beside = [] if acme.database.sqlite else [("integrator", 1)]
        written, published = at_once([*kinds, *beside], url, folder)
        figures.covered += covered(acme, written, published)
        acme.close()
    else:
        load_signer(f"file:{folder / 'signing.key'}", create=True)
        (prepare_chain if side == "chain" else prepare_auditchain)(url)
        written, _ = at_once(kinds, url, folder)
    figures.add(written)


def covered(acme: Acme, written: list[Entry], published: list[Entry]) -> list[float]:
    """Seconds from each acknowledgement to the first committed checkpoint that covers it."""
    at = {name: ended for name, _, ended in written}
    checkpoints = sorted((int(size), ended) for size, _, ended in published)
    found, place = [], 0
    for entry in acme.log.entries(0, acme.log.size() - 1):
        while checkpoints[place][0] <= (entry.idx or 0):
            place += 1
        if entry.id in at:
            found.append(max(0.0, checkpoints[place][1] - at[entry.id]))
    return found


def tables() -> list[Table]:
    """Ours, auditchain in two arrangements and a hash chain, one after the other in each round, on both databases."""
    found: dict[tuple[str, str], Figures] = {}
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as made:
        for number in range(ROUNDS):
            for database, fresh in made.items():
                for side in SIDES:
                    label = f"{database}-{side}-{number}"
                    figures = found.setdefault((database, side), Figures())
                    round_of(side, fresh(label), Path(name) / label, figures)
    return [_writes(found), _covering(found)]


def _writes(found: dict[tuple[str, str], Figures]) -> Table:
    table = Table(
        f"Attestations by {WRITERS} writers on {os.cpu_count()} cores",
        ("", "a second", "p99", "rate / auditchain", "p99 / auditchain", "rate / hash chain", "p99 / hash chain"),
        f"All in one process on SQLite and in {PROCESSES['postgresql']} on PostgreSQL. Ours is an event with its attestation "
        f"and its case's row, with an integrator beside. auditchain 0.3.0 adds a record, in tasks behind one lock and, where "
        f"there are several processes, its lock file; once more with a process for each writer; the ratios are against the "
        f"faster of the two. The hash chain adds one signed row. Goal: at least {RATE_GOAL:.0f} × auditchain's rate, at most "
        f"{TAIL_GOAL} × its p99.",
    )
    for database in ("SQLite", "PostgreSQL"):
        ours = found[database, "ours"]
        faster = max(("auditchain", "auditchain-each"), key=lambda side: found[database, side].rate)
        for side, name in SIDES.items():
            one = found[database, side]
            ratios = ["", "", "", ""]
            if side == "ours":
                peers = [found[database, peer] for peer in (faster, "chain")]
                ratios = [text for p in peers for text in (f"{ours.rate / p.rate:.2f}", f"{ours.p99 / p.p99:.3f}")]
            table.add(f"{database}, {name}", f"{one.rate:.0f}", f"{one.p99 * 1000:.0f} ms", *ratios)
    return table


def _covering(found: dict[tuple[str, str], Figures]) -> Table:
    table = Table(
        "From the acknowledgement to the checkpoint that covers it",
        ("", "median", "p99", "goal"),
        f"While the {WRITERS} writers of the table above write as fast as they can.",
    )
    for database in ("SQLite", "PostgreSQL"):
        covered_after = found[database, "ours"].covered
        p99 = statistics.quantiles(covered_after, n=100)[98]
        table.add(database, f"{statistics.median(covered_after):.2f} s", f"{p99:.2f} s", f"{COVERED_GOAL:.0f} s")
    return table
