"""The whole product with a bucket and a timestamp authority: its ticks anchor and stamp, its doctor says how it stands."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from bot import settings
from bot.cli.doctor import doctor
from bot.main import Product, outside
from bot.settings import SettingsInvalid
from tests.anchor.bucket import Bucket
from tests.anchor.tsa import TestAuthority, running_authority
from workflows.kernel.bundle import TrustedLog, trusted_root


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[TestAuthority]:
    with running_authority(tmp_path / "tsa") as running:
        yield running


@pytest.fixture
def environment(bucket: Bucket, tsa: TestAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    set_to = {
        "ATTESTER_DATA": str(tmp_path / "data"),
        "ATTESTER_VAULT": "s3://vault-acme/attester",
        "AWS_ENDPOINT_URL": bucket.url,
        "ATTESTER_TSA_URL": tsa.url,
        "ATTESTER_TSA_CA": str(tsa.ca),
    }
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    return set_to


def tick(product: Product, *names: str) -> None:
    """Run some of the worker's ticks by hand."""
    found = {one.name: one.run for one in outside.ticks(product, product.queue)}
    for name in names:
        found[name]()


def sections(output: str) -> dict[str, list[tuple[bool, str]]]:
    found: dict[str, list[tuple[bool, str]]] = {}
    for row in json.loads(output):
        found.setdefault(row["what"], []).append((row["fine"], row["said"]))
    return found


def test_what_the_ledger_records_is_stamped_and_locked_in_the_bucket(
    environment: dict[str, str], bucket: Bucket, tsa: TestAuthority
) -> None:
    with closing(Product(settings.load(environment))) as product:
        assert product.runtime is not None  # notes the keys: the ledger's first attestations
        while product.integrate():
            pass

        tick(product, "anchor", "stamp", "anchor")

        size, origin = product.log.size(), product.log.origin()
        checkpoint = product.log.checkpoint()
        assert checkpoint is not None
        name = f"attester/ledger/{origin}/checkpoint/{size:020}"
        (held,), (token,) = bucket.objects[name], bucket.objects[f"{name}.tsr"]
        assert held.data == checkpoint.note.encode()
        assert held.mode == token.mode == "COMPLIANCE"
        assert tsa.verifies(held.data, token.data)
        assert len([key for key in bucket.objects if key.endswith(".sigstore.json")]) == size > 0
        assert (
            len([key for key in bucket.objects if key.startswith("attester/bundles/") and key.endswith(".tsr")]) == size
        )
        assert outside.compared(outside.anchorer(product, product.queue)) == ""


def test_the_daily_probe_is_kept_and_what_it_finds_is_said_until_it_is_mended(
    environment: dict[str, str], bucket: Bucket
) -> None:
    bucket.fault = "shorten"
    with closing(Product(settings.load(environment))) as product:
        tick(product, "probe")
        rings = {alarm.name: alarm.detail for alarm in product.queue.alarms()}
        found = product.anchors.probed("s3://vault-acme/attester")
        asked = len(bucket.asked)
        tick(product, "probe")  # not again on the same day

        assert rings["vault_probe_failed"].startswith("The vault is not shown to be immutable (shorten: broken)")
        assert found is not None
        assert [name for name, (verdict, _) in found.verdicts.items() if verdict != "kept"] == ["shorten"]
        assert len(bucket.asked) == asked

        bucket.fault = ""
        outside.probe(product)
        assert outside.probe_when_old(product, product.queue) is False


def test_doctor_says_that_all_is_well_or_what_to_mend(
    environment: dict[str, str], bucket: Bucket, tsa: TestAuthority
) -> None:
    well = sections(CliRunner().invoke(doctor, ["--json"]).output)
    bucket.fault = "suspend versioning"
    tsa.fault = "http 500"
    ill = sections(CliRunner().invoke(doctor, ["--json"]).output)

    assert all(fine for fine, _ in well["vault"] + well["time"])
    assert any(said.endswith("8 of 8 kept.") for _, said in well["vault"])
    assert any("its token verifies" in said for _, said in well["time"])
    assert [said for fine, said in ill["vault"] if not fine] == [
        "suspend versioning: broken. Versioning could be suspended, which lets objects be overwritten."
    ]
    assert [said for fine, said in ill["time"] if not fine] == [
        f"The timestamp authority at {tsa.url} answered HTTP 500."
    ]


