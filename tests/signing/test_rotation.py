"""Keys follow each other: a new one is noted in the ledger, old signatures go on holding, both may sign for a while."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.cli import main
from bot.main import Product
from bot.packet.export import export
from bot.packet.verify import verify
from bot.signing import load_log_key, load_signer, verify_p256
from bot.store import replay
from tests.signing.kms import SIGNING, aws_environment, refusal, running_kms
from workflows.kernel.attestation import predicate_type
from workflows.kernel.dsse import pae
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.ledger import CASE, LEDGER, KeyAdded, LedgerOpened, NoteKey, decide, evolve
from workflows.kernel.model import by_person, by_system
from workflows.kernel.publickey import der, pem

DAY = timedelta(days=1)


class Office:
    """One database and folder; processes that start on it with one key or another."""

    def __init__(self, url: str, data: Path, after: ExitStack) -> None:
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ATTESTER_", "AWS_", "SLACK_", "OKTA_"))},
            "DATABASE_URL": url, "ATTESTER_DATA": str(data), "ATTESTER_PUBLIC_URL": "https://attester.acme.test",
        }  # fmt: skip
        self._after = after
        self.data = data
        load_log_key(f"file:{data / 'log.key'}", create=True)

    def start(self, key: str = "signing.key", **more: str) -> Product:
        """A process whose key of attestations is this file, made where it is not there, or this key in KMS."""
        if not key.startswith("awskms:"):
            load_signer(f"file:{self.data / key}", create=True)
            key = f"file:{self.data / key}"
        product = Product(settings.load(self.environment | {"ATTESTER_SIGNING_KEY": key, **more}))
        self._after.callback(product.close)
        assert product.runtime
        return product

    def command(self, *arguments: str, key: str) -> int:
        """A command of the command line with this key configured; its exit code."""
        with pytest.MonkeyPatch.context() as patch:
            named = key if key.startswith("awskms:") else f"file:{self.data / key}"
            for name, value in (self.environment | {"ATTESTER_SIGNING_KEY": named}).items():
                patch.setenv(name, value)
            return main(arguments)


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as after:
        yield Office(database_url, tmp_path, after)


def noted(product: Product) -> list[tuple[str, str | None]]:
    """The ledger's own case: event names, and the key that each event adds."""
    return [(e.name, e.body.get("keyid")) for e in product.record.events(CASE)]


def test_the_first_start_notes_that_the_log_was_opened_and_its_key_and_the_second_nothing(office: Office) -> None:
    first = office.start()

    again = office.start()

    key = first.signer.keyid
    assert noted(again) == [("ledger_opened", None), ("key_added", key)]
    opened, added = again.log.of_case(CASE)
    assert (opened.keyid, added.keyid) == (key, key)
    said = json.loads(added.payload or b"")
    assert said["predicateType"] == "urn:attester:ledger/key_added/v1"
    assert said["predicate"]["by"] == {"system": "attester"}
    assert der(said["predicate"]["body"]["pem"]) == first.signer.public_der


def test_a_new_key_is_noted_in_an_attestation_that_it_signs_and_old_ones_still_hold(office: Office) -> None:
    old = office.start("first.key")
    old.integrate()

    new = office.start("second.key")
    new.integrate()

    assert noted(new)[-1] == ("key_added", new.signer.keyid)
    assert [e.keyid for e in new.log.of_case(CASE)] == [old.signer.keyid] * 2 + [new.signer.keyid]
    known = new.log.keys()
    public = {key.keyid: key.public_der for key in known}
    assert list(public) == [old.signer.keyid, new.signer.keyid]
    assert new.log.check(new.log_key, verify_p256) == []
    for entry in new.log.entries(0, new.log.size() - 1):
        assert verify_p256(public[entry.keyid], pae(entry.payload or b""), entry.signature)


