"""What a database error means for the one who waits: nothing was recorded, or nobody knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workflows.kernel.errors import Conflict, Unsure

AGAIN = {"40001", "40P01"}
"""PostgreSQL's serialization failure and deadlock: the other transaction won, this one left no trace."""


DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PROTOCOL")
"""What SQLite says where the disk is full, broken or not ours to write to."""


class Busy(Conflict):
    """The database had no room for this while somebody waited. Nothing was recorded: try again in a moment."""


class DiskFailed(Busy):
    """The disk is full or broken. Nothing was recorded, and nothing will be until somebody mends it."""


def explained(error: DBAPIError | PoolTimeout, *, committing: bool) -> Exception:
    """The error to raise for one that a transaction met.

    ``committing``: the commit had been sent. Then what is not certainly refused is Unsure. Before that nothing was
    recorded: Conflict where another one came first, Busy where there was no lock, connection or server to be had, DiskFailed
    where the disk did not take it, the error itself where it is a defect of ours.
    """
    if isinstance(error, PoolTimeout):
        return Busy("every connection to the database is in use")
    if isinstance(error, IntegrityError):
        return Conflict(str(error.orig)) if _is_taken(error.orig) else error
    state = getattr(error.orig, "sqlstate", None)
    if state in AGAIN:
        return Conflict("another transaction came first")
    if isinstance(error.orig, sqlite3.Error):
        name = getattr(error.orig, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Busy("the database is locked by another writer")
        if name.startswith(DISK) and not committing:
            return DiskFailed(f"the disk did not take it: {error.orig}")
        return Unsure(str(error.orig)) if committing else error
    if committing and (error.connection_invalidated or state is None):
        return Unsure("the database went away during the commit")
    if error.connection_invalidated or state is None or state.startswith(("08", "53", "55", "57")):
        return Busy(f"the database could not be reached: {error.orig}")
    return error


def raise_explained(error: DBAPIError | PoolTimeout, *, committing: bool) -> NoReturn:
    """Raise what the error means; a defect of ours as it is."""
    meaning = explained(error, committing=committing)
    if meaning is error:
        raise error
    raise meaning from error


@contextmanager
def in_words() -> Iterator[None]:
    """Raises errors of the database within the block as `explained` ones; one that came late enough is Unsure."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        raise_explained(error, committing=True)


def _is_taken(error: BaseException | None) -> bool:
    """Whether a place was taken already; any other broken constraint is a defect of ours."""
    if isinstance(error, sqlite3.Error):
        return error.sqlite_errorname in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
    return getattr(error, "sqlstate", None) == "23505"
