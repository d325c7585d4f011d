"""Keys in AWS KMS: what they sign holds, what they cannot sign is said in a sentence, and no lie is believed."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from moto import mock_aws

from bot import settings
from bot.settings import SettingsInvalid
from bot.signing import load_log_key, load_signer, verify_ed25519, verify_p256
from tests.signing.kms import LOG, RAW_LIMIT, SIGNING, Kms, aws_environment, refusal, running_kms, said
from tests.sources.server import Reply
from workflows.kernel.ports import SigningFailed

NOTHING = "Nothing was recorded."


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    """A running KMS, and the environment of a process that may use it."""
    aws_environment(monkeypatch)
    with running_kms() as running:
        yield running


def signer(kms: Kms, name: str = SIGNING) -> Any:
    return load_signer(f"awskms:///{name}", endpoint=kms.url)


def log_key(kms: Kms, name: str = LOG) -> Any:
    return load_log_key(f"awskms:///{name}", endpoint=kms.url)


def test_moto_signs_with_a_key_of_its_own_making(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment(monkeypatch)
    with mock_aws():
        made = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]

        by_id, by_arn = load_signer(f"awskms:///{made['KeyId']}"), load_signer(f"awskms:///{made['Arn']}")
        signature = by_id.sign(b"what Maya decided")

    assert by_id.keyid == by_arn.keyid
    assert verify_p256(by_id.public_der, b"what Maya decided", signature)
    assert not verify_p256(by_id.public_der, b"what Maya decides", signature)


def test_moto_has_no_key_that_it_did_not_make(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment(monkeypatch)
    missing = "11111111-1111-1111-1111-111111111111"

    with mock_aws(), pytest.raises(SigningFailed, match=f"There is no key {missing} in the region eu-central-1"):
        load_signer(f"awskms:///{missing}")


def test_a_text_of_4096_bytes_is_sent_whole_and_of_a_longer_one_its_digest(kms: Kms) -> None:
    key = signer(kms)

    for length in (1, RAW_LIMIT, RAW_LIMIT + 1, 300_000):
        assert verify_p256(key.public_der, b"x" * length, key.sign(b"x" * length))

    assert kms.kinds() == ["RAW", "RAW", "DIGEST", "DIGEST"]


def test_the_public_key_is_fetched_once(kms: Kms) -> None:
    key = signer(kms)
    for _ in range(5):
        key.sign(b"data")

    assert [operation for operation, _ in kms.asked] == ["GetPublicKey", *["Sign"] * 5]


def test_openssl_agrees_with_what_a_kms_key_signed(kms: Kms, tmp_path: Path) -> None:
    key = signer(kms)
    (tmp_path / "key.pem").write_bytes(key.public_pem)
    (tmp_path / "text").write_bytes(b"x" * 5000)
    (tmp_path / "sig").write_bytes(key.sign(b"x" * 5000))

    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig", "text"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_a_log_key_in_kms_signs_the_whole_checkpoint(kms: Kms) -> None:
    key = log_key(kms)

    signature = key.sign(b"three lines\n")

    assert len(signature) == 64
    assert verify_ed25519(key.public, b"three lines\n", signature)
    assert not key.verify(b"four lines\n", signature)
    assert kms.kinds() == ["RAW"]
    with pytest.raises(SigningFailed, match="at most 4,096 bytes"):
        key.sign(b"x" * (RAW_LIMIT + 1))


def test_a_signature_of_another_key_is_not_believed(kms: Kms) -> None:
    attestations, checkpoints = signer(kms), log_key(kms)
    kms.keys = {SIGNING: ec.generate_private_key(ec.SECP256R1()), LOG: Ed25519PrivateKey.generate()}

    for key in (attestations, checkpoints):
        with pytest.raises(SigningFailed, match=r"did not make\. Nothing was recorded\..*restart Attester"):
            key.sign(b"data")


@pytest.mark.parametrize("signature", ["", "AAAA", "MAYCAQECAQE=", 5, None])
def test_a_signature_that_is_none_is_not_believed(kms: Kms, signature: object) -> None:
    key = signer(kms)
    kms.fault = lambda _: said({"KeyId": SIGNING, "Signature": signature})

    with pytest.raises(SigningFailed, match=NOTHING):
        key.sign(b"data")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "does not let Attester use the key alias/attester-signing. Allow kms:Sign on it"),
        ("NotFoundException", "There is no key alias/attester-signing in the region eu-central-1. Correct ATTESTER_"),
        ("DisabledException", "is disabled. Enable it: aws kms enable-key"),
        ("KMSInvalidStateException", "wait for its deletion. Look at it: aws kms describe-key"),
        ("InvalidKeyUsageException", "cannot sign as ATTESTER_SIGNING_KEY needs"),
        ("UnrecognizedClientException", "AWS refused the credential"),
        ("ExpiredTokenException", "Renew it"),
        ("SomethingNewException", "answered SomethingNewException"),
    ],
)
def test_each_refusal_of_kms_gets_its_sentence_at_once(kms: Kms, code: str, sentence: str) -> None:
    key = signer(kms)
    kms.fault = lambda _: refusal(code)

    with pytest.raises(SigningFailed) as failed:
        key.sign(b"data")

    assert sentence in str(failed.value)
    assert str(failed.value).endswith(NOTHING)
    assert len(kms.kinds()) == 1


def test_the_start_says_which_permission_is_missing(kms: Kms) -> None:
    kms.fault = lambda operation: refusal("AccessDeniedException")

    with pytest.raises(SigningFailed, match="Allow kms:GetPublicKey on it"):
        signer(kms)


def test_a_throttled_kms_is_asked_again_and_then_signs(kms: Kms) -> None:
    key = signer(kms)
    answers = iter([refusal("ThrottlingException")])
    kms.fault = lambda _: next(answers, None)

    assert verify_p256(key.public_der, b"data", key.sign(b"data"))
    assert len(kms.kinds()) == 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (refusal("ThrottlingException"), "too many requests, at 3 tries"),
        (refusal("KMSInternalException", 500), r"a fault of its own \(KMSInternalException\), at 3 tries"),
    ],
)
def test_a_kms_that_stays_busy_is_asked_three_times_and_no_more(kms: Kms, fault: Reply, sentence: str) -> None:
    key = signer(kms)
    kms.fault = lambda _: fault

    with pytest.raises(SigningFailed, match=sentence):
        key.sign(b"data")

    assert len(kms.kinds()) == 3


def test_a_kms_that_is_away_is_said_to_be_away_within_seconds(kms: Kms) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        began = time.monotonic()

        with pytest.raises(SigningFailed, match=r"cannot be reached .*AWS_ENDPOINT_URL\. Nothing was recorded"):
            load_signer(f"awskms:///{SIGNING}", endpoint=f"http://127.0.0.1:{nobody.getsockname()[1]}")

    assert time.monotonic() - began < 8


def test_a_kms_that_accepts_and_says_nothing_is_given_up(kms: Kms) -> None:
    key = signer(kms)
    kms.fault = lambda _: time.sleep(1.8)
    began = time.monotonic()

    with pytest.raises(SigningFailed, match="cannot be reached"):
        key.sign(b"data")

    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, b"<html>Please log in</html>", content_type="text/html"),
        Reply(200, b"{}"),
        Reply(200, b"[]"),
        Reply(200, b'{"PublicKey": 5, "KeyUsage": "SIGN_VERIFY"}'),
        Reply(200, b'{"PublicKey": "AAAA", "KeyUsage": "SIGN_VERIFY"}'),
        Reply(200, b'{"PublicKey": "!", "KeyUsage": "SIGN_VERIFY"}'),
        Reply(404, b"not here", content_type="text/plain"),
    ],
)
def test_an_answer_that_is_not_of_kms_starts_nothing(kms: Kms, answer: Reply) -> None:
    kms.fault = lambda _: answer

    with pytest.raises(SigningFailed, match=r"is not one of AWS KMS|answered"):
        signer(kms)


@pytest.mark.parametrize(
    ("load", "key", "sentence"),
    [
        (signer, ec.generate_private_key(ec.SECP384R1()), "of another kind .* --key-spec ECC_NIST_P256"),
        (signer, Ed25519PrivateKey.generate(), "of another kind .* --key-spec ECC_NIST_P256"),
        (log_key, ec.generate_private_key(ec.SECP256R1()), "of another kind .* --key-spec ECC_NIST_EDWARDS25519"),
    ],
)
def test_a_key_of_another_kind_is_refused(kms: Kms, load: Callable[[Kms, str], Any], key: Any, sentence: str) -> None:
    kms.keys["other"] = key

    with pytest.raises(SigningFailed, match=sentence):
        load(kms, "other")


def test_a_key_for_agreeing_on_secrets_is_refused(kms: Kms) -> None:
    kms.usage = "KEY_AGREEMENT"

    with pytest.raises(SigningFailed, match="is not one for signing"):
        signer(kms)


def test_without_a_region_the_sentence_says_where_to_write_it(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with pytest.raises(SigningFailed, match=r"Set AWS_DEFAULT_REGION, or write the key's whole ARN in ATTESTER_"):
        signer(kms)


def test_an_arn_brings_its_own_region(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    arn = "arn:aws:kms:eu-west-1:123456789012:key/0b1c"
    kms.keys[arn] = kms.keys[SIGNING]

    assert signer(kms, arn).sign(b"data")


def test_without_a_credential_the_sentence_says_what_to_set(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(SigningFailed, match="Give this machine a role, or set AWS_ACCESS_KEY_ID"):
        signer(kms)


@pytest.mark.parametrize("url", ["no address", "http://", "ftp://127.0.0.1"])
def test_an_endpoint_that_is_none_gets_a_sentence(kms: Kms, url: str) -> None:
    with pytest.raises(SigningFailed, match=NOTHING):
        load_signer(f"awskms:///{SIGNING}", endpoint=url)


@pytest.mark.parametrize("spec", ["awskms://key", "awskms:key", "awskms:///", "awskms:///a b", "awskms:///key/x/../y"])
def test_a_setting_that_names_no_key_gets_a_sentence(spec: str) -> None:
    for load in (load_signer, load_log_key):
        with pytest.raises(SigningFailed, match="Write awskms:/// and then the key's id"):
            load(spec)


def test_sixteen_decisions_at_once_are_signed_at_once(kms: Kms) -> None:
    key = signer(kms)
    texts = [f"decision {n}".encode() for n in range(64)]

    with ThreadPoolExecutor(16) as pool:
        signatures = list(pool.map(key.sign, texts))

    assert all(verify_p256(key.public_der, text, s) for text, s in zip(texts, signatures, strict=True))


def test_the_settings_take_files_and_kms_and_nothing_else() -> None:
    taken = settings.load({"ATTESTER_SIGNING_KEY": f"awskms:///{SIGNING}", "ATTESTER_LOG_KEY": "file:log.key"})
    with pytest.raises(SettingsInvalid) as refused:
        settings.load({"ATTESTER_SIGNING_KEY": "gcpkms://x", "ATTESTER_LOG_KEY": "awskms://host/key"})

    assert (taken.signing_key, taken.log_key) == (f"awskms:///{SIGNING}", "file:log.key")
    assert refused.value.problems == [
        "ATTESTER_SIGNING_KEY is neither file:PATH nor awskms:///KEY-ID. Write one of these.",
        "ATTESTER_LOG_KEY is neither file:PATH nor awskms:///KEY-ID. Write one of these.",
    ]
