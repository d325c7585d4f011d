"""Envelope, leaf and bundle: known answers, and tools that are not ours accept them and refuse every change."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from bot.signing.file import FileLogKey, FileSigner
from tests.proof.test_merkle import flipped
from tests.proof.test_statement import KIND, PREDICATE, subject
from workflows.kernel.bundle import (
    Logged,
    TrustedAuthority,
    TrustedLog,
    bundle,
    leaf_body,
    trusted_root,
)
from workflows.kernel.checkpoint import Checkpoint, log_id, signed
from workflows.kernel.dsse import PAYLOAD_TYPE, attestation_id, envelope, opened, pae
from workflows.kernel.encoding import b64, unb64
from workflows.kernel.jcs import canonical
from workflows.kernel.merkle import includes, inclusion_path, leaf_hash, over, root
from workflows.kernel.statement import statement

SIGNER = FileSigner(generate_private_key(SECP256R1()))
LOG_KEY = FileLogKey(Ed25519PrivateKey.generate())
ORIGIN = "ledger.example.com"
PAYLOAD = statement([subject()], KIND, PREDICATE)
SIGNATURE = SIGNER.sign(pae(PAYLOAD))
KNOWN = b'{"a":1}'


def foreign_key(keyid: str = SIGNER.keyid) -> SSlibKey:
    value = {"public": SIGNER.public_pem.decode()}
    return SSlibKey(keyid, "ecdsa", "ecdsa-sha2-nistp256", value)


def foreign_verdict(value: dict[str, Any], key: SSlibKey) -> bool:
    """What securesystemslib says. It changes what it is given, so it gets a copy."""
    try:
        return bool(Envelope.from_dict(copy.deepcopy(value)).verify([key], 1))
    except VerificationError:
        return False


def test_the_known_payload_has_the_known_pae_and_leaf() -> None:
    assert pae(KNOWN) == b'DSSEv1 28 application/vnd.in-toto+json 7 {"a":1}'
    digest = attestation_id(KNOWN)
    assert digest == "bb68caefb81bc00b03e8afdd58699083c6d70ecbd6ee0b405a8317d2dd44e5c5"
    leaf = leaf_hash(leaf_body(bytes.fromhex(digest), b"\x00", b"\x00"))
    assert leaf.hex() == "d87747ea98084259d5f875d16b186268ebe65bd9afed83b104917f4035157f0c"


def test_the_length_in_the_pae_counts_bytes_not_characters() -> None:
    assert pae("é".encode()).endswith(b" 2 \xc3\xa9")


def test_a_leaf_is_canonical_json_of_489_bytes_without_personal_data() -> None:
    body = leaf_body(bytes.fromhex(attestation_id(PAYLOAD)), b"s" * 72, SIGNER.public_der)

    assert body == canonical(json.loads(body))
    assert len(body) == 489
    assert b"maya" not in body


def test_securesystemslib_accepts_the_envelope() -> None:
    assert foreign_verdict(envelope(PAYLOAD, SIGNATURE, SIGNER.keyid), foreign_key())


def test_securesystemslib_refuses_another_key_id() -> None:
    other = FileSigner(generate_private_key(SECP256R1())).keyid

    for keyid in (other, "", SIGNER.public_der.hex()):
        assert not foreign_verdict(envelope(PAYLOAD, SIGNATURE, keyid), foreign_key())


@given(st.integers(0, len(PAYLOAD) * 8 - 1))
def test_securesystemslib_refuses_a_payload_with_one_flipped_bit(bit: int) -> None:
    assert not foreign_verdict(envelope(flipped(PAYLOAD, bit), SIGNATURE, SIGNER.keyid), foreign_key())


def test_securesystemslib_refuses_a_signature_with_one_flipped_bit() -> None:
    for bit in range(len(SIGNATURE) * 8):
        assert not foreign_verdict(envelope(PAYLOAD, flipped(SIGNATURE, bit), SIGNER.keyid), foreign_key())


def test_openssl_verifies_the_signature_on_the_command_line(tmp_path: Path) -> None:
    value = envelope(PAYLOAD, SIGNATURE, SIGNER.keyid)
    (tmp_path / "key.pem").write_bytes(SIGNER.public_pem)
    (tmp_path / "sig.bin").write_bytes(base64.b64decode(value["signatures"][0]["sig"]))
    payload = base64.b64decode(value["payload"])
    for name, data in (("pae.bin", pae(payload)), ("bad.bin", pae(payload + b" "))):
        (tmp_path / name).write_bytes(data)
    verify = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig.bin"]

    good = subprocess.run([*verify, "pae.bin"], cwd=tmp_path, capture_output=True, text=True, check=False)
    bad = subprocess.run([*verify, "bad.bin"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (good.returncode, good.stdout.strip()) == (0, "Verified OK")
    assert bad.returncode == 1


def test_an_envelope_is_opened_as_it_was_closed() -> None:
    assert opened(envelope(PAYLOAD, SIGNATURE, SIGNER.keyid)) == (PAYLOAD, SIGNATURE, SIGNER.keyid)


@pytest.mark.parametrize(
    "change",
    [
        {"payloadType": "application/json"},
        {"signatures": []},
        {"signatures": [{"sig": "AA==", "keyid": "a"}] * 2},
        {"signatures": [{"sig": "AA=="}]},
        {"signatures": [{"sig": "AA", "keyid": "a"}]},
        {"signatures": [{"sig": 5, "keyid": "a"}]},
        {"signatures": ["AA=="]},
        {"payload": "_-8="},
        {"payload": "AB=="},
        {"payload": "AA==\n"},
        {"extra": 1},
    ],
)
def test_an_envelope_that_we_would_not_have_written_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        opened(envelope(PAYLOAD, SIGNATURE, SIGNER.keyid) | change)


@given(st.binary())
def test_base64_has_one_spelling(data: bytes) -> None:
    assert unb64(b64(data)) == data
    assert b64(data) == base64.b64encode(data).decode()


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AB==", "AA==\n", " AA==", "AA==AA==", "_w==", "é", "AAA=="])
def test_any_other_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        unb64(text)


def logged() -> tuple[bytes, Logged]:
    leaf = leaf_body(bytes.fromhex(attestation_id(PAYLOAD)), SIGNATURE, SIGNER.public_der)
    hashes = [leaf_hash(bytes([n])) for n in range(6)] + [leaf_hash(leaf)]
    checkpoint = signed(Checkpoint(ORIGIN, 7, root(hashes)), LOG_KEY)
    return leaf, Logged(6, inclusion_path(6, 7, over(hashes)), checkpoint, log_id(ORIGIN, LOG_KEY.public))


def test_a_bundle_holds_envelope_and_proof_in_sigstores_form() -> None:
    leaf, where = logged()

    value = json.loads(json.dumps(bundle(PAYLOAD, SIGNATURE, SIGNER.keyid, leaf, where)))

    assert value["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert set(value) == {"mediaType", "verificationMaterial", "dsseEnvelope"}
    assert value["dsseEnvelope"]["payloadType"] == PAYLOAD_TYPE
    assert set(value["verificationMaterial"]) == {"publicKey", "tlogEntries"}
    assert value["verificationMaterial"]["publicKey"] == {"hint": SIGNER.keyid}
    (entry,) = value["verificationMaterial"]["tlogEntries"]
    assert set(entry) == {"logIndex", "logId", "kindVersion", "inclusionProof", "canonicalizedBody"}
    proof = entry["inclusionProof"]
    assert entry["logIndex"] == proof["logIndex"] == "6"
    assert (proof["treeSize"], proof["checkpoint"]["envelope"]) == ("7", where.checkpoint.note)
    body = base64.b64decode(entry["canonicalizedBody"])
    path = [base64.b64decode(text) for text in proof["hashes"]]
    assert includes(leaf_hash(body), 6, 7, path, base64.b64decode(proof["rootHash"]))


def test_a_token_stands_once_in_a_bundle() -> None:
    leaf, where = logged()

    material = bundle(PAYLOAD, SIGNATURE, SIGNER.keyid, leaf, where, [b"token", b"token"])["verificationMaterial"]

    assert material["timestampVerificationData"] == {"rfc3161Timestamps": [{"signedTimestamp": b64(b"token")}]}


def test_a_trusted_root_names_the_log_twice_and_since_when() -> None:
    start = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=1)))

    value = trusted_root(
        [TrustedLog(ORIGIN, LOG_KEY.public, start)],
        [TrustedAuthority("Acme", "Acme TSA", "https://tsa.example", datetime(2026, 1, 1, tzinfo=UTC), [b"a", b"b"])],
    )

    assert (value["certificateAuthorities"], value["ctlogs"]) == ([], [])
    (log,) = value["tlogs"]
    assert log["baseUrl"] == "https://ledger.example.com"
    assert log["logId"] == log["checkpointKeyId"] == {"keyId": b64(log_id(ORIGIN, LOG_KEY.public))}
    assert log["publicKey"]["keyDetails"] == "PKIX_ED25519"
    assert log["publicKey"]["validFor"] == {"start": "2026-01-01T00:30:00Z"}
    assert base64.b64decode(log["publicKey"]["rawBytes"])[-32:] == LOG_KEY.public
    (authority,) = value["timestampAuthorities"]
    assert [c["rawBytes"] for c in authority["certChain"]["certificates"]] == [b64(b"a"), b64(b"b")]


def test_the_attestation_id_is_the_digest_in_the_leaf() -> None:
    body = json.loads(leaf_body(bytes.fromhex(attestation_id(PAYLOAD)), SIGNATURE, SIGNER.public_der))

    digest = base64.b64decode(body["spec"]["hashedRekordV002"]["data"]["digest"])
    assert digest == hashlib.sha256(pae(PAYLOAD)).digest()
