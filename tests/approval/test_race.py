"""Two decisions at the same moment, over the real record on both databases: one outcome, and never a conflict completed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import ShiftedClock, SystemClock
from bot.draft import Mill
from bot.runtime import Runtime, fresh_nonce
from bot.signing import load_signer
from bot.store.database import Database
from bot.store.record import Record
from tests.approval.world import as_person
from workflows.approval import WORKFLOW
from workflows.approval.examples.company import CONTROL, LINES, PEOPLE, SOURCES, START, collection
from workflows.approval.model import (
    Approval,
    Approve,
    AskAccess,
    AskPair,
    OpenDesk,
    RefuseRequest,
    SeeDeskPull,
    Withdraw,
)
from workflows.approval.rules.duty import pairs
from workflows.kernel.duty import Duties, duties_in
from workflows.kernel.errors import Conflict, Refused
from workflows.kernel.identity import directory_of
from workflows.kernel.model import CaseId, Command, FactNeeds, Facts, by_system, by_time

DESK = "approval/desk/AP-01"


@dataclass
class Book:
    """What rules may know, as it was on the Monday of the examples."""

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        directory = directory_of(PEOPLE, digest="d" * 64, synced_at=START)
        return Facts(
            directory=directory, program="0" * 64, control=CONTROL, company={"time_zone": "Europe/Berlin"},
            owner="P-dana", deputy="P-ravi", sources=SOURCES, population=LINES if needs.population else (),
            duties=duties_in(pairs(CONTROL), {"github": (collection(1, START, LINES), LINES)}) if needs.duties else Duties(),
        )  # fmt: skip


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An opened database."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def runtime(database: Database, tmp_path: Path) -> Runtime:
    """The real path of a decision, its desk open and GitHub's list known."""
    clock = ShiftedClock(START + timedelta(minutes=1) - SystemClock().now())
    signer = load_signer(f"file:{tmp_path / 'signing.key'}", create=True)
    mill = Mill(signer, "attester.acme.test", "0.1.0", fresh_nonce)
    made = Runtime(Record(database), [WORKFLOW], mill, clock, Book())
    made.act(DESK, OpenDesk(), by_time(START), control="AP-01")
    made.act(DESK, SeeDeskPull(collection=collection(1, START, LINES)), by_system("identity pull"))
    return made


def ask(runtime: Runtime, entry: str) -> CaseId:
    """Lena asks; gives the case."""
    command = AskAccess(
        entry=entry, subject="P-lena", subject_login="lena@acme.test", source="github", length="14d",
        reason="The payout job is mine this fortnight.",
    )  # fmt: skip
    return runtime.act(DESK, command, as_person("lena")).events[0].case


def exception(runtime: Runtime) -> CaseId:
    """Tom asks that Lena may have both; gives the case."""
    command = AskPair(
        one="payments-admin", other="release-sign", subject="P-lena", subject_login="lena@acme.test",
        compensating="Ravi reads the log.", reason="Omar is away until the release.", until=START + timedelta(days=20),
    )  # fmt: skip
    return runtime.act(DESK, command, as_person("tom")).events[0].case


def state(runtime: Runtime, case: CaseId) -> Approval:
    found = runtime.state(case)[0]
    assert isinstance(found, Approval)
    return found


def yes(runtime: Runtime, case: CaseId) -> Approve:
    now = state(runtime, case)
    return Approve(step=now.step, shown=now.stamp)


def at_once(runtime: Runtime, acts: list[tuple[CaseId, Command, str]]) -> list[str]:
    """All at the same moment; what each led to."""

    def act(one: tuple[CaseId, Command, str]) -> str:
        case, command, who = one
        try:
            runtime.act(case, command, as_person(who))
        except Refused as no:
            return no.code
        except Conflict:
            return "conflict"
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def test_two_last_yeses_to_a_conflicting_pair_never_both_count(runtime: Runtime) -> None:
    cases = [ask(runtime, entry) for entry in ("payments-admin", "release-sign")]
    for case in cases:
        runtime.act(case, yes(runtime, case), as_person("tom"))

    outcomes = at_once(runtime, [(case, yes(runtime, case), "maya") for case in cases])

    assert sorted(outcomes) == ["conflict_of_duties", "done"]
    assert sorted(state(runtime, case).status for case in cases) == ["approved", "asked"]


def test_two_last_yeses_under_an_exception_that_only_one_was_shown_never_both_count(runtime: Runtime) -> None:
    cases = [ask(runtime, entry) for entry in ("payments-admin", "release-sign")]
    for case in cases:
        runtime.act(case, yes(runtime, case), as_person("tom"))
    pair = exception(runtime)
    runtime.act(pair, yes(runtime, pair), as_person("dana"))

    outcomes = at_once(runtime, [(case, yes(runtime, case), "maya") for case in cases])

    assert sorted(outcomes) == ["conflict_of_duties", "done"]


def test_a_last_yes_and_the_end_of_its_exception_at_once_leave_no_pair_without_one(runtime: Runtime) -> None:
    first = ask(runtime, "release-sign")
    for who in ("tom", "maya"):
        runtime.act(first, yes(runtime, first), as_person(who))
    pair = exception(runtime)
    runtime.act(pair, yes(runtime, pair), as_person("dana"))
    second = ask(runtime, "payments-admin")
    runtime.act(second, yes(runtime, second), as_person("tom"))

    last = yes(runtime, second)
    outcomes = at_once(runtime, [(second, last, "maya"), (pair, Withdraw(), "dana")])

    assert outcomes in (["done", "in_effect"], ["conflict_of_duties", "done"])
    assert (state(runtime, second).status, state(runtime, pair).status) in (
        ("approved", "effective"),
        ("asked", "withdrawn"),
    )


def test_a_yes_a_no_and_a_withdrawal_at_once_leave_one_outcome(runtime: Runtime, database: Database) -> None:
    case = ask(runtime, "payments-admin")
    no = RefuseRequest(step=0, shown=state(runtime, case).stamp, reason="It is not needed now.")

    outcomes = at_once(runtime, [(case, yes(runtime, case), "tom"), (case, no, "tom"), (case, Withdraw(), "lena")])

    names = [e.name for e in Record(database).events(case)]
    ended = [n for n in names if n in ("approval_refused", "approval_withdrawn")]
    assert len(ended) == 1
    assert outcomes.count("done") == 1 + names.count("step_approved")


def test_the_same_request_sent_twice_at_once_is_one_case(runtime: Runtime) -> None:
    command = AskAccess(
        entry="web-write", subject="P-lena", subject_login="lena@acme.test", source="github", length="1d",
        reason="Sent twice by a slow network.",
    )  # fmt: skip

    outcomes = at_once(runtime, [(DESK, command, "lena")] * 2)

    assert sorted(outcomes) == ["already_asked", "done"]


def test_a_review_is_told_what_the_record_says_was_approved(runtime: Runtime) -> None:
    case = ask(runtime, "payments-admin")

    before = runtime.facts(case, FactNeeds(approvals=True)).approvals
    for who in ("tom", "maya"):
        last = runtime.act(case, yes(runtime, case), as_person(who))
    (found,) = runtime.facts(case, FactNeeds(approvals=True)).approvals.approved

    assert before.approved == ()
    assert (found.case, found.person, found.source, found.by) == (case, "P-lena", "github", ("P-tom", "P-maya"))
    assert found.attestation == next(e.attestation for e in last.events if e.event.NAME == "step_approved")
