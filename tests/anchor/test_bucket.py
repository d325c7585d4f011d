"""A bucket as vault: every write is conditional, checked and locked, and what AWS refuses becomes a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.vault import S3Vault, VaultFailed, VaultUnusable, open_vault
from bot.vault.s3 import RETENTION
from tests.anchor.bucket import Bucket, error

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def vault(bucket: Bucket) -> S3Vault:
    opened = open_vault("s3://vault-acme/attester", lambda: datetime.now(UTC), bucket.url)
    assert isinstance(opened, S3Vault)
    return opened


def test_everything_is_locked_for_seven_years_in_compliance(bucket: Bucket, vault: S3Vault) -> None:
    sha256 = vault.put(b"evidence")
    vault.keep("ledger/acme/checkpoint/1", b"note")

    for key in (f"attester/evidence/sha256/{sha256}", "attester/ledger/acme/checkpoint/1"):
        (version,) = bucket.objects[key]
        assert version.mode == "COMPLIANCE"
        assert abs(version.until - datetime.now(UTC) - RETENTION) < timedelta(minutes=1)


def test_evidence_that_is_used_again_is_locked_again(bucket: Bucket, vault: S3Vault) -> None:
    in_six_years = datetime.now(UTC) + timedelta(days=6 * 365)
    later = open_vault("s3://vault-acme/attester", lambda: in_six_years, bucket.url)
    sha256 = vault.put(b"evidence")
    (version,) = bucket.objects[f"attester/evidence/sha256/{sha256}"]
    first = version.until

    vault.put(b"evidence")
    same = version.until
    later.put(b"evidence")

    assert same == first
    assert bucket.objects[f"attester/evidence/sha256/{sha256}"] == [version]
    assert abs(version.until - in_six_years - RETENTION) < timedelta(minutes=1)


def test_a_store_that_gives_other_bytes_back_is_not_relied_on(bucket: Bucket, vault: S3Vault) -> None:
    bucket.fault = "read back"

    with pytest.raises(VaultFailed, match="and gives other bytes back"):
        vault.put(b"evidence")


def test_two_writers_of_one_name_at_the_same_moment_try_again(bucket: Bucket, vault: S3Vault) -> None:
    bucket.trouble = [error(409, "ConditionalRequestConflict")] * 2

    vault.keep("ledger/acme/checkpoint/1", b"note")

    assert vault.read("ledger/acme/checkpoint/1") == b"note"


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, "NoSuchBucket", "There is no bucket vault-acme. Make it with Object Lock, or correct ATTESTER_VAULT."),
        (403, "AccessDenied", "does not let Attester do PutObject in vault-acme. Allow s3:PutObject and s3:PutObjectR"),
        (403, "InvalidAccessKeyId", r"refused the credential for the bucket vault-acme \(InvalidAccessKeyId\). Renew"),
        (403, "SignatureDoesNotMatch", "Renew it and look at AWS_DEFAULT_REGION"),
        (400, "ExpiredToken", "refused the credential"),
        (403, "RequestTimeTooSkewed", "this machine's clock is wrong. Let it follow a time server."),
        (301, "PermanentRedirect", "is in another region. Set AWS_DEFAULT_REGION to it."),
        (
            400,
            "InvalidRequest",
            "takes no locked objects .* aws s3api put-object-lock-configuration --bucket vault-acme",
        ),
        (400, "BadDigest", r"was not what was sent \(BadDigest\). Look at proxies."),
        (501, "NotImplemented", "does not know conditional writes, checksums or Object Lock"),
        (503, "SlowDown", r"S3 has a fault of its own with vault-acme \(SlowDown\). It is tried again by itself."),
        (418, "Teapot", "S3 answered Teapot to PutObject in vault-acme. Look at ATTESTER_VAULT"),
    ],
)
def test_what_aws_refuses_becomes_a_sentence_for_an_operator(
    bucket: Bucket, vault: S3Vault, status: int, code: str, sentence: str
) -> None:
    bucket.trouble = [error(status, code)] * 4

    with pytest.raises(VaultFailed, match=sentence) as failure:
        vault.keep("ledger/acme/checkpoint/1", b"note")
    assert isinstance(failure.value, OSError)
    assert str(failure.value) == failure.value.args[0]


def test_an_answer_that_is_not_s3s_becomes_a_sentence(bucket: Bucket, vault: S3Vault) -> None:
    bucket.trouble = [(200, {}, b"<html>Sign in to the hotel's network</html>")] * 3

    with pytest.raises(
        VaultFailed, match=r"Look at (AWS_ENDPOINT_URL|vault-acme|the Object Lock)|another checksum|other bytes"
    ):
        vault.keep("ledger/acme/checkpoint/1", b"note")


def test_a_missing_object_and_a_forbidden_one_are_told_apart(bucket: Bucket, vault: S3Vault) -> None:
    sha256 = vault.put(b"evidence")
    bucket.forbidden = frozenset({"get"})

    with pytest.raises(VaultFailed, match="without it a missing object looks like a forbidden one"):
        vault.get(sha256)


def test_nobody_at_the_address_becomes_a_sentence(aws: None) -> None:
    vault = open_vault("s3://vault-acme", lambda: NOON, "http://127.0.0.1:1")

    with pytest.raises(VaultFailed, match="S3 cannot be reached for vault-acme"):
        vault.put(b"evidence")


def test_no_credential_becomes_a_sentence(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    vault = open_vault("s3://vault-acme", lambda: NOON, bucket.url)

    with pytest.raises(VaultFailed, match="There is no AWS credential for the bucket vault-acme"):
        vault.put(b"evidence")


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3://Vault_Acme/x", "s3://vault-acme//x", "s3://vault-acme/../x", "s3://vault-acme/a b", "s3:///x"],
)
def test_a_url_that_names_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(VaultUnusable, match="names no bucket"):
        open_vault(url, lambda: NOON)
