"""Two hundred times somebody pulls the plug: nothing acknowledged is lost, no checkpoint is taken back."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.packet.verifier.tree import Roots
from bot.signing import verify_p256
from bot.store import migrate
from bot.store.database import Database
from tests.crash.office import Office
from tests.proof.ledger import ORIGIN, Acme
from tests.support.postgres import DURABLE, Server, postgres_server
from workflows.kernel.checkpoint import verified
from workflows.kernel.merkle import leaf_hash

KILLS_SQLITE = 120
KILLS_POSTGRES = 50
STOPS = 32
ROLES = ("writer", "writer", "integrator", "integrator")


def judged(acme: Acme, office: Office) -> None:
    """Everything that was acknowledged or published is there, once, in one log that only ever grew."""
    acme.integrate()
    entries = list(acme.log.entries(0, acme.log.size() - 1))
    ids = [entry.id for entry in entries]
    assert [entry.idx for entry in entries] == list(range(acme.log.size()))
    assert len(set(ids)) == len(ids)
    assert set(office.acknowledged) <= set(ids)
    assert acme.log.pending() == 0
    sizes = {}
    for note in office.published:
        checkpoint = verified(note, ORIGIN, acme.key.public, acme.key.verify)
        assert sizes.setdefault(checkpoint.size, checkpoint.root) == checkpoint.root
    roots = Roots()  # the auditor's arithmetic, which shares nothing with that of the log
    for size, entry in enumerate(entries, 1):
        roots.add(leaf_hash(entry.leaf))
        assert sizes.get(size, roots.root()) == roots.root()
    assert max(sizes) <= len(entries)
    assert acme.fresh().check(acme.key, verify_p256) == []


def whole(acme: Acme) -> list[str]:
    """Cases whose row, events, asks and attestations do not say the same."""
    query = """
        SELECT c.case_id FROM "case" c WHERE c.n <> (SELECT count(*) FROM event e WHERE e.case_id = c.case_id)
        OR c.n <> (SELECT max(e.n) FROM event e WHERE e.case_id = c.case_id)
        OR c.n <> (SELECT count(*) FROM entry t WHERE t.case_id = c.case_id)
        OR NOT EXISTS (SELECT 1 FROM ask a WHERE a.case_id = c.case_id AND a.title = c.n || ' done')
    """
    with acme.database.read() as session:
        return [row.case_id for row in session.connection().execute(text(query))]


def besieged(office: Office, kills: int, dice: random.Random) -> None:
    """Kill one of four workers after the other, each in the middle of its work."""
    roles = {office.start(role): role for role in ROLES}
    for _ in range(kills):
        time.sleep(dice.uniform(0.01, 0.1))
        victim = dice.choice(office.living)
        office.kill(victim)
        role = roles.pop(victim)
        roles[office.start(role)] = role
    time.sleep(0.2)


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL that keeps what it has acknowledged, as in production."""
    with postgres_server(DURABLE) as running:
        yield running


def test_killed_writers_and_integrators_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    acme = Acme(sqlite_url, tmp_path / "keys")
    office = Office(sqlite_url, acme.folder)

    besieged(office, KILLS_SQLITE, random.Random(1))
    office.close()

    judged(acme, office)
    assert whole(acme) == []
    assert len(office.acknowledged) > KILLS_SQLITE
    acme.close()


def test_killed_writers_and_integrators_and_a_stopped_server_on_postgresql(server: Server, tmp_path: Path) -> None:
    url = server.cluster.url(server.cluster.create())
    migrate.upgrade(url)
    acme = Acme(url, tmp_path / "keys")
    office, dice = Office(url, acme.folder), random.Random(2)

    acme.close()
    besieged(office, KILLS_POSTGRES, dice)
    for _ in range(STOPS):
        time.sleep(dice.uniform(0.02, 0.2))
        server.crash()
        server.start()
    time.sleep(0.3)
    office.close()
    acme.database = Database(url)
    acme.log = acme.fresh()

    judged(acme, office)
    assert whole(acme) == []
    assert len(office.acknowledged) > KILLS_POSTGRES + STOPS
    acme.close()
