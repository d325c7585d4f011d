"""`verify.py` is one file that needs nobody: it runs alone, and says what `attester verify` says."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.packet.single import FOLDER, PARTS, single_file
from bot.packet.verify import verify
from tests.packet.damage import changed, flipped, packed, unpacked

ALLOWED = {
    "__future__", "argparse", "base64", "binascii", "bisect", "calendar", "collections", "csv", "cryptography", "datetime",
    "hashlib", "io", "json", "os", "re", "stat", "struct", "sys", "typing", "warnings", "zipfile",
    "zlib",
}  # fmt: skip


def alone(script: Path, packet: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the file as an auditor does: nothing of this project within reach, no environment."""
    command = [sys.executable, "-I", "-W", "error", script.name, str(packet), *more]
    return subprocess.run(command, cwd=script.parent, env={}, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def script(packet: Path, tmp_path: Path) -> Path:
    """The verifier out of the packet, in a folder of its own."""
    (tmp_path / "auditor").mkdir()
    path = tmp_path / "auditor" / "verify.py"
    path.write_bytes(unpacked(packet)["verify.py"])
    return path


def test_the_packet_carries_the_built_file(packet: Path) -> None:
    assert unpacked(packet)["verify.py"].decode() == single_file()


def test_the_file_needs_the_standard_library_and_cryptography_only() -> None:
    module = ast.parse(single_file(), feature_version=(3, 9))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(module)
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported <= ALLOWED


def test_every_part_is_built_in_and_no_name_stands_twice() -> None:
    module = ast.parse(single_file())
    names = [n.name for n in module.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    names += [t.id for n in module.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]

    assert len(names) == len(set(names))
    assert {path.stem for path in FOLDER.glob("*.py")} == {*PARTS, "__init__"}


def test_the_file_verifies_a_packet_alone(script: Path, packet: Path) -> None:
    done = alone(script, packet)

    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == verify(packet).sentence


def test_the_file_verifies_an_unpacked_packet_from_inside(packet: Path, tmp_path: Path) -> None:
    for name, data in unpacked(packet).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)

    assert alone(tmp_path / "verify.py", Path()).returncode == 0


def test_a_wrong_call_exits_with_two(script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nothing.zip"

    assert alone(script, missing).returncode == 2
    assert alone(script, missing, "--what").returncode == 2
    assert main(["verify", str(missing)]) == 2
    assert main(["verify"]) == 2


def test_the_command_prints_the_sentence_and_the_keys(packet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", str(packet)])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[-1] == verify(packet).sentence
    assert sum("SHA256:" in line for line in lines) == 2


def test_both_agree_on_whatever_is_done_to_a_packet(
    script: Path, packet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = unpacked(packet)
    dice = random.Random(5)
    cases = [packet, packed(dict(list(files.items())[:5]), tmp_path / "few.zip")]
    for n, name in enumerate(dice.sample(sorted(files), 6)):
        data = flipped(files[name], dice.randrange(max(1, len(files[name]) * 8)))
        cases.append(changed(packet, tmp_path / f"flip{n}.zip", lambda f, name=name, data=data: f.update({name: data})))
        cases.append(changed(packet, tmp_path / f"gone{n}.zip", lambda f, name=name: f.pop(name) and None))

    for path in cases:
        code = main(["verify", str(path), "--json"])
        ours, theirs = capsys.readouterr().out, alone(script, path, "--json")
        assert json.loads(ours) == json.loads(theirs.stdout), path
        assert code == theirs.returncode == (0 if path == packet else 1)


def test_what_a_packet_says_cannot_drive_the_terminal(packet: Path, tmp_path: Path, script: Path) -> None:
    evil = changed(packet, tmp_path / "evil.zip", lambda files: files.update({"x\x1b[2Jy": b""}))

    done = alone(script, evil)

    assert done.returncode == 1
    assert "\x1b" not in done.stdout
