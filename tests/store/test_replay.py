"""The rows of cases, asks and watches follow from the events: a replay finds every one that does not, and mends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from sqlalchemy import text

from bot.store.database import Database
from bot.store.record import Record
from bot.store.replay import Folded, deviations, folding, mend
from bot.store.write import CaseWrite, EventWrite, StoredEvent
from tests.store.decision import AT, MAYAS, PROGRAM, TOMS, decision, happened, signed, summary
from workflows.kernel.attestation import spoken
from workflows.kernel.model import Ask
from workflows.kernel.workflow import Example
from workflows.registry import WORKFLOWS


def fold(case: str, events: Sequence[StoredEvent]) -> Folded | None:
    """A control that is over after five events, and watches and asks until then."""
    if case.startswith("unknown/"):
        return None
    count = len(events)
    running = count < 5
    asks = [Ask(key=f"line {n}", person="00umaya", title=f"Decide line {n}") for n in range(count, 5)]
    row = summary(
        case, status=f"{count} events", open=running, counts={"events": count}, watches=("okta",) if running else ()
    )
    return row, asks


def act(record: Record, case: str, attested: bool = True) -> None:
    """One more event of a case, with the rows that follow from it."""
    before = record.events(case)
    n = len(before) + 1
    seq = sum(e.seq is not None for e in before) + attested
    event = happened(case, n, seq if attested else None)
    folded = fold(case, [*before, *before[:1]] if before else [_as_stored(event.n)])
    assert folded is not None
    row, asks = folded
    fields = row.model_dump(exclude={"case", "workflow", "control", "title"})
    record.commit([decision(case, after=n - 1, seq=seq, events=[event], asks=asks, **fields)], AT)


def _as_stored(n: int) -> StoredEvent:
    return StoredEvent(n=n, seq=n, name="kept", version=1, at=AT, by={}, body={}, attestation=None)


def history(record: Record, seed: int) -> None:
    """Some twenty events over a few cases, in a random order, some of them not attested."""
    chance = Random(seed)
    for _ in range(20):
        act(record, f"access_review/person {chance.randrange(4)}", attested=chance.random() < 0.7)


@pytest.mark.parametrize("seed", range(5))
def test_after_a_random_history_the_tables_say_what_the_events_say(
    record: Record, database: Database, seed: int
) -> None:
    history(record, seed)

    assert list(deviations(database, fold)) == []
    assert mend(database, fold) == []


BREAKAGES: dict[str, tuple[str, str]] = {
    "status": ("UPDATE \"case\" SET status = 'fine' WHERE case_id = '{0}'", "status"),
    "counters": ("UPDATE \"case\" SET n = n + 1 WHERE case_id = '{0}'", "n"),
    "a closed case": ("UPDATE \"case\" SET open = false WHERE case_id = '{0}'", "open"),
    "a lost case": ("DELETE FROM \"case\" WHERE case_id = '{0}'", "the case row"),
    "a watch": ("DELETE FROM case_watch WHERE case_id = '{0}'", "watches"),
    "a lost ask": ("DELETE FROM ask WHERE case_id = '{0}' AND key = 'line 3'", "ask line 3"),
    "a moved ask": ("UPDATE ask SET person = '00utom' WHERE case_id = '{0}' AND key = 'line 3'", "ask line 3"),
    "an ask too many": (
        "INSERT INTO ask (case_id, key, person, title, detail, open) VALUES ('{0}', 'extra', 'x', 'x', '', true)",
        "ask extra",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_row_that_does_not_follow_from_the_events_is_named_and_mended(
    record: Record, database: Database, breakage: str
) -> None:
    for case in (MAYAS, TOMS, MAYAS):
        act(record, case)
    rows = record.summary(MAYAS), record.asks("00umaya"), record.watching("okta"), record.head(MAYAS)
    statement, what = BREAKAGES[breakage]
    with database.engine.begin() as connection:
        connection.execute(text(statement.format(MAYAS)))

    found = list(deviations(database, fold))

    assert [(deviation.case, deviation.what) for deviation in found] == [(MAYAS, what)]
    assert str(found[0]).startswith(f"{MAYAS}: {what} is ")
    assert mend(database, fold) == found
    assert list(deviations(database, fold)) == []
    assert (record.summary(MAYAS), record.asks("00umaya"), record.watching("okta"), record.head(MAYAS)) == rows


def drop_guards(database: Database, statement: str) -> None:
    """Change the record itself, as somebody who owns the database can."""
    table = statement.split()[2] if statement.startswith("DELETE") else statement.split()[1]
    verb = statement.split()[0].lower()
    on = "" if database.sqlite else f" ON {table}"
    with database.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {table}_no_{verb}{on}"))
        connection.execute(text(statement.format(MAYAS)))


@pytest.mark.parametrize(
    ("statement", "whats"),
    [
        ("DELETE FROM event WHERE case_id = '{0}' AND n = 2", {"event numbers", "attestation numbers"}),
        ("UPDATE entry SET pae_sha256 = 'forged' WHERE case_id = '{0}' AND seq = 2", {"attestation 2 in the ledger"}),
        ("UPDATE event SET attestation = 'forged' WHERE case_id = '{0}' AND n = 2", {"attestation 2 in the ledger"}),
    ],
    ids=["an event is gone", "another attestation", "another name"],
)
def test_a_record_that_was_changed_behind_our_back_is_named(
    record: Record, database: Database, statement: str, whats: set[str]
) -> None:
    for case in (MAYAS, TOMS, MAYAS, MAYAS):
        act(record, case)

    drop_guards(database, statement)

    found = list(deviations(database, fold))
    assert {deviation.case for deviation in found} == {MAYAS}
    assert whats <= {deviation.what for deviation in found}


def test_a_case_of_a_workflow_that_this_version_does_not_know_is_named_and_left_alone(
    record: Record, database: Database
) -> None:
    record.commit([decision("unknown/case")], AT)
    before = record.summary("unknown/case")

    found = mend(database, fold)

    assert [(d.case, d.stands) for d in found] == [("unknown/case", "of an unknown workflow")]
    assert record.summary("unknown/case") == before


def test_a_case_without_events_is_no_case(record: Record, database: Database, make_row: Callable[[str], None]) -> None:
    act(record, MAYAS)
    make_row("access_review/nobody")

    found = mend(database, fold)

    assert [(d.case, d.should) for d in found] == [("access_review/nobody", "nothing: it has no events")]
    assert [s.case for s in record.summaries()] == [MAYAS]


@pytest.fixture
def make_row(database: Database) -> Callable[[str], None]:
    """Put a bare case row into the database."""

    def insert(case: str) -> None:
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    'INSERT INTO "case" (case_id, ref, workflow, control, title, status, open, counts, notes, watches, n, seq, '
                    "program) VALUES (:case, 'ref', 'w', 'c', 't', 's', true, '{}', '[]', '[]', 0, 0, '')"
                ),
                {"case": case},
            )

    return insert


def longest_histories() -> dict[tuple[str, str], Example]:
    """Of the named histories of each workflow, the longest one of each case."""
    found: dict[tuple[str, str], Example] = {}
    for workflow in WORKFLOWS:
        for example in workflow.examples():
            key = (workflow.name, example.case)
            if key not in found or len(found[key].history) < len(example.history):
                found[key] = example
    return found


def test_the_named_histories_of_every_workflow_survive_storage(record: Record, database: Database) -> None:
    workflows = {workflow.name: workflow for workflow in WORKFLOWS}
    examples = longest_histories()
    for (name, case), example in examples.items():
        state = None
        writes = []
        for recorded in example.history:
            state = workflows[name].evolve(state, recorded)
            attested = signed(case, recorded.seq) if recorded.seq is not None else None
            body, by = recorded.event.model_dump(mode="json"), spoken(recorded.by)
            kind = type(recorded.event)
            writes.append(
                EventWrite(
                    recorded.n, recorded.seq, kind.NAME, kind.VERSION, recorded.at, by, recorded.by.id, body, attested
                )
            )
        seq = sum(write.seq is not None for write in writes)
        row, asks = workflows[name].summary(state), workflows[name].asks(state)
        record.commit([CaseWrite(case, 0, writes, row, PROGRAM, seq, asks, (), (), ())], AT)

    assert {case for _, case in examples} == {found.case for found in record.summaries()}
    assert list(deviations(database, folding(workflows))) == []
