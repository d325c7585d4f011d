"""What our verifier answers to bundles that others made, with the trusted root that belongs to them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from bot.packet.export import PacketSource, export
from bot.packet.verifier.authority import read_authorities
from bot.packet.verifier.envelope import pae_digest
from bot.packet.verifier.keys import log_signed
from bot.packet.verifier.report import Bad
from bot.packet.verifier.token import read_stamp
from bot.packet.verifier.tree import leaf_hash, proven_root, read_note
from bot.packet.verify import verify
from tests.packet.company import FROM, UNTIL, acme
from tests.packet.damage import Files, flipped, packed, unpacked
from tests.packet.reseal import resealed

FOLDER = Path(__file__).parent / "sigstore"
ORIGIN = "log2025-alpha3.rekor.sigstage.dev"
MISMATCH = "a.dsse.staging-rekor-v2.txt"


def bundle_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_bytes())
    return found


@pytest.fixture(scope="module")
def mismatch() -> dict[str, Any]:
    """A DSSE bundle in a log of the same kind as ours, whose statement names another file than it lies beside."""
    return bundle_of(f"{MISMATCH}.sigstore.json")


@pytest.fixture(scope="module")
def staging() -> dict[str, Any]:
    """The log and the timestamp authority that signed it."""
    return bundle_of("trusted_root.staging.json")


@pytest.fixture(scope="module")
def company(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[PacketSource, Files]:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "attester.db").write_bytes(sqlite_template.read_bytes())
    made = acme(f"sqlite:///{folder / 'attester.db'}", folder)
    export(made.source, out=folder / "packet.zip", start=FROM, end=UNTIL)
    made.database.close()
    return made.source, unpacked(folder / "packet.zip")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bundle_v3.txt.sigstore", "lacks dsseEnvelope"),
        ("bundle_cve_2022_36056.txt.sigstore", "lacks dsseEnvelope"),
        ("bundle_no_log_entry.txt.sigstore", "lacks dsseEnvelope"),
        (f"{MISMATCH}.sigstore.json", "lacks publicKey"),
    ],
)
def test_a_bundle_that_no_key_of_the_ledger_signed_is_refused_in_a_packet(
    company: tuple[PacketSource, Files], tmp_path: Path, name: str, why: str
) -> None:
    source, files = company
    added = {**files, f"bundles/{'0' * 64}.sigstore.json": (FOLDER / name).read_bytes()}

    report = verify(packed(resealed(added, source.signer), tmp_path / "packet.zip"))

    assert report.verdicts["0" * 64] == "altered"
    assert [finding for finding in report.findings if why in finding.sentence], report.findings
    assert report.sentence.startswith("1 of ")


def test_the_proof_of_a_log_of_four_million_entries_leads_to_its_signed_root(
    mismatch: dict[str, Any], staging: dict[str, Any]
) -> None:
    (entry,) = mismatch["verificationMaterial"]["tlogEntries"]
    proof = entry["inclusionProof"]
    key = next(log for log in staging["tlogs"] if log["baseUrl"] == f"https://{ORIGIN}")["publicKey"]["rawBytes"]
    public = base64.b64decode(key)[12:]
    path = [base64.b64decode(one) for one in proof["hashes"]]

    note = read_note(proof["checkpoint"]["envelope"].encode(), ORIGIN, public)
    leaf = leaf_hash(base64.b64decode(entry["canonicalizedBody"]))

    assert note.size > 4_000_000
    assert log_signed(public, note.text, note.signature)
    assert proven_root(leaf, int(proof["logIndex"]), note.size, path) == note.root
    assert proven_root(leaf_hash(b"another entry"), int(proof["logIndex"]), note.size, path) != note.root


def test_the_leaf_names_exactly_the_envelope_that_was_signed(mismatch: dict[str, Any]) -> None:
    envelope, material = mismatch["dsseEnvelope"], mismatch["verificationMaterial"]
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    digest = pae_digest(base64.b64decode(envelope["payload"]))
    logged = json.loads(base64.b64decode(material["tlogEntries"][0]["canonicalizedBody"]))["spec"]["hashedRekordV002"]
    signer = x509.load_der_x509_certificate(base64.b64decode(material["certificate"]["rawBytes"])).public_key()
    assert isinstance(signer, EllipticCurvePublicKey)

    signer.verify(signature, digest, ECDSA(Prehashed(SHA256())))

    assert base64.b64decode(logged["data"]["digest"]) == digest
    assert base64.b64decode(logged["signature"]["content"]) == signature


def test_the_time_stamp_is_of_this_signature_and_of_no_other(mismatch: dict[str, Any], staging: dict[str, Any]) -> None:
    (stamp,) = mismatch["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    token = base64.b64decode(stamp["signedTimestamp"])
    signature = base64.b64decode(mismatch["dsseEnvelope"]["signatures"][0]["sig"])
    (told,) = staging["timestampAuthorities"]
    leaf = x509.load_der_x509_certificate(base64.b64decode(told["certChain"]["certificates"][0]["rawBytes"]))
    # Our packets state the time from which the certificate counts, theirs the day from which they trust it.
    own = {**told, "validFor": {"start": f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"}}
    authorities = read_authorities([own])

    judged = read_stamp(token, signature, authorities)

    assert judged.authority in authorities
    with pytest.raises(Bad, match="of something else"):
        read_stamp(token, flipped(signature, 300), authorities)


def test_a_file_beside_a_bundle_is_not_its_evidence_unless_the_statement_names_its_digest(
    mismatch: dict[str, Any],
) -> None:
    statement = json.loads(base64.b64decode(mismatch["dsseEnvelope"]["payload"]))
    named = {subject["digest"]["sha256"] for subject in statement["subject"]}

    assert hashlib.sha256((FOLDER / MISMATCH).read_bytes()).hexdigest() not in named
