"""Whatever happened: from the ledger and the evidence that it names, the same events, cases and asks come back."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import ShiftedClock, SystemClock
from bot.draft import Draft, Mill
from bot.runtime import Runtime, fresh_nonce
from bot.signing import load_signer
from bot.store.database import Database
from bot.store.rebuild import NotEmpty, rebuild
from bot.store.record import Record
from bot.store.replay import folding
from tests.approval.test_race import DESK, Book, ask, state
from tests.approval.world import as_person
from workflows.approval.examples.company import LINES, START, collection
from workflows.approval.model import Approve, OpenDesk, RefuseRequest, ReportDone, SeeDeskPull, Withdraw
from workflows.kernel.arrival import EVIDENCE
from workflows.kernel.erasure_view import ERASURE
from workflows.kernel.errors import Refused
from workflows.kernel.keykeeping_view import KEYKEEPING
from workflows.kernel.ledger import LEDGER
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import CaseId, Command, FactNeeds, Facts, by_system, by_time
from workflows.kernel.ports import EvidenceMissing
from workflows.kernel.workflow import Example, Workflow
from workflows.registry import WORKFLOWS

ALL = {w.name: w for w in (*WORKFLOWS, LEDGER, EVIDENCE, ERASURE, KEYKEEPING, IDENTITY)}
TOLD = [(w, example) for w in ALL.values() for example in w.examples()]
TABLES = {
    "event": "case_id, n, seq, name, version, at, by, actor, body, attestation",
    "case": "*", "ask": "*", "case_watch": "*",
}  # fmt: skip


@dataclass
class Told:
    """What rules may know in an example."""

    example: Example

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        return self.example.facts


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def empty(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty database to rebuild into."""
    with closing(sqlite3.connect(sqlite_template)) as template, closing(sqlite3.connect(tmp_path / "anew.db")) as copy:
        template.backup(copy)
    opened = Database(f"sqlite:///{tmp_path / 'anew.db'}")
    yield opened
    opened.close()


@pytest.fixture
def mill(tmp_path: Path) -> Mill:
    return Mill(
        load_signer(f"file:{tmp_path / 'signing.key'}", create=True), "attester.acme.test", "0.1.0", fresh_nonce
    )


def reader(database: Database) -> Any:
    """Evidence that was born in decisions, checked against its name."""

    def read(sha256: str) -> bytes:
        data = Record(database).evidence(sha256)
        if data is None:
            raise EvidenceMissing(sha256)
        assert hashlib.sha256(data).hexdigest() == sha256
        return data

    return read


def tables(database: Database) -> dict[str, list[str]]:
    """Every row of the record, as text and in order."""
    found = {}
    with database.read() as session:
        for table, which in TABLES.items():
            rows = session.connection().execute(text(f'SELECT {which} FROM "{table}"')).mappings()
            found[table] = sorted(repr({k: _plain(k, v) for k, v in sorted(row.items())}) for row in rows)
    return found


def _plain(name: str, value: Any) -> Any:
    """The same on both databases: times without their form, truth as a number, JSON whatever the order of its keys."""
    if name in ("body", "by"):
        return json.dumps(json.loads(value), sort_keys=True)
    if name.endswith("_at") or name == "at":
        return str(value)[:19].replace("T", " ") if value is not None else None
    return int(value) if isinstance(value, bool) else value


def anew(database: Database, into: Database) -> int:
    return rebuild(database, reader(database), into, ALL, folding(ALL))


@pytest.mark.parametrize(("workflow", "example"), TOLD, ids=[f"{w.name}-{e.name}" for w, e in TOLD])
def test_every_history_that_a_workflow_tells_comes_back(
    workflow: Workflow, example: Example, sqlite_url: str, empty: Database, mill: Mill
) -> None:
    database = Database(sqlite_url)
    record = Record(database)
    runtime = Runtime(record, list(ALL.values()), mill, SystemClock(), Told(example))
    last_signed = max((n for n, r in enumerate(example.history, 1) if r.event.ATTESTED), default=0)
    for recorded in example.history[:last_signed]:
        draft = Draft(runtime, record, mill, recorded.by, None, recorded.at)
        draft.note(example.case, recorded.event)
        record.commit(draft.writes(), recorded.at)

    anew(database, empty)

    assert tables(empty) == tables(database)
    database.close()


