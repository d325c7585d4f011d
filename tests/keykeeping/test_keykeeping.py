"""Two people end a key, another key signs that they did, and the key signs nothing more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.clock import ShiftedClock
from bot.main.keykeeping import propose, settle
from bot.signing import verify_p256
from bot.store.keys import Keys
from bot.store.replay import deviations, folding
from tests.keykeeping.office import CONTROL, DANA, FACTS, RAVI, Office, Process, example, folded
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.keykeeping import (
    SETTLES,
    AgreeKey,
    EndKey,
    LapseKey,
    RefuseKey,
    case_of,
    decide,
)
from workflows.kernel.keykeeping_view import KEYKEEPING, keykeeping
from workflows.kernel.model import by_person, by_system, by_time
from workflows.kernel.ports import SigningFailed

NO = RefuseKey(reason="A server still signs with it.")
NOW = datetime(2027, 10, 4, 9, 0, tzinfo=UTC)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    assert refused.value.next_step
    return refused.value.code


def check(process: Process) -> list[str]:
    """What `attester ledger check` would find."""
    storage = process.storage
    found = storage.log.check(storage.log_key, verify_p256)
    return found + [str(d) for d in deviations(storage.database, folding(process.runtime.workflows))]


def test_both_agree_and_the_end_is_attested_with_another_key(office: Office) -> None:
    old, new = office.start("old.key"), office.start("new.key")

    case = new.decided(old.signer.keyid)
    office.logged(new)

    assert new.names(case) == ["key_retire_proposed", "key_agreed", "key_agreed", "key_retired"]
    ended = new.storage.record.events(case)[-1]
    assert (ended.body["keyid"], ended.body["by"]) == (old.signer.keyid, ["P-dana", "P-ravi"])
    assert {entry.keyid for entry in new.storage.log.of_case(case)} == {new.signer.keyid}
    row = Keys(new.storage.database).use(old.signer.keyid)
    assert row is not None
    assert row.not_after == ended.at + SETTLES
    assert row.compromised_since is None
    assert Keys(new.storage.database).live() == [new.signer.keyid]
    assert check(new) == []


def test_a_key_that_was_ended_signs_nothing_more(office: Office) -> None:
    clock = ShiftedClock()
    old, new = office.start("old.key", clock), office.start("new.key", clock)
    old.receive("AC-01")
    new.decided(old.signer.keyid)
    clock.advance(timedelta(seconds=11))

    with pytest.raises(SigningFailed, match="was retired") as failed:
        old.receive("AC-02")

    assert "Set ATTESTER_SIGNING_KEY to its successor" in str(failed.value)
    assert old.names("evidence/AC-02") == []
    assert new.receive("AC-03")


def test_what_was_decided_reaches_the_keys_again_after_a_crash_or_a_restored_row(office: Office) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    case = propose(new.storage, new.runtime, CONTROL, old.signer.keyid)
    for who in (DANA, RAVI):
        new.runtime.act(case, AgreeKey(), who)  # and here the process dies

    counts = [settle(p.storage, p.runtime) for p in (new, new, old)]

    assert counts == [1, 0, 0]
    assert Keys(new.storage.database).ended(old.signer.keyid)[0] is not None


def test_a_retired_key_can_still_turn_out_to_have_been_compromised_and_earlier_than_thought(office: Office) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    now = new.clock.now()
    retired = new.decided(old.signer.keyid)

    case = new.decided(old.signer.keyid, since=now - timedelta(days=1))
    again = new.decided(old.signer.keyid, since=now - timedelta(days=2))

    assert retired == case == again
    not_after, since = Keys(new.storage.database).ended(old.signer.keyid)
    assert not_after is not None
    assert since == now - timedelta(days=2)
    with pytest.raises(Refused) as refused:
        propose(new.storage, new.runtime, CONTROL, old.signer.keyid, now - timedelta(days=1))
    assert code_of(refused) == "already_ended"
    assert check(new) == []


def test_the_only_key_and_the_key_in_use_and_an_unknown_one_are_refused_with_what_to_do(office: Office) -> None:
    old = office.start("old.key")
    with pytest.raises(Refused) as only:
        propose(old.storage, old.runtime, CONTROL, old.signer.keyid)
    new = office.start("new.key")

    with pytest.raises(Refused) as in_use:
        propose(new.storage, new.runtime, CONTROL, new.signer.keyid)
    with pytest.raises(Refused) as unknown:
        propose(new.storage, new.runtime, CONTROL, "SHA256:nobody")

    assert [code_of(r) for r in (only, in_use, unknown)] == ["no_successor", "key_in_use", "unknown_key"]
    assert "Start Attester with a new ATTESTER_SIGNING_KEY first" in only.value.next_step
    assert new.storage.record.starting("keys/") == []


def test_a_process_that_has_the_key_takes_no_answer_that_this_key_would_sign(office: Office) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    case = propose(new.storage, new.runtime, CONTROL, old.signer.keyid)

    with pytest.raises(Refused) as refused:
        old.runtime.act(case, AgreeKey(), DANA)

    assert code_of(refused) == "key_in_use"
    assert new.names(case) == ["key_retire_proposed"]
    assert old.runtime.act(case, NO, RAVI).attestation  # a no leaves everything as it is


def test_a_second_key_cannot_end_while_the_first_is_being_decided(office: Office) -> None:
    first, second, third = (office.start(f"{n}.key") for n in "abc")
    case = propose(third.storage, third.runtime, CONTROL, first.signer.keyid)

    with pytest.raises(Refused) as refused:
        propose(third.storage, third.runtime, CONTROL, second.signer.keyid)

    assert code_of(refused) == "already_asked"
    assert case in refused.value.sentence


def test_one_person_is_not_two_and_nobody_else_is_asked(office: Office) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    tom = by_person(Person(id="P-tom", issuer="idp", login="tom@acme.test", name="Tom Reyes", employed=True))
    case = propose(new.storage, new.runtime, CONTROL, old.signer.keyid)
    new.runtime.act(case, AgreeKey(), DANA)

    with pytest.raises(Refused) as again:
        new.runtime.act(case, AgreeKey(), DANA)
    with pytest.raises(Refused) as other:
        new.runtime.act(case, AgreeKey(), tom)

    assert [code_of(again), code_of(other)] == ["already_said", "not_asked"]
    assert settle(new.storage, new.runtime) == 0
    assert len(Keys(new.storage.database).live()) == 2


def test_after_a_no_it_can_be_proposed_again_and_buttons_of_the_first_time_do_nothing(office: Office) -> None:
    old, new = office.start("old.key"), office.start("new.key")
    case = propose(new.storage, new.runtime, CONTROL, old.signer.keyid)
    new.runtime.act(case, NO, RAVI)
    with pytest.raises(Refused) as late:
        new.runtime.act(case, AgreeKey(), DANA)

    again = propose(new.storage, new.runtime, CONTROL, old.signer.keyid, new.clock.now())
    with pytest.raises(Refused) as stale:
        new.runtime.act(again, AgreeKey(round=1), DANA)

    assert (again, code_of(late), code_of(stale)) == (case, "already_decided", "outdated")
    for who in (DANA, RAVI):
        new.runtime.act(case, AgreeKey(round=2), who)
    assert new.names(case)[-1] == "key_compromised"


@pytest.mark.parametrize(
    ("facts", "told", "code"),
    [
        ({"deputy": None}, {}, "one_person"),
        ({"deputy": "P-dana"}, {}, "one_person"),
        ({}, {"since": NOW + timedelta(days=1)}, "since_ahead"),
        ({}, {"not_after": NOW}, "already_ended"),
        ({}, {"compromised_since": NOW}, "already_ended"),
        ({}, {"compromised_since": NOW - timedelta(days=1), "since": NOW}, "already_ended"),
        ({}, {"successors": ()}, "no_successor"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(
    facts: dict[str, Any], told: dict[str, Any], code: str
) -> None:
    command = EndKey(control=CONTROL, keyid="SHA256:old", not_before=NOW, signed=3, successors=("SHA256:new",))

    with pytest.raises(Refused) as refused:
        decide(None, command.model_copy(update=told), by_system("x"), NOW, FACTS.model_copy(update=facts))

    assert code_of(refused) == code


def test_only_the_command_line_proposes_and_only_time_lets_it_lapse() -> None:
    asked = folded(example("retired"), 1)
    command = EndKey(control=CONTROL, keyid="SHA256:old", not_before=NOW, signed=3, successors=("SHA256:new",))

    for state, wanted, by in ((None, command, DANA), (asked, LapseKey(), by_time(asked.proposed_at))):
        with pytest.raises(Refused):
            decide(state, wanted, by, asked.proposed_at, FACTS)

    assert KEYKEEPING.due(asked, asked.lapse_at - timedelta(seconds=1), FACTS) == ()
    assert KEYKEEPING.due(asked, asked.lapse_at, FACTS) == (LapseKey(),)
    assert asked.lapse_at - asked.proposed_at == timedelta(days=7)  # five working days
    assert folded(example("lapsed")).status == "lapsed"


def test_a_case_is_named_after_the_keys_own_digest_and_the_day() -> None:
    named = example("retired")

    prefix, control, key, date = named.case.split("/")

    assert (prefix, control, date) == ("keys", "CC-01", "2027-10-04")
    assert len(key) == 16
    with pytest.raises(ValueError, match="no"):
        case_of("CC-01", "no key", NOW)
    assert keykeeping("SHA256:x").name == prefix


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("retire", "SHA256:x", "--control", "AC-04"), 1, "No program is in force"),
        (("retire", "SHA256:x"), 2, "Missing option '--control'"),
        (("compromised", "SHA256:x", "--control", "AC-04"), 2, "Missing option '--since'"),
        (("compromised", "SHA256:x", "--control", "AC-04", "--since", "soon"), 2, "does not match the format"),
    ],
)
def test_the_command_line_says_what_is_missing(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("ATTESTER_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    assert main(("ledger", *arguments)) == code

    assert said in capsys.readouterr().err
