"""What the log becomes is copied into the vault, checkpoint after checkpoint, each object once; a vault that is away is
waited for, and two histories are never mixed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from bot.store.migrate import upgrade
from tests.anchor.outside import Outside
from tests.proof.ledger import ORIGIN
from workflows.kernel import tile
from workflows.kernel.checkpoint import parse, verified
from workflows.kernel.dsse import attestation_id, opened
from workflows.kernel.encoding import unb64
from workflows.kernel.merkle import leaf_hash, root_from_inclusion


@pytest.fixture
def outside(database_url: str, tmp_path: Path) -> Iterator[Outside]:
    with closing(Outside(database_url, tmp_path)) as made:
        yield made


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


def checkpoint_name(size: int) -> str:
    return f"ledger/{ORIGIN}/checkpoint/{size:020}"


def test_everything_that_a_checkpoint_covers_is_in_the_vault_before_it(outside: Outside) -> None:
    outside.acme.many(300)
    outside.acme.integrate()
    made = outside.decide(3)

    done = outside.anchorer.run()

    assert done == 303
    assert outside.vault.kept[-1] == checkpoint_name(303)
    held = parse(outside.vault.read(checkpoint_name(303)).decode())
    read = {n: outside.vault.read(n) for n in outside.vault.names(f"ledger/{ORIGIN}/tile/")}
    tree = tile.tree(
        lambda level, n: read[f"ledger/{ORIGIN}/{tile.TileName(level, n, tile.width_at(303, level, n)).path}"]
    )
    assert tree(0, 303) == held.root
    assert len(list(outside.vault.names("bundles/"))) == 303
    bundle = json.loads(outside.vault.read(f"bundles/{made[0]}.sigstore.json"))
    assert attestation_id(opened(bundle["dsseEnvelope"]).payload) == made[0]
    proof = bundle["verificationMaterial"]["tlogEntries"][0]
    path = [unb64(text) for text in proof["inclusionProof"]["hashes"]]
    assert root_from_inclusion(leaf_hash(unb64(proof["canonicalizedBody"])), 300, 303, path) == held.root


def test_the_next_anchor_adds_what_is_new_and_no_more(outside: Outside) -> None:
    outside.acme.many(257)
    outside.acme.integrate()
    outside.anchorer.run()
    outside.vault.kept.clear()
    made = outside.decide(2)

    done = outside.anchorer.run()

    assert done == 2
    assert set(outside.vault.kept) == {
        *(f"bundles/{name}.sigstore.json" for name in made),
        f"ledger/{ORIGIN}/tile/0/001.p/3",
        f"ledger/{ORIGIN}/tile/1/000.p/1",
        checkpoint_name(259),
    }
    outside.vault.kept.clear()
    assert outside.anchorer.run() == 0
    assert outside.vault.kept == []


def test_anchors_are_rows_with_the_checkpoints_that_they_hold(outside: Outside) -> None:
    outside.decide()
    outside.anchorer.run()
    outside.decide()
    outside.anchorer.run()

    found = outside.anchors.anchors()

    assert [(a.vault, a.checkpoint.size, a.done_at) for a in found] == [
        ("file:///vault", 1, outside.watch.at),
        ("file:///vault", 2, outside.watch.at),
    ]
    key = outside.acme.key
    assert all(verified(a.checkpoint.note, ORIGIN, key.public, key.verify) for a in found)


def test_a_vault_that_is_away_holds_up_nobody_and_anchors_catch_up(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.stamper.FIRST_PAUSE", 0.0)
    outside.vault.left = 0
    outside.decide(2)
    outside.watch.forward(minutes=2)

    first = outside.anchorer.run()
    outside.decide(3)
    away = (metric("attester_ledger_unanchored"), metric("attester_ledger_anchor_gap_seconds"))
    outside.vault.left = None
    second = outside.anchorer.run()

    assert (first, away) == (0, (2.0, 120.0))
    assert second == 5
    assert metric("attester_ledger_unanchored") == metric("attester_ledger_anchor_gap_seconds") == 0.0
    assert metric("attester_ledger_anchored_size") == 5.0
    assert outside.ringing() == {}


def test_pauses_grow_while_the_vault_is_away(outside: Outside) -> None:
    outside.vault.left = 0
    outside.decide()

    outside.anchorer.run()
    outside.vault.left = None

    assert outside.anchorer.run() == 0  # the pause of 15 s is not over
    assert outside.another_anchorer().run() == 1


def test_a_gap_of_a_day_is_said_and_its_end_too(outside: Outside) -> None:
    outside.vault.left = 0
    outside.decide(4)
    outside.watch.forward(hours=25)

    outside.anchorer.run()
    gap = outside.ringing()
    outside.vault.left = None
    outside.another_anchorer().run()

    assert gap == {"ledger_anchor_gap": "The vault holds 0 of 4 attestations for over a day. Run: attester doctor"}
    assert outside.ringing() == {}


@pytest.mark.parametrize("writes", range(6))
def test_an_anchor_that_broke_off_is_finished_with_the_same_bytes(outside: Outside, writes: int) -> None:
    outside.decide(3)
    outside.vault.left = writes
    outside.anchorer.run()
    outside.decide(2)
    outside.vault.left = None

    again = outside.another_anchorer()
    done = again.run()

    assert done == (5 if writes < 5 else 2)
    assert [a.checkpoint.size for a in outside.anchors.anchors()] == [3, 5]
    assert outside.ringing() == {}


def test_two_workers_at_once_write_one_history(outside: Outside) -> None:
    workers = [outside.another_anchorer() for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            outside.decide(3)
            list(pool.map(lambda worker: worker.run(), workers))

    sizes = [a.checkpoint.size for a in outside.anchors.anchors()]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 15
    assert outside.ringing() == {}


def test_another_history_in_the_vault_stops_anchors_and_is_said(outside: Outside) -> None:
    outside.decide(2)
    outside.vault.keep(checkpoint_name(2), b"another history")

    done = outside.anchorer.run()

    assert done == 0
    assert outside.anchors.anchors() == []
    assert (
        "holds ledger/ledger.example.com/checkpoint/00000000000000000002 with other bytes"
        in (outside.ringing()["ledger_forked"])
    )
    assert outside.vault.read(checkpoint_name(2)) == b"another history"


def test_a_ledger_restored_from_an_older_copy_is_recognised(outside: Outside, tmp_path: Path) -> None:
    outside.decide(5)
    outside.anchorer.run()
    old = tmp_path / "old"
    old.mkdir()
    for key in ("signing.key", "log.key"):
        shutil.copy(tmp_path / key, old / key)
    upgrade(f"sqlite:///{old}/attester.db")

    with closing(Outside(f"sqlite:///{old}/attester.db", old)) as older:
        older.vault = outside.vault
        older.decide(4)
        said = older.another_anchorer().compare()

        assert said.startswith("The vault holds a checkpoint of 5 attestations that this ledger of 4 does not have")
        assert older.ringing() == {"ledger_behind_its_anchor": said}
    assert outside.anchorer.compare() == ""


def test_another_vault_starts_from_the_beginning(outside: Outside) -> None:
    outside.decide(2)
    outside.anchorer.run()

    done = outside.another_anchorer("s3://vault-acme").run()

    assert done == 2
    assert [a.vault for a in outside.anchors.anchors()] == ["file:///vault", "s3://vault-acme"]


def test_a_long_backlog_is_anchored_in_parts(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.anchor.BATCH", 20)
    for count in (9, 9, 9, 30):
        outside.decide(count)

    outside.anchorer.run()

    assert [a.checkpoint.size for a in outside.anchors.anchors()] == [18, 27, 57]