def test_a_bucket_that_does_not_let_us_in_is_a_sentence_of_doctor(environment: dict[str, str], bucket: Bucket) -> None:
    bucket.forbidden = frozenset({"put"})

    found = sections(CliRunner().invoke(doctor, ["--json"]).output)

    assert found["vault"] == [
        (
            False,
            "AWS does not let Attester do PutObject in vault-acme. Allow s3:PutObject and s3:PutObjectRetention.",
        )
    ]


def test_the_trusted_root_names_every_certificate_that_ever_signed(environment: dict[str, str]) -> None:
    with closing(Product(settings.load(environment))) as product:
        assert product.runtime is not None
        while product.integrate():
            pass
        tick(product, "stamp")

        (authority,) = product.trusted_authorities()
        whole = trusted_root([TrustedLog("acme", bytes(32), authority.start)], [authority])

        assert whole["timestampAuthorities"][0]["subject"] == {
            "organization": "Test Stamps", "commonName": "Test Stamps",
        }  # fmt: skip
        assert len(whole["timestampAuthorities"][0]["certChain"]["certificates"]) == 2
        assert authority.uri.startswith(environment["ATTESTER_TSA_URL"] + "#")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"ATTESTER_TSA_CA": ""}, "ATTESTER_TSA_URL and ATTESTER_TSA_CA go together"),
        ({"ATTESTER_TSA_URL": ""}, "ATTESTER_TSA_URL and ATTESTER_TSA_CA go together"),
        ({"ATTESTER_TSA_URL": "tsa.example.com"}, "ATTESTER_TSA_URL is no web address"),
        ({"ATTESTER_VAULT": "gs://vault"}, "ATTESTER_VAULT is neither file:///FOLDER nor s3://BUCKET/PREFIX"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_at_the_start(
    environment: dict[str, str], changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsInvalid, match=sentence):
        settings.load(environment | changed)


def test_an_authority_without_its_root_stops_the_worker_with_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    configured = settings.load(environment | {"ATTESTER_TSA_CA": str(tmp_path / "empty.pem")})

    with closing(Product(configured)) as product, pytest.raises(SettingsInvalid, match="holds no PEM certificates"):
        outside.ticks(product, product.queue)


def test_without_authority_and_bucket_there_are_anchors_in_the_folder_and_no_tokens(
    tmp_path: Path,
) -> None:
    configured = settings.load({"ATTESTER_DATA": str(tmp_path / "data")})
    with closing(Product(configured)) as product:
        assert product.runtime is not None
        while product.integrate():
            pass

        tick(product, "anchor")

        assert {one.name for one in outside.ticks(product, product.queue)} == {"measure", "anchor", "compare"}
        assert [a.checkpoint.size for a in product.anchors.anchors()] == [product.log.size()]
        assert product.stamps.waiting_for_tokens() == (0, None)


def test_ledger_check_judges_kept_tokens_and_the_newest_anchor_again(
    environment: dict[str, str], bucket: Bucket, tsa: TestAuthority
) -> None:
    with closing(Product(settings.load(environment))) as product:
        assert product.runtime is not None
        while product.integrate():
            pass
        tick(product, "anchor", "stamp", "anchor")
        clean = outside.findings(product, product.queue)
        size = product.log.size()
        newest = bucket.objects[f"attester/ledger/{product.log.origin()}/checkpoint/{size:020}"][-1]

        with product.database.write() as session:
            copied = "UPDATE token SET data = (SELECT t.data FROM token t WHERE t.id = 2) WHERE id = 1"
            session.connection().execute(text(copied))
        newest.data = newest.data.replace(f"\n{size}\n".encode(), b"\n900\n")
        newest.checksum = base64.b64encode(hashlib.sha256(newest.data).digest()).decode()
        said = outside.findings(product, product.queue)

        assert clean == []
        assert said[0].startswith(
            f"The vault's ledger/{product.log.origin()}/checkpoint/{size:020} is no checkpoint that this ledger signed: "
        )
        assert len(said) == 2
        assert "does not hold: The token stamps other bytes than those that were sent." in said[1]
