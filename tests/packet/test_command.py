"""`attester export`, as an operator calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main
from bot.packet.verify import verify
from bot.store.migrate import upgrade
from bot.vault import open_vault
from tests.packet.company import Acme, acme

OCTOBER = ("--from", "2026-10-01", "--to", "2026-10-31")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an installation after the review; its evidence lies in its vault."""
    folder = tmp_path / "data"
    folder.mkdir()
    url = f"sqlite:///{folder / 'attester.db'}"
    upgrade(url)
    made: Acme = acme(url, folder)
    vault = open_vault(f"file://{folder / 'vault'}")
    for content in made.evidence.values():
        vault.put(content)
    made.database.close()
    monkeypatch.setenv("ATTESTER_DATA", str(folder))
    return folder


def test_an_export_writes_a_packet_that_verifies(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "q4.zip"

    code = main(["export", *OCTOBER, "--out", str(out)])

    said = capsys.readouterr().out
    assert code == 0
    assert f"attester verify {out}" in said
    assert verify(out).fine


def test_the_last_day_is_included(data: Path, tmp_path: Path) -> None:
    """The review was planned and opened on 7 October."""
    out = tmp_path / "day.zip"

    assert main(["export", "--from", "2026-10-07", "--to", "2026-10-07", "--out", str(out)]) == 0
    assert verify(out).fine


def test_missing_evidence_ends_with_a_sentence_and_no_file(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (data / "vault" / "evidence" / "sha256").iterdir():
        path.unlink()
    out = tmp_path / "q4.zip"

    code = main(["export", *OCTOBER, "--out", str(out)])

    said = capsys.readouterr().err
    assert code == 1
    assert "is missing" in said
    assert "No packet was written" in said
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2026-10-31", "--to", "2026-10-01"), ("--from", "yesterday", "--to", "2026-10-01"), ("--from", "2026-10-01"),
    ],
)  # fmt: skip
def test_a_wrong_call_exits_with_two(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert main(["export", *arguments, "--out", str(tmp_path / "q4.zip")]) == 2


def test_a_folder_that_does_not_exist_is_said_before_anything_is_read(data: Path, tmp_path: Path) -> None:
    assert main(["export", *OCTOBER, "--out", str(tmp_path / "no" / "q4.zip")]) == 2


def test_days_without_anything_end_with_a_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["export", "--from", "2020-01-01", "--to", "2020-01-31", "--out", str(tmp_path / "old.zip")])

    assert code == 1
    assert "Nothing was recorded" in capsys.readouterr().err
