"""What may be asked about: the findings of the newest scans, without those that are settled for now."""

from __future__ import annotations

from bot.store.finding import Findings
from bot.store.record import Record
from workflows.approval.rules.risk import RENEWED_WITHIN, base_case, finding_case
from workflows.kernel.ports import Clock
from workflows.kernel.weakness import Weakness


class OpenWeaknesses:
    """What may be asked about now: findings that the newest scans show and that nobody asked about yet."""

    def __init__(self, findings: Findings, record: Record, clock: Clock) -> None:
        self._findings = findings
        self._record = record
        self._clock = clock

    def get(self, weakness: str) -> Weakness | None:
        """A finding by its id, open or gone."""
        return self._findings.get(weakness)

    def worst(self) -> tuple[Weakness, ...]:
        """The open ones without those that are asked about, or accepted for longer than their renewal may be asked."""
        later = self._clock.now() + RENEWED_WITHIN
        settled = {
            base_case(found.case)
            for found in self._record.summaries(open_only=True)
            if found.case.startswith("approval/exception/")
            and (found.status != "effective" or (found.due_at or later) > later)
        }
        open_now = self._findings.open()
        return tuple(w for w in open_now if finding_case(w.tool, w.repository, w.mark) not in settled)
