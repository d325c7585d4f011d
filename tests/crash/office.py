"""Writers and integrators in processes of their own, born from one that has everything imported, so that many can be killed.

`python -m tests.crash.office DATABASE_URL FOLDER` forks a writer or an integrator for each line that it reads; each says
its number, and then what it was acknowledged or what it published, in one short write each.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.draft import Mill
from bot.runtime import fresh_nonce
from bot.signing import load_log_key, load_signer
from bot.store.database import Database
from bot.store.ledger import Log
from bot.store.record import Record
from bot.store.write import CardWrite, CaseWrite, EventWrite, Signed
from tests.proof.ledger import KIND, MONDAY, ORIGIN, SUBJECT
from workflows.kernel.attestation import born, instant
from workflows.kernel.errors import Conflict, Unsure
from workflows.kernel.model import Ask, Card, CaseSummary
from workflows.kernel.statement import statement

ENDS = 12
"""So many decisions a case takes; then the writer begins another, so that new cases are made under fire too."""


class Office:
    """Starts and kills workers from a test, and collects what they said."""

    def __init__(self, url: str, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.crash.office", url, str(folder)]
        self._parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._born: SimpleQueue[int] = SimpleQueue()
        self.living: list[int] = []
        self.published: list[str] = []
        self.acknowledged: list[str] = []
        self.trouble: list[str] = []
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._parent.stdout is not None
        for line in self._parent.stdout:
            what, value = json.loads(line)
            if what == "born":
                self._born.put(value)
            else:
                getattr(self, what).append(value)

    def start(self, role: str) -> int:
        """The process id of a new `writer` or `integrator`."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{role}\n")
        self._parent.stdin.flush()
        number = self._born.get(timeout=60)
        self.living.append(number)
        return number

    def kill(self, number: int) -> None:
        """Kill one wherever it stands."""
        self.living.remove(number)
        os.kill(number, signal.SIGKILL)

    def close(self) -> None:
        """Kill the rest, and wait until everything that was said is heard."""
        for number in list(self.living):
            self.kill(number)
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._listener.join()
        assert self._parent.stdout is not None
        self._parent.stdout.close()
        self._parent.wait()


class Writer:
    """Records decisions as the runtime hands them to the record, one case after the other."""

    def __init__(self, record: Record, folder: Path, *, whole: bool = True) -> None:
        """``whole``: each decision has an ask, a card and evidence; otherwise it is one event and its attestation."""
        self._whole = whole
        self._record = record
        self._name = secrets.token_hex(4)
        signer = load_signer(f"file:{folder / 'signing.key'}", create=False)
        self._mill = Mill(signer, ORIGIN, "0.1.0", fresh_nonce)
        self._cases = 0
        self._begin()

    def _begin(self) -> None:
        self._case = f"access_review/2026-Q4/github/{self._name}-{self._cases}"
        self._n, self._previous = 0, None
        self._cases += 1

    def once(self) -> str | None:
        """One decision; its attestation where it was acknowledged, None where it was refused or nobody knows."""
        try:
            return self.decide()
        except (Conflict, Unsure):
            time.sleep(0.02)
            return None

    def decide(self) -> str:
        """One decision; its attestation. Raises Conflict or Unsure: then the next decision is on another case."""
        signed = self._signed()
        try:
            self._record.commit([self._decision(signed)], MONDAY)
        except (Conflict, Unsure):
            self._begin()  # what became of it is for the test to find out
            raise
        self._n, self._previous = self._n + 1, signed.id
        if self._n == ENDS:
            self._begin()
        return signed.id

    def _signed(self) -> Signed:
        predicate = {
            "case": self._case, "seq": self._n + 1, "previous": self._previous, "at": instant(MONDAY),
            "nonce": self._mill.nonce(), "body": {"reason": "Ravi still deploys."},
        }  # fmt: skip
        return self._mill.sign(statement([SUBJECT], KIND, predicate))

    def _decision(self, signed: Signed) -> CaseWrite:
        n, case = self._n + 1, self._case
        event = EventWrite(n=n, seq=n, name="kept", version=1, at=MONDAY, by={}, actor="maya", body={}, signed=signed)
        row = CaseSummary(
            case=case, workflow="access_review", control="AC-04", title="A review", status="open", open=True
        )
        if not self._whole and n > 1:
            return CaseWrite(
                case=case, expected_n=self._n, events=[event], summary=row, program="p" * 64, seq=n, asks=[], cards=[],
                wants=(), born=[], same_index=True,
            )  # fmt: skip
        card = Card(key="queue", to="maya", text=f"{n} done", blocks=())
        return CaseWrite(
            case=case, expected_n=self._n, events=[event], summary=row, program="p" * 64, seq=n,
            asks=[Ask(key="queue", person="maya", title=f"{n} done")], cards=[CardWrite(card, "U0MAYA")], wants=(),
            born=[born("ask.json", "attester.ask", {"case": case, "n": n})],
        )  # fmt: skip


def write(url: str, folder: Path) -> None:
    """Until somebody kills this process."""
    writer, number = Writer(Record(Database(url)), folder), os.getpid()
    say("born", number)
    while True:
        done = guarded(writer.once)
        if done is not None:
            say("acknowledged", done)


def integrate(url: str, folder: Path) -> None:
    """Until somebody kills this process."""
    log, key = Log(Database(url)), load_log_key(f"file:{folder / 'log.key'}")
    dice = random.Random(os.getpid())
    say("born", os.getpid())
    while True:
        checkpoint = guarded(lambda: log.integrate(key, MONDAY, dice.randint(1, 40)))
        if checkpoint is None:
            time.sleep(0.003)
        else:
            say("published", checkpoint.note)


def guarded(act: Callable[[], Any]) -> Any:
    """What the act gives; None where the database is away, which is nothing that a worker dies of."""
    try:
        return act()
    except (DBAPIError, PoolTimeout, Conflict, Unsure):
        time.sleep(0.02)
        return None


def say(what: str, value: int | str) -> None:
    os.write(sys.stdout.fileno(), json.dumps([what, value]).encode() + b"\n")


def main(url: str, folder: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are not waited for
    for role in sys.stdin:
        if os.fork() == 0:
            (write if role.strip() == "writer" else integrate)(url, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
