"""What the record answers: who is asked, what is due, which cases there are."""

from __future__ import annotations

from datetime import timedelta

from bot.store.record import Record
from tests.store.decision import (
    AT,
    DANAS,
    MAYAS,
    TOMS,
    decision,
    happened,
    signed,
)
from workflows.kernel.model import Ask


def test_events_that_are_not_signed_are_found_until_a_signed_one_covers_them(record: Record) -> None:
    record.commit([decision()], AT)
    record.commit([decision(after=1, seq=1, events=[happened(MAYAS, 2, None), happened(MAYAS, 3, None)])], AT)
    pending = [e.n for e in record.since_signed(MAYAS)]

    record.commit([decision(after=3, seq=2)], AT)

    assert pending == [2, 3]
    assert record.since_signed(MAYAS) == []
    assert [(e.n, e.seq) for e in record.events(MAYAS, after=2)] == [(3, None), (4, 2)]
    head = record.head(MAYAS)
    assert head is not None
    assert (head.n, head.seq, head.previous) == (4, 2, signed(MAYAS, 2).id)


def test_time_wakes_open_cases_that_are_due_the_oldest_first(record: Record) -> None:
    late, later = AT - timedelta(hours=2), AT - timedelta(hours=1)
    record.commit([decision(MAYAS, wake_at=later), decision(TOMS, wake_at=late)], AT)
    record.commit([decision(DANAS, wake_at=late, open=False), decision("access_review/none")], AT)
    record.commit([decision("access_review/soon", wake_at=AT + timedelta(seconds=1))], AT)

    assert record.waking(AT) == [TOMS, MAYAS]
    assert record.waking(AT, limit=1) == [TOMS]


def test_asks_come_most_urgent_first_and_those_without_a_date_last(record: Record) -> None:
    soon = Ask(key="1", person="00umaya", title="soon", due_at=AT + timedelta(days=1))
    late = Ask(key="2", person="00umaya", title="late", due_at=AT - timedelta(days=1))
    someday = Ask(key="3", person="00umaya", title="some day")
    done = Ask(key="4", person="00umaya", title="done", due_at=AT, open=False)
    other = Ask(key="5", person="00utom", title="Tom's", due_at=AT)
    record.commit([decision(MAYAS, asks=[soon, someday, done]), decision(TOMS, asks=[late, other])], AT)

    assert [ask.title for _, ask in record.asks("00umaya")] == ["late", "soon", "some day"]
    assert [ask.title for _, ask in record.asks("00umaya", open_only=False)] == ["late", "done", "soon", "some day"]


def test_asks_and_watches_are_those_of_the_last_decision(record: Record) -> None:
    ask = Ask(key="decide", person="00umaya", title="Decide")
    record.commit([decision(asks=[ask], watches=("github", "okta"))], AT)

    record.commit([decision(after=1, asks=[ask.model_copy(update={"open": False})], watches=("okta", "okta"))], AT)

    assert record.asks("00umaya") == []
    assert record.watching("github") == []
    assert record.watching("okta") == [MAYAS]


def test_cases_are_listed_by_parent_by_state_and_in_order(record: Record) -> None:
    campaign = "access_review/2026-Q4/github"
    record.commit([decision(campaign)], AT)
    record.commit([decision(TOMS, parent=campaign), decision(MAYAS, parent=campaign, open=False)], AT)

    assert [s.case for s in record.summaries()] == sorted([campaign, TOMS, MAYAS])
    assert [s.case for s in record.summaries(top=True)] == [campaign]
    assert [s.case for s in record.summaries(parent=campaign)] == [MAYAS, TOMS]
    assert [s.case for s in record.summaries(parent=campaign, open_only=True)] == [TOMS]


def test_lately_names_what_somebody_signed_last(record: Record) -> None:
    for n in range(4):
        record.commit([decision(after=n)], AT)
    record.commit([decision(after=4, seq=4, events=[happened(MAYAS, 5, None)])], AT)

    assert [(case, e.n) for case, e in record.lately("00umaya", limit=2)] == [(MAYAS, 4), (MAYAS, 3)]
    assert record.lately("00utom") == []
