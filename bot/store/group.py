"""Group commit: decisions that arrive while another one is being written share the next transaction and its one sync.

For SQLite only, which has one writer at a time: sixteen threads that each want its lock poll for it, and the unlucky wait
for a second. PostgreSQL lets them write side by side, and shares its syncs by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Condition

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from bot.store.database import Database
from bot.store.failure import Busy, explained
from bot.store.write import Repeated
from workflows.kernel.errors import Conflict, Refused

MOST = 256
"""Decisions in one transaction."""

Work = Callable[[Session], None]


@dataclass(eq=False)
class Job:
    """One decision on its way. ``failure`` is what its caller gets to hear; None where it was committed."""

    work: Work
    done: bool = False
    failure: BaseException | None = None


class Group:
    """Commits what several threads want written. Whoever comes first writes for all who wait; there is no thread of its own.

    A decision that is alone is written at once: nothing waits for company.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._waiting: deque[Job] = deque()
        self._turn = Condition()
        self._writing = False

    def commit(self, work: Work) -> None:
        """Run the work in a transaction and commit it. Raises what the work raised, or what became of the transaction."""
        job = Job(work)
        with self._turn:
            self._waiting.append(job)
        while self._mine(job):
            self._lead()
        if job.failure is not None:
            raise job.failure

    def _mine(self, job: Job) -> bool:
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
        try:
            self._write(jobs)
        finally:
            with self._turn:
                for job in jobs:
                    job.done = True
                self._writing = False
                self._turn.notify_all()

    def _write(self, jobs: Sequence[Job]) -> None:
        committing = committed = False
        try:
            with self._db.write() as session:
                for job in jobs:
                    _attempt(session, job, alone=len(jobs) == 1)
                committing = True
            committed = True
        except (DBAPIError, PoolTimeout) as error:
            _fail(jobs, explained(error, committing=committing))
        finally:
            if not committed:
                _fail(jobs, Busy("another decision that was to be written with it could not be"))


def _attempt(session: Session, job: Job, *, alone: bool) -> None:
    """One decision behind a savepoint of its own: its neighbours are not undone with it.

    Raises only what ends the whole transaction.
    """
    try:
        with nullcontext() if alone else session.begin_nested():
            job.work(session)
    except (Conflict, Refused, Repeated) as refused:
        job.failure = refused
        if alone:
            session.rollback()
    except DBAPIError as error:
        if alone or not _still_open(session):
            raise  # nothing of this transaction is left: the disk is full or broken, or it was alone in it
        job.failure = explained(error, committing=False)


def _still_open(session: Session) -> bool:
    driver = session.connection().connection.driver_connection
    return bool(driver is not None and driver.in_transaction)


def _fail(jobs: Sequence[Job], failure: Exception) -> None:
    for job in jobs:
        job.failure = job.failure or failure