@dataclass
class ToldOfAll:
    """What rules may know, case by case."""

    examples: Mapping[CaseId, Example]

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        return self.examples[case].facts


@pytest.mark.parametrize("seed", range(2))
def test_a_random_history_over_cases_of_every_workflow_at_once_comes_back(
    database: Database, empty: Database, mill: Mill, seed: int
) -> None:
    dice, told = random.Random(seed), {}
    for _, example in dice.sample(TOLD, len(TOLD)):  # several tell of one case: one of them, by chance
        told.setdefault(example.case, example)
    waiting = {}
    for case, example in told.items():
        signed = [n for n, r in enumerate(example.history, 1) if r.event.ATTESTED]
        waiting[case] = list(example.history[: dice.choice(signed)] if signed else [])
    record = Record(database)
    runtime = Runtime(record, list(ALL.values()), mill, SystemClock(), ToldOfAll(told))

    written = 0
    while cases := [case for case, history in waiting.items() if history]:
        case = dice.choice(cases)
        recorded = waiting[case].pop(0)
        draft = Draft(runtime, record, mill, recorded.by, None, recorded.at)
        draft.note(case, recorded.event)
        record.commit(draft.writes(), recorded.at)
        written += 1
    anew(database, empty)

    assert {case.partition("/")[0] for case in told} == set(ALL)
    assert written > len(ALL) * 5
    assert tables(empty) == tables(database)


def commands(runtime: Runtime, case: CaseId, dice: random.Random) -> Command:
    """Something that somebody might do to a request, sensible or not."""
    now = state(runtime, case)
    return dice.choice(
        [
            Approve(step=now.step, shown=now.stamp),
            Approve(step=now.step, shown=now.stamp, reason="The payout job needs it."),
            RefuseRequest(step=now.step, shown=now.stamp, reason="Not before the audit is over."),
            Withdraw(reason="I no longer need it."),
            ReportDone(task="grant"),
        ]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_history_of_requests_comes_back(database: Database, empty: Database, mill: Mill, seed: int) -> None:
    dice = random.Random(seed)
    clock = ShiftedClock(START + timedelta(minutes=1) - SystemClock().now())
    runtime = Runtime(Record(database), list(ALL.values()), mill, clock, Book())
    runtime.act(DESK, OpenDesk(), by_time(START), control="AP-01")
    runtime.act(DESK, SeeDeskPull(collection=collection(1, START, LINES)), by_system("identity pull"))
    cases: list[CaseId] = []
    outcomes = {"done": 0, "refused": 0}
    for _ in range(60):
        clock.advance(timedelta(minutes=dice.randrange(1, 90)))
        try:
            if not cases or dice.random() < 0.15:
                cases.append(ask(runtime, dice.choice(["payments-admin", "release-sign", "logs-read"])))
            else:
                case = dice.choice(cases)
                runtime.act(
                    case, commands(runtime, case, dice), as_person(dice.choice(["tom", "maya", "lena", "ravi"]))
                )
            outcomes["done"] += 1
        except Refused:
            outcomes["refused"] += 1

    anew(database, empty)

    covered = set(cases)
    assert min(outcomes.values()) > 0
    assert len(covered) > 1
    assert without(tables(empty), DESK) == without(tables(database), DESK)


def without(rows: dict[str, list[str]], case: CaseId) -> dict[str, list[str]]:
    """Without the desk, whose pulls are marks that no signature covers yet."""
    return {table: [row for row in found if f"'case_id': '{case}'" not in row] for table, found in rows.items()}


def test_a_database_with_events_is_not_written_into(database: Database, mill: Mill) -> None:
    example = LEDGER.examples()[0]
    record = Record(database)
    runtime = Runtime(record, list(ALL.values()), mill, SystemClock(), Told(example))
    draft = Draft(runtime, record, mill, example.history[0].by, None, example.at)
    draft.note(example.case, example.history[0].event)
    record.commit(draft.writes(), example.at)

    with pytest.raises(NotEmpty):
        anew(database, database)
