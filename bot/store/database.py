"""One database, two kinds of session: `write()` takes the writer's lock at once on SQLite, `read()` never does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from threading import Lock

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

WAIT_MS = 1500
"""How long a writer waits for SQLite's lock. Slack gives a click 3 s."""
CONNECT_SECONDS = 3


def normal_url(url: str) -> str:
    """The URL with the driver we use: `postgres://` and `postgresql://` become `postgresql+psycopg://`."""
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


class Turns:
    """Whoever wants to write takes their turn, first come, first served: SQLite itself lets waiters poll, and some starve."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._taken = False
        self._queue: deque[Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One's turn for the length of the block. Raises SQLAlchemy's TimeoutError where it did not come in time."""
        self._take()
        try:
            yield
        finally:
            with self._lock:
                if self._queue:
                    self._queue.popleft().release()  # the turn goes on without being free in between
                else:
                    self._taken = False

    def _take(self) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            gate = Lock()
            gate.acquire()
            self._queue.append(gate)
        if gate.acquire(timeout=self._seconds):
            return
        with self._lock:
            if gate in self._queue:
                self._queue.remove(gate)
                raise PoolTimeout(f"it was not this writer's turn within {self._seconds} s")


class Database:
    """An engine with our settings: SQLite in WAL mode with full sync and foreign keys; PostgreSQL with a pool that fails fast."""

    def __init__(self, url: str, *, pool: int = 20) -> None:
        self.url = normal_url(url)
        self.sqlite = make_url(self.url).get_backend_name() == "sqlite"
        self._turns = Turns(WAIT_MS / 1000) if self.sqlite else None
        if self.sqlite:
            self.engine: Engine = create_engine(
                self.url, connect_args={"timeout": WAIT_MS / 1000, "check_same_thread": False}, hide_parameters=True
            )
            event.listen(self.engine, "connect", _sqlite_connect)
            event.listen(self.engine, "begin", _sqlite_begin)
        else:
            self.engine = create_engine(
                self.url,
                pool_size=pool,
                max_overflow=20,
                pool_timeout=1,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"connect_timeout": 5, "application_name": "attester"},
            )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; always rolled back."""
        with Session(self.engine) as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or changes nothing if the block raises."""
        with (
            self._turns.turn() if self._turns else nullcontext(),
            Session(self.engine.execution_options(attester_write=True), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def now(self) -> datetime | None:
        """The database's clock on PostgreSQL (one clock for many machines); None on SQLite."""
        if self.sqlite:
            return None
        with self.read() as session:
            at: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
            return at

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _sqlite_connect(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
    cursor = connection.cursor()  # type: ignore[attr-defined]
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={WAIT_MS}")
    # Without recursive triggers, INSERT OR REPLACE would delete a row without asking the append-only guards.
    for pragma in (*pragmas, "recursive_triggers=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("attester_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
