"""A disk that fails at every single write of the SQLite path: what was acknowledged stays, nothing is half-written."""

from __future__ import annotations

import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.signing import verify_p256
from bot.store.database import Database
from bot.store.record import Record
from tests.crash.disk import Disks
from tests.crash.office import Writer
from tests.crash.strace import failing, found
from tests.crash.test_kills import whole
from tests.proof.ledger import ORIGIN, Acme
from workflows.kernel.checkpoint import verified
from workflows.kernel.errors import Conflict, Unsure
from workflows.kernel.merkle import leaf_hash, root

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "write")
LEAST = 150
"""A history writes and syncs at least so often; fewer would mean that the failures hit nothing."""


@pytest.fixture
def before(sqlite_url: str, tmp_path: Path) -> Path:
    """A ledger with one attestation; the folder with its database and keys."""
    acme = Acme(sqlite_url, tmp_path / "keys")
    acme.decide()
    acme.integrate()
    acme.close()
    return tmp_path


@pytest.fixture
def disks() -> Iterator[Disks]:
    made = Disks()
    yield made
    made.close()


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_whichever_write_or_sync_fails_nothing_acknowledged_is_lost(before: Path, disks: Disks, error: str) -> None:
    strace = found()
    if isinstance(strace, str):
        assert strace.startswith("There is no strace on this machine")
        return
    hits, refusals = 0, set()

    for call in CALLS:
        for nth in range(1, 1000):
            folder = before / f"{call}-{nth}"
            folder.mkdir()
            shutil.copy(before / "attester.db", folder / "attester.db")
            files = [folder / f"attester.db{end}" for end in ("", "-wal", "-shm")]
            url, said = f"sqlite:///{files[0]}", {}
            pid = disks.born(url, before / "keys")
            hit = failing(strace, pid, files, call, error, nth, lambda: said.update(disks.told()))  # noqa: B023 - at once
            refusals |= set(said["refused"])
            unharmed(url, before / "keys", said)
            shutil.rmtree(folder)
            if not hit:
                break
            hits += 1

    assert hits >= LEAST
    assert refusals
    assert all("disk of the database" in text or "do not know" in text for text in refusals), refusals


def unharmed(url: str, keys: Path, said: dict[str, list[str]]) -> None:
    """With the disk well again: everything acknowledged and published is there, and goes on."""
    acme = Acme(url, keys)
    acme.decide(case="access_review/afterwards")
    acme.integrate()
    entries = list(acme.log.entries(0, acme.log.size() - 1))
    assert set(said["acknowledged"]) <= {entry.id for entry in entries}
    leaves = [leaf_hash(entry.leaf) for entry in entries]
    for note in said["published"]:
        checkpoint = verified(note, ORIGIN, acme.key.public, acme.key.verify)
        assert root(leaves[: checkpoint.size]) == checkpoint.root
    assert acme.fresh().check(acme.key, verify_p256) == []
    assert whole(acme) == []
    acme.close()


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(before: Path) -> None:
    url = f"sqlite:///{before / 'attester.db'}"
    database = Database(url)
    writer = Writer(Record(database), before / "keys")
    kept = [writer.decide()]
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    full = max((before / f"attester.db{end}").stat().st_size for end in ("", "-wal"))
    refused: list[BaseException] = []

    resource.setrlimit(resource.RLIMIT_FSIZE, (full, usual[1]))
    try:
        for _ in range(40):
            try:
                kept.append(writer.decide())
            except (Conflict, Unsure) as trouble:
                refused.append(trouble)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        signal.signal(signal.SIGXFSZ, ignored)
    kept.append(writer.decide())
    database.close()

    assert refused
    unharmed(url, before / "keys", {"acknowledged": kept, "published": []})


def test_without_strace_a_plain_sentence_says_that_the_checks_did_not_run(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy("scripts/strace", tmp_path / "scripts/strace")
    for name in ("bash", "dirname", "env"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))

    said = found(tmp_path, {"PATH": str(tmp_path / "bin")})

    assert isinstance(said, str)
    assert said.startswith("There is no strace on this machine")
