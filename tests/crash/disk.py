"""A small history on SQLite in a process of its own, while the disk fails at one chosen moment.

`python -m tests.crash.disk` reads lines of JSON {url, folder}; for each it forks a process, says its number, waits for a
line, runs the history and says what came of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bot.answers import answer
from bot.signing import load_log_key
from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.ledger import Log
from bot.store.record import Record
from tests.crash.office import Writer
from tests.proof.ledger import MONDAY
from workflows.kernel.errors import Conflict, Unsure

SET_PTRACER, ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
DECISIONS = 2


class Disks:
    """Processes that wait until they are told to begin."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.disk"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def born(self, url: str, folder: Path) -> int:
        """A process that is ready to begin; its number."""
        return int(self._asked({"url": url, "folder": str(folder)}))

    def told(self) -> dict[str, Any]:
        """Let it begin; what it says at its end."""
        found: dict[str, Any] = self._asked("begin")
        return found

    def _asked(self, line: Any) -> Any:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(line) + "\n")
        self._parent.stdin.flush()
        return json.loads(self._parent.stdout.readline())

    def close(self) -> None:
        """No more."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait()


def history(url: str, folder: str) -> dict[str, Any]:
    """Two decisions and a checkpoint; ids that were acknowledged, checkpoints that were published, and every refusal."""
    said: dict[str, Any] = {"acknowledged": [], "published": [], "refused": []}
    database = Database(url)
    writer, log, key = Writer(Record(database), Path(folder)), Log(database), load_log_key(f"file:{folder}/log.key")
    for _ in range(DECISIONS):
        try:
            said["acknowledged"].append(writer.decide())
        except (Conflict, Unsure) as trouble:
            said["refused"].append(answer(trouble).text)
    try:
        with in_words():
            checkpoint = log.integrate(key, MONDAY, 100)
        said["published"] += [checkpoint.note] if checkpoint else []
    except (Conflict, Unsure) as trouble:
        said["refused"].append(answer(trouble).text)
    database.close()
    return said


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(SET_PTRACER, ANYBODY, 0, 0, 0)
            say(os.getpid())
            sys.stdin.readline()
            say(history(**told))
            os._exit(0)
        os.waitpid(child, 0)


def say(value: Any) -> None:
    os.write(sys.stdout.fileno(), json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    main()
