"""What every vault promises, asked of each: a folder, a bucket, and moto's bucket."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bot.vault import FileVault, S3Vault, open_vault
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing, Forked

DATA = b'{"login": "tom", "role": "admin"}\n'
NAME = hashlib.sha256(DATA).hexdigest()
TILE = "ledger/ledger.example.com/tile/0/000.p/3"


@dataclass
class Made:
    """A vault, and how somebody with other rights changes what is stored."""

    vault: FileVault | S3Vault
    kind: str
    folder: Path

    def tamper(self, name: str, data: bytes) -> None:
        if isinstance(self.vault, FileVault):
            path = self.folder / name
            path.chmod(0o644)
            path.write_bytes(data)
            return
        # Another version on top: in a bucket the locked one stays below it.
        self.vault.client.put_object(Bucket=self.vault.bucket, Key=self.vault.prefix + name, Body=data)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(params=["file", "bucket", "moto"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    kind = request.param
    if kind == "file":
        yield Made(open_vault(f"file://{tmp_path / 'vault'}"), kind, tmp_path / "vault")
        return
    if kind == "bucket":
        bucket = request.getfixturevalue("bucket")
        yield Made(open_vault("s3://vault-acme/attester/prod", now, bucket.url), kind, tmp_path)
        return
    request.getfixturevalue("aws")
    with mock_aws():
        where = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(
            Bucket="vault-acme", ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where
        )
        yield Made(open_vault("s3://vault-acme/attester/prod", now), kind, tmp_path)


def test_exact_bytes_go_in_and_come_out_under_their_sha256(made: Made) -> None:
    assert made.vault.put(DATA) == NAME

    assert made.vault.get(NAME) == DATA
    assert made.vault.has(NAME)
    with made.vault.open(NAME) as stream:
        assert (stream.read(5), stream.read()) == (DATA[:5], DATA[5:])


def test_the_same_bytes_twice_are_one_object(made: Made) -> None:
    assert made.vault.put(DATA) == made.vault.put(DATA) == made.vault.put_stream(io.BytesIO(DATA)) == NAME

    assert list(made.vault.names("evidence/")) == [f"evidence/sha256/{NAME}"]


def test_nothing_is_decoded_or_mended(made: Made) -> None:
    for data in (b"", b"\xef\xbb\xbfa,b\r\n", bytes(range(256)) * 3, b"\x1f\x8b\x08\x00"):
        assert made.vault.get(made.vault.put(data)) == data


def test_a_large_file_goes_through_in_pieces(made: Made, tmp_path: Path) -> None:
    data = os.urandom(9 * 1024 * 1024 + 17)
    (tmp_path / "raw.jsonl").write_bytes(data)

    name = made.vault.put_file(tmp_path / "raw.jsonl")

    assert name == hashlib.sha256(data).hexdigest()
    with made.vault.open(name) as stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == name  # type: ignore[arg-type]


def test_what_is_not_there_is_missing(made: Made) -> None:
    assert not made.vault.has(NAME)
    for read in (made.vault.get, made.vault.open):
        with pytest.raises(EvidenceMissing, match=f"No evidence with the SHA-256 {NAME}"):
            read(NAME)


def test_nothing_but_a_sha256_names_evidence(made: Made) -> None:
    for name in ("", "..", "../../incoming", NAME.upper(), NAME[:-1], NAME + "\n", NAME + "/.."):
        assert not made.vault.has(name)
        for read in (made.vault.get, made.vault.open):
            with pytest.raises(EvidenceMissing, match="is no SHA-256"):
                read(name)


def test_altered_bytes_are_never_given_out_nor_overwritten(made: Made) -> None:
    made.vault.put(DATA)
    made.tamper(f"evidence/sha256/{NAME}", DATA.replace(b"admin", b"guest"))

    for read in (made.vault.get, made.vault.open):
        with pytest.raises(EvidenceAltered, match=f"{NAME} no longer has the bytes that name it"):
            read(NAME)
    with pytest.raises(EvidenceAltered):
        made.vault.put(DATA)


def test_eight_at_once_keep_one_whole_object(made: Made) -> None:
    data = os.urandom(64 * 1024)

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: made.vault.put(data), range(16)))

    assert names == {hashlib.sha256(data).hexdigest()}
    assert made.vault.get(names.pop()) == data


def test_an_object_is_written_once_and_the_same_again_is_nothing(made: Made) -> None:
    made.vault.keep(TILE, b"three hashes")
    made.vault.keep(TILE, b"three hashes")

    assert made.vault.read(TILE) == b"three hashes"
    assert list(made.vault.names("ledger/ledger.example.com/")) == [TILE]


def test_other_bytes_under_a_name_are_two_histories(made: Made) -> None:
    made.vault.keep(TILE, b"three hashes")

    with pytest.raises(Forked, match=f"The vault holds {TILE} with other bytes"):
        made.vault.keep(TILE, b"other hashes")
    assert made.vault.read(TILE) == b"three hashes"


def test_an_object_that_is_not_there_is_missing(made: Made) -> None:
    with pytest.raises(EvidenceMissing, match=f"The vault has no {TILE}"):
        made.vault.read(TILE)
    assert list(made.vault.names("ledger/")) == []


def test_nothing_but_a_plain_name_becomes_a_path(made: Made) -> None:
    strange = ["tile", "", "/etc/passwd", "a/../b", "a//b", "a/./b", "a/b\n", "incoming/x", "a/é", "a/" + "b" * 700]
    for name in (*strange, f"evidence/sha256/{NAME}"):
        with pytest.raises(ValueError, match="is no name of an object in the vault"):
            made.vault.keep(name, b"x")
        with pytest.raises(ValueError, match="is no name of an object in the vault"):
            made.vault.read(name)


def test_eight_at_once_write_an_object_once(made: Made) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: made.vault.keep(TILE, b"three hashes"), range(16)))

    assert made.vault.read(TILE) == b"three hashes"
