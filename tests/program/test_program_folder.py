"""A program folder is read from a disk that may hold anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.program.folder import MAX_BYTES
from tests.program.world import good_program, messages


def test_a_folder_that_is_not_there_is_one_problem_with_the_next_step(tmp_path: Path) -> None:
    (said,) = messages(tmp_path / "nowhere")

    assert said.endswith(
        "This program folder cannot be read: No such file or directory. "
        "Name an existing folder, or make one: `attester program init DIR`."
    )


def test_a_file_where_the_folder_should_be_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("name: Acme")

    (said,) = messages(path)

    assert "This program folder cannot be read: Not a directory." in said


def test_an_empty_folder_names_everything_that_is_missing(tmp_path: Path) -> None:
    said = messages(tmp_path)

    assert said == [
        "company.yaml: This file is missing. Write it; `attester program init` makes one to start from.",
        "controls: There is no control: no `controls/*.yaml` was read. "
        "Write one; `attester program init` makes one to start from.",
        "sources.yaml: This file is missing. Write it; `attester program init` makes one to start from.",
    ]


@pytest.mark.parametrize("name", ["company.yaml", "controls/access.yaml"])
def test_a_link_that_leads_out_of_the_folder_is_refused_unread(name: str, tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    outside = tmp_path / "outside.yaml"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)

    said = messages(folder)

    assert f"{name}: This leads out of the program folder. Put the file itself here." in said


def test_a_folder_of_controls_elsewhere_is_refused_unread(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / "controls").rename(tmp_path / "controls")
    (folder / "controls").symlink_to(tmp_path / "controls")

    said = messages(folder)

    assert "controls: This leads out of the program folder. Put the folder itself here instead of a link." in said


def test_a_csv_file_behind_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / "data" / "payroll.csv").rename(tmp_path / "payroll.csv")
    (folder / "data" / "payroll.csv").symlink_to(tmp_path / "payroll.csv")

    (said,) = messages(folder)

    assert said.startswith("sources.yaml:15:16: `data/payroll.csv`: This leads out of the program folder.")


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / "data" / "payroll.csv").rename(folder / "data" / "october.csv")
    (folder / "data" / "payroll.csv").symlink_to("october.csv")

    assert messages(folder) == []


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / "company.yaml").unlink()
    (folder / "company.yaml").symlink_to("company.yaml")

    (said,) = messages(folder)

    assert said == "company.yaml: This path cannot be followed. Put the file itself here."


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / "company.yaml").unlink()
    os.mkfifo(folder / "company.yaml")

    (said,) = messages(folder)

    assert said == "company.yaml: This is not a file. Put the file itself here."


def test_a_file_over_one_mebibyte_is_refused_and_one_of_exactly_that_is_read(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "company.yaml"
    text = path.read_text(encoding="utf-8") + "# "
    path.write_text(text + "x" * (MAX_BYTES - len(text.encode())))
    whole = messages(folder)

    path.write_text(path.read_text() + "x")

    assert whole == []
    assert messages(folder) == [
        "company.yaml: This file is larger than 1 MiB. Split it, or move lists into CSV files under `data/`."
    ]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ("name: Zürich\n".encode("latin-1"), "1:8: This is not UTF-8: byte 0xfc means nothing here."),
        ("name: Acme\n".encode("utf-16"), "1:1: This is not UTF-8: byte 0xff means nothing here."),
        (b"name: Acme\ntime_zone: \xc3\x28\n", "2:12: This is not UTF-8: byte 0xc3 means nothing here."),
        (b"name: \xed\xa0\x80\n", "1:7: This is not UTF-8: byte 0xed means nothing here."),
    ],
    ids=["Latin-1", "UTF-16", "broken", "surrogate"],
)
def test_text_that_is_not_utf_8_is_refused_at_its_first_byte(data: bytes, place: str, tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")

    (folder / "company.yaml").write_bytes(data)

    assert messages(folder)[0] == f"company.yaml:{place} Save the file as UTF-8."


def test_a_name_that_no_text_can_hold_is_printed_all_the_same(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / os.fsdecode(b"vend\xffors")).mkdir()
    (folder / "controls" / "a\nb.yaml").write_text("id: AC-05")

    said = messages(folder)

    assert said[0].startswith("controls/a�b.yaml: This is not a control's file.")
    assert said[1].startswith("vend�ors: This is not part of a program.")
    assert all("\n" not in line and line.encode() for line in said)


def test_hidden_files_and_a_readme_are_left_alone(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    for name in (".gitignore", "README.md", "controls/.hidden.yaml", "controls/README.md"):
        (folder / name).write_text("[not: yaml")

    assert messages(folder) == []


def test_more_controls_than_are_read_is_said_and_none_is_read(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    for number in range(500):
        (folder / "controls" / f"c{number}.yaml").write_text("")

    said = messages(folder)

    assert "controls: There are 501 files here. At most 500 controls are read." in said


def test_a_file_of_too_many_values_is_refused_before_it_costs_time(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    (folder / "company.yaml").write_text("- a\n" * 200_000)

    (said,) = messages(folder)

    assert said.endswith("The file has more than 20,000 values. Split it into several files.")
