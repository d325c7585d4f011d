"""What is written: everything an auditor needs, or nothing."""

from __future__ import annotations

import json
import shutil
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from bot.packet.export import ExportRefused, export
from bot.packet.verify import verify
from bot.signing import load_signer
from bot.store.ledger import Log
from tests.packet.company import FROM, ORIGIN, UNTIL, Acme, acme
from tests.packet.damage import unpacked


@pytest.fixture
def fresh(sqlite_url: str, tmp_path: Path) -> Iterator[Acme]:
    """A ledger of this test's own."""
    made = acme(sqlite_url, tmp_path / "keys")
    yield made
    made.database.close()


def test_a_packet_holds_every_attestation_with_its_evidence_and_verifies(review: Acme, packet: Path) -> None:
    files = unpacked(packet)

    report = verify(packet)

    assert report.fine, report.findings
    assert report.sentence == (
        f"{len(review.ids)} attestations, {report.evidence} evidence files, log {len(review.ids)} entries: all verify. "
        "No outside time."
    )
    assert {f"bundles/{one}.sigstore.json" for one in review.ids} == {n for n in files if n.startswith("bundles/")}
    assert set(report.verdicts) == set(review.ids)
    assert {"VERIFY.md", "checkpoint", "decisions.csv", "evidence.csv", "index.html", "keys.csv", "lines.csv"} <= set(
        files
    )
    assert {"packet.json", "packet.sigstore.json", "policy", "trusted_root.json", "verify.py"} <= set(files)
    told = json.loads(files["packet.json"])
    assert told["origin"] == ORIGIN
    assert set(told["files"]) == set(files) - {"packet.json", "packet.sigstore.json"}
    assert report.keys == [review.source.signer.keyid]


