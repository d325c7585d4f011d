"""Writers of one kind in a process of their own: `python -m benchmarks.ledger_writer KIND URL FOLDER THREADS`.

It says `ready`, waits for a line with a number, writes for so many seconds, and prints what every write cost. Times are of
the machine's monotonic clock, so that those of several processes can be compared.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TypedDict

from auditchain import AuditLog
from auditchain.backends.postgres import PostgresBackend
from auditchain.backends.sqlite import SqliteBackend
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.signing import load_log_key, load_signer
from bot.store.database import Database
from bot.store.ledger import Log
from bot.store.record import Record
from tests.crash.office import Writer
from tests.proof.ledger import KIND, MONDAY, SUBJECT
from workflows.kernel.errors import Conflict
from workflows.kernel.statement import statement

INTEGRATE_SECONDS = 0.1
"""A product that is idle looks as often, `bot.main.product` twice as rarely."""
Write = Callable[[], str]
Entry = tuple[str, float, float]
"""What was written or covered, and when that began and ended."""
STOP = Event()


class Said(TypedDict):
    """What a process did: writes by name, checkpoints by size."""

    written: list[Entry]
    covered: list[Entry]


Run = Callable[[Said], None]
Covering = Run


def ours(database: Database, folder: Path, count: int, *, whole: bool = False) -> list[Write]:
    """An event and its attestation as the product records them; ``whole``: with ask, card and evidence."""
    record = Record(database)

    def made(writer: Writer) -> Write:
        def write() -> str:
            while True:
                try:
                    return writer.decide()
                except Conflict:  # no lock in time: whoever pressed would press again
                    continue

        return write

    return [made(Writer(record, folder, whole=whole)) for _ in range(count)]


def chain(database: Database, folder: Path, count: int) -> list[Write]:
    """A hash chain as one would write it: each entry signed over the one before, all behind one lock."""
    signer = load_signer(f"file:{folder / 'signing.key'}", create=False)
    lock = "" if database.sqlite else " FOR UPDATE"

    def write() -> str:
        while True:
            try:
                return append()
            except (OperationalError, PoolTimeout):
                continue

    def append() -> str:
        predicate = {
            "case": "a",
            "nonce": base64.b64encode(secrets.token_bytes(16)).decode(),
            "body": {"reason": "Needed."},
        }
        payload = statement([SUBJECT], KIND, predicate)
        with database.write() as session:
            connection = session.connection()
            last = connection.execute(text(f"SELECT digest FROM chain_head{lock}")).scalar_one()
            digest = hashlib.sha256(last.encode() + payload).hexdigest()
            row = {"digest": digest, "payload": payload, "signature": signer.sign(digest.encode())}
            connection.execute(text("INSERT INTO chain VALUES (:digest, :payload, :signature)"), row)
            connection.execute(text("UPDATE chain_head SET digest = :digest"), {"digest": digest})
        return digest

    return [write] * count


def prepare_chain(url: str) -> None:
    """Make the tables of the hash chain."""
    database = Database(url)
    kind = "BLOB" if database.sqlite else "BYTEA"
    with database.write() as session:
        for made in (
            f"CREATE TABLE chain (digest TEXT PRIMARY KEY, payload {kind} NOT NULL, signature {kind} NOT NULL)",
            "CREATE TABLE chain_head (digest TEXT NOT NULL)",
            "INSERT INTO chain_head VALUES ('')",
        ):
            session.connection().execute(text(made))
    database.close()


def auditchain(url: str, folder: Path, count: int, *, alone: bool) -> Run:
    """auditchain with an Ed25519 signature on every record, so many tasks behind the one lock that its chain wants.

    Where it is not ``alone`` it takes the lock file that it documents for several processes.
    """
    key = Ed25519PrivateKey.generate()
    lock_path = None if alone else folder / "auditchain.lock"

    async def run(said: Said) -> None:
        async with AuditLog(_backend(url), signing_key=key, lock_path=lock_path) as log:
            turn = asyncio.Lock()
            announce()

            async def work() -> None:
                while not STOP.is_set():
                    began = time.monotonic()
                    async with turn:
                        record = await log.append(
                            "maya", "kept", "payments", metadata={"reason": "Ravi still deploys."}
                        )
                    said["written"].append((record.hash, began, time.monotonic()))

            await asyncio.gather(*(work() for _ in range(count)))

    return lambda said: asyncio.run(run(said))


def _backend(url: str) -> SqliteBackend | PostgresBackend:
    if url.startswith("sqlite"):
        return SqliteBackend(url.removeprefix("sqlite:///"))
    return PostgresBackend(url.replace("postgresql+psycopg://", "postgresql://"))


def prepare_auditchain(url: str) -> None:
    """Make its table: sixteen processes that do so at once get into each other's way."""

    async def made() -> None:
        async with AuditLog(_backend(url)):
            pass

    asyncio.run(made())


def threads(writers: list[Write], beside: Covering | None) -> Run:
    """So many writers in this process, and what covers ``beside`` them what they write."""

    def work(write: Write, said: Said) -> None:
        while not STOP.is_set():
            began = time.monotonic()
            name = write()
            said["written"].append((name, began, time.monotonic()))

    def run(said: Said) -> None:
        working = [Thread(target=work, args=(write, said)) for write in writers]
        working += [Thread(target=beside, args=(said,))] if beside else []
        for one in working:
            one.start()
        for one in working:
            one.join()

    return run


def covering(database: Database, folder: Path) -> Covering:
    """Covers what is pending with checkpoints, as a worker does."""
    log, key = Log(database), load_log_key(f"file:{folder / 'log.key'}")

    def run(said: Said) -> None:
        while not STOP.is_set() or log.pending():
            began = time.monotonic()
            try:
                checkpoint = log.integrate(key, MONDAY)
            except (OperationalError, PoolTimeout):  # it was not its turn in time
                continue
            if checkpoint is None:
                time.sleep(INTEGRATE_SECONDS)
            else:
                said["covered"].append((str(checkpoint.size), began, time.monotonic()))

    return run


def announce() -> None:
    """Ready; wait until everybody is, and hear for how many seconds to write."""
    print("ready", flush=True)
    seconds = float(sys.stdin.readline())
    Thread(target=lambda: (time.sleep(seconds), STOP.set()), daemon=True).start()


def main(kind: str, url: str, folder: str, count: str) -> None:
    home, database, said = Path(folder), Database(url), Said(written=[], covered=[])
    if kind.startswith("auditchain"):
        auditchain(url, home, int(count), alone=database.sqlite and kind == "auditchain")(said)
    elif kind == "integrator":
        run = covering(database, home)
        announce()
        run(said)
    else:
        made = {"ours": ours, "whole": partial(ours, whole=True), "chain": chain}[kind]
        beside = covering(database, home) if database.sqlite and kind != "chain" else None
        run = threads(made(database, home, int(count)), beside)
        announce()
        run(said)
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
