"""The record takes everything of a decision or nothing, from one of many who try, and says which it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from bot.store.database import Database
from bot.store.record import Record
from bot.store.write import Repeated
from tests.store.decision import (
    AT,
    MAYAS,
    PROGRAM,
    TABLES,
    TOMS,
    card,
    claim,
    counts,
    decision,
    evidence,
    happened,
    signed,
)
from workflows.kernel.errors import Conflict
from workflows.kernel.link import case_ref
from workflows.kernel.model import Ask, Want


def test_a_decision_is_in_the_record_whole(record: Record, database: Database) -> None:
    file = evidence("what Maya saw")
    ask = Ask(key="decide", person="00umaya", title="Decide 3 lines", due_at=AT + timedelta(days=7))
    want = Want(kind="pull", source="github", reason="a removal is due")

    record.commit([decision(asks=[ask], cards=[card()], wants=[want], files=[file], watches=("github",))], AT, claim())

    head = record.head(MAYAS)
    assert head is not None
    assert (head.n, head.seq, head.control, head.program) == (1, 1, "quarterly", PROGRAM)
    assert head.previous == signed(MAYAS, 1).id
    (event,) = record.events(MAYAS)
    assert (event.n, event.seq, event.name, event.at, event.attestation) == (1, 1, "kept", AT, head.previous)
    assert event.body == {"line": "line 1", "reason": "Tom <!channel> = \x00 🦊"}
    assert event.by == {"person": {"issuer": "https://acme.okta.test", "sub": "00umaya", "name": "Maya"}}
    assert record.asks("00umaya") == [(MAYAS, ask)]
    assert record.watching("github") == [MAYAS]
    assert record.evidence(file.ref.sha256) == file.data
    assert record.case_of(case_ref(MAYAS)) == MAYAS
    found = record.summary(MAYAS)
    assert found is not None
    assert (found.title, found.watches) == ("Review of Maya", ("github",))
    assert counts(database) == dict.fromkeys(TABLES, 1) | {"outbox": 3, "lane": 3}


def test_what_is_not_there_is_none_or_empty(record: Record) -> None:
    assert record.head(MAYAS) is None
    assert record.summary(MAYAS) is None
    assert record.events(MAYAS) == []
    assert record.since_signed(MAYAS) == []
    assert record.case_of("0" * 16) is None
    assert record.evidence("0" * 64) is None
    assert record.repeated("never asked") is None
    assert (record.asks("00umaya"), record.watching("github"), record.waking(AT), record.lately("00umaya")) == (
        [],
        [],
        [],
        [],
    )


def test_a_decision_on_what_has_moved_on_conflicts_and_leaves_no_trace(record: Record, database: Database) -> None:
    record.commit([decision()], AT)
    record.commit([decision(after=1)], AT)
    before = counts(database)

    with pytest.raises(Conflict, match="has moved on from event 1"):
        record.commit([decision(TOMS), decision(after=1, seq=9, files=[evidence("late")], cards=[card()])], AT, claim())

    assert counts(database) == before
    assert record.head(TOMS) is None


def test_opening_a_case_twice_conflicts(record: Record) -> None:
    record.commit([decision()], AT)

    with pytest.raises(Conflict):
        record.commit([decision(said=", again")], AT)

    assert len(record.events(MAYAS)) == 1


def test_an_attestation_number_is_never_given_twice(record: Record) -> None:
    record.commit([decision()], AT)

    with pytest.raises(Conflict):
        record.commit([decision(after=1, seq=1, said=", another one")], AT)

    assert len(record.events(MAYAS)) == 1


def test_one_fault_in_the_last_case_takes_back_all_of_them(record: Record, database: Database) -> None:
    before = counts(database)
    broken = [happened(TOMS, 1, 1), happened(TOMS, 1, 2)]

    with pytest.raises(Conflict):
        record.commit([decision(MAYAS, files=[evidence("first")]), decision(TOMS, events=broken)], AT, claim())

    assert counts(database) == before


def test_a_defect_of_ours_is_no_conflict(record: Record, database: Database) -> None:
    before = counts(database)
    half = happened(MAYAS, 1, None)
    unattested = [type(half)(**{**vars(half), "seq": 1})]

    with pytest.raises(IntegrityError, match="attested"):
        record.commit([decision(events=unattested)], AT)
    with pytest.raises(StatementError, match="timezone"):
        record.commit([decision(due_at=None, events=[type(half)(**{**vars(half), "at": AT.replace(tzinfo=None)})])], AT)

    assert counts(database) == before


def test_the_same_request_again_has_no_effect_and_the_same_answer(record: Record, database: Database) -> None:
    record.commit([decision()], AT, claim(answer="first"))
    before = counts(database)

    with pytest.raises(Repeated) as again:
        record.commit([decision(after=1)], AT, claim(answer="second"))

    assert again.value.answer == {"attestation": "first"}
    assert counts(database) == before
    told = record.repeated(claim().key)
    assert told is not None
    assert told.answer == {"attestation": "first"}
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT repeats FROM claim")).scalar_one() == 1


def test_claims_are_forgotten_when_their_time_is_over(record: Record) -> None:
    record.commit([decision()], AT, claim())

    assert record.forget_claims(AT + timedelta(days=6)) == 0
    assert record.forget_claims(AT + timedelta(days=8)) == 1
    assert record.repeated(claim().key) is None


def test_evidence_that_exists_already_is_kept_once(record: Record, database: Database) -> None:
    record.commit([decision(files=[evidence("the same"), evidence("the same")])], AT)
    record.commit([decision(TOMS, files=[evidence("the same")])], AT)

    assert counts(database)["evidence"] == 1
    assert record.evidence(evidence("the same").ref.sha256) == evidence("the same").data


def test_a_name_that_postgresql_cannot_keep_does_not_stop_the_decision(record: Record) -> None:
    hostile = Ask(key="decide", person="00umaya", title="Zero\x00 day", detail="🦊 \u202e")

    record.commit([decision(title="Review of \x00", asks=[hostile], notes=("kept \x00 here",))], AT)

    found = record.summary(MAYAS)
    assert found is not None
    assert (found.title, found.notes) == ("Review of �", ("kept \x00 here",))
    assert record.asks("00umaya")[0][1].title == "Zero� day"
