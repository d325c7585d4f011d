"""A database that is older than its vault takes no decision, signs nothing, is read, and goes on once a newer copy is there."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.frozen import frozen
from bot.store.record import Record
from tests.anchor.outside import Outside
from tests.store.decision import AT, MAYAS, TOMS, decision
from tests.support.postgres import Cluster
from workflows.kernel.errors import Refused

Copy = Callable[[str], str]
"""Makes a copy of the database at a URL, as a backup does; returns the copy's URL."""


@pytest.fixture
def copy(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Copy]:
    """Backups: files on SQLite, databases on PostgreSQL."""
    if database_url.startswith("sqlite"):
        yield _file_copy
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    made: list[str] = []

    def database_copy(url: str) -> str:
        made.append(cluster.create(template=url.partition("?")[0].rpartition("/")[2]))
        return cluster.url(made[-1])

    yield database_copy
    for name in made:
        cluster.drop(name)


def _file_copy(url: str) -> str:
    path = Path(url.removeprefix("sqlite:///"))
    target = path.with_name(f"copy-of-{path.name}")
    with closing(sqlite3.connect(path)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
    return f"sqlite:///{target}"


@pytest.fixture
def outside(database_url: str, tmp_path: Path) -> Iterator[Outside]:
    """Acme's ledger with a vault that has its first four attestations."""
    with closing(Outside(database_url, tmp_path)) as made:
        made.decide(4)
        made.anchorer.run()
        yield made


def restored(url: str, tmp_path: Path) -> Outside:
    """The same company after somebody restored a copy: the same keys, the same vault."""
    return Outside(url, tmp_path)


def later(outside: Outside, copy: Copy) -> str:
    """A backup is made, then life goes on and is anchored; returns the backup's URL."""
    outside.acme.database.close()  # PostgreSQL copies a database only while nobody is connected to it
    backup = copy(outside.acme.url)
    outside.decide(2)
    outside.anchorer.run()
    return backup


def test_an_older_copy_is_frozen_at_the_first_compare_and_records_signs_nothing_more(
    outside: Outside, copy: Copy, tmp_path: Path
) -> None:
    backup = later(outside, copy)

    with closing(restored(backup, tmp_path)) as old:
        old.acme.decide(case="access_review/tom")  # recorded before anybody compared
        said = old.anchorer.compare()
        with pytest.raises(Refused) as refused:
            Record(old.acme.database).commit([decision()], AT)
        covered = old.acme.log.integrate(old.acme.key, old.watch.at)
        found = frozen(old.acme.database)

        assert said.startswith("The vault holds a checkpoint of 6 attestations that this ledger of 4 does not have")
        assert found is not None
        assert (found.since, found.why, found.anchored_size) == (old.watch.at, said, 6)
        assert refused.value.code == "ledger_frozen"
        assert refused.value.sentence == (
            "The record was restored from an older copy. Nothing was recorded. Restore a newer backup, then run: "
            "attester ledger thaw"
        )
        assert Record(old.acme.database).head(MAYAS) is None
        assert covered is None
        assert (old.acme.log.size(), old.acme.log.pending()) == (4, 1)
        assert len(list(old.acme.log.entries(0, 3))) == 4
        assert old.anchorer.thaw() == said
        assert frozen(old.acme.database) == found


def test_a_newer_copy_and_a_thaw_go_on(outside: Outside, copy: Copy, tmp_path: Path) -> None:
    outside.decide(2)
    outside.anchorer.run()
    outside.acme.database.close()
    newer = copy(outside.acme.url)

    with closing(restored(newer, tmp_path)) as whole:
        whole.anchors.freeze("The vault was another one.", 6, whole.watch.at)

        thawed = whole.anchorer.thaw()
        Record(whole.acme.database).commit([decision(TOMS)], AT)

        assert thawed == ""
        assert frozen(whole.acme.database) is None
        assert whole.anchorer.compare() == ""
        assert Record(whole.acme.database).head(TOMS) is not None


def test_a_thaw_needs_a_vault_that_shows_that_nothing_is_missing(outside: Outside) -> None:
    outside.anchors.freeze("The database was older.", 9, outside.watch.at)

    said = outside.anchorer.thaw()

    assert said.startswith("This vault holds no checkpoint of the 9 attestations for which the ledger was frozen")
    assert frozen(outside.acme.database) is not None


@pytest.mark.parametrize(
    "note",
    [
        b"\xff\x00 no text",
        b"ledger.example.com\n9\n" + b"A" * 43 + b"=\n\n" + "\u2014 ledger.example.com AAAAAAAA\n".encode(),
        b"",
    ],
)
def test_what_the_logs_key_did_not_sign_is_said_and_freezes_nothing(outside: Outside, note: bytes) -> None:
    name = f"ledger/ledger.example.com/checkpoint/{9:020}"
    outside.vault.keep(name, note)

    said = outside.anchorer.compare()

    assert said.startswith(f"The vault's {name} is no checkpoint that this ledger signed: ")
    assert frozen(outside.acme.database) is None
    assert outside.ringing() == {}


def test_an_old_checkpoint_under_a_greater_number_freezes_nothing(outside: Outside) -> None:
    start = "ledger/ledger.example.com/checkpoint/"
    outside.vault.keep(f"{start}{9:020}", outside.vault.read(f"{start}{4:020}"))

    said = outside.anchorer.compare()

    assert "it is the one of size 4, under another name" in said
    assert frozen(outside.acme.database) is None


def test_an_emptied_vault_is_said_and_freezes_nothing(outside: Outside) -> None:
    shutil.rmtree(outside.acme.folder / "vault" / "ledger")

    said = outside.anchorer.compare()

    assert said.startswith("The database says that 4 attestations were copied to file:///vault, but no checkpoint")
    assert frozen(outside.acme.database) is None


def test_decisions_that_share_a_transaction_are_each_refused(outside: Outside) -> None:
    outside.anchors.freeze("The database was older.", 9, outside.watch.at)
    record = Record(outside.acme.database)

    for case in (MAYAS, TOMS):
        with pytest.raises(Refused):
            record.commit([decision(case)], AT)

    assert (record.head(MAYAS), record.head(TOMS)) == (None, None)
