"""What a packet says of itself is compared with the log: its time, its log, its checkpoint, its keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from tests.packet.company import FROM, UNTIL, Acme, acme
from tests.packet.damage import packed, unpacked
from tests.packet.reseal import after, edited, sealed, verdicts


def test_a_packet_cannot_be_passed_off_as_that_of_another_time(review: Acme, packet: Path, tmp_path: Path) -> None:
    for start, end in (("2026-10-08", "2027-01-01"), ("2026-10-01", "2026-10-09")):
        files = unpacked(packet)
        time = {"start": f"{start}T00:00:00.000000Z", "end": f"{end}T00:00:00.000000Z"}
        edited(files, "packet.json", lambda told, time=time: told["interval"].update(time))

        report = verify(packed(sealed(files, review.source.signer), tmp_path / "other.zip"))

        assert verdicts(report) == {"altered"}
        assert any("not of the time" in finding.sentence for finding in report.findings)


def test_attestations_of_another_log_are_altered(review: Acme, packet: Path, tmp_path: Path) -> None:
    files = unpacked(packet)
    edited(files, "packet.json", lambda told: told.update(origin="other.acme.test"))

    report = verify(packed(sealed(files, review.source.signer), tmp_path / "other.zip"))

    assert verdicts(report) == {"altered"}


def test_a_log_key_that_policy_and_trusted_root_disagree_on_is_altered(
    review: Acme, packet: Path, tmp_path: Path
) -> None:
    report = after(review, packet, tmp_path, lambda files: files.update(policy=files["policy"] + b"witness x\n"))

    assert verdicts(report) == {"altered"}


def test_an_extra_tile_is_altered(review: Acme, packet: Path, tmp_path: Path) -> None:
    report = after(review, packet, tmp_path, lambda files: files.update({"tile/9/000": bytes(8192)}))

    assert verdicts(report) == {"altered"}


@pytest.mark.parametrize("told", [{"size": 999}, {"root": "A" * 43 + "="}])
def test_a_list_that_names_another_checkpoint_is_altered(
    review: Acme, packet: Path, tmp_path: Path, told: dict[str, object]
) -> None:
    files = unpacked(packet)
    edited(files, "packet.json", lambda value: value["checkpoint"].update(told))

    report = verify(packed(sealed(files, review.source.signer), tmp_path / "other.zip"))

    assert verdicts(report) == {"altered"}
    assert any("not the one that packet.json names" in finding.sentence for finding in report.findings)


def test_a_bundle_from_outside_of_the_interval_is_not_passed_off_as_part_of_it(
    review: Acme, packet: Path, tmp_path: Path
) -> None:
    files = unpacked(packet)
    edited(files, "packet.json", lambda told: told["interval"].update(last=told["interval"]["last"] - 1))

    report = verify(packed(sealed(files, review.source.signer), tmp_path / "other.zip"))

    assert report.verdicts[review.ids[-1]] == "not logged"


def test_nothing_can_be_passed_off_as_erased(sqlite_url: str, tmp_path: Path) -> None:
    made = acme(sqlite_url, tmp_path / "keys", erase=lambda recorded: recorded.event.NAME == "verdicts_signed")
    export(made.source, out=tmp_path / "packet.zip", start=FROM, end=UNTIL)
    made.database.close()
    files = unpacked(tmp_path / "packet.zip")
    one, other = json.loads(files["packet.json"])["erased"]

    for false in (
        {"id": other["id"]},
        {"leaf": other["leaf"]},
        {"index": other["index"]},
        {"leaf": "e30="},
        {"keyid": "x"},
    ):
        edited(files, "packet.json", lambda told, false=false: told["erased"].__setitem__(0, {**one, **false}))
        assert not verify(packed(sealed(files, made.source.signer), tmp_path / "other.zip")).fine
