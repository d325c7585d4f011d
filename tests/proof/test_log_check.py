"""Whoever changes the stored ledger is found out: by the check, which names the place, and by the integrator, which stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from bot.signing import load_log_key, verify_p256
from bot.store.ledger import LedgerCorrupt
from bot.store.ledger_check import check
from bot.store.ledger_integrate import integrate
from bot.store.table_ledger import (
    EntryRow,
    LeafRow,
    LogRow,
    PayloadRow,
    TileRow,
)
from tests.proof.ledger import MONDAY, Acme
from tests.proof.test_merkle import flipped
from workflows.kernel.dsse import pae
from workflows.kernel.merkle import extended, frontier_bytes

Damage = Callable[[Session], None]
LOGGED = 300
LAST = f"access_review/ravi#{LOGGED}"


@pytest.fixture
def acme(database_url: str, tmp_path: Path) -> Iterator[Acme]:
    """300 logged attestations, one that waits."""
    made = Acme(database_url, tmp_path / "keys")
    made.many(LOGGED)
    made.integrate()
    made.decide()
    yield made
    made.close()


def found(acme: Acme) -> list[str]:
    return acme.fresh().check(acme.key, verify_p256)


def one(session: Session, row: type, **where: object) -> object:
    return session.exec(select(row).filter_by(**where)).one()


def flip(row: type, column: str, bit: int, **where: object) -> Damage:
    """One bit of one stored value."""

    def damage(session: Session) -> None:
        target = one(session, row, **where)
        setattr(target, column, flipped(getattr(target, column), bit))
        session.add(target)

    return damage


def sql(statement: str) -> Damage:
    def damage(session: Session) -> None:
        session.connection().execute(text(statement))

    return damage


def backdate(session: Session) -> None:
    row = session.exec(select(EntryRow).where(EntryRow.id == 42)).one()
    row.at = MONDAY - timedelta(days=1)
    session.add(row)


def swap(session: Session) -> None:
    """Two leaves change places, each with its own hash."""
    kept = [row.model_dump() for row in session.exec(select(LeafRow).where(col(LeafRow.idx).in_([41, 42])))]
    session.execute(delete(LeafRow).where(col(LeafRow.idx).in_([41, 42])))
    for row in kept:
        session.add(LeafRow(**row | {"idx": 83 - row["idx"]}))


DAMAGES: dict[str, tuple[Damage, str]] = {
    "leaf hash": (flip(LeafRow, "leaf_hash", 9, idx=41), "The leaf 41 does not have the hash of its entry"),
    "leaf body": (flip(EntryRow, "leaf", 900, place="access_review/ravi#42"), "At index 41: The entry"),
    "signature": (flip(EntryRow, "signature", 90, place="access_review/ravi#42"), "At index 41: The entry"),
    "payload": (flip(PayloadRow, "payload", 900, entry_id=42), "At index 41: The entry access_review/ravi#42"),
    "case": (sql("UPDATE entry SET case_id = 'x' WHERE id = 42"), "is filed under another case, number or time"),
    "number": (sql("UPDATE entry SET seq = 43 WHERE id = 42"), "is filed under another case, number or time"),
    "time": (backdate, "is filed under another case, number or time"),
    "key id": (sql("UPDATE entry SET keyid = 'SHA256:x' WHERE id = 42"), "names the key SHA256:x, which is not"),
    "key": (sql("UPDATE signing_key SET pem = 'x'"), "which is not among the stored keys or was changed"),
    "full tile": (flip(TileRow, "data", 3000, level=0, n=0), "The tile 0/0 is not what the leaves give"),
    "partial tile": (flip(TileRow, "data", 3000, level=0, n=1), "The tile 0/1 is not what the leaves give"),
    "tile above": (flip(TileRow, "data", 30, level=1, n=0), "The tile 1/0 is not what the leaves give"),
    "tile gone": (sql("DELETE FROM tile WHERE level = 1"), "The tile 1/0 is not what the leaves give"),
    "tile too many": (sql("UPDATE tile SET n = 7 WHERE level = 1"), "The tile 1/7 lies beyond the log"),
    "frontier": (flip(LogRow, "frontier", 100, id=1), "The frontier is not what the leaves give"),
    "size": (sql("UPDATE log SET size = 299"), "The log says 299 leaves; there are 300"),
    "origin": (
        sql("UPDATE log SET origin = 'other.example'"),
        "is of the log ledger.example.com, not of other.example",
    ),
    "checkpoint": (sql("UPDATE checkpoint SET note = replace(note, '300', '301')"), "cannot be trusted"),
    "checkpoint gone": (sql("DELETE FROM checkpoint"), "The log has 300 leaves and no checkpoint of that size"),
    "checkpoint ahead": (sql("UPDATE checkpoint SET size = 301"), "The checkpoint of size 301 lies beyond the log"),
    "last leaf gone": (sql("DELETE FROM leaf WHERE idx = 299"), "The log says 300 leaves; there are 299"),
    "middle leaf gone": (sql("DELETE FROM leaf WHERE idx = 41"), "The log has no leaf 41; the next one is 42"),
    "leaves swapped": (swap, "The checkpoint of size 300 is not a prefix of this log"),
    "waiting payload": (flip(PayloadRow, "payload", 900, entry_id=301), "Waiting for the log: The entry"),
    "waiting payload gone": (sql("DELETE FROM payload WHERE entry_id = 301"), "has no payload"),
    "waiting leaf": (flip(EntryRow, "leaf", 900, id=301), "Waiting for the log: The entry"),
    "never to be logged": (sql("DELETE FROM pending"), "is neither in the log nor waiting for it"),
    "logged twice": (sql("INSERT INTO pending (id) VALUES (7)"), "waits for the log, which has it at index 6"),
}
STOPS = {
    "partial tile", "tile above", "tile gone", "tile too many", "frontier", "size", "origin", "checkpoint", "key",
    "checkpoint gone", "checkpoint ahead", "last leaf gone", "waiting payload", "waiting payload gone", "waiting leaf",
    "logged twice",
}  # fmt: skip
"""What the integrator would build upon; the rest is the check's to find."""


