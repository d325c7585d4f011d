"""`attester demo` as a person runs it: it ends well, its packet verifies, and no file of the packet can be changed unseen."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.packet.verifier.command import lines_of
from bot.packet.verify import verify
from tests.docs.demo import AGAIN, plain, printed, told
from tests.packet.damage import Files, flipped, unpacked, written

ROOT = Path(__file__).parents[2]
SECONDS = 120


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, timeout=SECONDS
    )


Demo = tuple[list[str], Path]
"""What it printed, line by line, and its packet."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    data = tmp_path_factory.mktemp("demo") / "here"
    return printed(data), data / "packet.zip"


def one_of_each(names: Sequence[str]) -> list[str]:
    """Every file at the top, and of each folder its first."""
    folders = dict.fromkeys(name.partition("/")[0] for name in sorted(names) if "/" in name)
    first = [next(n for n in sorted(names) if n.startswith(f"{folder}/")) for folder in folders]
    return [*(n for n in sorted(names) if "/" not in n), *first]


def test_the_demo_goes_through_a_whole_review_and_says_that_its_packet_verifies(demo: Demo) -> None:
    lines, packet = demo
    said = " ".join(" ".join(lines).split())

    assert [f"{n}. " in said for n in range(1, 10)] == [True] * 9
    assert re.search(r"\d+ attestations, \d+ evidence files, log \d+ entries, \d+ anchors: all verify\.", said)
    assert packet.is_file()
    assert said.endswith("Click through it yourself: attester demo --serve")


def test_the_readme_shows_what_the_demo_prints(demo: Demo) -> None:
    assert plain(told()) == plain(demo[0]), AGAIN


def test_the_packet_of_the_demo_verifies_with_and_without_the_project(demo: Demo, tmp_path: Path) -> None:
    _, packet = demo
    with zipfile.ZipFile(packet) as box:
        (tmp_path / "verify.py").write_bytes(box.read("verify.py"))

    ours = run("-m", "bot", "verify", packet)
    alone = run("-I", "verify.py", packet, cwd=tmp_path)

    assert (ours.returncode, alone.returncode) == (0, 0), ours.stdout + alone.stdout + alone.stderr
    assert ours.stdout.splitlines()[-1] == alone.stdout.splitlines()[-1]


def test_one_changed_byte_in_any_kind_of_file_is_refused_by_name(demo: Demo, tmp_path: Path) -> None:
    _, packet = demo
    files = unpacked(packet)
    folder = written(files, tmp_path / "packet")
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    named = one_of_each(list(files))

    accepted = [name for name in named if not refused(folder, files, name)]

    assert {"index.html", "lines.csv", "verify.py", "checkpoint", "packet.json"} <= set(named)
    assert {n.partition("/")[0] for n in named} >= {"bundles", "evidence", "keys", "tile"}
    assert accepted == []
    assert run("-I", "verify.py", folder, cwd=tmp_path).returncode == 0


def refused(folder: Path, files: Files, name: str) -> bool:
    """Whether a packet with one bit of this file changed is refused by both verifiers, naming the file."""
    path = folder / name
    path.write_bytes(flipped(files[name], 8 * (len(files[name]) // 2)))
    alone = run("-I", folder.parent / "verify.py", folder, cwd=folder.parent)
    ours = verify(folder)
    path.write_bytes(files[name])
    if alone.returncode != 1 or ours.fine:
        return False
    return name in alone.stdout + alone.stderr and name in "\n".join(lines_of(ours))
