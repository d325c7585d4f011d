"""Integrators are killed in the middle of their work: nothing is lost, nothing stands twice, no checkpoint is taken back."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError

from bot.signing import verify_p256
from tests.proof.integrator import Integrators
from tests.proof.ledger import ORIGIN, Acme
from workflows.kernel.checkpoint import verified
from workflows.kernel.merkle import leaf_hash, root

KILLS = 10


@pytest.fixture
def acme(database_url: str, tmp_path: Path) -> Iterator[Acme]:
    made = Acme(database_url, tmp_path / "keys")
    yield made
    made.close()


def write(acme: Acme, case: str, stop: Event) -> list[str]:
    """Record until told to stop; the ids that were acknowledged."""
    done: list[str] = []
    while not stop.is_set():
        try:
            done += acme.decide(case)
            time.sleep(0.004)
        except OperationalError:  # SQLite's lock was held by somebody who was killed in this moment
            continue
    return done


def test_ten_killed_integrators_lose_nothing_and_take_nothing_back(acme: Acme) -> None:
    dice, stop = random.Random(9), Event()
    acme.many(50, case="access_review/lena")
    integrators = Integrators(acme.url, acme.folder / "log.key", limit=7)

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, acme, f"access_review/reviewer-{n}", stop) for n in range(2)]
        victim = integrators.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.02, 0.15))
            next_one = integrators.start()
            integrators.kill(victim)
            victim = next_one
        stop.set()
        acknowledged = {name for future in writing for name in future.result()}
    integrators.close()
    acme.integrate()

    entries = list(acme.log.entries(0, acme.log.size() - 1))
    assert [e.idx for e in entries] == list(range(acme.log.size()))
    assert len({e.id for e in entries}) == len(entries) == 50 + len(acknowledged)
    assert acknowledged <= {e.id for e in entries}
    assert acme.log.pending() == 0
    leaves = [leaf_hash(e.leaf) for e in entries]
    assert integrators.published
    for note in integrators.published:
        checkpoint = verified(note, ORIGIN, acme.key.public, acme.key.verify)
        assert root(leaves[: checkpoint.size]) == checkpoint.root
    assert acme.fresh().check(acme.key, verify_p256) == []