def test_a_whole_ledger_has_nothing_to_be_said_about(acme: Acme) -> None:
    assert found(acme) == []


def test_damage_is_named_and_what_the_log_would_build_on_stops_it(acme: Acme) -> None:
    for name, (damage, sentence) in DAMAGES.items():
        findings, stopped = under(acme, damage)

        assert any(sentence in finding for finding in findings), (name, findings)
        assert ("No checkpoint is signed any more" in stopped) == (name in STOPS), (name, stopped)

    assert found(acme) == []


class Undone(Exception):
    """Takes everything back that a damage did."""


def under(acme: Acme, damage: Damage) -> tuple[list[str], str]:
    """What the check finds under a damage, and what the integrator says before it stops; then everything is as it was."""
    findings, stopped = [], ""
    try:
        with acme.behind_the_guards() as session:
            damage(session)
            session.flush()
            findings = list(check(session, acme.key, verify_p256))
            try:
                integrate(session, acme.key, MONDAY, 4096, None)
            except LedgerCorrupt as error:
                stopped = str(error)
            raise Undone
    except Undone:
        return findings, stopped


def test_a_forged_entry_with_a_leaf_that_fits_is_found_by_its_signature(acme: Acme) -> None:
    payload, seq = acme.payload("access_review/ravi", MONDAY)
    forged = acme.entry("access_review/ravi", seq, MONDAY, payload, acme.signer.sign(pae(payload + b" ")))
    with acme.database.write() as session:
        acme.record(session, [(forged, payload)])

    (finding,) = found(acme)

    assert finding.startswith("Waiting for the log: The entry access_review/ravi#301")
    assert finding.endswith("has a signature that does not hold.")


def test_a_case_with_a_gap_or_a_wrong_link_is_found(acme: Acme) -> None:
    for seq, previous in ((5, "0" * 64), (6, "f" * 64)):
        acme.heads["access_review/lena"] = (seq - 1, previous)
        acme.decide("access_review/lena")
    acme.integrate()

    assert found(acme) == [
        "At index 301: the case access_review/lena goes from number 0 to 5.",
        "At index 302: access_review/lena#6 does not name the attestation before it.",
    ]


def test_an_erased_payload_leaves_every_proof(acme: Acme) -> None:
    acme.integrate()

    acme.run("DELETE FROM payload WHERE entry_id = 42")

    assert found(acme) == []
    entry = next(acme.log.entries(41, 41))
    assert (entry.payload, entry.idx) == (None, 41)


def test_a_log_that_was_cut_and_signed_again_is_refused_by_whoever_saw_it_whole(acme: Acme) -> None:
    witness = acme.fresh()
    witness.integrate(acme.key, MONDAY)
    acme.decide()
    rewrite_after_growth(acme)

    with pytest.raises(LedgerCorrupt, match="the log went back from 301 to 300 leaves"):
        witness.integrate(acme.key, MONDAY)


def rewrite_after_growth(acme: Acme) -> None:
    """Cut the newest leaf off and put its entry back among the waiting ones, with a checkpoint that the log key signed before."""
    with acme.behind_the_guards() as session:
        connection = session.connection()
        connection.execute(text("DELETE FROM leaf WHERE idx = 300"))
        connection.execute(text("DELETE FROM checkpoint WHERE size = 301"))
        hashes = list(session.exec(select(LeafRow.leaf_hash).order_by(col(LeafRow.idx))))
        log = session.exec(select(LogRow)).one()
        log.size, log.frontier = 300, frontier_bytes(extended((), hashes))
        tile = session.get(TileRow, (0, 1))
        assert tile is not None
        tile.data = tile.data[:-32]
        session.add_all([log, tile])


def test_a_process_that_saw_nothing_cannot_know_of_a_cut_that_an_old_checkpoint_covers(acme: Acme) -> None:
    acme.integrate()
    rewrite_after_growth(acme)

    checkpoint = acme.fresh().integrate(acme.key, MONDAY)

    assert checkpoint is None
    name = acme.heads["access_review/maya"][1]
    assert found(acme) == [f"The entry access_review/maya#1 ({name}) is neither in the log nor waiting for it."]


def test_a_checkpoint_of_another_key_stops_the_integrator(acme: Acme, tmp_path: Path) -> None:
    other = load_log_key(f"file:{tmp_path / 'other.key'}", create=True)

    with pytest.raises(LedgerCorrupt, match="was signed with another key than this log key"):
        acme.fresh().integrate(other, MONDAY)
