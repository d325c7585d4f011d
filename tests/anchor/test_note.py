"""What goes wrong with the ledger's outside stands in the ledger itself: once, signed, by the product's own road."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from bot import settings
from bot.cli import main
from bot.main import Product, outside
from bot.main.notes import Integrating, Notes
from bot.packet.verify import verify
from bot.stamper import Stamper
from bot.stamping import open_authority
from bot.store.ledger import LedgerCorrupt
from bot.web.server import running
from tests.anchor.bucket import Bucket
from tests.anchor.outside import Outside, Watch
from tests.anchor.tsa import running_authority
from workflows.kernel.checkpoint import parse_proof_file, verified
from workflows.kernel.ledger import CASE, NoteClock, NoteCorrupt, NoteGap, NoteNoTime
from workflows.kernel.merkle import includes, leaf_hash
from workflows.kernel.model import Command, by_system
from workflows.kernel.ports import SigningFailed

PLAIN = {k: v for k, v in os.environ.items() if not k.startswith(("ATTESTER_", "AWS_", "SLACK_", "OKTA_"))}


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **PLAIN,
        "ATTESTER_DATA": str(tmp_path / "data"),
        "ATTESTER_PUBLIC_URL": "https://attester.acme.test",
        "SLACK_SIGNING_SECRET": "secret",
    }


@pytest.fixture
def product(environment: dict[str, str], watch: Watch) -> Iterator[Product]:
    """Acme's product on SQLite with a folder for a vault; its first attestations are in the log."""
    with closing(Product(settings.load(environment), watch)) as made:
        assert made.runtime is not None
        cover(made)
        yield made


def cover(product: Product) -> None:
    """Have everything in the log."""
    while product.integrate():
        pass


def noted(product: Product) -> list[str]:
    """What the ledger's own case tells, beyond that the log was opened with its key."""
    return [event.name for event in product.record.events(CASE)][2:]


