"""`VERIFY.md` can be followed word for word."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packet.company import Acme
from tests.packet.damage import unpacked, written

BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(packet: Path, tmp_path: Path) -> Path:
    """The packet, unpacked."""
    return written(unpacked(packet), tmp_path / "packet")


def blocks(folder: Path) -> list[str]:
    return BLOCK.findall((folder / "VERIFY.md").read_text(encoding="utf-8"))


def block(folder: Path, word: str) -> str:
    return next(text for text in blocks(folder) if word in text)


def run(folder: Path, script: str) -> str:
    script = script.replace("python3 ", f"{sys.executable} ")
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_commands_verify_the_packet(folder: Path) -> None:
    commands = [text for text in blocks(folder) if "verify.py" in text]

    for command in commands:
        assert run(folder, command).splitlines()[-1].endswith("all verify. No outside time.")
    assert len(commands) == 3
    assert "--trust SHA256:" in commands[1]


def test_openssl_verifies_the_signature_and_names_the_attestation(folder: Path, review: Acme) -> None:
    """The bundle is taken apart with the Python commands of the guide, so that no jq is needed here."""
    names, unpack = block(folder, "B=bundles/"), block(folder, "<<'END'")
    openssl = "\n".join(line for line in block(folder, "-verify $K").splitlines() if "jq" not in line)

    said = run(folder, f"{names}\n{unpack}\n{openssl}\n{block(folder, 'openssl dgst -sha256 pae.bin')}")

    id_ = said.split()[-1]
    assert "Verified OK" in said
    assert id_ in review.ids
    assert f"B=bundles/{id_}.sigstore.json" in names


def test_openssl_gives_the_digest_that_names_the_evidence(folder: Path) -> None:
    command = block(folder, "openssl dgst -sha256 evidence/")

    said = run(folder, command)

    assert said.split()[-1] == command.split("/")[-1].strip()


def test_openssl_refuses_what_was_changed(folder: Path) -> None:
    names, unpack = block(folder, "B=bundles/"), block(folder, "<<'END'")
    openssl = "\n".join(line for line in block(folder, "-verify $K").splitlines() if "jq" not in line)

    with pytest.raises(AssertionError):
        run(folder, f"{names}\n{unpack}\nprintf x >> payload\n{openssl}")


def test_the_signed_list_is_checked_with_the_same_commands(folder: Path) -> None:
    text = (folder / "VERIFY.md").read_text(encoding="utf-8")
    names = re.search(r"`(B=packet.sigstore.json)` and `(K=keys/[0-9a-f]{16}.pem)`", text)
    assert names is not None
    unpack = block(folder, "<<'END'")
    openssl = "\n".join(line for line in block(folder, "-verify $K").splitlines() if "jq" not in line)

    assert "Verified OK" in run(folder, f"{names[1]}\n{names[2]}\n{unpack}\n{openssl}")


def test_the_jq_commands_do_what_the_python_ones_do(folder: Path) -> None:
    """jq is not everywhere: its filters are plain paths, which are followed here."""
    filters = re.findall(r"jq -r '?(\.[^' ]+)'? \$B", (folder / "VERIFY.md").read_text(encoding="utf-8"))

    assert set(filters) == {".dsseEnvelope.payload", ".dsseEnvelope.signatures[0].sig"}
