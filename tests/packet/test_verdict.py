"""What even the holder of the signing key cannot do: leave out, reorder, replace, back-date. Each has its verdict."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.packet.verify import verify
from bot.signing import load_log_key, load_signer
from tests.packet.company import ORIGIN, Acme
from tests.packet.damage import Files, packed, unpacked
from tests.packet.reseal import after, edited, first, resealed, sealed, statement_of, verdicts
from workflows.kernel.bundle import leaf_body
from workflows.kernel.checkpoint import Checkpoint, signed
from workflows.kernel.dsse import attestation_id, pae
from workflows.kernel.encoding import b64
from workflows.kernel.jcs import canonical


def test_a_packet_that_is_signed_again_unchanged_verifies(review: Acme, packet: Path, tmp_path: Path) -> None:
    assert after(review, packet, tmp_path, lambda files: None).fine


def test_a_bundle_that_is_left_out_is_missing(review: Acme, packet: Path, tmp_path: Path) -> None:
    report = after(review, packet, tmp_path, lambda files: files.pop(first(files)) and None)

    assert verdicts(report) == {"missing"}
    assert any("of the log is not in the packet" in f.sentence for f in report.findings)


def test_the_last_attestation_cannot_be_left_out_with_a_shorter_interval(
    review: Acme, packet: Path, tmp_path: Path
) -> None:
    """What is outside of the interval is outside of the claim; a gap in a case within it is not."""
    last = review.ids[-1]
    files = unpacked(packet)
    del files[f"bundles/{last}.sigstore.json"]
    files = resealed(files, review.source.signer)
    edited(files, "packet.json", lambda told: told["interval"].update(last=told["interval"]["last"] - 1))

    report = verify(packed(sealed(files, review.source.signer), tmp_path / "short.zip"))

    assert report.fine
    assert report.attestations == len(review.ids) - 1


def test_two_bundles_under_each_others_names_are_altered(review: Acme, packet: Path, tmp_path: Path) -> None:
    def swap(files: Files) -> None:
        one, other = [n for n in sorted(files) if n.startswith("bundles/")][:2]
        files[one], files[other] = files[other], files[one]

    report = after(review, packet, tmp_path, swap)

    assert verdicts(report) == {"altered"}
    assert report.sentence.startswith(f"2 of {len(review.ids)} attestations do not verify")


def test_evidence_that_is_left_out_or_replaced_is_said_of_the_attestation(
    review: Acme, packet: Path, tmp_path: Path
) -> None:
    files = unpacked(packet)
    name = "evidence/sha256/" + statement_of(files[first(files)])["subject"][0]["digest"]["sha256"]

    left_out = after(review, packet, tmp_path, lambda files: files.pop(name) and None)
    replaced = after(review, packet, tmp_path, lambda files: files.update({name: b"other"}))

    assert verdicts(left_out) == {"evidence missing"}
    assert verdicts(replaced) == {"evidence altered"}


def test_a_tile_that_is_left_out_or_changed_unproves_the_log(review: Acme, packet: Path, tmp_path: Path) -> None:
    tile = first(unpacked(packet), "tile/")

    left_out = after(review, packet, tmp_path, lambda files: files.pop(tile) and None)
    changed = after(review, packet, tmp_path, lambda files: files.update({tile: bytes(len(files[tile]))}))

    assert verdicts(left_out) <= {"altered", "missing"}
    assert verdicts(changed) == {"forked"}
    assert set(changed.verdicts.values()) == {"not logged"}


Edit = Callable[[dict[str, Any]], Any]


def entry(edit: Edit) -> Edit:
    """An edit of the bundle's log entry."""
    return lambda value: edit(value["verificationMaterial"]["tlogEntries"][0])


def proof(edit: Edit) -> Edit:
    """An edit of the bundle's log proof."""
    return entry(lambda value: edit(value["inclusionProof"]))


def sealed_in(edit: Edit) -> Edit:
    """An edit of the bundle's envelope."""
    return lambda value: edit(value["dsseEnvelope"])


