"""Anchored checkpoints: the log must begin with each, and with whatever the reader holds from an earlier day."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot.packet.verifier.command import main
from bot.packet.verify import verify
from bot.signing import load_log_key
from tests.packet.company import ORIGIN, Acme
from tests.packet.damage import Files, unpacked
from tests.packet.reseal import after, first, verdicts
from tests.packet.test_outside import tokens
from workflows.kernel.checkpoint import Checkpoint, signed


def test_an_anchored_checkpoint_with_which_the_log_does_not_begin_is_forked(
    now: Acme, timed: Path, tmp_path: Path, home: Path
) -> None:
    key = load_log_key(f"file:{home / 'log.key'}", create=False)
    other = signed(Checkpoint(ORIGIN, 7, bytes(32)), key).note.encode()

    anchored = after(now, timed, tmp_path, lambda files: files.update({"checkpoints/7": other}))

    assert verdicts(anchored) == {"forked"}
    assert verdicts(verify(timed, held=[other])) == {"forked"}


@pytest.mark.parametrize("name", ["checkpoints/7", "checkpoints/7.txt", "checkpoints/07", "checkpoints/x.tsr"])
def test_an_anchor_under_a_name_that_is_not_its_own_is_altered(
    now: Acme, timed: Path, tmp_path: Path, name: str
) -> None:
    report = after(now, timed, tmp_path, lambda files: files.update({name: files["checkpoint"]}))

    assert verdicts(report) == {"altered"}


def test_the_token_of_an_anchor_needs_its_checkpoint_and_stamps_nothing_else(
    now: Acme, timed: Path, tmp_path: Path
) -> None:
    size = len(now.ids)

    def swap(files: Files) -> None:
        files[f"checkpoints/{size}.tsr"] = base64.b64decode(tokens(files, first(files))[0]["signedTimestamp"])

    lone = after(now, timed, tmp_path, lambda files: files.pop(f"checkpoints/{size}") and None)

    assert verdicts(lone) == {"missing"}
    assert verdicts(after(now, timed, tmp_path, swap)) == {"altered"}


def test_a_checkpoint_that_the_reader_holds_must_be_a_beginning_of_the_log(
    now: Acme, timed: Path, home: Path, tmp_path: Path
) -> None:
    key, size = load_log_key(f"file:{home / 'log.key'}", create=False), len(now.ids)
    note = unpacked(timed)["checkpoint"]
    longer = signed(Checkpoint(ORIGIN, size + 3, bytes(32)), key).note.encode()
    stranger = signed(Checkpoint(ORIGIN, size, bytes(32)), load_log_key(f"file:{tmp_path / 'k'}", create=True))

    assert verify(timed, held=[note, b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" + note]).fine
    assert verdicts(verify(timed, held=[longer])) == {"missing"}
    assert verdicts(verify(timed, held=[stranger.note.encode()])) == {"altered"}
    assert verdicts(verify(timed, held=[b"no checkpoint"])) == {"altered"}
    assert main([str(timed), "--held", str(tmp_path / "k")]) == 1
    with pytest.raises(SystemExit, match="2"):
        main([str(timed), "--held", str(tmp_path / "nothing")])
