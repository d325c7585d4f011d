"""Loading a pull and comparing two: our bulk load against SQLModel's `add_all`, and the memory of a difference by size."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from benchmarks.measure import Stopwatch, in_own_process, peak_mb
from benchmarks.table import Table
from bot.store import migrate
from bot.store.database import Database
from bot.store.snapshot import Snapshots
from bot.store.snapshot_load import contents
from bot.store.table_identity import AccountRow, EntitlementRow, LineRow
from tests.support.postgres import running_postgres
from workflows.kernel.identity import Account, Certificate, Entitlement, Line, Pull, Stream
from workflows.kernel.jcs import canonical

LOADED = 50_000
COMPARED = (30_000, 300_000)
HELD = 10
ENTITLEMENTS = 500
DAY = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
NO_FILE = "0" * 64
LOAD_GOAL = 5.0
MEMORY_GOAL = 1.5


def pull(lines: int, number: int) -> Pull:
    """The pull of a day: ten accesses of each account. A later one lost, changed and gained a hundredth each."""
    offered = [
        Entitlement(
            system="code", native_id=f"repo:{n}:write", resource=f"repository {n}", name="Write", privileged=False
        )
        for n in range(ENTITLEMENTS)
    ]
    held = []
    for n in range(lines // HELD):
        renamed = ".x" if number > 1 and n % 100 == 7 else ""
        account = Account(
            system="code", native_id=f"{n:08}", login=f"staff{n}{renamed}", name=f"Tom Fischer {n}", kind="human",
            email=f"staff{n}@borealis.test", email_verified=True, active=True, mfa=True, person=f"00u{n}", link="strong",
        )  # fmt: skip
        shift = 1 if number > 1 and n % 100 == 3 else 0
        held += [
            Line(account=account, entitlement=offered[(n * 7 + at + shift) % ENTITLEMENTS], via=("direct",))
            for at in range(HELD)
        ]
    at = DAY + timedelta(days=number)
    certificate = Certificate(
        source="code", system="code", connector="csv", code="0", config_sha256=NO_FILE, host="", credential="",
        started_by="benchmark", started_at=at, ended_at=at, as_of=at, raw_sha256=NO_FILE, raw_content_sha256=NO_FILE,
        lines_sha256=NO_FILE, accounts_sha256=NO_FILE, counts={"lines": len(held)}, verdict="complete",
        streams=(Stream(name="rows", path="rows.csv", rows=len(held), done=True),),
    )  # fmt: skip
    name = hashlib.sha256(canonical(certificate.model_dump(mode="json"))).hexdigest()
    return Pull(certificate=certificate, certificate_sha256=name, lines=tuple(held))


@contextmanager
def databases(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """A fresh database of each kind: its name and its address."""
    with running_postgres() as cluster:
        found = [("SQLite", f"sqlite:///{folder / 'bulk.db'}"), ("PostgreSQL", cluster.url(cluster.create()))]
        for _, url in found:
            migrate.upgrade(url)
        yield found


def load(url: str) -> dict[str, float]:
    """Seconds for the same pull by either way; both take it as values and end with the same rows."""
    watch, database, first = Stopwatch(), Database(url), pull(LOADED, 1)
    with watch.phase("ours"):
        Snapshots(database).save(first)
    kinds = {"account": AccountRow, "entitlement": EntitlementRow, "line": LineRow}
    with watch.phase("add_all"), Session(database.engine.execution_options(attester_write=True)) as session:
        for ranged, rows in contents(first):
            columns, kind = (*ranged.keys, *ranged.values), kinds.get(ranged.table.name)
            if kind is not None:
                held = (dict(zip(columns, row, strict=True)) for row in rows)
                session.add_all([kind(source="peer", first_collection=1, last_collection=None, **row) for row in held])
        session.commit()
    database.close()
    return {f"{name} {what}": s for what in ("wall", "cpu") for name, s in getattr(watch, what).items()}


def fill(url: str, lines: int) -> dict[str, float]:
    """Keep two pulls of so many lines."""
    database = Database(url)
    for number in (1, 2):
        Snapshots(database).save(pull(lines, number))
    database.close()
    return {}


def compare(url: str) -> dict[str, float]:
    """Compare the two pulls, reading every line that differs: seconds, peak memory before and after, lines seen."""
    watch, database = Stopwatch(), Database(url)
    snapshots = Snapshots(database)
    new, old = snapshots.collections("code")
    snapshots.latest("code")
    with watch.phase("difference"):
        found = snapshots.difference(old.id, new.id)
        seen = sum(1 for _ in found.new_lines()) + sum(1 for _ in found.changed_lines())
        seen += sum(1 for _ in found.removed_lines())
    assert seen == found.new + found.changed + found.removed > 0
    database.close()
    return {"seconds": watch.wall["difference"], "peak_mb": peak_mb(), "seen": seen}


def tables() -> list[Table]:
    """Both comparisons, on both databases; each measurement is a process of its own."""
    loads = Table(
        f"Loading a pull of {LOADED:,} lines: seconds",
        ("database", "ours, wall", "add_all, wall", "ratio", "ours, processor", "add_all, processor", "ratio"),
        note=f"Peer: SQLModel's add_all in one transaction. Processor is the client's. Goal: at least {LOAD_GOAL:.0f} ×.",
    )
    small, large = COMPARED
    differences = Table(
        "Comparing two pulls and reading all that differs: peak memory of the process",
        ("database", f"{small:,} lines, MB", f"{large:,} lines, MB", "ratio", f"{large:,} lines, s"),
        note=f"Peer: a tenth of the lines in the same run. Goal: at most {MEMORY_GOAL} ×.",
    )
    with tempfile.TemporaryDirectory(prefix="attester-") as folder, databases(Path(folder)) as found:
        for name, url in found:
            took = in_own_process("benchmarks.bulk", "load", url)
            cells = []
            for what in ("wall", "cpu"):
                mine, peer = took[f"ours {what}"], took[f"add_all {what}"]
                cells += [f"{mine:.1f}", f"{peer:.1f}", f"{peer / mine:.1f}"]
            loads.add(name, *cells)
    sizes: dict[str, list[dict[str, float]]] = {}
    for lines in COMPARED:
        with tempfile.TemporaryDirectory(prefix="attester-") as folder, databases(Path(folder)) as found:
            for name, url in found:
                in_own_process("benchmarks.bulk", "fill", url, str(lines))
                sizes.setdefault(name, []).append(in_own_process("benchmarks.bulk", "compare", url))
    for name, (few, many) in sizes.items():
        peaks = few["peak_mb"], many["peak_mb"]
        differences.add(name, *(f"{p:.0f}" for p in peaks), f"{peaks[1] / peaks[0]:.2f}", f"{many['seconds']:.1f}")
    return [loads, differences]


if __name__ == "__main__":
    act, url, *more = sys.argv[1:]
    steps = {"load": load, "compare": compare}
    print(json.dumps(fill(url, int(more[0])) if act == "fill" else steps[act](url)))
