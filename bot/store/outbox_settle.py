"""Writing results back, in batches: what was sent, what comes again and when, what is given up with an alarm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from bot.store.outbox_alarm import STOPPED, sound
from bot.store.outbox_limit import pause
from bot.store.outbox_values import Claimed, Delivered, Limit, Outcome
from bot.store.table_outbox import DeliveryRow, LaneRow, OutboxRow

MAX_ATTEMPTS = 8
LANE_ATTEMPTS = 3
"""So often a failing row holds its lane back, for the sake of order; from then on the others pass it."""
PATIENCE = timedelta(days=3)
"""How long a row whose receiver is down is tried again."""
LATE = timedelta(hours=1)
POST = "chat.postMessage"


class Settlement:
    """Writes outcomes within one transaction. ``jitter`` gives numbers from 0 to 1."""

    def __init__(
        self,
        session: Session,
        *,
        worker: str,
        prefix: str,
        limits: Mapping[str, Limit],
        now: datetime,
        jitter: Callable[[], float],
    ) -> None:
        self._session = session
        self._worker = worker
        self._prefix = prefix
        self._limits = limits
        self._now = now
        self._jitter = jitter
        self._stand: dict[str, DeliveryRow] = {}

    def write(self, results: Sequence[tuple[Claimed, Outcome]]) -> list[tuple[Claimed, Outcome]]:
        """Settle all; returns those that counted. Of a row whose lease ran out and that somebody else took, nothing does."""
        lanes = sorted({claimed.lane for claimed, _ in results})
        query = select(LaneRow.lane, LaneRow.owner).where(col(LaneRow.lane).in_(lanes))
        owners = dict(self._session.exec(query.order_by(col(LaneRow.lane)).with_for_update()).all())
        ours = [(c, o) for c, o in results if owners.get(c.lane) == self._worker]
        rows = self._rows([c.id for c, _ in ours])
        self._stand = self._standing([c.subject for c, _ in ours if c.subject])
        freed = []
        counted = []
        for claimed, outcome in ours:
            row = rows.get(claimed.id)
            if row is None or row.state != "pending" or row.claimed_at != claimed.claimed_at:
                continue
            lane_at = self._settle(row, claimed, outcome)
            freed.append({"lane": claimed.lane, "next_at": lane_at, "owner": None, "asleep": False})
            counted.append((claimed, outcome))
        self._session.flush()
        if freed:
            self._session.execute(update(LaneRow), freed)
        return counted

    def _rows(self, ids: Sequence[int]) -> dict[int, OutboxRow]:
        rows = self._session.exec(select(OutboxRow).where(col(OutboxRow.id).in_(ids)).order_by(col(OutboxRow.id)))
        return {row.id: row for row in rows if row.id is not None}

    def _standing(self, subjects: Sequence[str]) -> dict[str, DeliveryRow]:
        rows = self._session.exec(select(DeliveryRow).where(col(DeliveryRow.subject).in_(subjects)))
        return {row.subject: row for row in rows}

    def _settle(self, row: OutboxRow, claimed: Claimed, outcome: Outcome) -> datetime:
        """Change the row; returns when its lane goes on."""
        row.note = outcome.note[:2000]
        if outcome.alarm:
            self._alarm(f"refused: {claimed.kind}", outcome.alarm)
        limit = self._limits.get(claimed.method)
        gap = timedelta(seconds=limit.gap if limit else 0.0)
        if outcome.kind in ("sent", "gone"):
            row.state, row.done_at = outcome.kind, self._now
            self._deliver(claimed, outcome.delivered)
            return self._now + gap
        row.claimed_at = None
        if outcome.kind in ("later", "stopped", "stale"):
            row.attempts -= 1
            return self._put_off(claimed, outcome, limit)
        if outcome.kind == "dead" or self._given_up(row, outcome):
            row.state, row.done_at = "dead", self._now
            self._fail(claimed)
            self._alarm(f"dead letter: {claimed.kind}", f"Row {claimed.id} ({claimed.lane}) was given up: {row.note}")
            return self._now + gap
        row.doubt = row.doubt or outcome.kind == "unsure"
        return self._again(row, outcome)

    def _put_off(self, claimed: Claimed, outcome: Outcome, limit: Limit | None) -> datetime:
        """Not this row's fault: it keeps its place. A 429 pauses the lane on chat.postMessage, else the whole method."""
        if outcome.kind == "stopped":
            self._alarm(STOPPED, outcome.note)
            return self._now
        if outcome.kind == "stale":
            there = self._stand.get(claimed.subject or "")
            if there is not None:
                there.channel = there.ts = None
            return self._now
        self._overdue(claimed.kind, claimed.id, claimed.first_at, outcome.note)
        until = self._now + timedelta(seconds=outcome.seconds)
        if limit is not None and claimed.method != POST:
            pause(self._session, self._prefix + claimed.method, limit, until)
        return until

    def _given_up(self, row: OutboxRow, outcome: Outcome) -> bool:
        if outcome.kind == "unsure":
            first_at = row.first_at or self._now
            self._overdue(row.kind, row.id, first_at, row.note)
            return self._now - first_at > PATIENCE
        return row.attempts >= MAX_ATTEMPTS

    def _overdue(self, kind: str, number: int | None, first_at: datetime, note: str) -> None:
        waited = self._now - first_at
        if waited > LATE:
            self._alarm(f"late: {kind}", f"Row {number} has been tried for {waited}: {note}")

    def _again(self, row: OutboxRow, outcome: Outcome) -> datetime:
        """Growing pauses with jitter: 2, 4, 8 … at most 300 s; at least what the outcome asks for."""
        seconds = max(min(2.0**row.attempts, 300.0) * (0.5 + 0.5 * self._jitter()), outcome.seconds)
        at = self._now + timedelta(seconds=seconds)
        if row.attempts < LANE_ATTEMPTS:
            return at
        row.not_before = at
        return self._now

    def _deliver(self, claimed: Claimed, delivered: Delivered | None) -> None:
        if delivered is None or claimed.subject is None:
            return
        row = self._stand.get(claimed.subject)
        fields = {name: getattr(delivered, name) for name in ("key", "slack_user", "channel", "ts", "digest", "status")}
        twice = delivered.possible_duplicate
        if row is None:
            row = DeliveryRow(subject=claimed.subject, case_id=delivered.case, sent_at=self._now, **fields)
        else:
            row.sqlmodel_update(fields | {"sent_at": self._now})
        row.possible_duplicate = row.possible_duplicate or twice
        self._session.add(row)

    def _fail(self, claimed: Claimed) -> None:
        there = self._stand.get(claimed.subject or "")
        if there is not None:
            there.status = "failed"

    def _alarm(self, name: str, detail: str) -> None:
        sound(self._session, name, detail, self._now)
