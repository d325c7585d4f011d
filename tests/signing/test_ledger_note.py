"""What the ledger says of itself: each finding once until it was over, by a process of ours only, and never in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.ledger import (
    LEDGER,
    NoteClock,
    NoteCorrupt,
    NoteExport,
    NoteFrozen,
    NoteGap,
    NoteNoTime,
    NoteProbe,
    NoteRecovered,
)
from workflows.kernel.ledger_note import FINDINGS, NOTES
from workflows.kernel.ledger_rule import Standing
from workflows.kernel.model import Actor, Command, Event, Recorded, by_person, by_system, by_time

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
US = by_system("attester")
FACTS = LEDGER.examples()[0].facts
KEPT = {"delete": "kept", "suspend": "kept"}
EXPORT = NoteExport(
    for_whom="Example Audit LLP", first=0, last=9, checkpoint_size=10, sha256="9e" * 32, start=START, end=START + DAY
)
COMMANDS: dict[type[Command], Command] = {
    type(c): c
    for c in (
        NoteRecovered(size_before=4, size_after=10, root="3c" * 32),
        NoteFrozen(origin_before="ledger.example.com", checkpoint_before="ledger.example.com\n10\n", why="Older."),
        NoteCorrupt(finding="Leaf 3 is not the one of its attestation."),
        NoteClock(subject="checkpoint/10", at=START, gen_at=START - HOUR, authority="https://tsa.example"),
        NoteNoTime(since=START - DAY, waiting=3, why="It did not answer."),
        NoteGap(anchored_size=7, size=10, since=START - DAY),
        NoteProbe(vault="s3://vault-example", verdicts=KEPT),
        EXPORT,
    )
}


class Desk:
    """The ledger's case, told one note after another."""

    def __init__(self) -> None:
        self.state: Standing | None = None
        self.told: list[Event] = []

    def note(self, command: Command, at: datetime = START, by: Actor = US) -> list[str]:
        """The names of the events that this note leads to."""
        events = LEDGER.decide(self.state, command, by, at, FACTS).events
        for event in events:
            self.told.append(event)
            n = len(self.told)
            row = Recorded(case="ledger", n=n, seq=n, event=event, at=at, by=by, attestation=None)
            self.state = LEDGER.evolve(self.state, row)
        return [event.NAME for event in events]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda c: type(c).__name__)
def test_a_finding_is_recorded_once_and_the_same_again_is_no_news(command: Command) -> None:
    desk = Desk()

    first, again = desk.note(command), desk.note(command, START + HOUR)

    assert len(first) == 1
    assert again == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    "by", [by_person(Person(id="P-maya", issuer="idp", login="", name="Maya Chen")), by_time(START)]
)
def test_only_a_process_of_ours_notes_anything(command: Command, by: Actor) -> None:
    desk = Desk()

    with pytest.raises(Refused, match="noted by the process that has them"):
        desk.note(command, by=by)

    assert desk.told == []


def test_a_command_of_no_note_is_refused() -> None:
    with pytest.raises(Refused, match="knows no such note"):
        Desk().note(Command())


def test_a_vault_that_stands_still_is_noted_once_although_the_note_makes_the_log_grow() -> None:
    desk, gap = Desk(), NoteGap(anchored_size=7, size=10, since=START - DAY)
    desk.note(gap)

    grown = [desk.note(gap.model_copy(update={"size": 10 + n}), START + n * DAY) for n in range(1, 9)]
    caught_up_and_away_again = gap.model_copy(update={"anchored_size": 20, "size": 21, "since": START + 9 * DAY})

    assert grown == [[]] * 8
    assert desk.note(caught_up_and_away_again, START + 10 * DAY) == ["ledger_anchor_gap"]


def test_an_authority_that_is_away_is_noted_once_until_something_newer_than_the_note_waits() -> None:
    desk, missing = Desk(), NoteNoTime(since=START - DAY, waiting=3)
    desk.note(missing)

    others = [desk.note(missing.model_copy(update={"since": START, "waiting": 4}), START + DAY)]
    newer = missing.model_copy(update={"since": START + HOUR})

    assert others == [[]]
    assert desk.note(newer, START + 2 * DAY) == ["ledger_time_missing"]


def test_a_wrong_clock_is_noted_once_a_day_because_the_note_is_refused_a_token_too() -> None:
    desk = Desk()
    hourly = [START + n * HOUR for n in range(49)]

    told = [
        desk.note(NoteClock(subject=f"{n:064x}", at=at, gen_at=at - HOUR, authority="https://tsa.example"), at)
        for n, at in enumerate(hourly)
    ]

    assert [n for n, names in enumerate(told) if names] == [0, 24, 48]


def test_a_probe_is_noted_when_its_verdict_changes_each_vault_by_itself() -> None:
    desk, broken = Desk(), {**KEPT, "suspend": "broken"}

    def probed(verdicts: dict[str, str], vault: str = "s3://vault-example") -> list[str]:
        return desk.note(NoteProbe(vault=vault, verdicts=verdicts))

    assert probed(KEPT) == ["vault_probe_kept"]
    assert probed(broken) == ["vault_probe_failed"]
    assert probed(broken) == []
    assert probed({**broken, "delete": "not provable"}) == ["vault_probe_failed"]
    assert probed(KEPT, "s3://another") == ["vault_probe_kept"]
    assert probed(KEPT) == ["vault_probe_kept"]
    assert probed({}) == []


def test_a_recovery_ends_what_was_wrong_so_that_the_same_again_is_news() -> None:
    desk = Desk()
    wrong: Sequence[Command] = (COMMANDS[NoteFrozen], COMMANDS[NoteCorrupt])
    for command in wrong:
        desk.note(command)

    desk.note(COMMANDS[NoteRecovered], START + DAY)

    assert [desk.note(command, START + 2 * DAY) for command in wrong] == [["ledger_frozen"], ["ledger_corrupt"]]
    assert desk.note(COMMANDS[NoteRecovered], START + 3 * DAY) == ["ledger_recovered"]


def test_what_was_lost_is_told_up_to_a_hundred_sentences_and_then_counted() -> None:
    desk = Desk()
    lost = tuple(f"Case {n} has no payload in the vault." for n in range(312))

    desk.note(NoteRecovered(size_before=0, size_after=312, root="3c" * 32, lost=lost))

    (event,) = desk.told
    assert event.model_dump()["lost"][99:] == (lost[99], "And 212 more.")


def test_each_packet_is_noted_even_where_two_are_of_the_same_time() -> None:
    desk = Desk()
    desk.note(EXPORT)

    assert desk.note(EXPORT.model_copy(update={"sha256": "9f" * 32})) == ["packet_exported"]


def test_the_named_histories_tell_every_event_and_every_note_leads_to_one() -> None:
    told = {type(r.event) for example in LEDGER.examples() for r in example.history}

    assert told == set(FINDINGS)
    assert {*COMMANDS, NOTES[0]} == set(NOTES)