def loosened(text: str) -> str:
    """The base64 of 32 bytes in another spelling of the same bytes: its last letter carries two bits that say nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = text[:-2] + letters[letters.index(text[-2]) + 1] + "="
    assert base64.b64decode(loose) == base64.b64decode(text)
    return loose


@pytest.mark.parametrize(
    ("edit", "verdict", "why"),
    [
        (sealed_in(lambda e: e["signatures"][0].update(keyid="")), "altered", "different keys"),
        (lambda v: v["verificationMaterial"]["publicKey"].update(hint="SHA256:x"), "altered", "different keys"),
        (sealed_in(lambda e: e["signatures"].append(e["signatures"][0])), "altered", "one signature"),
        (sealed_in(lambda e: e.update(payload=e["payload"].rstrip("=") + "\n")), "altered", "base64"),
        (sealed_in(lambda e: e.update(payloadType="text/plain")), "altered", "payloadType"),
        (lambda v: v["verificationMaterial"].update(tlogEntries=[]), "altered", "log entries"),
        (lambda v: v["verificationMaterial"].update(certificate={}), "altered", "nothing is known of"),
        (entry(lambda e: e.update(logIndex="1")), "altered", "two different places"),
        (entry(lambda e: e.update(integratedTime="1")), "altered", "nothing is known of"),
        (entry(lambda e: e["logId"].update(keyId="AAAA")), "altered", "another log"),
        (entry(lambda e: e.update(canonicalizedBody="e30=")), "altered", "log entry"),
        (proof(lambda p: p.update(treeSize="1")), "altered", "size or root"),
        (proof(lambda p: p.update(hashes=[])), "altered", "too short"),
        (proof(lambda p: p["hashes"].insert(0, loosened(p["hashes"].pop(0)))), "altered", "canonical base64"),
        (proof(lambda p: p["hashes"].reverse()), "not logged", "does not lead"),
        (proof(lambda p: p["checkpoint"].update(envelope="x")), "altered", "note"),
    ],
)
def test_an_edited_bundle_is_found_although_the_list_was_signed_again(
    review: Acme, packet: Path, tmp_path: Path, edit: Callable[[dict[str, Any]], None], verdict: str, why: str
) -> None:
    name = first(unpacked(packet))

    report = after(review, packet, tmp_path, lambda files: edited(files, name, edit))

    assert verdict in verdicts(report)
    assert any(why in finding.sentence for finding in report.findings), report.findings
    assert report.sentence.startswith(f"1 of {len(review.ids)} attestations")


def test_duplicate_keys_in_json_are_altered(review: Acme, packet: Path, tmp_path: Path) -> None:
    def twice(files: Files) -> None:
        name = first(files)
        files[name] = b'{"mediaType":"x",' + files[name][1:]

    assert verdicts(after(review, packet, tmp_path, twice)) == {"altered"}


def test_a_signature_by_a_key_that_is_not_listed_is_unknown(review: Acme, packet: Path, tmp_path: Path) -> None:
    stranger = load_signer(f"file:{tmp_path / 'stranger.key'}", create=True)

    def resign(files: Files) -> None:
        name = first(files)
        value = json.loads(files[name])
        payload = base64.b64decode(value["dsseEnvelope"]["payload"])
        value["dsseEnvelope"]["signatures"] = [{"sig": b64(stranger.sign(pae(payload))), "keyid": stranger.keyid}]
        value["verificationMaterial"]["publicKey"]["hint"] = stranger.keyid
        files[name] = json.dumps(value).encode()

    assert verdicts(after(review, packet, tmp_path, resign)) == {"unknown key"}


def test_a_forged_decision_is_not_in_the_log(review: Acme, packet: Path, tmp_path: Path) -> None:
    """Signed with the company's own key, in the place of the true one: the log knows only the true one."""

    def forge(files: Files) -> None:
        name = next(n for n in sorted(files) if n.startswith("bundles/") and b"verdicts_signed" in base64.b64decode(
            json.loads(files[n])["dsseEnvelope"]["payload"]))  # fmt: skip
        value = json.loads(files.pop(name))
        said = json.loads(base64.b64decode(value["dsseEnvelope"]["payload"]))
        said["predicate"]["body"]["verdicts"][0]["verdict"] = "keep"
        payload = canonical(said)
        signer = review.source.signer
        signature = signer.sign(pae(payload))
        entry = value["verificationMaterial"]["tlogEntries"][0]
        leaf = leaf_body(bytes.fromhex(attestation_id(payload)), signature, signer.public_der)
        entry["canonicalizedBody"] = b64(leaf)
        value["dsseEnvelope"].update(payload=b64(payload), signatures=[{"sig": b64(signature), "keyid": signer.keyid}])
        files[f"bundles/{attestation_id(payload)}.sigstore.json"] = json.dumps(value).encode()

    report = after(review, packet, tmp_path, forge)

    assert verdicts(report) == {"not logged", "missing"}


def test_another_history_under_the_same_log_key_is_forked(review: Acme, packet: Path, tmp_path: Path) -> None:
    """Whoever holds the log key too can sign another root; the packet then contradicts itself."""
    key = load_log_key(f"file:{Path(str(review.database.url).removeprefix('sqlite:///')).parent / 'log.key'}")
    found = review.log.checkpoint()
    assert found is not None
    other = signed(Checkpoint(ORIGIN, found.size, hashlib.sha256(b"another history").digest()), key)

    def fork(files: Files) -> None:
        name = first(files)
        edited(
            files, name,
            lambda v: v["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"].update(envelope=other.note),
        )  # fmt: skip

    assert verdicts(after(review, packet, tmp_path, fork)) == {"forked"}


@pytest.mark.parametrize(
    ("column", "time", "why"),
    [
        (2, "2026-12-01T00:00:00.000000Z", "not valid"),
        (3, "2026-10-02T00:00:00.000000Z", "not valid"),
        (4, "2026-10-02T00:00:00.000000Z", "compromised"),
    ],
)
def test_what_a_key_signed_outside_of_its_time_is_doubtful(
    review: Acme, packet: Path, tmp_path: Path, column: int, time: str, why: str
) -> None:
    def change(files: Files) -> None:
        head, row = files["keys.csv"].decode().splitlines()
        cells = row.split(",")
        cells[column] = time
        files["keys.csv"] = f"{head}\r\n{','.join(cells)}\r\n".encode()

    report = after(review, packet, tmp_path, change)

    assert verdicts(report) == {"doubtful"}
    assert any(why in finding.sentence for finding in report.findings)


def test_keys_that_are_not_among_the_trusted_ones_fail(review: Acme, packet: Path) -> None:
    report = verify(packet)
    mine = (*report.keys, report.log_key)

    assert verify(packet, mine).fine
    assert verdicts(verify(packet, mine[:1])) == {"unknown key"}
    assert verdicts(verify(packet, ("SHA256:" + "A" * 43,))) == {"unknown key"}
