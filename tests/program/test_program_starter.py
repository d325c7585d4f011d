"""`attester program init` gives a program that passes its check as written, and overwrites nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.program.load import check, load
from bot.program.starter import FolderTaken, NotWritten, init
from bot.sources.settings import SETTINGS
from workflows.access_review.model import Settings

WORKFLOWS = {"access_review": Settings}


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_starter_passes_its_check_as_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "program"

    written = init(folder, WORKFLOWS, SETTINGS)

    assert check(folder, WORKFLOWS, SETTINGS, today=date(2031, 1, 1)) == []
    assert sorted(path.relative_to(folder).as_posix() for path in written) == names(folder)
    assert "company.yaml" in names(folder)


def test_the_starter_explains_itself(tmp_path: Path) -> None:
    init(tmp_path, WORKFLOWS, SETTINGS)

    for name in ("company.yaml", "sources.yaml", "controls/access-review.yaml"):
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        depth = name.count("/")
        assert lines[0].startswith(f"# yaml-language-server: $schema={'../' * depth}.schema/")
        assert sum("#" in line for line in lines) > 5
        target = (tmp_path / name).parent / lines[0].partition("$schema=")[2]
        assert target.is_file()


def test_the_starter_can_be_put_into_a_fresh_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.tmp\n")

    init(tmp_path, WORKFLOWS, SETTINGS)

    assert check(tmp_path, WORKFLOWS, SETTINGS, today=date(2026, 10, 7)) == []


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("mine")

    with pytest.raises(FolderTaken, match=r"already has sources\.yaml; nothing was written"):
        init(tmp_path, WORKFLOWS, SETTINGS)

    assert names(tmp_path) == ["sources.yaml"]
    assert (tmp_path / "sources.yaml").read_text() == "mine"


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "company.yaml").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FolderTaken):
        init(folder, WORKFLOWS, SETTINGS)

    assert not (tmp_path / "elsewhere").exists()


def test_what_was_begun_is_taken_back_where_the_folder_cannot_be_written(tmp_path: Path) -> None:
    # A file stands where the folder `data` has to be made.
    (tmp_path / "data").write_text("")

    with pytest.raises(NotWritten, match="Nothing was left behind"):
        init(tmp_path, WORKFLOWS, SETTINGS)

    assert names(tmp_path) == ["data"]


def test_two_starters_are_the_same_program(tmp_path: Path) -> None:
    init(tmp_path / "one", WORKFLOWS, SETTINGS)
    init(tmp_path / "two", WORKFLOWS, SETTINGS)

    one, two = (load(tmp_path / name, WORKFLOWS, SETTINGS, today=date(2026, 10, 7)) for name in ("one", "two"))

    assert one.document == two.document
