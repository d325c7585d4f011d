"""Integrators in processes of their own, born from one that has everything imported, so that many can be killed quickly.

`python -m tests.proof.integrator DATABASE_URL LOG_KEY_FILE LIMIT` forks one for each line it reads and says its number;
each says every checkpoint that it published.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from bot.signing import load_log_key
from bot.store.database import Database
from bot.store.ledger import Log
from tests.proof.ledger import MONDAY


class Integrators:
    """Starts and kills them from a test, and collects what they published."""

    def __init__(self, url: str, key_file: Path, limit: int) -> None:
        command = [sys.executable, "-m", "tests.proof.integrator", url, str(key_file), str(limit)]
        self._parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._born: SimpleQueue[int] = SimpleQueue()
        self._living: set[int] = set()
        self.published: list[str] = []
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._parent.stdout is not None
        for line in self._parent.stdout:
            said = json.loads(line)  # one short write each: a killed process leaves no half line
            if isinstance(said, int):
                self._born.put(said)
            else:
                self.published.append(said)

    def start(self) -> int:
        """The process id of a new integrator."""
        assert self._parent.stdin is not None
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()
        number = self._born.get(timeout=60)
        self._living.add(number)
        return number

    def kill(self, number: int) -> None:
        """Kill one wherever it stands."""
        self._living.remove(number)
        os.kill(number, signal.SIGKILL)

    def close(self) -> None:
        """Kill the rest, and wait until everything that was said is heard."""
        for number in list(self._living):
            self.kill(number)
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._listener.join()
        assert self._parent.stdout is not None
        self._parent.stdout.close()
        self._parent.wait()


def integrate(url: str, key_file: str, limit: int) -> None:
    """Until somebody kills this process; it says its number once it is in the middle of its work."""
    log, key = Log(Database(url)), load_log_key(f"file:{key_file}")
    number: int | None = os.getpid()
    while True:
        checkpoint = log.integrate(key, MONDAY, limit)
        if checkpoint is not None:
            say(checkpoint.note)
        if number is not None:
            say(number)
            number = None
        if checkpoint is None:
            time.sleep(0.002)


def say(value: int | str) -> None:
    os.write(sys.stdout.fileno(), json.dumps(value).encode() + b"\n")


def main(url: str, key_file: str, limit: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are not waited for
    for _ in sys.stdin:
        if os.fork() == 0:
            integrate(url, key_file, int(limit))


if __name__ == "__main__":
    main(*sys.argv[1:])
