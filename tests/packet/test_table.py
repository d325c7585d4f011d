"""Tables open in a spreadsheet without doing anything, and say what was signed."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.packet.table import DANGEROUS, cell
from tests.packet.company import FORMULA, IMAGE, SCRIPT, Acme
from tests.packet.damage import unpacked


def rows(packet: Path, name: str) -> list[dict[str, str]]:
    text = unpacked(packet)[name].decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("name", ["lines.csv", "decisions.csv", "evidence.csv", "keys.csv"])
def test_no_cell_can_become_a_formula_and_every_row_is_whole(packet: Path, name: str) -> None:
    text = unpacked(packet)[name].decode()
    table = list(csv.reader(io.StringIO(text, newline=""), strict=True))

    assert {len(row) for row in table} == {len(table[0])}
    assert [value for row in table for value in row if value.startswith(DANGEROUS)] == []
    assert text.endswith("\r\n")


@given(st.text())
def test_whatever_is_typed_stays_one_harmless_cell(value: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow([cell(value), "end"])

    ((first, end),) = csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True)

    assert end == "end"
    assert first == cell(value)
    assert not first.lstrip(" \n").startswith(DANGEROUS)


def test_every_line_has_its_row_with_verdict_reason_and_attestation(review: Acme, packet: Path) -> None:
    table = rows(packet, "lines.csv")

    assert len(table) == 13
    assert {row["verdict"] for row in table} == {"keep", "revoke"}
    assert {row["attestation"] for row in table} <= set(review.ids)
    for row in table:
        bundle = json.loads(unpacked(packet)[f"bundles/{row['attestation']}.sigstore.json"])
        body = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["predicate"]["body"]
        signed = {(v["key"][1], v["key"][2]): v for v in body["verdicts"]}
        verdict = next(v for (_, entitlement), v in signed.items() if entitlement == row["entitlement"])
        assert verdict["tier"] in ("plain", "flagged", "privileged")
        assert row["shown_sha256"] in {v["shown"] for v in body["verdicts"]}


def test_removals_are_told_to_the_list_that_proves_them(packet: Path) -> None:
    removed = [row for row in rows(packet, "lines.csv") if row["verdict"] == "revoke"]

    assert len(removed) == 2
    for row in removed:
        assert row["removal"] == "verified gone"
        assert row["reported_at"] < row["found_still_there"] < row["verified_at"]
        assert f"evidence/sha256/{row['verified_by_list_sha256']}" in unpacked(packet)


def test_hostile_names_are_kept_as_text(packet: Path) -> None:
    table = rows(packet, "lines.csv")

    assert any(row["account_name"] == "'" + FORMULA for row in table)
    assert any(row["person"] == SCRIPT for row in table)
    assert any(row["reason"].startswith(IMAGE) for row in table)


def test_every_attestation_has_its_row_in_the_order_of_the_log(review: Acme, packet: Path) -> None:
    table = rows(packet, "decisions.csv")

    assert [row["attestation"] for row in table] == [e.id for e in review.log.entries(0, 999)]
    assert {row["control"] for row in table} == {"AC-04"}
    assert any(row["who"] == "Tom Fischer" and row["what"].startswith("Signed 1") for row in table)


def test_every_file_of_evidence_is_listed_with_its_kind(packet: Path) -> None:
    files = {name for name in unpacked(packet) if name.startswith("evidence/")}
    table = rows(packet, "evidence.csv")

    assert {row["file"] for row in table if row["in_packet"] == "yes"} == files
    assert {"population", "lines", "raw", "accounts", "attester.ask", "verdicts_signed.reasons"} <= {
        row["kind"] for row in table
    }
