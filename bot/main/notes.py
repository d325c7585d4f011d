"""What this process found out about the ledger, recorded in the ledger's own case where it is news."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import structlog

from bot.runtime import Runtime
from bot.store.outbox_queue import Queue
from workflows.kernel.checkpoint import Checkpoint, LedgerCorrupt
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.ledger import CASE, NAME, NoteCorrupt
from workflows.kernel.model import Command, by_system
from workflows.kernel.ports import SigningFailed

CORRUPT = "ledger_corrupt"
LOOK = 60.0
"""Seconds between looks for a finding of an earlier time or of another process."""
LOG = structlog.get_logger("attester")


def record(runtime: Runtime, note: Command) -> None:
    """Record a note where it is news. Raises Refused, SigningFailed, Conflict, Unsure; nothing was recorded then."""
    runtime.act(CASE, note, by_system("attester"), control=NAME)


class Notes:
    """Records what ticks find. A note that cannot be signed now is logged, and the tick finds the same again."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime

    def __call__(self, note: Command) -> bool:
        """True where the ledger knows it now."""
        try:
            record(self._runtime(), note)
        except (Refused, SigningFailed, Conflict, Unsure) as failure:
            LOG.warning("ledger_note_not_recorded", note=type(note).__name__, why=str(failure))
            return False
        return True


class Integrating:
    """Covers what is pending with checkpoints; says aloud when the stored log contradicts itself.

    A log that contradicts itself signs nothing, so what was found is kept as an alarm, which outlives this process, and
    becomes an attestation once a checkpoint is signed again, by whichever process signs it.
    """

    def __init__(
        self, integrate: Callable[[], Checkpoint | None], queue: Queue, note: Callable[[Command], bool]
    ) -> None:
        self._integrate = integrate
        self._queue = queue
        self._note = note
        self._told = ""
        self._look_at = 0.0

    def run(self) -> bool:
        """One round; True where there was something to cover. Raises LedgerCorrupt, SigningFailed."""
        try:
            done = self._integrate()
        except LedgerCorrupt as corrupt:
            if str(corrupt) != self._told:
                self._queue.sound(CORRUPT, str(corrupt))
                self._told, self._look_at = str(corrupt), 0.0
            raise
        if done is not None and monotonic() >= self._look_at:
            self._look_at = monotonic() + LOOK
            self._record()
        return done is not None

    def _record(self) -> None:
        """Record what rang, and quiet it; what cannot be recorded now goes on ringing."""
        for alarm in self._queue.alarms():
            if alarm.name == CORRUPT and self._note(NoteCorrupt(finding=alarm.detail)):
                self._queue.clear(CORRUPT)
        self._told = ""