def test_a_day_without_an_anchor_is_noted_once_with_both_sizes_and_the_note_is_anchored_in_the_end(
    product: Product, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(lambda: product.runtime)
    folder = product.settings.data / "vault"
    folder.mkdir(exist_ok=True)
    blocked = folder / "bundles"
    blocked.write_text("in the way")  # the folder for bundles cannot be made
    anchor = outside.anchorer(product, product.queue, notes)
    watch.forward(hours=25)

    for _ in range(3):
        anchor.run()
        outside.anchorer(product, product.queue, notes).run()
        cover(product)
        watch.forward(hours=5)

    assert noted(product) == ["ledger_anchor_gap"]
    body = product.record.events(CASE)[-1].body
    assert (body["anchored_size"], body["size"]) == (0, 2)
    blocked.unlink()
    outside.anchorer(product, product.queue, notes).run()
    assert product.anchors.gap(product.settings.vault_url).anchored == 3


def test_a_day_without_a_token_is_noted_and_a_wrong_clock_at_once(database_url: str, tmp_path: Path) -> None:
    found: list[Command] = []

    def note(command: Command) -> bool:
        found.append(command)
        return True

    with (
        running_authority(tmp_path / "tsa") as tsa,
        closing(open_authority(tsa.url, tsa.ca)) as authority,
        closing(Outside(database_url, tmp_path, authority)) as acme,
    ):
        stamper = Stamper(acme.stamps, authority, acme.watch, acme.alarms, note)
        acme.watch.forward(hours=2)
        (name,) = acme.decide()

        stamper.run()
        acme.watch.forward(hours=25)
        for _ in range(3):
            stamper.run()

    clocks = [c for c in found if isinstance(c, NoteClock)]
    (missing,) = [c for c in found if isinstance(c, NoteNoTime)]
    assert clocks[0].subject == name
    assert clocks[0].gen_at < clocks[0].at - timedelta(minutes=1)
    assert clocks[0].authority == tsa.url
    assert missing.waiting == 1
    assert "follow a time server" in missing.why


def test_a_probe_is_noted_when_its_verdict_changes_also_where_doctor_probed(
    bucket: Bucket, environment: dict[str, str], watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment |= {"ATTESTER_VAULT": "s3://vault-acme/attester", "AWS_ENDPOINT_URL": bucket.url}
    with closing(Product(settings.load(environment), watch)) as product:
        notes = Notes(lambda: product.runtime)
        probe = next(t.run for t in outside.ticks(product, product.queue, notes) if t.name == "probe")

        probe()
        probe()
        bucket.fault = "shorten"
        outside.probe(product)  # as doctor does
        probe()
        probe()

        assert noted(product) == ["vault_probe_kept", "vault_probe_failed"]
        assert product.record.events(CASE)[-1].body["verdicts"]["shorten"] == "broken"


def test_a_note_that_cannot_be_signed_now_is_tried_again_and_stops_nothing(
    product: Product, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = NoteGap(anchored_size=0, size=2, since=watch.now())
    notes = Notes(lambda: product.runtime)
    with monkeypatch.context() as patch:
        patch.setattr(product.runtime, "act", _no_key)
        assert notes(gap) is False

    assert notes(gap) is True
    assert noted(product) == ["ledger_anchor_gap"]


def _no_key(*_: object, **__: object) -> None:
    raise SigningFailed("The key is away.")


def test_a_log_that_contradicts_itself_rings_and_is_noted_once_it_signs_again(product: Product, watch: Watch) -> None:
    def corrupt() -> None:
        raise LedgerCorrupt("The stored log is not what was signed. Run: attester ledger check")

    notes = Notes(lambda: product.runtime)
    ill = Integrating(corrupt, product.queue, notes)
    for _ in range(2):
        with pytest.raises(LedgerCorrupt):
            ill.run()
    rings = {alarm.name: alarm.detail for alarm in product.queue.alarms()}
    before = noted(product)

    # Another process, after the database was mended.
    mended = Integrating(product._cover, product.queue, notes)
    notes(NoteGap(anchored_size=0, size=2, since=watch.now()))
    mended.run()

    assert rings["ledger_corrupt"].startswith("The stored log is not what was signed.")
    assert before == []
    assert noted(product) == ["ledger_anchor_gap", "ledger_corrupt"]
    assert "ledger_corrupt" not in {alarm.name for alarm in product.queue.alarms()}


def test_metrics_show_how_long_the_oldest_waits_for_the_log(product: Product, watch: Watch) -> None:
    product.runtime.act(CASE, NoteCorrupt(finding="x"), by_system("attester"), control=CASE)
    watch.forward(seconds=30)

    outside.measure(product)
    waiting = REGISTRY.get_sample_value("attester_ledger_oldest_pending_seconds")
    cover(product)
    outside.measure(product)

    assert waiting == pytest.approx(30)
    assert REGISTRY.get_sample_value("attester_ledger_oldest_pending_seconds") == 0
    assert REGISTRY.get_sample_value("attester_vault_probe_kept") == 0


def test_the_proof_of_an_attestation_is_downloaded_by_anybody_and_leads_to_the_checkpoint(product: Product) -> None:
    entry = next(product.log.entries(1, 1))
    with running(product.web()) as url, httpx.Client(base_url=url) as web:
        answer = web.get(f"/log/proof/{entry.id}")

    proof = parse_proof_file(answer.text)
    checkpoint = verified(proof.note, product.log.origin(), product.log_key.public, product.log_key.verify)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{entry.id}.tlog-proof"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert proof.idx == 1
    assert includes(leaf_hash(entry.leaf), proof.idx, checkpoint.size, proof.path, checkpoint.root)
    assert len(answer.content) < 2_000


def test_where_there_is_no_proof_a_sentence_says_why(product: Product, watch: Watch) -> None:
    product.runtime.act(CASE, NoteCorrupt(finding="x"), by=by_system("attester"), control=CASE)
    waiting = product.record.events(CASE)[-1].attestation
    with running(product.web()) as url, httpx.Client(base_url=url) as web:
        answers = [web.get(f"/log/proof/{name}") for name in ("0" * 64, "nonsense", "0" * 63 + "'", waiting)]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.text for answer in answers[:3]} == {"No attestation has this SHA-256 in this ledger (2 entries)."}
    assert answers[3].text == "This attestation is recorded and waits for the log. Try again in a few seconds."


def test_an_export_is_recorded_with_whom_it_is_for_and_the_sha256_of_the_file(
    product: Product, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = exported(environment, tmp_path, "--for", " Example  Audit LLP ")

    said, event = capsys.readouterr().out, product.record.events(CASE)[-1]
    assert code == 0, said
    assert event.name == "packet_exported"
    assert event.body["for_whom"] == "Example Audit LLP"
    assert event.body["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (event.body["first"], event.body["last"], event.body["checkpoint_size"]) == (0, 1, 2)
    assert product.log.pending() == 0
    with zipfile.ZipFile(out) as packed:
        assert json.loads(packed.read("packet.json"))
    assert verify(out).fine


def test_an_export_whose_note_cannot_be_signed_keeps_the_file_and_says_so(
    product: Product, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.runtime.Runtime.act", _no_key)

    code, out = exported(environment, tmp_path)

    said = capsys.readouterr().err
    assert code == 1
    assert f"{out} is written and whole, but the ledger does not say so: The key is away." in said
    assert verify(out).fine
    assert noted(product) == []


@pytest.mark.parametrize("name", ["x" * 201, "Audit\x1b[31m"])
def test_a_name_that_is_no_plain_line_is_refused_before_anything_is_written(
    product: Product, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    code, out = exported(environment, tmp_path, "--for", name)

    assert code == 2
    assert not out.exists()


def exported(environment: dict[str, str], folder: Path, *more: str) -> tuple[int, Path]:
    """Export everything of these days, as an operator calls it."""
    out = folder / "packet.zip"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return main(["export", "--from", "2026-01-01", "--to", "2099-12-31", "--out", str(out), *more]), out
