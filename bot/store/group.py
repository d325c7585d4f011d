"""Group commit: decisions that arrive while others are being written share the next transaction and its one sync.

SQLite has one writer at a time: sixteen threads that each want its lock poll for it, and the unlucky wait for a second. On
PostgreSQL the processes write side by side, each of them one transaction at a time, which costs less than many small ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from bot.store.database import Database
from bot.store.failure import Busy, explained
from workflows.kernel.errors import Conflict, Refused, Unsure

MOST = 256
"""Decisions in one transaction."""

Kind = TypeVar("Kind")
Write = Callable[[Session, Sequence[Kind]], Sequence[Exception | None]]
"""Writes several in one session; what was in the way of each, or None. What it raises is in the way of all of them."""


@dataclass(eq=False)
class Job(Generic[Kind]):
    """One decision on its way. ``failure`` is what its caller gets to hear; None where it was committed."""

    what: Kind
    done: bool = False
    failure: Exception | None = None


class Group(Generic[Kind]):
    """Commits what several threads want written. Whoever comes first writes for all who wait; there is no thread of its own.

    A decision that is alone is written at once: nothing waits for company.
    """

    def __init__(self, database: Database, write: Write[Kind]) -> None:
        self._db = database
        self._write = write
        self._waiting: deque[Job[Kind]] = deque()
        self._turn = Condition()
        self._writing = False

    def commit(self, what: Kind) -> None:
        """Write it in a transaction and commit it. Raises what was in its way, or what became of the transaction."""
        job = Job(what)
        with self._turn:
            self._waiting.append(job)
        while self._mine(job):
            self._lead()
        if job.failure is not None:
            raise job.failure

    def _mine(self, job: Job[Kind]) -> bool:
        """Whether it is this caller's turn to write; False once somebody else has written its decision."""
        with self._turn:
            while self._writing and not job.done:
                self._turn.wait()
            self._writing = self._writing or not job.done
            return not job.done

    def _lead(self) -> None:
        """Write one group; then it is somebody else's turn."""
        with self._turn:
            jobs = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        for job in jobs:
            job.failure = Busy("another decision that was to be written with it could not be")
        try:
            self._settle(jobs)
        finally:
            with self._turn:
                for job in jobs:
                    job.done = True
                self._writing = False
                self._turn.notify_all()

    def _settle(self, jobs: Sequence[Job[Kind]]) -> None:
        """Write them together; where one of them spoils it for the others, each alone."""
        spoilt = self._transaction(jobs)
        if spoilt is not None and len(jobs) > 1 and not isinstance(spoilt, (Busy, Refused, Unsure)):
            for job in jobs:
                self._transaction([job])

    def _transaction(self, jobs: Sequence[Job[Kind]]) -> Exception | None:
        """One transaction; what ended it, and each job's failure set."""
        committing = False
        failures: Sequence[Exception | None]
        spoilt: Exception | None = None
        try:
            with self._db.write() as session:
                failures = self._write(session, [job.what for job in jobs])
                committing = True
        except (DBAPIError, PoolTimeout) as error:
            spoilt = explained(error, committing=committing)
        except (Conflict, Refused) as error:
            spoilt = error
        for job, failure in zip(jobs, [spoilt] * len(jobs) if spoilt else failures, strict=True):
            job.failure = failure
        return spoilt
