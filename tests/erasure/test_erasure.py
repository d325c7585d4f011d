"""After its retention two people have old texts erased; every proof stays as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.anchoring import bundle_name
from bot.clock import ShiftedClock
from bot.draft import Mill
from bot.main import outside
from bot.main.erasure import erase_agreed, oldest_kept, propose
from bot.main.storage import Storage
from bot.packet.export import PacketSource, export
from bot.packet.verify import verify
from bot.program.shape import CompanyFile
from bot.runtime import Runtime, fresh_nonce
from bot.settings import load
from bot.signing import load_log_key, load_signer, verify_p256
from bot.store.erase import Erasures
from bot.store.outbox_queue import Queue
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful
from tests.packet.damage import unpacked
from workflows.kernel.arrival import EVIDENCE, Arrived, ReceiveEvidence, case_of
from workflows.kernel.erasure import AgreeErasure, LapseErasure, RefuseErasure, years_before
from workflows.kernel.erasure_view import ERASURE, examples
from workflows.kernel.errors import Refused
from workflows.kernel.model import CaseId, FactNeeds, Facts, by_person, by_system, by_time

FACTS = examples()[0].facts
DANA, RAVI = (by_person(p) for p in FACTS.directory.people.values())
PRIVATE = "payroll-of-Tom-Reyes.json"
CONTROL, GROUND = "AC-04", "Retention is over; nobody asked to keep it."
OLD = case_of(CONTROL)
YOUNG = case_of("AC-05")


@dataclass
class Company:
    """A ledger with an attestation of eight years ago, and one of today."""

    storage: Storage
    runtime: Runtime
    clock: ShiftedClock
    facts: Facts = FACTS
    sounded: list[str] = field(default_factory=list)

    def receive(self, control: str, name: str) -> None:
        data = f"the contents of {name}".encode()
        file = Arrived(
            name=name, sha256=self.storage.vault.put(data), size=len(data), media_type="application/json", kind="document",
            kind_source="recognised",
        )  # fmt: skip
        command = ReceiveEvidence(control=control, how="cli", files=(file,))
        self.runtime.act(case_of(control), command, by_system("test"), control=control)

    def settle(self) -> None:
        while self.storage.log.integrate(self.storage.log_key, self.clock.now()):
            pass
        outside.anchorer(self.storage, Queue(self.storage.database, self.clock, "test:1")).run()

    def propose(self, years: float = 7) -> CaseId:
        before = self.clock.now() - timedelta(days=round(365.25 * years) + 1)
        return propose(self.storage, self.runtime, CONTROL, before, GROUND)

    def agreed(self) -> CaseId:
        case = self.propose()
        for who in (DANA, RAVI):
            self.runtime.act(case, AgreeErasure(), who)
        return case

    def check(self) -> list[str]:
        """What `attester ledger check` would find."""
        found = self.storage.log.check(self.storage.log_key, verify_p256)
        found += [str(d) for d in unfaithful(self.storage.database, self.evidence)]
        return found + [str(d) for d in deviations(self.storage.database, folding(self.runtime.workflows))]

    def evidence(self, sha256: str) -> bytes:
        born = self.storage.record.evidence(sha256)
        return born if born is not None else self.storage.vault.get(sha256)

    def packet(self, out: Path) -> dict[str, bytes]:
        source = PacketSource(
            self.storage.log, self.storage.signer, self.storage.log_key.public, lambda s: BytesIO(self.evidence(s)), "0.1.0"
        )  # fmt: skip
        far = timedelta(days=9 * 366)
        export(source, out=out, start=self.clock.now() - far, end=self.clock.now() + far)
        return unpacked(out)

    def facts_of(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        return self.facts.model_copy(update={"control": self.facts.control.model_copy(update={"id": control})})


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    environment = {
        "ATTESTER_DATA": str(tmp_path / "data"),
        "DATABASE_URL": database_url,
        "ATTESTER_VAULT": f"file://{tmp_path}/vault",
    }
    clock = ShiftedClock(timedelta(days=-8 * 366))
    for key, make in (("signing", load_signer), ("log", load_log_key)):
        environment[f"ATTESTER_{key.upper()}_KEY"] = f"file:{tmp_path / key}.key"
        make(f"file:{tmp_path / key}.key", create=True)
    storage = Storage(load(environment), clock)
    mill = Mill(storage.signer, storage.log.origin(), "0.1.0", fresh_nonce)
    made = Company(storage, None, clock)  # type: ignore[arg-type]
    made.runtime = Runtime(storage.record, [EVIDENCE, ERASURE], mill, clock, _Book(made))
    made.receive(CONTROL, PRIVATE)
    made.settle()
    clock.advance(timedelta(days=8 * 366))
    made.receive("AC-05", "of-today.json")
    made.settle()
    yield made
    storage.close()


@dataclass
class _Book:
    company: Company

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        return self.company.facts_of(control, case, needs)


def everywhere(company: Company, folder: Path, needle: str) -> list[str]:
    """Where a text still stands: tables of the record, files of the vault."""
    found = []
    with company.storage.database.read() as session:
        for table, column in (("event", "body"), ("payload", "payload"), ("evidence", "data"), ("case", "title")):
            rows = session.connection().execute(text(f'SELECT {column} FROM "{table}"')).scalars()
            found += [table for value in rows if needle.encode() in _bytes(value)]
    found += [str(p) for p in (folder / "vault").rglob("*") if p.is_file() and needle.encode() in p.read_bytes()]
    return found


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def test_the_texts_are_gone_from_database_and_vault_and_every_other_proof_is_unchanged(
    company: Company, tmp_path: Path
) -> None:
    before = company.packet(tmp_path / "before.zip")
    held = company.storage.log.checkpoint()
    assert everywhere(company, tmp_path, PRIVATE)

    company.agreed()
    assert erase_agreed(company.storage, company.runtime) == 1
    company.settle()

    texts = everywhere(company, tmp_path, PRIVATE)
    assert [where for where in texts if "evidence/sha256" not in where] == []
    assert company.check() == []
    after = company.packet(tmp_path / "after.zip")
    report = verify(tmp_path / "after.zip", held=[held.note.encode()] if held else [])
    assert report.fine, report.findings
    assert sorted(report.verdicts.values()).count("erased") == 1
    gone = {name for name in before if name.startswith("bundles/")} - set(after)
    assert len(gone) == 1
    (bundle,) = gone
    assert not (tmp_path / "vault" / bundle_name(bundle[8:-14])).exists()


def test_who_agreed_to_what_and_why_is_attested(company: Company) -> None:
    case = company.agreed()
    erase_agreed(company.storage, company.runtime)

    names = [event.name for event in company.storage.record.events(case)]
    assert names == ["erasure_proposed", "erasure_agreed", "erasure_agreed", "ledger_payload_erased", "erasure_done"]
    told = next(e for e in company.storage.record.events(case) if e.name == "ledger_payload_erased")
    assert (told.body["ground"], told.body["retention_years"], told.body["by"]) == (GROUND, 7, ["P-dana", "P-ravi"])
    row = company.storage.record.summary(OLD)
    assert row is not None
    assert (row.title, row.status) == ("Erased after its retention", "erased")
    assert company.runtime.state(OLD)[0] is None


def test_erasing_again_or_after_a_crash_ends_the_same(company: Company) -> None:
    case = company.agreed()
    state = company.runtime.state(case)[0]

    Erasures(company.storage.database).erase(state.cases, case, company.clock.now())

    assert [erase_agreed(company.storage, company.runtime) for _ in range(2)] == [1, 0]
    company.settle()
    assert company.check() == []


def test_one_person_is_not_two(company: Company) -> None:
    case = company.propose()
    company.runtime.act(case, AgreeErasure(), DANA)

    with pytest.raises(Refused) as again:
        company.runtime.act(case, AgreeErasure(), DANA)

    assert again.value.code == "already_said"
    assert erase_agreed(company.storage, company.runtime) == 0


@pytest.mark.parametrize(
    ("change", "years", "code"),
    [
        ({}, 6.5, "retention_runs"),
        ({"company": {"retention_years": 10}}, 7, "retention_runs"),
        ({}, 8.5, "nothing_old"),
        ({"deputy": None}, 7, "one_person"),
        ({"deputy": "P-dana"}, 7, "one_person"),
    ],
)
def test_what_may_not_be_erased_is_refused_before_anybody_is_asked(
    company: Company, change: dict[str, Any], years: float, code: str
) -> None:
    company.facts = FACTS.model_copy(update=change)

    with pytest.raises(Refused) as refused:
        company.propose(years)

    assert refused.value.code == code
    assert company.storage.record.starting("erasure/") == []


def test_a_no_and_silence_leave_everything(company: Company, tmp_path: Path) -> None:
    case = company.propose()
    company.runtime.act(case, RefuseErasure(reason="A dispute with a customer is open."), RAVI)
    with pytest.raises(Refused):
        company.runtime.act(case, AgreeErasure(), DANA)
    with pytest.raises(Refused):
        company.runtime.act(case, LapseErasure(), by_time(company.clock.now()))

    assert erase_agreed(company.storage, company.runtime) == 0
    assert everywhere(company, tmp_path, PRIVATE)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = '{}', by = '{}', actor = '' WHERE case_id = :young",
        "UPDATE event SET body = '{\"a\": 1}', by = '{}', actor = '' WHERE case_id = :old",
        "UPDATE event SET body = '{}', by = '{}', actor = '', n = 7 WHERE case_id = :old",
        "UPDATE event SET body = '{}', by = '{}', actor = '', attestation = NULL WHERE case_id = :old",
        "DELETE FROM event WHERE case_id = :old",
        "DELETE FROM erased_case",
        "UPDATE erased_case SET erasure = 'x'",
    ],
)
def test_nothing_but_the_text_of_an_erased_case_can_be_changed(company: Company, statement: str) -> None:
    company.agreed()
    erase_agreed(company.storage, company.runtime)

    with pytest.raises(DBAPIError, match="append-only"), company.storage.database.write() as session:
        session.connection().execute(
            text(statement), {k: v for k, v in (("old", OLD), ("young", YOUNG)) if f":{k}" in statement}
        )


def test_leap_days_end_too(company: Company) -> None:
    assert oldest_kept(company.storage, 7).year == company.clock.now().year - 7
    assert years_before(datetime(2028, 2, 29, tzinfo=UTC), 7) == datetime(2021, 2, 28, tzinfo=UTC)


def test_both_see_what_would_go_and_only_who_has_not_answered_has_buttons() -> None:
    for example in examples():
        state = None
        for recorded in example.history[:2]:
            state = ERASURE.evolve(state, recorded)
        cards = {card.to: json.dumps(card.blocks) for card in ERASURE.cards(state)}
        assert all("2 cases" in said and "58 attestations" in said for said in cards.values())
        assert all("every proof stays" in said for said in cards.values())
    asked = ERASURE.evolve(None, examples()[0].history[0])
    one = ERASURE.evolve(asked, examples()[0].history[1])
    assert ["Agree" in json.dumps(c.blocks) for c in ERASURE.cards(asked)] == [True, True]
    assert [c.open for c in ERASURE.cards(one)] == [False, True]


def test_the_program_says_how_long_records_are_kept(company: Company) -> None:
    usual = company.storage.retention()
    document = json.dumps({"program": {"company": {"retention_years": 10}}}).encode()
    company.storage.programs.apply("9" * 64, document, {}, company.clock.now())

    assert usual == timedelta(days=2557)
    assert company.storage.retention() == timedelta(days=3652)


@pytest.mark.parametrize("years", [0, 21, "7", 7.5])
def test_a_retention_that_cannot_be_meant_is_refused(years: object) -> None:
    with pytest.raises(ValidationError, match="retention_years"):
        CompanyFile(name="Acme", control_owner="dana@acme.test", retention_years=years)  # type: ignore[arg-type]
