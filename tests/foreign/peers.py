"""Tools that are not ours, each pointed at a folder of bundles: sigstore-js in Node, and a judge built on Go's x/mod."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.node import FOLDER, PeerMissing, node_command

ROOT = Path(__file__).parents[2]
NO_APT = 3
"""What scripts/go exits with where there is nothing to fetch Go's log library with."""


class Judged(NamedTuple):
    """What a tool said of a folder. ``refused`` maps a file to the tool's own reason."""

    versions: dict[str, str]
    accepted: list[str]
    refused: dict[str, str]
    trees: int = 0


def sigstore_js(folder: Path, timestamps: int = 0) -> Judged:
    """sigstore-js over all bundles of a folder, in one process."""
    if not (FOLDER / "node_modules/@sigstore/verify").is_dir():
        raise PeerMissing("The tests need the npm package '@sigstore/verify': run 'make test', which installs it.")
    return _judged([node_command(), FOLDER / "verify.mjs", folder, str(timestamps)])


def go_log(folder: Path, root: Path = ROOT, environment: Mapping[str, str] | None = None) -> Judged | str:
    """Go's log library over all bundles of a folder; a sentence where it cannot be had on this machine.

    In continuous integration (CI=true) it must run. ``root`` is the tree whose scripts/go builds it. Raises PeerMissing.
    """
    env = dict(os.environ if environment is None else environment)
    built = subprocess.run([root / "scripts/go"], env=env, capture_output=True, text=True, check=False)
    if built.returncode == NO_APT and env.get("CI") != "true":
        return built.stderr.strip()
    if built.returncode:
        raise PeerMissing(built.stderr.strip())
    return _judged([root / ".venv/go/verify", folder])


def openssl(folder: Path, bundle: str, pae: bytes) -> bool:
    """Whether `openssl dgst` accepts the bundle's signature, with the commands of the packet's instructions."""
    envelope: dict[str, Any] = json.loads((folder / "bundles" / bundle).read_bytes())["dsseEnvelope"]
    decode = ["openssl", "base64", "-d", "-A"]
    sent = envelope["signatures"][0]["sig"].encode()
    signature = subprocess.run(decode, input=sent, capture_output=True, check=True).stdout
    (folder / "sig.bin").write_bytes(signature)
    verify = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig.bin"]
    done = subprocess.run(verify, cwd=folder, input=pae, capture_output=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == b"Verified OK"


def _judged(command: list[str | Path]) -> Judged:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{command[0]} stopped: {done.stderr.strip()[-2000:]}")
    return Judged(**json.loads(done.stdout))
