"""Keeps what pipelines asked: each request once, and each deployment until nothing has to be asked or told any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, select

from bot.store.base import table_of
from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.outbox import enqueue
from bot.store.record_write import write_evidence
from bot.store.table_case import CaseRow
from bot.store.table_pipeline import PipelineDeliveryRow, PipelineDeployRow
from workflows.kernel.attestation import Born
from workflows.kernel.identity import Value
from workflows.kernel.model import CaseId, EvidenceRef

KEPT = timedelta(days=30)
DECIDED = ("approved", "refused", "lapsed", "superseded", "withdrawn")
"""The standings of a case at which its pipeline has to be told, unless it was."""

_DELIVERY = table_of(PipelineDeliveryRow)
_DEPLOY = table_of(PipelineDeployRow)
_RECEIVE = {
    "sqlite": sqlite.insert(_DELIVERY).on_conflict_do_nothing(index_elements=["id"]),
    "postgresql": postgresql.insert(_DELIVERY).on_conflict_do_nothing(index_elements=["id"]),
}
_ADD = {
    "sqlite": sqlite.insert(_DEPLOY).on_conflict_do_nothing(index_elements=["case_id"]),
    "postgresql": postgresql.insert(_DEPLOY).on_conflict_do_nothing(index_elements=["case_id"]),
}


class PipelineDeploy(Value):
    """A deployment that a pipeline asked about. ``installation`` and ``deployment`` are GitHub's ids; empty for a hook."""

    case_id: CaseId
    system: str
    repository: str
    environment: str
    run: str
    attempt: int
    commit_sha: str
    installation: str = ""
    deployment: str = ""
    request_sha256: str
    at: datetime
    look_at: datetime
    reports: int = 0
    settled_at: datetime | None = None


class Pipelines:
    """The tables of pipelines. Every method may raise Busy or Unsure."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def receive(self, delivery: str, ref: EvidenceRef, body: bytes, at: datetime, lane: str, kind: str) -> bool:
        """Keep a request with its bytes, and have it worked on; False where this very delivery came before."""
        row = {"id": delivery, "at": at, "sha256": ref.sha256, "outcome": ""}
        with in_words(), self._db.write() as session:
            connection = session.connection()
            once = _RECEIVE[connection.dialect.name]
            if connection.execute(once.returning(_DELIVERY.c.id), row).scalar_one_or_none() is None:
                return False
            write_evidence(session, [Born(ref, body)], at)
            enqueue(
                session, lane=lane, kind=kind, payload={"delivery": delivery}, dedupe_key=f"{kind}:{delivery}",
                priority=1,
            )  # fmt: skip
            return True

    def sha256(self, delivery: str) -> str | None:
        """The SHA-256 of a request's bytes; None where it is not known."""
        with self._db.read() as session:
            row = session.get(PipelineDeliveryRow, delivery)
            return row.sha256 if row else None

    def conclude(self, delivery: str, outcome: str) -> None:
        """Say what became of a request."""
        with in_words(), self._db.write() as session:
            mine = col(PipelineDeliveryRow.id) == delivery
            session.execute(update(PipelineDeliveryRow).where(mine).values(outcome=outcome[:2000]))

    def outcomes(self) -> list[tuple[str, str]]:
        """(id, what became of it) of every request that is kept, oldest first."""
        with self._db.read() as session:
            query = select(PipelineDeliveryRow.id, PipelineDeliveryRow.outcome)
            found = session.exec(query.order_by(col(PipelineDeliveryRow.at), col(PipelineDeliveryRow.id)))
            return [(name, outcome) for name, outcome in found]

    def add(self, deploy: PipelineDeploy) -> bool:
        """Keep a deployment; False where it is kept already."""
        with in_words(), self._db.write() as session:
            connection = session.connection()
            once = _ADD[connection.dialect.name]
            made = connection.execute(once.returning(_DEPLOY.c.case_id), deploy.model_dump())
            return made.scalar_one_or_none() is not None

    def find(self, case: CaseId) -> PipelineDeploy | None:
        """The deployment of a case."""
        with self._db.read() as session:
            row = session.get(PipelineDeployRow, case)
            return PipelineDeploy.model_validate(row.model_dump()) if row else None

    def open_at(self, repository: str, environment: str) -> Sequence[PipelineDeploy]:
        """The unsettled deployments to an environment, as the program writes both, oldest first."""
        place = (PipelineDeployRow.repository == repository, PipelineDeployRow.environment == environment)
        query = select(PipelineDeployRow).where(*place, col(PipelineDeployRow.settled_at).is_(None))
        with self._db.read() as session:
            rows = session.exec(query.order_by(col(PipelineDeployRow.at), col(PipelineDeployRow.case_id)))
            return [PipelineDeploy.model_validate(row.model_dump()) for row in rows]

    def known(self, repository: str, environment: str) -> Sequence[PipelineDeploy]:
        """Every deployment to an environment that was ever asked about."""
        place = (PipelineDeployRow.repository == repository, PipelineDeployRow.environment == environment)
        with self._db.read() as session:
            rows = session.exec(select(PipelineDeployRow).where(*place).order_by(col(PipelineDeployRow.at)))
            return [PipelineDeploy.model_validate(row.model_dump()) for row in rows]

    def decided(self, system: str, limit: int = 200) -> Sequence[PipelineDeploy]:
        """The unsettled deployments whose case is decided: their pipeline has to be told."""
        query = (
            select(PipelineDeployRow)
            .join(CaseRow, col(CaseRow.case_id) == col(PipelineDeployRow.case_id))
            .where(
                col(PipelineDeployRow.settled_at).is_(None),
                PipelineDeployRow.system == system,
                col(CaseRow.status).in_(DECIDED),
            )
        )
        with self._db.read() as session:
            rows = session.exec(query.order_by(col(PipelineDeployRow.at)).limit(limit))
            return [PipelineDeploy.model_validate(row.model_dump()) for row in rows]

    def to_look_at(self, system: str, now: datetime, limit: int = 200) -> Sequence[PipelineDeploy]:
        """The unsettled deployments that are to be looked at by now."""
        due = (col(PipelineDeployRow.settled_at).is_(None), col(PipelineDeployRow.look_at) <= now)
        query = select(PipelineDeployRow).where(*due, col(PipelineDeployRow.system).startswith(system))
        with self._db.read() as session:
            rows = session.exec(query.order_by(col(PipelineDeployRow.look_at)).limit(limit))
            return [PipelineDeploy.model_validate(row.model_dump()) for row in rows]

    def put_off(self, case: CaseId, look_at: datetime, *, reports: int | None = None) -> None:
        """Look at it again then."""
        values: dict[str, object] = {"look_at": look_at}
        if reports is not None:
            values["reports"] = reports
        with in_words(), self._db.write() as session:
            session.execute(update(PipelineDeployRow).where(col(PipelineDeployRow.case_id) == case).values(**values))

    def settle(self, case: CaseId, at: datetime) -> None:
        """Nothing has to be asked or told about it any more."""
        still = (col(PipelineDeployRow.case_id) == case, col(PipelineDeployRow.settled_at).is_(None))
        with in_words(), self._db.write() as session:
            session.execute(update(PipelineDeployRow).where(*still).values(settled_at=at))

    def forget(self, now: datetime) -> int:
        """Drop requests older than 30 days: GitHub delivers nothing again after that, and what came of them is recorded."""
        with in_words(), self._db.write() as session:
            gone = session.execute(delete(PipelineDeliveryRow).where(col(PipelineDeliveryRow.at) < now - KEPT))
            return int(getattr(gone, "rowcount", 0))
