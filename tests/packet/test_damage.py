"""Whatever is done to a packet is found, and named."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.packet.export import export
from bot.packet.verify import verify
from tests.packet.company import FROM, Acme
from tests.packet.damage import Files, changed, flipped, packed, unpacked, written
from workflows.access_review.examples import OPENS


def names(packet: Path) -> list[str]:
    return sorted(unpacked(packet))


def test_one_flipped_bit_in_any_file_is_found_and_the_file_named(packet: Path, tmp_path: Path) -> None:
    folder, files = written(unpacked(packet), tmp_path / "packet"), unpacked(packet)
    dice = random.Random(17)
    missed = []

    for name, data in files.items():
        (folder / name).write_bytes(flipped(data, dice.randrange(max(1, len(data) * 8))))
        report = verify(folder)
        (folder / name).write_bytes(data)
        named = any(name in (f.item, *f.sentence.split()) for f in report.findings)
        if report.fine or not (named or name in ("packet.json", "packet.sigstore.json", "keys.csv") or "keys/" in name):
            missed.append((name, report.findings))

    assert missed == []
    assert verify(folder).fine


def test_any_file_that_is_missing_is_named(packet: Path, tmp_path: Path) -> None:
    folder, files = written(unpacked(packet), tmp_path / "packet"), unpacked(packet)
    missed = []

    for name, data in files.items():
        (folder / name).unlink()
        report = verify(folder)
        (folder / name).write_bytes(data)
        if report.fine or not any(name in f.sentence for f in report.findings):
            missed.append((name, report.findings))

    assert missed == []


def test_two_thousand_random_bit_flips_are_all_refused(review: Acme, tmp_path: Path) -> None:
    """Over one bundle, the list's signature, the checkpoint, the keys and the tiles of a small packet."""
    small = tmp_path / "small.zip"
    export(review.source, out=small, start=FROM, end=OPENS + timedelta(seconds=1))
    files = unpacked(small)
    kept = next(name for name in sorted(files) if name.startswith("bundles/"))
    folder = written(files, tmp_path / "packet")
    targets = [kept, "packet.sigstore.json", "checkpoint", "keys.csv", "policy", "trusted_root.json"]
    targets += [name for name in files if name.startswith(("tile/", "keys/"))]
    dice, accepted, tried = random.Random(2026), [], 0

    while tried < 2_000:
        name = dice.choice(targets)
        bit = dice.randrange(len(files[name]) * 8)
        (folder / name).write_bytes(flipped(files[name], bit))
        if verify(folder).fine:
            accepted.append((name, bit))
        (folder / name).write_bytes(files[name])
        tried += 1

    assert accepted == []


def _add(files: Files) -> None:
    files["evidence/sha256/" + "0" * 64] = b"planted"


def _rename(files: Files) -> None:
    name = next(n for n in sorted(files) if n.startswith("bundles/"))
    files["bundles/" + "0" * 64 + ".sigstore.json"] = files.pop(name)


def _swap(files: Files) -> None:
    one, other = [n for n in sorted(files) if n.startswith("bundles/")][:2]
    files[one], files[other] = files[other], files[one]


def _swap_evidence(files: Files) -> None:
    one, other = [n for n in sorted(files) if n.startswith("evidence/")][:2]
    files[one], files[other] = files[other], files[one]


def _csv(files: Files) -> None:
    files["lines.csv"] = files["lines.csv"].replace(b"revoke", b"keep", 1)


def _page(files: Files) -> None:
    files["index.html"] = files["index.html"].replace(b"revoke", b"keep", 1)


def _verifier(files: Files) -> None:
    files["verify.py"] += b"\nraise SystemExit(0)\n"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (_add, "altered"), (_rename, "missing"), (_swap, "altered"), (_swap_evidence, "evidence altered"),
        (_csv, "altered"), (_page, "altered"), (_verifier, "altered"),
    ],
)  # fmt: skip
def test_what_was_added_renamed_swapped_or_rewritten_has_its_verdict(
    packet: Path, tmp_path: Path, change: Callable[[Files], None], verdict: str
) -> None:
    report = verify(changed(packet, tmp_path / "changed.zip", change))

    assert not report.fine
    assert verdict in {finding.verdict for finding in report.findings}
    assert "Do not rely on" in report.sentence


def test_a_packet_that_was_zipped_again_by_another_program_still_verifies(packet: Path, tmp_path: Path) -> None:
    files = list(unpacked(packet).items())
    random.Random(3).shuffle(files)

    assert verify(packed([("bundles/", b""), *files], tmp_path / "again.zip")).fine


def test_a_file_that_a_desktop_left_in_the_folder_is_named_with_what_to_do(packet: Path, tmp_path: Path) -> None:
    folder = written({**unpacked(packet), ".DS_Store": b"x"}, tmp_path / "packet")

    (finding,) = verify(folder).findings

    assert finding.sentence.startswith(".DS_Store is not in the signed list")
    assert "Verify the zip file as you received it" in finding.sentence