def test_a_packet_is_sorted_and_carries_no_time_of_its_making(packet: Path) -> None:
    with zipfile.ZipFile(packet) as box:
        infos = box.infolist()

    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_export_twice_differs_in_the_manifest_signature_only(
    review: Acme, packet: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"

    export(review.source, out=again, start=FROM, end=UNTIL)

    first, second = unpacked(packet), unpacked(again)
    assert {name for name in first if first[name] != second.get(name)} == {"packet.sigstore.json"}
    assert set(first) == set(second)


def test_a_packet_holds_what_certificates_name_so_that_the_lists_can_be_counted_again(packet: Path) -> None:
    files = unpacked(packet)
    certificates = [
        json.loads(data)
        for name, data in files.items()
        if name.startswith("evidence/") and data.startswith(b'{"accounts_sha256"')
    ]

    named = {c[f"{what}_sha256"] for c in certificates for what in ("raw", "lines", "accounts")}

    assert len(certificates) == 4
    assert all(f"evidence/sha256/{sha256}" in files for sha256 in named)


def test_an_attestation_whose_evidence_is_missing_is_not_exported(fresh: Acme, tmp_path: Path) -> None:
    verdicts = next(e for e in fresh.log.entries(0, 99) if e.payload and b"verdicts_signed.reasons" in e.payload)
    subjects = json.loads(verdicts.payload or b"")["subject"]
    sha256 = next(s["digest"]["sha256"] for s in subjects if "reasons" in s["name"])
    del fresh.evidence[sha256]

    with pytest.raises(ExportRefused, match=rf"verdicts_signed.reasons.json .{sha256}. is missing"):
        export(fresh.source, out=tmp_path / "packet.zip", start=FROM, end=UNTIL)

    assert not list(tmp_path.glob("*packet*"))


def test_evidence_with_other_bytes_is_not_exported_and_is_named(fresh: Acme, tmp_path: Path) -> None:
    sha256 = next(iter(fresh.evidence))
    sha256 = next(s for s in fresh.evidence if fresh.evidence[s].startswith(b'{"accounts_sha256"'))
    fresh.evidence[sha256] += b" "
    out = tmp_path / "packet.zip"
    out.write_bytes(b"the packet of last week")

    with pytest.raises(ExportRefused, match=rf"{sha256}. has other bytes than those that were signed"):
        export(fresh.source, out=out, start=FROM, end=UNTIL)

    assert out.read_bytes() == b"the packet of last week"


def test_nothing_is_exported_while_an_attestation_waits_for_the_log(fresh: Acme, tmp_path: Path) -> None:
    class Waiting(Log):
        def unlogged(self, start: datetime, end: datetime) -> list[str]:
            return ["f" * 64]

    source = replace(fresh.source, ledger=Waiting(fresh.database))

    with pytest.raises(ExportRefused, match=r"wait for the log .f{64}."):
        export(source, out=tmp_path / "packet.zip", start=FROM, end=UNTIL)


def test_a_time_without_attestations_is_refused_with_what_to_do(review: Acme, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match=r"Nothing was recorded from 2020-01-01 to 2020-02-01. Choose another time"):
        export(
            review.source,
            out=tmp_path / "p.zip",
            start=datetime(2020, 1, 1, tzinfo=UTC),
            end=datetime(2020, 2, 1, tzinfo=UTC),
        )


def test_a_key_that_is_not_the_ledgers_signs_no_packet(review: Acme, tmp_path: Path) -> None:
    stranger = replace(review.source, signer=load_signer(f"file:{tmp_path / 'other.key'}", create=True))

    with pytest.raises(ExportRefused, match="not among the ledger's keys"):
        export(stranger, out=tmp_path / "packet.zip", start=FROM, end=UNTIL)


def test_a_packet_of_some_days_verifies_although_its_cases_began_before(review: Acme, tmp_path: Path) -> None:
    out = tmp_path / "packet.zip"

    made = export(review.source, out=out, start=datetime(2026, 10, 8, 7, 30, tzinfo=UTC), end=UNTIL)

    report = verify(out)
    assert report.fine, report.findings
    assert 0 < made.attestations < len(review.ids)
    told = json.loads(unpacked(out)["packet.json"])
    assert told["interval"]["last"] - told["interval"]["first"] + 1 == made.attestations
    assert told["checkpoint"]["size"] == len(review.ids)


def test_an_erased_text_leaves_everything_else_provable(sqlite_url: str, tmp_path: Path) -> None:
    made = acme(sqlite_url, tmp_path / "keys", erase=lambda r: r.event.NAME == "verdicts_signed")
    out = tmp_path / "packet.zip"

    export(made.source, out=out, start=FROM, end=UNTIL)

    report = verify(out)
    made.database.close()
    assert report.fine, report.findings
    assert sorted(report.verdicts.values()).count("erased") == 2
    assert "2 attestations were erased after retention" in report.sentence
    assert set(report.verdicts) == set(made.ids)


def test_large_evidence_goes_through_in_bounded_memory(review: Acme, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(48 * 1024 * 1024)
    sha256 = next(iter(review.evidence))

    def opened(wanted: str) -> BinaryIO:
        return large.open("rb") if wanted == sha256 else BytesIO(review.evidence[wanted])

    tracemalloc.start()
    with pytest.raises(ExportRefused, match="other bytes"):
        export(replace(review.source, evidence=opened), out=tmp_path / "packet.zip", start=FROM, end=UNTIL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 24 * 1024 * 1024


def test_a_full_disk_leaves_the_packet_of_before(review: Acme, packet: Path, tmp_path: Path) -> None:
    out = tmp_path / "packet.zip"
    shutil.copy(packet, out)

    def failing(wanted: str) -> BinaryIO:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        export(replace(review.source, evidence=failing), out=out, start=FROM, end=UNTIL)

    assert verify(out).fine
    assert [path.name for path in tmp_path.iterdir()] == ["packet.zip"]


def test_days_are_counted_from_the_first_moment_to_before_the_last(review: Acme, tmp_path: Path) -> None:
    entries = list(review.log.entries(0, 99))
    at = entries[-1].at

    with pytest.raises(ExportRefused, match="Nothing was recorded"):
        export(review.source, out=tmp_path / "p.zip", start=at + timedelta(microseconds=1), end=UNTIL)
    made = export(review.source, out=tmp_path / "p.zip", start=at, end=at + timedelta(microseconds=1))

    assert made.attestations >= 1
