"""Pulling a source from start to end: one at a time, the directory first, kept whatever comes of it, and told to the cases."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.facts import FactBook
from bot.runtime import Runtime
from bot.store.record import Record
from bot.store.snapshot import Snapshots
from bot.store.snapshot_load import PullInvalid
from workflows.kernel.errors import Conflict, Refused
from workflows.kernel.identity import Collection, Directory, Pull
from workflows.kernel.model import by_system
from workflows.kernel.ports import Clock, Source, SourceBusy, SourceFailed
from workflows.kernel.program import SourceConfig

LEASE_SECONDS = 1_800.0
"""How long a source stays taken by a process that says nothing more. A killed process blocks no longer than this."""

RENEW_SECONDS = 60.0

NIGHTLY = timedelta(hours=24)
DIRECTORY_EVERY = timedelta(hours=6)
RETRY = timedelta(hours=1)

Progress = Callable[[str], None]

LOG = structlog.get_logger(__name__)


class PullRunning(SourceBusy):
    """Somebody else pulls this source right now; the message says what to do."""


class Opened(Source, Protocol):
    """A source that can also account for a pull that was killed."""

    def leftover(self) -> Pull | None:
        """What a killed pull left behind, as a partial pull; None where nothing lies there."""
        ...

    def clear(self) -> None:
        """Drop what lies there: its pull is recorded."""
        ...


class Opener(Protocol):
    """Opens sources as the program describes them, and writes the certificate of a pull that could not begin."""

    def open(self, config: SourceConfig, progress: Progress) -> Opened:
        """The source, nothing contacted yet; ``progress`` hears a sentence for each page. Raises SourceFailed."""
        ...

    def failed(self, config: SourceConfig, why: str, started_by: str) -> Pull:
        """A partial pull of nothing, with this reason."""
        ...

    def refused(self, pull: Pull, why: str) -> Pull:
        """The same pull, certified as partial for this reason."""
        ...


class Puller:
    """Pulls sources. ``worker`` names this process among others; ``progress`` hears a sentence for each page read."""

    def __init__(
        self,
        *,
        facts: FactBook,
        snapshots: Snapshots,
        record: Record,
        runtime: Runtime,
        opener: Opener,
        clock: Clock,
        worker: str,
        progress: Progress = lambda _: None,
    ) -> None:
        self._facts = facts
        self._snapshots = snapshots
        self._record = record
        self._runtime = runtime
        self._opener = opener
        self._clock = clock
        self._worker = worker
        self._progress = progress

    def pull(self, source: str, started_by: str) -> Collection:
        """Pull a source now, complete or partial, and tell every case that watches it.

        The directory is pulled first where it is missing or too old, because accounts are linked to its people. Raises
        SourceFailed for a source that the program does not name, PullRunning while somebody else pulls it.
        """
        config = self._config(source)
        self._directory_first(config, started_by)
        # A holder of its own for each pull: two threads of one process must not share the lease.
        holder = f"{self._worker}:{secrets.token_hex(4)}"
        if not self._snapshots.lease(source, self._clock.now(), LEASE_SECONDS, holder):
            raise PullRunning(f"{source} is being pulled by another process. Wait until it is done, then look again.")
        try:
            return self._pulled(config, started_by, holder)
        finally:
            self._snapshots.release(source, holder)

    def pull_all(self, started_by: str) -> list[Collection]:
        """Pull every source of the program, the directory first. Raises PullRunning."""
        configs = sorted(self._facts.program().sources, key=lambda s: not s.directory)
        return [self.pull(config.id, started_by) for config in configs]

    def due(self, now: datetime) -> list[str]:
        """Sources to pull now, the directory first: nightly, the directory every six hours, what failed every hour.

        Counted from the last attempt: a file that nobody exports again grows stale, and pulling it more often helps nobody.
        """
        configs = sorted(self._facts.program().sources, key=lambda s: not s.directory)
        return [config.id for config in configs if self._due(config, now)]

    def _due(self, config: SourceConfig, now: datetime) -> bool:
        last = self._snapshots.latest(config.id, complete_only=False)
        if last is None:
            return True
        rest = DIRECTORY_EVERY if config.directory else min(NIGHTLY, config.max_age / 2)
        return now - last.ended_at >= (rest if last.verdict == "complete" else RETRY)

    def tell(self, collection: Collection) -> None:
        """Tell every case that watches the source. A case that refuses does not keep the others from hearing it.

        After a kill a case may hear of the same collection twice.
        """
        for case in self._record.watching(collection.source):
            state, _ = self._runtime.state(case)
            command = self._runtime.workflow(case).pulled(state, collection)
            if command is None:
                continue
            try:
                self._runtime.act(case, command, by_system("identity pull"))
            except (Refused, Conflict) as error:
                LOG.warning("pull_not_taken", case=case, source=collection.source, why=str(error))

    def _pulled(self, config: SourceConfig, started_by: str, holder: str) -> Collection:
        try:
            source = self._opener.open(config, self._heartbeat(config.id, holder))
        except SourceFailed as error:
            return self._kept(self._opener.failed(config, str(error), started_by))
        self._account_for(source, config)
        directory = Directory(people={}) if config.directory else self._facts.directory()
        collection = self._kept(source.pull(directory, self._snapshots.latest(config.id), started_by))
        # Only now: whoever is killed before this line is found by the next pull, which tells the cases again.
        source.clear()
        return collection

    def _kept(self, pull: Pull) -> Collection:
        """Store the pull, in one transaction, and tell it."""
        try:
            collection = self._snapshots.save(pull)
        except PullInvalid as error:
            collection = self._snapshots.save(self._opener.refused(pull, str(error)))
        self.tell(collection)
        return collection

    def _heartbeat(self, source: str, holder: str) -> Progress:
        """Passes progress on, and keeps the source taken while there is any: a long pull is not a dead one."""
        renewed = self._clock.now()

        def hear(sentence: str) -> None:
            nonlocal renewed
            now = self._clock.now()
            if (now - renewed).total_seconds() >= RENEW_SECONDS:
                self._snapshots.lease(source, now, LEASE_SECONDS, holder)
                renewed = now
            self._progress(sentence)

        return hear

    def _account_for(self, source: Opened, config: SourceConfig) -> None:
        """What a killed process left: not stored, it is recorded as broken off and never becomes lines; stored, it is told."""
        left = source.leftover()
        if left is None:
            return
        latest = self._snapshots.latest(config.id, complete_only=False)
        known = self._snapshots.certificate(latest.id) if latest else None
        if latest and known and known.started_at == left.certificate.started_at:
            self.tell(latest)
        else:
            self._kept(left)
        source.clear()

    def _directory_first(self, config: SourceConfig, started_by: str) -> None:
        directory = next((s for s in self._facts.program().sources if s.directory), None)
        if directory is None or directory.id == config.id:
            return
        latest = self._snapshots.latest(directory.id)
        now = self._clock.now()
        if latest is None or (now - latest.as_of > directory.max_age and self._due(directory, now)):
            self.pull(directory.id, started_by)

    def _config(self, source: str) -> SourceConfig:
        config = self._facts.program().source(source)
        if config is None:
            known = ", ".join(s.id for s in self._facts.program().sources)
            raise SourceFailed(f"The program names no source {source}. It names: {known}.")
        return config
