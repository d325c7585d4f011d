"""The vault: exact bytes under their SHA-256, written once, checked whenever they are read."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.vault import VaultUnusable, open_vault
from bot.vault.file import CHUNK, FileVault
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing

DATA = b"account,entitlement\nravi,admin\n"
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return open_vault(f"file://{tmp_path / 'vault'}")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "evidence" / "sha256"


def tamper(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_bytes_are_kept_under_their_sha256_read_only(vault: FileVault, kept: Path) -> None:
    assert vault.put(DATA) == NAME

    assert (kept / NAME).read_bytes() == DATA == vault.get(NAME)
    assert stat.S_IMODE((kept / NAME).stat().st_mode) == 0o444
    assert vault.has(NAME)
    with vault.open(NAME) as stream:
        assert stream.read() == DATA


def test_the_same_bytes_twice_are_one_file_that_is_not_touched(vault: FileVault, kept: Path) -> None:
    vault.put(DATA)
    before = (kept / NAME).stat()

    vault.put(DATA)
    vault.put_stream(io.BytesIO(DATA))

    after = (kept / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert os.listdir(kept) == [NAME]
    assert os.listdir(kept.parents[1] / "incoming") == []


def test_a_large_file_is_copied_in_pieces(vault: FileVault, tmp_path: Path) -> None:
    data = os.urandom(CHUNK * 2 + 17)
    (tmp_path / "raw.jsonl").write_bytes(data)

    name = vault.put_file(tmp_path / "raw.jsonl")

    assert name == hashlib.sha256(data).hexdigest()
    assert vault.get(name) == data


@given(st.binary(max_size=200))
def test_whatever_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    vault = FileVault(tmp_path_factory.getbasetemp() / "any")

    assert vault.get(vault.put(data)) == data


def test_altered_bytes_are_never_given_out(vault: FileVault, kept: Path) -> None:
    vault.put(DATA)
    tamper(kept / NAME, DATA.replace(b"admin", b"guest"))

    for read in (vault.get, vault.open):
        with pytest.raises(EvidenceAltered, match=f"{NAME} no longer has the bytes that name it"):
            read(NAME)
    with pytest.raises(EvidenceAltered):
        vault.put(DATA)
    assert b"guest" in (kept / NAME).read_bytes()


def test_what_is_not_there_is_missing(vault: FileVault) -> None:
    assert not vault.has(NAME)
    for read in (vault.get, vault.open):
        with pytest.raises(EvidenceMissing, match=f"No evidence with the SHA-256 {NAME}"):
            read(NAME)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../incoming", NAME.upper(), NAME[:-1], NAME + "\n", NAME + "/..", "g" * 64, "a/" * 32, "٠" * 64],
)
def test_nothing_but_a_sha256_becomes_a_path(vault: FileVault, name: str) -> None:
    assert not vault.has(name)
    for read in (vault.get, vault.open):
        with pytest.raises(EvidenceMissing, match="is no SHA-256"):
            read(name)


def test_eight_at_once_keep_one_whole_file(vault: FileVault, kept: Path) -> None:
    data = os.urandom(CHUNK)

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: vault.put(data), range(16)))

    assert names == {hashlib.sha256(data).hexdigest()}
    assert os.listdir(kept) == list(names)


def test_a_stream_that_breaks_leaves_nothing(vault: FileVault, kept: Path) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the connection is gone")
            return super().read(4)

    with pytest.raises(OSError, match="the connection is gone"):
        vault.put_stream(Breaking(DATA))
    assert os.listdir(kept) == []
    assert os.listdir(kept.parents[1] / "incoming") == []


def test_a_process_that_is_killed_leaves_no_half_file(vault: FileVault, kept: Path, tmp_path: Path) -> None:
    source = "import sys; from bot.vault import open_vault; v = open_vault(sys.argv[1])\nfor n in range(10**9): print(v.put(b'%d' % n * 999), flush=True)"  # noqa: E501
    process = subprocess.Popen(
        [sys.executable, "-c", source, f"file://{tmp_path / 'vault'}"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(20)]

    process.kill()
    said += process.stdout.read().split()
    process.wait()
    process.stdout.close()

    assert all(len(vault.get(name)) for name in said if len(name) == 64)
    assert {hashlib.sha256((kept / name).read_bytes()).hexdigest() for name in os.listdir(kept)} == set(
        os.listdir(kept)
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("s3://Bucket/prefix", "names no bucket"),
        ("", "Write file:///FOLDER"),
        ("file://host/vault", "Write file:///FOLDER"),
        ("vault", "Write file:///FOLDER"),
        ("file:///dev/null/vault", "cannot be used: Not a directory"),
    ],
)
def test_other_settings_get_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(VaultUnusable, match=sentence):
        open_vault(url)
