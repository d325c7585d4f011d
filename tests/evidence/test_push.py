"""`attester evidence push`: exact bytes in the vault and an attestation that names them, or nothing at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import main
from bot.main import Product
from bot.settings import load
from tests.evidence.test_secret import DATA
from workflows.kernel.arrival import case_of
from workflows.kernel.ports import EvidenceMissing

CONTROL = "AC-01"
COMMIT = "41ab" * 10
CLEAR = DATA / "gitleaks-secret-in-clear.json"
SECRET = b"secretAWSsecret"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose program has one control."""
    monkeypatch.setenv("ATTESTER_DATA", str(tmp_path / "data"))
    assert main(["program", "init", str(tmp_path / "program")]) == 0
    assert main(["program", "apply", str(tmp_path / "program")]) == 0
    return tmp_path / "data"


@pytest.fixture
def product(data: Path) -> Iterator[Product]:
    made = Product(load())
    yield made
    made.close()


def push(*files: Path, control: str = CONTROL, more: tuple[str, ...] = ()) -> int:
    return main(["evidence", "push", *map(str, files), "--control", control, *more])


def names(product: Product) -> list[str]:
    return [event.name for event in product.record.events(case_of(CONTROL))]


def test_files_are_kept_byte_for_byte_and_named_in_a_signed_statement(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    files = [DATA / "semgrep.json", DATA / "njsscan.sarif"]

    assert push(*files, more=("--commit", COMMIT, "--json")) == 0

    told = json.loads(capsys.readouterr().out)
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert [(row["sha256"], row["kind"]) for row in told] == list(zip(digests, ["semgrep", "sarif"], strict=True))
    assert [product.vault.get(digest) for digest in digests] == [file.read_bytes() for file in files]
    (event,) = product.record.events(case_of(CONTROL))
    entry = product.log.find(event.attestation or "")
    assert entry is not None
    assert entry.payload is not None
    statement = json.loads(entry.payload)
    assert statement["predicateType"] == "urn:attester:evidence/evidence_received/v1"
    named = {subject["digest"]["sha256"]: subject for subject in statement["subject"]}
    assert named[digests[0]]["annotations"]["kind"] == "semgrep"
    assert statement["predicate"]["body"]["files"][0]["commit"] == COMMIT


def test_the_same_bytes_twice_are_stored_once_and_recorded_twice(product: Product) -> None:
    assert [push(DATA / "semgrep.json") for _ in range(2)] == [0, 0]

    assert names(product) == ["evidence_received"] * 2


def test_a_secret_stays_out_of_every_file_and_the_refusal_is_attested_without_it(
    product: Product, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert push(DATA / "semgrep.json", CLEAR) == 1

    said = capsys.readouterr()
    assert "has a secret in it (gitleaks, at /0/Secret)" in said.err
    assert "To mend it: gitleaks detect --redact" in said.err
    assert names(product) == ["evidence_refused"]
    assert SECRET.decode() not in said.out + said.err
    assert [path for path in data.rglob("*") if path.is_file() and SECRET in path.read_bytes()] == []
    with pytest.raises(EvidenceMissing):
        product.vault.get(hashlib.sha256((DATA / "semgrep.json").read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("control", "more", "why"),
    [
        ("NO-1", (), "The program has no control NO-1. Nothing was recorded."),
        (CONTROL, ("--commit", "abc"), "Give all 40 hex digits: git rev-parse HEAD"),
        (CONTROL, ("--kind", "A B"), "Write one such as sarif or semgrep."),
    ],
)
def test_a_call_that_cannot_be_meant_records_nothing(
    product: Product, capsys: pytest.CaptureFixture[str], control: str, more: tuple[str, ...], why: str
) -> None:
    assert push(DATA / "semgrep.json", control=control, more=more) == 1

    assert why in capsys.readouterr().err
    assert names(product) == []


def test_an_empty_file_is_refused_with_what_to_send_instead(
    product: Product, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.json").touch()

    assert push(tmp_path / "empty.json") == 1

    assert "Send the scanner's log with its counts instead." in capsys.readouterr().err
    assert names(product) == []


def test_a_file_that_is_not_there_is_a_wrong_call(data: Path, tmp_path: Path) -> None:
    assert push(tmp_path / "nothing.json") == 2


def test_evidence_that_was_pushed_travels_in_the_packet(product: Product, tmp_path: Path) -> None:
    assert push(DATA / "semgrep.json") == 0
    while product.integrate():
        pass
    day = product.clock.now().date().isoformat()
    out = tmp_path / "packet.zip"

    assert main(["export", "--from", day, "--to", day, "--out", str(out)]) == 0
    assert main(["verify", str(out)]) == 0


def test_a_report_of_a_repository_says_what_it_shows_and_its_findings_are_listed_and_gated(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    about = ("--repository", "Acme/Payments", "--commit", COMMIT)
    assert push(DATA / "semgrep.json", DATA / "trivy-clean.json", more=about) == 0
    said = capsys.readouterr().out
    listed = main(["finding", "list", "--repository", "acme/Payments", "--json"])
    rows = json.loads(capsys.readouterr().out)

    stopped = main(["finding", "gate", str(DATA / "semgrep.json"), *about])
    why = capsys.readouterr().out
    let = main(["finding", "gate", str(DATA / "trivy-clean.json"), *about])
    clear = capsys.readouterr().out

    assert "semgrep over acme/payments: 2 findings, the whole" in said
    assert "trivy over acme/payments: 0 findings, the whole" in said
    assert listed == 0
    assert [(row["severity"], row["tool"], row["place"], row["accepted by"]) for row in rows] == [
        ("high", "semgrep", "sample/brute.py", ""), ("medium", "semgrep", "sample/function.go", ""),
    ]  # fmt: skip
    assert (stopped, let) == (1, 0)
    assert "accepted by nobody" in why
    assert "Nothing of level high or above that is not accepted." in clear


@pytest.mark.parametrize("wrong", ["payments", "../x", "a b/c", "a/b/c/d/e", "-/" + "x" * 200])
def test_what_is_no_repository_is_refused_with_how_to_write_one(
    product: Product, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    capsys.readouterr()

    assert push(DATA / "semgrep.json", more=("--repository", wrong)) == 1

    assert "Write owner/name, such as acme/payments." in capsys.readouterr().err
    assert names(product) == []
    assert main(["finding", "gate", str(DATA / "semgrep.json"), "--repository", wrong, "--commit", COMMIT]) == 2
