"""What `attester demo` prints, and the README's copy of it: `python -m tests.docs.demo` writes that anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.docs.markdown import blocks, text
from tests.docs.reference import ROOT

MARK = "<!-- output of the demo -->\n"
README = ROOT / "README.md"
WIDE = "300"
AGAIN = "Run: python -m tests.docs.demo"
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_DAY = re.compile(r"\d+ [A-Z][a-z]+ \d{4}")


class DemoFailed(Exception):
    """The demo ended with an error; the message is what it printed."""


def printed(folder: Path) -> list[str]:
    """The lines of a real run in this folder. Raises DemoFailed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ATTESTER_", "SLACK_", "OKTA_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--data", str(folder)], cwd=ROOT, capture_output=True, text=True,
        env={**environment, "COLUMNS": WIDE, "TERM": "dumb", "PYTHONWARNINGS": ""}, timeout=240, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise DemoFailed(ran.stdout + ran.stderr)
    lines = [re.sub(r"\S*/packet\.zip", "demo/packet.zip", line.rstrip()) for line in ran.stdout.splitlines()]
    return [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]


def plain(lines: list[str]) -> list[str]:
    """Without what differs from day to day: dates and figures."""
    return [_FIGURE.sub("N", _DAY.sub("DAY", line)) for line in lines]


def told() -> list[str]:
    """The README's copy."""
    return next(blocks(text(README).partition(MARK)[2])).text.splitlines()


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        lines = printed(Path(scratch) / "demo")
    before = text(README)
    start = before.index(MARK) + len(MARK)
    end = before.index("```\n", start + len("```text\n")) + len("```\n")
    README.write_text(before[:start] + "```text\n" + "\n".join(lines) + "\n```\n" + before[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
