"""The outbox as a queue: claim, renew, settle, watch over it. Values in, values out; any number of workers at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlmodel import Session, col, delete, select, update

from bot.store import outbox, outbox_alarm
from bot.store.database import Database
from bot.store.outbox_claim import claim, known
from bot.store.outbox_limit import Meter
from bot.store.outbox_settle import Settlement
from bot.store.outbox_values import SLACK_LIMITS, Alarm, Claimed, Delivered, Kind, Limit, Outcome, QueueUnavailable
from bot.store.table_outbox import DeliveryRow, LaneRow, LimiterRow, OutboxRow, WorkerRow
from workflows.kernel.ports import Clock

LEASE = timedelta(seconds=15)
"""Longer than the 10 s that a call to Slack may take."""
ALIVE = timedelta(seconds=60)
KEPT = timedelta(days=30)
BACK = timedelta(seconds=60)
CLOCK = "clock_went_back"
_CHANCE = secrets.SystemRandom()


class Queue:
    """One worker's view of the outbox. Every method may raise QueueUnavailable.

    Time is the database's on PostgreSQL (one clock for many machines) and ``clock`` on SQLite. ``team`` separates the
    limits of several workspaces.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        worker: str,
        *,
        limits: Mapping[str, Limit] = SLACK_LIMITS,
        team: str = "slack",
        lease: timedelta = LEASE,
        jitter: Callable[[], float] = _CHANCE.random,
    ) -> None:
        self.worker = worker
        self._db = database
        self._clock = clock
        self._limits = dict(limits)
        self._prefix = f"{team}:"
        self._lease = lease
        self._jitter = jitter
        self._metered = False
        self._latest = outbox.AWAKE
        self._alarmed = False

    def ready(self) -> bool:
        """Whether any lane is free now; cheap, and takes no lock."""
        with self._reading() as session:
            now = self._now(session)
            return session.exec(select(LaneRow.lane).where(col(LaneRow.next_at) <= now).limit(1)).first() is not None

    def claim(self, want: int, kinds: Mapping[str, Kind]) -> list[Claimed]:
        """Up to ``want`` rows to deliver now, at most one per lane."""
        self._open_limits()
        with self._writing() as session:
            if outbox_alarm.stopped(session):
                kinds = {name: kind for name, kind in kinds.items() if not kind.first}
            now = self._now(session)
            if self._went_back(session, now):
                return []
            meter = Meter(session, self._prefix, self._limits, now)
            return claim(session, want=want, kinds=kinds, meter=meter, now=now, lease=self._lease, worker=self.worker)

    def settle(self, results: Sequence[tuple[Claimed, Outcome]]) -> list[tuple[Claimed, Outcome]]:
        """Write results back in one transaction; returns those that counted."""
        with self._writing() as session:
            settlement = Settlement(
                session,
                worker=self.worker,
                prefix=self._prefix,
                limits=self._limits,
                now=self._now(session),
                jitter=self._jitter,
            )
            return settlement.write(results)

    def renew(self, claims: Sequence[Claimed]) -> None:
        """Hold the lanes of rows that are still under way for another lease."""
        with self._writing() as session:
            lanes = sorted(c.lane for c in claims)
            until = self._now(session) + self._lease
            held = (col(LaneRow.lane).in_(lanes), col(LaneRow.owner) == self.worker)
            session.execute(update(LaneRow).where(*held).values(next_at=until))

    def park(self, kinds: Mapping[str, Kind]) -> int:
        """Put aside rows that this version does not know, with an alarm; take back those that it does. Returns how many
        are put aside now."""
        with self._writing() as session:
            now = self._now(session)
            back = select(OutboxRow.lane).where(col(OutboxRow.state) == "parked", known(kinds)).distinct()
            for lane in session.exec(back).all():
                outbox.wake(session, lane)
            session.execute(
                update(OutboxRow).where(col(OutboxRow.state) == "parked", known(kinds)).values(state="pending")
            )
            strange = (outbox.PENDING, ~known(kinds))
            session.execute(update(OutboxRow).where(*strange).values(state="parked", claimed_at=None))
            aside = select(OutboxRow.kind, func.count()).where(col(OutboxRow.state) == "parked")
            counts = dict(session.exec(aside.group_by(col(OutboxRow.kind))).all())
            for kind, count in counts.items():
                detail = f"{count} rows of kind {kind} wait for a version that knows it. Upgrade every worker."
                outbox_alarm.sound(session, f"parked: {kind}", detail, now)
            for alarm in outbox_alarm.raised(session):
                if alarm.name.startswith("parked: ") and alarm.name.removeprefix("parked: ") not in counts:
                    outbox_alarm.clear(session, alarm.name, now)
            return sum(counts.values())

    def revive(self, kind: str) -> int:
        """Try the dead letters of a kind once more; returns how many."""
        with self._writing() as session:
            dead = (col(OutboxRow.state) == "dead", col(OutboxRow.kind) == kind)
            lanes = session.exec(select(OutboxRow.lane).where(*dead)).all()
            for lane in lanes:
                outbox.wake(session, lane)
            fresh: dict[str, Any] = {"state": "pending", "attempts": 0, "first_at": None, "not_before": None}
            session.execute(update(OutboxRow).where(*dead).values(done_at=None, **fresh))
            outbox_alarm.clear(session, f"dead letter: {kind}", self._now(session))
            return len(lanes)

    def enqueue(self, **row: Any) -> bool:
        """`outbox.enqueue` in a transaction of its own."""
        with self._writing() as session:
            return outbox.enqueue(session, **row)

    def delivered(self, subjects: Sequence[str]) -> dict[str, Delivered]:
        """What Slack has of these cards."""
        found = {}
        with self._reading() as session:
            for row in session.exec(select(DeliveryRow).where(col(DeliveryRow.subject).in_(subjects))):
                fields = row.model_dump(exclude={"subject", "case_id", "sent_at"})
                found[row.subject] = Delivered(case=row.case_id, **fields)
        return found

    def waiting(self, subjects: Sequence[str]) -> set[str]:
        """Which of these cards have a row on its way."""
        query = select(OutboxRow.subject).where(
            col(OutboxRow.subject).in_(subjects), col(OutboxRow.state).in_(["pending", "parked"])
        )
        with self._reading() as session:
            return {subject for subject in session.exec(query) if subject}

    def counts(self) -> dict[str, int]:
        """Rows by state."""
        query = select(OutboxRow.state, func.count()).group_by(col(OutboxRow.state))
        with self._reading() as session:
            return dict(session.exec(query).all())

    def alarms(self) -> list[Alarm]:
        """What a person must mend, oldest first."""
        with self._reading() as session:
            return outbox_alarm.raised(session)

    def sound(self, name: str, detail: str) -> None:
        """Raise an alarm."""
        with self._writing() as session:
            outbox_alarm.sound(session, name, detail, self._now(session))

    def clear(self, name: str) -> bool:
        """Say that what an alarm named is mended."""
        with self._writing() as session:
            return outbox_alarm.clear(session, name, self._now(session))

    def stopped(self) -> bool:
        """Whether nothing is sent to Slack until somebody mends it."""
        with self._reading() as session:
            return outbox_alarm.stopped(session)

    def resume(self) -> None:
        """Send again: what had stopped it is mended."""
        self.clear(outbox_alarm.STOPPED)

    def seen(self, role: str, version: str) -> None:
        """This worker's sign of life."""
        with self._writing() as session:
            now = self._now(session)
            row = session.get(WorkerRow, self.worker) or WorkerRow(
                id=self.worker, role=role, version=version, started_at=now, seen_at=now
            )
            row.seen_at = now
            session.add(row)

    def workers(self) -> list[tuple[str, str, str, datetime]]:
        """(id, role, version, last seen) of the processes seen within the last minute."""
        with self._reading() as session:
            since = self._now(session) - ALIVE
            rows = session.exec(select(WorkerRow).where(col(WorkerRow.seen_at) > since).order_by(col(WorkerRow.id)))
            return [(r.id, r.role, r.version, r.seen_at) for r in rows]

    def forget(self) -> int:
        """Drop rows that were done with over 30 days ago; dead letters and parked rows stay. Returns how many."""
        with self._writing() as session:
            before = self._now(session) - KEPT
            old = (col(OutboxRow.state).in_(["sent", "gone", "superseded"]), col(OutboxRow.done_at) < before)
            gone = session.execute(delete(OutboxRow).where(*old))
            undated = (col(OutboxRow.state) == "superseded", col(OutboxRow.done_at).is_(None))
            session.execute(update(OutboxRow).where(*undated).values(done_at=self._now(session)))
            session.execute(delete(WorkerRow).where(col(WorkerRow.seen_at) < before))
            return int(getattr(gone, "rowcount", 0))

    def _went_back(self, session: Session, now: datetime) -> bool:
        """Whether the machine's clock was set back: leases and pauses then mean nothing until it has caught up.

        On PostgreSQL the machine's clock does not matter.
        """
        back = self._db.sqlite and now < self._latest - BACK
        if back:
            detail = (
                f"The clock says {now:%Y-%m-%d %H:%M} UTC and said {self._latest:%Y-%m-%d %H:%M} before. Set it right."
            )
            outbox_alarm.sound(session, CLOCK, detail, now)
        elif self._alarmed:
            outbox_alarm.clear(session, CLOCK, now)
        self._alarmed = back
        self._latest = max(self._latest, now)
        return back

    def _open_limits(self) -> None:
        """See to it that every limiter has its row, so that it can be locked."""
        if self._metered:
            return
        insert = sqlite.insert if self._db.sqlite else postgresql.insert
        with self._writing() as session:
            for method in sorted(self._limits):
                new = insert(LimiterRow).values(name=self._prefix + method, tat=outbox.AWAKE)
                session.execute(new.on_conflict_do_nothing(index_elements=["name"]))
        self._metered = True

    def _now(self, session: Session) -> datetime:
        if self._db.sqlite:
            return self._clock.now()
        at: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        return at

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        try:
            with self._db.read() as session:
                yield session
        except (DBAPIError, TimeoutError) as error:
            raise QueueUnavailable(str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        try:
            with self._db.write() as session:
                yield session
        except (DBAPIError, TimeoutError) as error:
            raise QueueUnavailable(str(error)) from error
