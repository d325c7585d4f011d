"""What time alone causes: cases that open, and reminders, escalations, misses and closings within them.

Nothing is remembered about what was done: what is due is derived from the cases and the program at each look, so that a
look may come twice, late or in several processes at once. Every act carries a claim named after what it answers, so two
workers that see the same thing do it once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from prometheus_client import Counter

from bot.facts import NoProgram
from bot.store.write import Head, Repeated
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.model import Actor, CaseId, CaseSummary, Command, FactNeeds, Facts, by_time
from workflows.kernel.ports import Clock, EvidenceAltered, EvidenceMissing, SigningFailed
from workflows.kernel.program import Program
from workflows.kernel.workflow import Opening, State, Workflow

ACTS = Counter("attester_time_acts", "What time caused, by how it went", ["what", "outcome"])
AGAIN = timedelta(seconds=60)
"""A case that time woke in vain is left alone for so long, and never stands before the others."""
BATCH = 500

# Whatever is wrong with one case or one control must not keep the others from their time; it is logged, counted and seen
# again at the next look. A database that is away concerns all of them, and ends the look.
FAULTS = (
    Unsure, SigningFailed, EvidenceMissing, EvidenceAltered,
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError, RuntimeError, OSError,
)  # fmt: skip

log = structlog.get_logger()


class Cases(Protocol):
    """What is needed of the record."""

    def waking(self, now: datetime, limit: int = ...) -> list[CaseId]: ...

    def summary(self, case: CaseId) -> CaseSummary | None: ...

    def head(self, case: CaseId) -> Head | None: ...


class Acts(Protocol):
    """What is needed of the runtime."""

    @property
    def workflows(self) -> Mapping[str, Workflow]: ...

    def workflow(self, case: CaseId) -> Workflow: ...

    def state(self, case: CaseId) -> tuple[State, int]: ...

    def facts(self, case: CaseId, needs: FactNeeds | None = None, control: str = "") -> Facts: ...

    def act(
        self, case: CaseId, command: Command, by: Actor, *, control: str = "", claim: str | None = None
    ) -> object: ...


class Book(Protocol):
    """What is needed of the facts: the program in force, and the company as workflows read it."""

    def program(self) -> Program: ...

    def company(self, control: str) -> Mapping[str, Any]: ...


class Due:
    """Looks at what is due and has the runtime do it, as time."""

    def __init__(self, cases: Cases, runtime: Acts, book: Book, clock: Clock) -> None:
        self._cases = cases
        self._runtime = runtime
        self._book = book
        self._clock = clock
        self._in_vain: dict[CaseId, datetime] = {}

    def wake(self) -> int:
        """Run what is due within open cases; returns how many commands were recorded."""
        now = self._clock.now()
        self._in_vain = {case: at for case, at in self._in_vain.items() if now - at < AGAIN and at <= now}
        count = 0
        for case in self._cases.waking(now, BATCH + len(self._in_vain)):
            if case in self._in_vain:
                continue
            done = 0
            with _isolated("case", case):
                done = self._wake_case(case, now)
            if not done:
                self._in_vain[case] = now
            count += done
        return count

    def open(self) -> int:
        """Open every case that should exist by now and does not, over all controls, oldest first; returns how many."""
        try:
            program = self._book.program()
        except NoProgram:
            return 0
        now = self._clock.now()
        expected: list[tuple[Opening, str]] = []
        for control in program.controls:
            with _isolated("control", control.id):
                workflow = self._runtime.workflows[control.workflow]
                openings = workflow.openings(control, self._book.company(control.id), now)
                expected.extend((opening, control.id) for opening in openings)
        count = 0
        for opening, control_id in sorted(expected, key=lambda e: (e[0].due_at, e[0].case)):
            with _isolated("opening", opening.case):
                if self._cases.head(opening.case) is None:
                    claim = _claim("open", opening.case, _ten_minutes(now))
                    count += self._act("opening", opening.case, opening.command, opening.due_at, control_id, claim)
        return count

    def _wake_case(self, case: CaseId, now: datetime) -> int:
        summary = self._cases.summary(case)
        workflow = self._runtime.workflow(case)
        state, n = self._runtime.state(case)
        if state is None or summary is None:
            return 0
        due_at = summary.wake_at or now
        commands: Sequence[Command] = workflow.due(state, now, self._runtime.facts(case))
        count = 0
        for command in commands:
            with _isolated("timer", case):
                wanted = f"{type(command).__name__} {command.model_dump_json()}"
                claim = _claim("due", case, str(n), wanted, _ten_minutes(now))
                count += self._act("timer", case, command, due_at, "", claim)
        return count

    def _act(self, what: str, case: CaseId, command: Command, due_at: datetime, control: str, claim: str) -> int:
        try:
            self._runtime.act(case, command, by_time(due_at), control=control, claim=claim)
        except Refused as refusal:
            ACTS.labels(what, "refused").inc()
            log.info("time_refused", case=case, command=type(command).__name__, code=refusal.code, why=refusal.why)
            return 0
        except (Conflict, Repeated):
            # Another worker, or a person, was there first.
            ACTS.labels(what, "already").inc()
            return 0
        ACTS.labels(what, "done").inc()
        log.info("time_acted", case=case, command=type(command).__name__, due_at=due_at.isoformat())
        return 1


@contextmanager
def _isolated(what: str, name: str) -> Iterator[None]:
    """Keep what is wrong with one case or control from the others."""
    try:
        yield
    except Refused as refusal:
        log.info("time_refused", what=what, name=name, code=refusal.code, why=refusal.why)
    except FAULTS as fault:
        ACTS.labels(what, "fault").inc()
        log.error("time_fault", what=what, name=name, error=repr(fault)[:500], exc_info=fault)


def _ten_minutes(now: datetime) -> str:
    """A command that had nothing to do keeps its claim, and may be tried again after this."""
    return str(int(now.timestamp()) // 600)


def _claim(*parts: str) -> str:
    """A request key for what is answered: the same due thing, the same key, in every worker."""
    return "time:" + hashlib.sha256("\x00".join(parts).encode()).hexdigest()
