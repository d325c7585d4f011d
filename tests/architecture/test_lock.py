"""The lock: every package pinned and hashed, no index named, npm's lock without a host."""

from __future__ import annotations

import json
import re

import pytest

from tests.architecture.tree import ROOT, pyproject

PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,_-]+\])?==\S+( ; .+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def normal(requirement: str) -> str:
    """A requirement's name as the lock writes it."""
    name = re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_holds_pins_and_hashes_and_nothing_else() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)] == []
    assert len(lines) > 100


def test_every_dependency_is_in_the_lock() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    wanted = {normal(text) for text in project["dependencies"] + project["optional-dependencies"]["dev"]}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    locked = {normal(found["name"]) for line in lines if (found := PIN.fullmatch(line))}

    assert wanted - locked == set()


@pytest.mark.parametrize(
    ("folder", "package", "version"),
    [("node", "emulate", "0.11.2"), ("node/browser", "@sparticuz/chromium", "147.0.0")],
)
def test_the_npm_locks_pin_by_hash_and_name_no_host(folder: str, package: str, version: str) -> None:
    lock = json.loads((ROOT / f"tests/support/{folder}/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages[f"node_modules/{package}"]["version"] == version
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())
