"""The log: every attestation once, in one order, under checkpoints that only ever extend each other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError

from bot.signing import load_log_key, verify_p256
from bot.store.database import Database
from bot.store.ledger import Log, NotOpened
from tests.proof.integrator import Integrators
from tests.proof.ledger import MONDAY, ORIGIN, Acme
from workflows.kernel import tile
from workflows.kernel.bundle import Logged, bundle
from workflows.kernel.checkpoint import log_id, parse_proof_file, proof_file, verified
from workflows.kernel.merkle import consistent, includes, leaf_hash, root
from workflows.kernel.ports import SigningFailed


@pytest.fixture
def acme(database_url: str, tmp_path: Path) -> Iterator[Acme]:
    made = Acme(database_url, tmp_path / "keys")
    yield made
    made.close()


def whole(acme: Acme) -> list[str]:
    return acme.fresh().check(acme.key, verify_p256)


def test_a_log_has_one_origin_for_ever(acme: Acme) -> None:
    assert acme.log.open("other.example.com", MONDAY) == ORIGIN
    assert acme.log.open("no host name", MONDAY) == ORIGIN
    assert acme.fresh().origin() == ORIGIN


def test_a_log_that_was_never_opened_integrates_nothing(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    log = Log(database)

    assert log.integrate(load_log_key(f"file:{tmp_path / 'log.key'}", create=True), MONDAY) is None
    with pytest.raises(NotOpened):
        log.origin()
    with pytest.raises(ValueError, match="bare lower-case host name"):
        log.open("https://ledger.example.com", MONDAY)
    assert (log.size(), log.checkpoint(), log.pending()) == (0, None, 0)
    assert log.check() == ["The log has not been opened. Start the worker once."]
    database.close()


def test_a_decision_is_recorded_then_logged(acme: Acme) -> None:
    (name,) = acme.decide()
    recorded = acme.log.find(name)

    checkpoint = acme.log.integrate(acme.key, MONDAY)

    logged = acme.log.find(name)
    assert recorded is not None
    assert logged is not None
    assert (recorded.idx, logged.idx) == (None, 0)
    assert checkpoint is not None
    assert verified(checkpoint.note, ORIGIN, acme.key.public, acme.key.verify) == checkpoint == acme.log.checkpoint()
    assert (checkpoint.size, checkpoint.root) == (1, leaf_hash(logged.leaf))
    assert acme.log.integrate(acme.key, MONDAY) is None
    assert whole(acme) == []


def test_an_unknown_attestation_is_not_found(acme: Acme) -> None:
    assert acme.log.find("0" * 64) is None
    assert acme.log.find("' OR 1=1 --") is None


def test_every_proof_of_a_log_that_grew_in_steps_holds(acme: Acme) -> None:
    for step in (1, 2, 253, 1, 300):
        acme.many(step)
        acme.integrate()

    log = acme.fresh()
    checkpoints = [checkpoint for _, checkpoint in log.checkpoints()]
    leaves = [leaf_hash(e.leaf) for e in log.entries(0, log.size() - 1)]
    assert [c.size for c in checkpoints] == [1, 3, 256, 257, 557]
    for checkpoint in checkpoints:
        assert checkpoint.root == root(leaves[: checkpoint.size])
        for idx in {0, checkpoint.size // 2, checkpoint.size - 1}:
            proof = parse_proof_file(proof_file(idx, log.proof(idx, checkpoint.size), checkpoint.note))
            assert includes(leaves[idx], idx, checkpoint.size, proof.path, checkpoint.root)
    for old, new in pairwise(checkpoints):
        assert consistent(old.size, new.size, old.root, new.root, log.consistency(old.size, new.size))
    assert whole(acme) == []


def test_the_tiles_give_every_published_size_again(acme: Acme) -> None:
    acme.many(300)
    acme.integrate()
    log = acme.log

    for size in (1, 255, 256, 257, 300):
        for name in tile.tiles(size):
            data = log.tile(name.level or 0, name.n, name.width)
            assert data is not None
            assert len(data) == name.width * 32
        read = [tile.bodies(log.entry_bundle(name.n, name.width) or b"") for name in tile.entry_bundles(size)]
        assert [leaf_hash(b) for part in read for b in part] == [leaf_hash(e.leaf) for e in log.entries(0, size - 1)]
    assert log.tile(0, 1, 45) is None
    assert log.tile(0, 2, 1) is None
    assert log.tile(1, 0, 2) is None
    assert log.tile(0, 10**30, 1) is None
    assert log.tile(0, 0, 0) is log.tile(0, 0, 257) is log.tile(-1, 0, 1) is None
    assert log.entry_bundle(1, 45) is log.entry_bundle(-1, 1) is log.entry_bundle(0, 0) is None


def test_a_proof_beyond_the_log_is_refused(acme: Acme) -> None:
    acme.many(3)
    acme.integrate()

    with pytest.raises(ValueError, match="the log has 3 leaves, not 4"):
        acme.log.proof(0, 4)
    with pytest.raises(ValueError, match="has no leaf 3"):
        acme.log.proof(3, 3)
    with pytest.raises(ValueError, match="the log has 3 leaves, not 9"):
        acme.log.consistency(1, 9)


def test_an_interval_holds_every_attestation_of_its_days_and_names_what_waits(acme: Acme) -> None:
    acme.many(10, step=timedelta(days=1))
    acme.integrate()
    (late,) = acme.decide("access_review/lena", MONDAY + timedelta(days=3, hours=1))

    start, end = MONDAY + timedelta(days=2), MONDAY + timedelta(days=5)
    assert acme.log.interval(start, end) == (2, 4)
    assert acme.log.interval(end, start) is None
    assert acme.log.interval(MONDAY - timedelta(days=9), MONDAY) is None
    assert acme.log.unlogged(start, end) == [late]
    acme.integrate()
    assert acme.log.interval(start, end) == (2, 10)
    assert acme.log.unlogged(start, end) == []


def test_entries_come_in_order_with_everything_a_bundle_needs(acme: Acme) -> None:
    acme.many(700)
    acme.integrate()
    checkpoint = acme.log.checkpoint()
    assert checkpoint is not None

    found = list(acme.log.entries(100, 650))

    assert [e.idx for e in found] == list(range(100, 651))
    first = found[0]
    assert first.payload is not None
    where = Logged(100, acme.log.proof(100, checkpoint.size), checkpoint, log_id(ORIGIN, acme.key.public))
    value = bundle(first.payload, first.signature, first.keyid, first.leaf, where)
    assert value["verificationMaterial"]["tlogEntries"][0]["logIndex"] == "100"
    assert list(acme.log.entries(5, 4)) == []
    assert [e.seq for e in acme.log.of_case("access_review/ravi")] == list(range(1, 701))


def test_the_age_of_what_waits_is_known(acme: Acme) -> None:
    assert acme.log.pending_age(MONDAY) == 0
    acme.decide(at=MONDAY)
    acme.decide(at=MONDAY + timedelta(seconds=40))

    assert acme.log.pending_age(MONDAY + timedelta(seconds=61)) == 61
    assert acme.log.pending() == 2
    acme.integrate()
    assert (acme.log.pending(), acme.log.pending_age(MONDAY + timedelta(days=1))) == (0, 0)


def test_a_limit_bounds_what_one_checkpoint_covers(acme: Acme) -> None:
    acme.many(25)

    sizes = []
    while checkpoint := acme.log.integrate(acme.key, MONDAY, limit=10):
        sizes.append(checkpoint.size)

    assert sizes == [10, 20, 25]


def test_a_key_is_known_by_its_own_fingerprint_only(acme: Acme) -> None:
    pem = acme.signer.public_pem.decode()
    acme.log.add_key(acme.signer.keyid, pem, MONDAY + timedelta(days=1))

    (key,) = acme.log.keys()
    assert (key.keyid, key.not_before, key.public_der) == (acme.signer.keyid, MONDAY, acme.signer.public_der)
    with pytest.raises(ValueError, match="is not the fingerprint of this key"):
        acme.log.add_key("SHA256:" + "A" * 43, pem, MONDAY)


def test_a_log_key_that_fails_changes_nothing(acme: Acme) -> None:
    class Unreachable:
        public = acme.key.public
        verify = staticmethod(acme.key.verify)

        def sign(self, data: bytes) -> bytes:
            raise SigningFailed("The key service did not answer.")

    acme.decide()

    with pytest.raises(SigningFailed):
        acme.log.integrate(Unreachable(), MONDAY)
    assert (acme.log.size(), acme.log.pending(), acme.log.checkpoint()) == (0, 1, None)
    assert acme.integrate() == 1


def test_four_threads_and_two_processes_integrate_what_four_writers_record(acme: Acme) -> None:
    stop = Event()
    integrators = Integrators(acme.url, acme.folder / "log.key", limit=40)
    for _ in range(2):
        integrators.start()

    def integrate(_: int) -> None:
        log = acme.fresh()
        while not stop.is_set() or log.pending():
            log.integrate(acme.key, MONDAY, limit=40)

    with ThreadPoolExecutor(8) as pool:
        integrating = [pool.submit(integrate, n) for n in range(4)]
        writing = [pool.submit(_write, acme, f"access_review/reviewer-{n}") for n in range(4)]
        names = {name for future in writing for name in future.result()}
        stop.set()
        for future in integrating:
            future.result()
    integrators.close()

    assert acme.log.size() == len(names) == 160
    entries = list(acme.log.entries(0, 159))
    assert [e.idx for e in entries] == list(range(160))
    assert {e.id for e in entries} == names
    assert whole(acme) == []


def _write(acme: Acme, case: str) -> list[str]:
    """Forty decisions; SQLite's lock may have to be waited for."""
    done: list[str] = []
    while len(done) < 40:
        try:
            done += acme.decide(case)
        except OperationalError:
            continue
    return done
