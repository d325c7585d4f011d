"""Outside time, from a real authority through the real export: what it proves, and what of it cannot be faked."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.packet.verifier.command import lines_of, main
from bot.packet.verify import verify
from bot.stamping import open_authority, trusted_authority
from tests.anchor.tsa import Paper, running_authority
from tests.packet.company import Acme, acme
from tests.packet.damage import Files, unpacked, written
from tests.packet.outside import Given, packet_of, stamped
from tests.packet.reseal import after, edited, first, verdicts
from tests.packet.test_guide import block, run

TIMES = "timestampVerificationData"


def tokens(files: Files, name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(files[name])["verificationMaterial"][TIMES]["rfc3161Timestamps"]
    return found


def retimed(files: Files, name: str, listed: list[dict[str, str]]) -> None:
    edited(files, name, lambda value: value["verificationMaterial"].update({TIMES: {"rfc3161Timestamps": listed}}))


def test_a_packet_with_outside_time_verifies_without_any_reserve(now: Acme, timed: Path) -> None:
    report = verify(timed)

    assert report.fine, report.findings
    assert set(report.verdicts.values()) == {"valid"}
    assert report.sentence == (
        f"{len(now.ids)} attestations, {report.evidence} evidence files, log {len(now.ids)} entries, 1 anchor: all verify."
    )
    assert report.newest_anchor.startswith(
        f"The newest anchor covers {len(now.ids)} of {len(now.ids)} entries; it was st"
    )
    assert any(line.startswith("Stamped under the root certificate SHA256:") for line in lines_of(report))


def test_a_packet_carries_every_anchored_checkpoint_with_its_token_and_the_authoritys_certificates(
    now: Acme, timed: Path
) -> None:
    files, size = unpacked(timed), len(now.ids)

    trusted = json.loads(files["trusted_root.json"])["timestampAuthorities"]

    assert [name for name in files if name.startswith("checkpoints/")] == [
        f"checkpoints/{size}",
        f"checkpoints/{size}.tsr",
    ]
    assert files[f"checkpoints/{size}"] == files["checkpoint"]
    assert [len(one["certChain"]["certificates"]) for one in trusted] == [2]
    assert files["tsa-root.pem"].count(b"BEGIN CERTIFICATE") == files["tsa-chain.pem"].count(b"BEGIN CERTIFICATE") == 1


def test_the_same_tokens_make_the_same_bytes(now: Acme, timed: Path, tmp_path: Path) -> None:
    again = unpacked(packet_of(now.source, tmp_path / "again.zip"))

    assert {name for name, data in unpacked(timed).items() if again.get(name) != data} == {"packet.sigstore.json"}


def test_the_file_in_the_packet_says_the_same_alone(timed: Path, tmp_path: Path) -> None:
    folder = written(unpacked(timed), tmp_path / "packet")

    command = [sys.executable, "-I", "-W", "error", "verify.py", ".", "--held", "checkpoint", "--json"]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(verify(timed).as_json())


def test_openssl_verifies_the_time_stamps_with_the_commands_of_the_guide(timed: Path, tmp_path: Path) -> None:
    folder = written(unpacked(timed), tmp_path / "packet")
    names, unpack, times = block(folder, "B=bundles/"), block(folder, "<<'END'"), block(folder, "<<'TOKEN'")

    said = run(folder, f"{names}\n{unpack}\n{times}\n{block(folder, '-in token.tsr')} 2>&1")
    anchor = run(folder, block(folder, "-in checkpoints/").strip() + " 2>&1")
    print_ = run(folder, block(folder, "openssl x509")).strip().rstrip("=")

    assert "Time stamp:" in said
    assert "Verification: OK" in anchor
    assert verify(timed).authorities == [f"SHA256:{print_}"]


def test_an_attestation_whose_token_was_taken_away_has_no_outside_time(now: Acme, timed: Path, tmp_path: Path) -> None:
    def take(files: Files) -> None:
        edited(files, first(files), lambda value: value["verificationMaterial"].pop(TIMES))

    report = after(now, timed, tmp_path, take)

    assert report.fine
    assert sorted(set(report.verdicts.values())) == ["no outside time", "valid"]
    assert report.sentence.endswith("all verify. 1 attestation has no outside time.")
    assert main([str(tmp_path / "changed.zip")]) == 0


@pytest.mark.parametrize("what", ["other's", "twice", "none", "cut", "longer"])
def test_a_token_that_is_not_the_attestations_own_is_altered(now: Acme, timed: Path, tmp_path: Path, what: str) -> None:
    def change(files: Files) -> None:
        name, other = [n for n in sorted(files) if n.startswith("bundles/")][:2]
        own = tokens(files, name)
        data = base64.b64decode(own[0]["signedTimestamp"])
        made = {
            "other's": tokens(files, other), "twice": own * 2, "none": [], "cut": [_told(data[:-1])],
            "longer": [_told(data + b"\0")],
        }  # fmt: skip
        retimed(files, name, made[what])

    report = after(now, timed, tmp_path, change)

    assert verdicts(report) == {"altered"}
    assert len(report.findings) == 1


def _told(data: bytes) -> dict[str, str]:
    return {"signedTimestamp": base64.b64encode(data).decode()}


def test_a_namesake_of_the_root_does_not_carry_the_authority(now: Acme, timed: Path, tmp_path: Path) -> None:
    namesake = Paper("Test Stamps Root")

    def change(files: Files) -> None:
        der = base64.b64encode(namesake.certificate.public_bytes(Encoding.DER)).decode()
        told = json.loads(files["trusted_root.json"])
        told["timestampAuthorities"][0]["certChain"]["certificates"][-1]["rawBytes"] = der
        files["trusted_root.json"] = json.dumps(told).encode()
        files["tsa-root.pem"] = namesake.pem

    report = after(now, timed, tmp_path, change)

    assert verdicts(report) == {"altered"}
    assert "was not issued by the next one" in report.findings[0].sentence


def test_tokens_of_an_authority_that_is_not_named_are_of_an_unknown_key(now: Acme, timed: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        told = json.loads(files["trusted_root.json"])
        files["trusted_root.json"] = json.dumps({**told, "timestampAuthorities": []}).encode()
        del files["tsa-root.pem"], files["tsa-chain.pem"]

    assert verdicts(after(now, timed, tmp_path, change)) == {"unknown key"}


def test_an_authority_that_the_reader_does_not_trust_fails(timed: Path) -> None:
    report = verify(timed)
    known = (*report.keys, report.log_key)

    assert verdicts(verify(timed, known)) == {"unknown key"}
    assert verify(timed, (*known, *report.authorities)).fine


@pytest.mark.parametrize("name", ["tsa-root.pem", "tsa-chain.pem"])
def test_certificates_beside_those_of_the_trusted_root_are_altered(
    now: Acme, timed: Path, tmp_path: Path, name: str
) -> None:
    more = Paper("Somebody else").pem

    assert verdicts(after(now, timed, tmp_path, lambda files: files.update({name: files[name] + more}))) == {"altered"}


def test_what_was_stamped_later_than_a_quarter_of_an_hour_is_late(sqlite_template: Path, tmp_path: Path) -> None:
    with stamped(sqlite_template, tmp_path, when=[timedelta(minutes=-20), timedelta(minutes=-1)]) as company:
        report = verify(packet_of(company.source, tmp_path / "packet.zip"))

    assert report.fine, report.findings
    assert report.verdicts[company.ids[0]] == "late"
    assert {verdict for id_, verdict in report.verdicts.items() if id_ != company.ids[0]} == {"valid"}
    assert report.sentence.endswith("all verify. 1 attestation is late.")
    assert [warning.verdict for warning in report.warnings] == ["late"]


def test_what_claims_to_be_later_than_its_token_is_doubtful(sqlite_url: str, tmp_path: Path) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    company = acme(sqlite_url, tmp_path, when=lambda _: ahead)
    entry = next(company.log.entries(0, 0))
    with running_authority(tmp_path / "tsa") as running:
        authority = open_authority(running.url, running.ca)
        token = authority.stamp(entry.signature)
        authority.close()
    outside = Given({entry.id: [token]}, [], [trusted_authority(running.url, token.chain_pem)])

    report = verify(packet_of(replace(company.source, outside=outside), tmp_path / "packet.zip"))

    company.database.close()
    assert report.verdicts[entry.id] == "doubtful"
    assert [finding.verdict for finding in report.findings] == ["doubtful"]


def compromised(at: datetime) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        head, row = files["keys.csv"].decode().splitlines()
        files["keys.csv"] = f"{head}\r\n{row}{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z\r\n".encode()

    return change


def test_what_was_stamped_before_its_key_was_compromised_stays_valid(now: Acme, timed: Path, tmp_path: Path) -> None:
    at = next(now.log.entries(0, 0)).at

    later = after(now, timed, tmp_path, compromised(at + timedelta(hours=1)))
    before = after(now, timed, tmp_path, compromised(at + timedelta(seconds=1)))

    # Here the list is signed with that key too; of the attestations each has its own outside time.
    assert set(later.verdicts.values()) == {"valid"}
    assert [f.sentence for f in later.findings] == [
        "packet.json is signed with a key that was compromised. Ask for a packet that its successor signed."
    ]
    assert set(before.verdicts.values()) == {"doubtful"}
    assert "no outside time shows that it is older" in before.findings[1].sentence


Edit = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    "edit",
    [
        lambda told: told.update(uri=5), lambda told: told.update(more=1), lambda told: told["validFor"].update(start="x"),
        lambda told: told["validFor"].update(start="2020-01-01T00:00:00Z"),
        lambda told: told["certChain"]["certificates"].pop(), lambda told: told["certChain"]["certificates"].reverse(),
        lambda told: told["certChain"]["certificates"].clear(),
        lambda told: told["certChain"]["certificates"][0].update(rawBytes="AAAA"),
    ],
)  # fmt: skip
def test_an_authority_that_is_told_in_another_way_is_altered(
    now: Acme, timed: Path, tmp_path: Path, edit: Edit
) -> None:
    report = after(
        now, timed, tmp_path, lambda f: edited(f, "trusted_root.json", lambda v: edit(v["timestampAuthorities"][0]))
    )

    assert verdicts(report) == {"altered"}


def test_page_and_guide_say_what_is_known_of_time_and_no_more(now: Acme, packet: Path, timed: Path) -> None:
    with_time, without, size = unpacked(timed), unpacked(packet), len(now.ids)
    page, guide = with_time["index.html"].decode(), with_time["VERIFY.md"].decode()

    assert (
        "Every attestation carries a time stamp of an outside authority, which proves that it existed by then." in page
    )
    assert f"the newest with a time stamp covers {size} of its {size} entries, stamped " in page
    assert f"--trust {verify(timed).authorities[0]}" in page
    assert f"--trust {verify(timed).authorities[0]}" in guide
    assert "Every attestation has a time stamp. It proves that the attestation existed by then" in guide
    assert "No outside time stamp is in this packet" in without["index.html"].decode()
    assert "There is no time stamp of an outside authority in this packet" in without["VERIFY.md"].decode()
    assert "openssl ts" not in without["VERIFY.md"].decode()
