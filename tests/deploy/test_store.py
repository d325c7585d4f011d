"""What pipelines asked is kept once and found again, on both databases, also where two come at one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from bot.store.database import Database
from bot.store.pipeline import KEPT, PipelineDeploy, Pipelines
from workflows.kernel.model import EvidenceRef

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
BODY = b'{"action": "requested"}'
REF = EvidenceRef(name="request.json", sha256=hashlib.sha256(BODY).hexdigest(), kind="github.request")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def deploy(case: str, **more: object) -> PipelineDeploy:
    known = {
        "case_id": case, "system": "github", "repository": "acme/payments", "environment": "production", "run": "1",
        "attempt": 1, "commit_sha": "a" * 40, "request_sha256": REF.sha256, "at": AT, "look_at": AT,
    }  # fmt: skip
    return PipelineDeploy.model_validate({**known, **more})


def test_a_delivery_that_comes_eight_times_at_one_moment_is_kept_and_worked_on_once(database: Database) -> None:
    rows, together = Pipelines(database), Barrier(8)

    def one(_: int) -> bool:
        together.wait()
        return rows.receive("one-delivery", REF, BODY, AT, "github:host", "github.asked")

    with ThreadPoolExecutor(8) as pool:
        fresh = list(pool.map(one, range(8)))

    with database.read() as session:
        waiting = session.connection().execute(text("SELECT kind FROM outbox ORDER BY kind")).scalars().all()
    assert sorted(fresh) == [False] * 7 + [True]
    assert list(waiting) == ["copy", "github.asked"]
    assert rows.sha256("one-delivery") == REF.sha256
    assert rows.sha256("another") is None


def test_what_became_of_a_request_is_kept_for_a_month(database: Database) -> None:
    rows = Pipelines(database)
    rows.receive("one", REF, BODY, AT, "github:host", "github.asked")

    rows.conclude("one", "opened: approval/deploy/acme/payments/production/1/1")
    kept = rows.outcomes()
    early = rows.forget(AT + KEPT)
    late = rows.forget(AT + KEPT + timedelta(seconds=1))

    assert kept == [("one", "opened: approval/deploy/acme/payments/production/1/1")]
    assert (early, late, rows.outcomes()) == (0, 1, [])


def test_a_deployment_is_kept_once_looked_at_when_due_and_no_more_once_it_is_settled(database: Database) -> None:
    rows = Pipelines(database)

    made = [rows.add(deploy("a")), rows.add(deploy("a", run="2")), rows.add(deploy("b", environment="Production"))]
    due = [d.case_id for d in rows.to_look_at("github", AT)]
    rows.put_off("a", AT + timedelta(minutes=2), reports=3)
    later = [d.case_id for d in rows.to_look_at("github", AT + timedelta(minutes=1))]
    rows.settle("a", AT)

    assert made == [True, False, True]
    assert sorted(due) == ["a", "b"]
    assert later == ["b"]
    assert rows.to_look_at("hook:", AT) == []
    assert rows.open_at("acme/payments", "production") == []
    assert [d.case_id for d in rows.known("acme/payments", "production")] == ["a"]
    kept = rows.find("a")
    assert kept is not None
    assert (kept.run, kept.reports, kept.settled_at) == ("1", 3, AT)
    assert rows.find("c") is None