def test_a_packet_that_spans_a_move_from_a_file_to_kms_verifies(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment(monkeypatch)
    with running_kms() as kms:
        old = office.start("first.key")
        new = office.start(f"awskms:///{SIGNING}", AWS_ENDPOINT_URL=kms.url)
        new.integrate()
        now = new.clock.now()
        export(new.packet_source(), out=tmp_path / "packet.zip", start=now - DAY, end=now + DAY)

    report = verify(tmp_path / "packet.zip")

    assert report.findings == []
    assert (report.attestations, report.keys) == (3, sorted([old.signer.keyid, new.signer.keyid]))


def test_a_key_counts_for_processes_whose_clock_is_behind(office: Office) -> None:
    product = office.start()

    first = product.log.of_case(CASE)[0]
    assert product.log.keys()[0].not_before < first.at - timedelta(minutes=4)


def test_while_processes_are_replaced_both_keys_sign_and_a_return_to_the_old_one_is_no_news(office: Office) -> None:
    old, new = office.start("first.key"), office.start("second.key")

    for product in (new, old, new, old):
        product.integrate()
    back = office.start("first.key")

    assert len(noted(back)) == 3
    assert back.log.check(back.log_key, verify_p256) == []


def test_processes_that_start_at_once_note_a_key_once(office: Office) -> None:
    load_signer(f"file:{office.data / 'signing.key'}", create=True)

    with ThreadPoolExecutor(4) as pool:
        products = list(pool.map(lambda _: office.start(), range(4)))

    assert [name for name, _ in noted(products[0])] == ["ledger_opened", "key_added"]


def test_the_ledgers_own_case_is_rebuilt_from_its_events_like_every_other(office: Office) -> None:
    product = office.start()

    assert list(replay.deviations(product.database, replay.folding(product.runtime.workflows))) == []
    summary = product.record.summary(CASE)
    assert summary is not None
    assert (summary.open, summary.status) == (False, "1 signing key so far")


def test_the_command_lists_both_keys_and_says_which_one_signs_now(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = office.start("first.key"), office.start("second.key")

    code = office.command("ledger", "keys", "--json", key="second.key")

    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [(r["key"], r["signs"], r["now"]) for r in rows[:2]] == [
        (old.signer.keyid, "attestations", "no"),
        (new.signer.keyid, "attestations", "yes"),
    ]
    assert [r["signs"] for r in rows] == ["attestations", "attestations", "checkpoints"]


def test_the_command_lists_the_keys_although_the_configured_one_is_lost(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    old = office.start("first.key")
    (office.data / "lost.key").mkdir()

    code = office.command("ledger", "keys", key="lost.key")

    said = capsys.readouterr()
    assert code == 1
    assert old.signer.keyid in said.out
    assert "lost.key cannot be read" in said.err


def test_doctor_says_which_permission_the_key_lacks(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws_environment(monkeypatch)
    with running_kms() as kms:
        kms.fault = lambda operation: refusal("AccessDeniedException")
        monkeypatch.setenv("AWS_ENDPOINT_URL", kms.url)
        code = office.command("doctor", "--json", key=f"awskms:///{SIGNING}")

    said = {f["said"] for f in json.loads(capsys.readouterr().out) if f["what"] == "keys"}
    assert code == 1
    assert "AWS does not let Attester use the key alias/attester-signing. Allow kms:GetPublicKey on it" in said.pop()


def test_only_the_machine_notes_a_key_and_only_under_its_own_name() -> None:
    example = LEDGER.examples()[0]
    person = by_person(Person(id="P-maya", issuer="idp", login="maya@acme.test", name="Maya Chen"))
    added = next(r.event for r in example.history if isinstance(r.event, KeyAdded))
    good = NoteKey(origin="ledger.example.com", log_key="vkey", keyid=added.keyid, pem=added.pem)

    with pytest.raises(Refused, match="noted by the process"):
        decide(None, good, person, example.at, example.facts)
    with pytest.raises(Refused, match="not its fingerprint"):
        decide(None, good.model_copy(update={"keyid": "SHA256:x"}), by_system("attester"), example.at, example.facts)


def test_the_named_history_of_the_ledger_tells_its_three_events() -> None:
    example = LEDGER.examples()[0]
    state = None
    for recorded in example.history:
        state = evolve(state, recorded)

    assert [type(r.event) for r in example.history] == [LedgerOpened, KeyAdded, KeyAdded]
    assert LEDGER.summary(state).status == "2 signing keys so far"
    assert predicate_type(LEDGER.name, LedgerOpened) == "urn:attester:ledger/ledger_opened/v1"
    assert all(pem(der(r.event.pem)) == r.event.pem for r in example.history if isinstance(r.event, KeyAdded))
