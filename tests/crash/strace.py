"""strace as a disk that fails: one call of a process on some files gets an error in place of its effect."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.node import PeerMissing

ROOT = Path(__file__).parents[2]
NONE = 3
"""What scripts/strace exits with where there is nothing to fetch it with."""


def found(root: Path = ROOT, environment: Mapping[str, str] | None = None) -> list[str] | str:
    """The command; a sentence where it cannot be had. In continuous integration (CI=true) it must be. Raises PeerMissing."""
    env = dict(os.environ if environment is None else environment)
    done = subprocess.run([root / "scripts/strace"], env=env, capture_output=True, text=True, check=False)
    if done.returncode == NONE and env.get("CI") != "true":
        return done.stderr.strip()
    if done.returncode:
        raise PeerMissing(done.stderr.strip())
    if (place := shutil.which("strace", path=env.get("PATH"))) is not None:
        return [place]
    libraries = ":".join(str(p) for p in (root / ".venv/strace/usr/lib").glob("*-linux-gnu"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", str(root / ".venv/strace/usr/bin/strace")]


def failing(
    strace: Sequence[str], pid: int, files: Sequence[Path], call: str, error: str, nth: int, act: Callable[[], object]
) -> bool:
    """Let the process act while its ``nth`` call of this name on these files fails; whether it came to that call."""
    log = files[0].with_suffix(".strace")
    paths = [text for file in files for text in ("-P", str(file))]
    inject = f"inject={call}:error={error}:when={nth}"
    command = [*strace, "-p", str(pid), "-o", str(log), *paths, "-e", f"trace={call}", "-e", inject]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if "attached" not in said:
            raise PeerMissing(f"strace may not look at a process here: {said.strip()}")
        act()
    return "(INJECTED)" in log.read_text()
