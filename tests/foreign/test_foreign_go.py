"""Where Go's log library cannot be had, a sentence says so; in continuous integration it must run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.foreign.peers import ROOT, go_log
from tests.support.node import PeerMissing

NEEDED = ("bash", "cat", "cksum", "dirname")


@pytest.fixture
def mac(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A tree with Go, on a machine without apt-get."""
    for path in ("scripts/go", "tests/foreign/go/main.go"):
        (tmp_path / path).parent.mkdir(parents=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/go").symlink_to(ROOT / ".venv/bin/go")
    (tmp_path / "bin").mkdir()
    for name in NEEDED:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path, {"PATH": str(tmp_path / "bin")}


def test_without_apt_a_plain_sentence_says_that_the_checks_did_not_run(mac: tuple[Path, dict[str, str]]) -> None:
    tree, environment = mac

    said = go_log(tree, tree, environment)

    assert said == "There is no apt-get on this machine, so the checks with Go's log library did not run."


def test_in_continuous_integration_the_checks_must_run(mac: tuple[Path, dict[str, str]]) -> None:
    tree, environment = mac

    with pytest.raises(PeerMissing, match="did not run"):
        go_log(tree, tree, environment | {"CI": "true"})


def test_without_go_the_sentence_says_how_to_get_it(mac: tuple[Path, dict[str, str]]) -> None:
    tree, environment = mac
    (tree / ".venv/bin/go").unlink()

    with pytest.raises(PeerMissing, match="The tests need Go: run 'make test'"):
        go_log(tree, tree, environment)
