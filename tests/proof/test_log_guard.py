"""Who may change the log's tables: nobody, and a role for daily use has not even the right."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.signing import load_signer, verify_p256
from bot.store.database import Database
from bot.store.ledger import Log
from tests.proof.ledger import MONDAY, Acme
from tests.support.postgres import Cluster

APPEND_ONLY = ("entry", "leaf", "checkpoint", "event")
GROWING = ("log", "tile", "pending", "payload", "signing_key")


@pytest.fixture
def acme(database_url: str, tmp_path: Path) -> Iterator[Acme]:
    made = Acme(database_url, tmp_path / "keys")
    made.many(3)
    made.integrate()
    yield made
    made.close()


def refused(acme: Acme, statement: str, table: str) -> None:
    with pytest.raises(DBAPIError, match=f"{table} is append-only"), acme.database.write() as session:
        session.connection().execute(text(statement))


@pytest.mark.parametrize(("table", "column"), [("entry", "seq"), ("leaf", "entry_id"), ("checkpoint", "note")])
def test_the_database_refuses_to_change_or_delete(acme: Acme, table: str, column: str) -> None:
    refused(acme, f"UPDATE {table} SET {column} = {column}", table)
    refused(acme, f"DELETE FROM {table}", table)
    if acme.database.sqlite:
        refused(acme, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", table)
    else:
        refused(acme, f"TRUNCATE {table} CASCADE", table)

    assert acme.fresh().check(acme.key, verify_p256) == []


def test_a_guard_that_is_gone_is_named(acme: Acme) -> None:
    on = "" if acme.database.sqlite else " ON leaf"
    with acme.database.write() as session:
        session.connection().execute(text(f"DROP TRIGGER leaf_no_update{on}"))

    assert acme.log.check(acme.key, verify_p256) == [
        "The guard leaf_no_update is missing: the table could be changed. Run `attester db upgrade`."
    ]


def test_the_owner_of_the_tables_is_told_what_the_role_could_do(acme: Acme) -> None:
    found = acme.log.rights()

    assert (found == []) is acme.database.sqlite
    if found:
        assert "may DELETE the table entry. Take the right away: REVOKE DELETE ON entry FROM ROLE." in found[1]


def test_a_role_for_daily_use_records_and_integrates_and_can_change_nothing(
    postgres: Cluster, postgres_template: str, tmp_path: Path
) -> None:
    name = postgres.create(template=postgres_template)
    owner = Acme(postgres.url(name), tmp_path / "keys")
    owner.decide()
    with owner.database.write() as session:
        for statement in (
            f"CREATE ROLE daily_{name}",
            f"GRANT SELECT, INSERT ON {', '.join(APPEND_ONLY)} TO daily_{name}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(GROWING)} TO daily_{name}",
            f"GRANT SELECT ON frozen TO daily_{name}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO daily_{name}",
        ):
            session.connection().execute(text(statement))
    daily = Acme(f"{postgres.url(name)}&options=-crole%3Ddaily_{name}", tmp_path / "keys")

    daily.decide("access_review/lena")

    assert daily.integrate() == 2
    assert daily.log.rights() == []
    assert daily.log.check(daily.key, verify_p256) == []
    with pytest.raises(DBAPIError, match="permission denied for table leaf"), daily.database.write() as session:
        session.connection().execute(text("DELETE FROM leaf"))
    for one in (daily, owner):
        one.close()
    postgres.drop(name)


def test_eight_starts_at_once_agree_on_one_origin_and_one_key(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    signer = load_signer(f"file:{tmp_path / 'signing.key'}", create=True)

    def start(n: int) -> str:
        log = Log(database)
        log.add_key(signer.keyid, signer.public_pem.decode(), MONDAY)
        return log.open(f"ledger-{n}.example.com", MONDAY)

    with ThreadPoolExecutor(8) as pool:
        origins = set(pool.map(start, range(8)))

    assert len(origins) == 1
    known = Log(database).keys()
    assert origins == {Log(database).origin()}
    assert [key.keyid for key in known] == [signer.keyid]
    database.close()
