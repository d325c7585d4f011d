"""A whole campaign at 1,000 lines and at 10,000: the time for one line, by phase, and the memory.

The peer is the smaller campaign in the same run, with as many lines for each reviewer. The goal is a time per line that
grows by at most a fifth. Everything is the real road: exports, pulls, facts, rules, signatures, one transaction each.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.company import without, write_company
from benchmarks.measure import Stopwatch, in_own_process, peak_mb
from benchmarks.table import Table
from bot import settings
from bot.clock import ShiftedClock, SystemClock
from bot.main import Product
from bot.main.program import apply_program
from bot.packet.export import export
from bot.packet.verify import verify
from bot.program.load import load
from bot.sources.settings import SETTINGS
from bot.store import migrate
from tests.support.postgres import running_postgres
from workflows.access_review.model import (
    Campaign,
    CloseCampaign,
    MarkLine,
    ReportRemoved,
    Review,
    ReviewLine,
    SignMarks,
    TurnPage,
)  # fmt: skip
from workflows.kernel.model import by_person
from workflows.registry import WORKFLOWS

OPENED = datetime(2026, 10, 8, 8, 0, tzinfo=UTC)
PAGE = 10
READING = timedelta(seconds=7)
"""How long a person looks at a line; a shorter look would raise a signal."""
SIZES = ((1_000, 20), (10_000, 200))
PHASES = ("pull", "open", "decide", "follow up", "close", "log", "export", "verify")
GOAL = 1.2


class Quarter:
    """One company's quarterly review, phase by phase."""

    def __init__(self, data: Path, lines: int, reviewers: int, database_url: str = "") -> None:
        self._folder = data / "program"
        write_company(self._folder, lines, reviewers)
        environment = {"ATTESTER_DATA": str(data), "ATTESTER_PROGRAM": str(self._folder)}
        environment |= {"DATABASE_URL": database_url} if database_url else {}
        self.clock = ShiftedClock(OPENED - SystemClock().now())
        self.product = Product(settings.load(environment), self.clock)
        self.watch = Stopwatch()
        self.counts = {"marks": 0, "revoked": 0, "reviews": 0}
        self._packet = data / "packet.zip"

    def run(self) -> None:
        """Go through all of it."""
        product, watch = self.product, self.watch
        models = {w.name: w.settings for w in WORKFLOWS}
        loaded = load(self._folder, models, SETTINGS, today=OPENED.date())
        apply_program(product, loaded, self.clock.now())
        with watch.phase("pull"):
            pulled = product.puller.pull_all("benchmark")
        assert all(c.verdict == "complete" for c in pulled), [c.reasons for c in pulled]
        with watch.phase("open"):
            product.due.open()
            for collection in pulled:
                product.puller.tell(collection)
        (self.campaign,) = [s.case for s in product.record.summaries(top=True) if s.workflow == "access_review"]
        with watch.phase("decide"):
            for review in self.reviews():
                self._decide(review)
        with watch.phase("follow up"):
            self._follow_up()
        with watch.phase("close"):
            self._close()
        with watch.phase("log"):
            while product.integrate():
                pass
        self._export()

    def reviews(self) -> Iterator[Review]:
        """The reviews as they stand, one after the other."""
        for child in self.product.record.summaries(parent=self.campaign):
            state, _ = self.product.runtime.state(child.case)
            if isinstance(state, Review):
                yield state

    def _decide(self, review: Review) -> None:
        """The reviewer turns the pages, marks each line, and signs."""
        runtime, case, by = self.product.runtime, review.case, by_person(review.reviewer)
        self.counts["reviews"] += 1
        queue = review.queue()
        for page in range(0, len(queue), PAGE):
            runtime.act(case, TurnPage(page=page // PAGE), by)
            for line in queue[page : page + PAGE]:
                self.clock.advance(READING)
                runtime.act(case, self._mark(line), by)
        runtime.act(case, SignMarks(), by)

    def _mark(self, line: ReviewLine) -> MarkLine:
        assigned = line.assigned
        self.counts["marks"] += 1
        if assigned.leaver:
            self.counts["revoked"] += 1
            return MarkLine(ref=assigned.ref, verdict="revoke", shown=assigned.shown(), reason="Has left the company.")
        reason = f"Needed for {assigned.line.entitlement.resource}." if assigned.tier != "plain" else ""
        return MarkLine(ref=assigned.ref, verdict="keep", shown=assigned.shown(), reason=reason)

    def _follow_up(self) -> None:
        """Every removal is reported, and a later pull shows that it is done."""
        gone: dict[str, set[tuple[str, str]]] = {}
        for review in self.reviews():
            for follow_up in review.follow_ups.values():
                self.product.runtime.act(review.case, ReportRemoved(ref=follow_up.ref), by_person(follow_up.remover))
                _, account, entitlement = follow_up.line.key
                gone.setdefault(review.head.source, set()).add((account, entitlement))
        self.clock.advance(timedelta(hours=30))
        for source, keys in gone.items():
            without(self._folder / "data" / f"{source}.csv", keys)
            self.product.puller.pull(source, "benchmark")

    def _close(self) -> None:
        state, _ = self.product.runtime.state(self.campaign)
        assert isinstance(state, Campaign)
        assert state.owner is not None
        self.product.runtime.act(self.campaign, CloseCampaign(), by_person(state.owner))
        closed, _ = self.product.runtime.state(self.campaign)
        assert isinstance(closed, Campaign)
        assert closed.status == "closed"

    def _export(self) -> None:
        now = self.clock.now()
        with self.watch.phase("export"):
            source, start, end = self.product.packet_source(), now - timedelta(days=90), now + timedelta(days=1)
            export(source, out=self._packet, start=start, end=end)
        with self.watch.phase("verify"):
            report = verify(self._packet)
        assert report.fine, report.sentence


def once(lines: int, reviewers: int, database: str = "sqlite") -> dict[str, object]:
    """One campaign in this process, as figures."""
    with ExitStack() as after:
        data = Path(after.enter_context(tempfile.TemporaryDirectory(prefix="attester-")))
        url = ""
        if database == "postgresql":
            cluster = after.enter_context(running_postgres())
            url = cluster.url(cluster.create())
            migrate.upgrade(url)
        quarter = Quarter(data, lines, reviewers, url)
        after.callback(quarter.product.close)
        quarter.run()
        watch = quarter.watch
        return {"lines": lines, "cpu": watch.cpu, "wall": watch.wall, "peak_mb": peak_mb(), **quarter.counts}


def tables(database: str = "sqlite") -> list[Table]:
    """Both sizes, each in a process of its own; the small one before and after, because a machine is not equally busy."""
    (few, people), (many, more) = SIZES
    runs = [(few, people), (many, more), (few, people)]
    before, large, after = (in_own_process("benchmarks.campaign", str(n), str(r), database) for n, r in runs)
    half = {phase: (before["cpu"][phase] + after["cpu"][phase]) / 2 for phase in before["cpu"]}
    small = before | {"cpu": half, "peak_mb": (before["peak_mb"] + after["peak_mb"]) / 2}
    heading = [f"{n:,} lines, {r} reviewers" for n, r in SIZES]
    table = Table(
        f"A whole access review on {database}: milliseconds of processor for one line",
        ("phase", *heading, "ratio"),
        note=f"Peer: the smaller campaign. Goal for the whole: at most {GOAL:.1f}.",
    )
    for phase in (*PHASES, "all"):
        each = [
            1000 * (sum(f["cpu"].values()) if phase == "all" else f["cpu"].get(phase, 0.0)) / f["lines"]
            for f in (small, large)
        ]
        table.add(phase, f"{each[0]:.2f}", f"{each[1]:.2f}", f"{each[1] / each[0]:.2f}" if each[0] else "-")
    peaks = [f["peak_mb"] for f in (small, large)]
    table.add("peak memory, MB", *(f"{p:.0f}" for p in peaks), f"{peaks[1] / peaks[0]:.2f}")
    return [table]


if __name__ == "__main__":
    print(json.dumps(once(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])))
