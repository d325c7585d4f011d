"""A good program becomes one document whose digest names it."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.program.closed import closed_days
from bot.program.criterion import criteria
from bot.program.problem import ProgramInvalid
from tests.program.world import GOOD, good_program, loaded, messages
from workflows.kernel.program import Program


def test_a_good_program_means_what_its_files_say(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")

    program = loaded(folder).program

    (control,) = program.controls
    assert (program.company.name, program.company.control_owner) == ("Acme", "dana@acme.test")
    assert (control.id, control.owner, control.deputy) == ("AC-04", "dana@acme.test", "ravi@acme.test")
    assert control.cadence == {"every": "quarter", "opens": 5, "due": "14d"}
    assert [source.id for source in program.sources] == ["people", "payroll", "okta"]
    assert [left_out.id for left_out in program.out_of_scope] == ["figma"]


def test_the_document_is_the_program_and_its_sha256_the_digest(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")

    found = loaded(folder)

    assert found.program.digest == hashlib.sha256(found.document).hexdigest()
    assert Program.from_document(found.document) == found.program
    assert found.files["company.yaml"] == (GOOD / "company.yaml").read_text(encoding="utf-8")


def test_the_order_in_which_files_were_written_changes_nothing(tmp_path: Path) -> None:
    first = good_program(tmp_path / "first")
    second = tmp_path / "second"
    for path in sorted(GOOD.rglob("*"), reverse=True):
        if path.is_file():
            target = second / path.relative_to(GOOD)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)

    assert loaded(first).document == loaded(second).document


@pytest.mark.parametrize("name", ["company.yaml", "sources.yaml", "controls/access.yaml"])
def test_any_byte_of_a_file_changes_the_digest_even_in_a_comment(name: str, tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    before = loaded(folder).program.digest

    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("# agreed on Monday\n")

    assert loaded(folder).program.digest != before


def test_what_is_no_part_of_the_program_changes_no_digest(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    before = loaded(folder).program.digest

    (folder / "README.md").write_text("About this program.")
    (folder / ".gitignore").write_text("*.tmp")
    (folder / "data" / "payroll.csv").write_text("user,profile\n")

    assert loaded(folder).program.digest == before


def test_windows_line_ends_and_a_byte_order_mark_are_read_and_kept(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "company.yaml"
    text = "\ufeff" + path.read_text(encoding="utf-8").replace("\n", "\r\n")

    path.write_bytes(text.encode())

    found = loaded(folder)
    assert found.files["company.yaml"] == text
    assert found.program.company.name == "Acme"


def test_controls_stand_in_the_order_of_their_ids_whatever_their_files_are_called(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    yearly = (GOOD / "controls" / "access.yaml").read_text(encoding="utf-8").replace("every: quarter", "every: year")
    (folder / "controls" / "zz.yaml").write_text(yearly.replace("AC-04", "AC-01"))

    program = loaded(folder).program

    assert [control.id for control in program.controls] == ["AC-01", "AC-04"]


def test_a_source_keeps_its_own_age_limit_where_the_control_states_none(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")

    program = loaded(folder).program

    payroll, okta = program.controls[0].settings["sources"]
    assert payroll["max_age"] == f"{7 * 24 * 60}m"
    assert okta["max_age"] == "48h"
    people = program.source("people")
    assert people is not None
    assert people.max_age == timedelta(days=7)


def test_a_system_that_a_control_leaves_out_is_out_of_scope_until_its_day(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "controls" / "access.yaml"
    entry = "    out_of_scope: nobody signs in there\n    accepted_by: dana@acme.test\n    until: 2026-12-31\n"
    path.write_text(path.read_text().replace("    max_age: 48h\n", entry))

    before, after = messages(folder, date(2026, 12, 31)), messages(folder, date(2027, 1, 1))

    assert before == []
    assert after == [
        "controls/access.yaml:12:5: `okta` was out of scope until 2026-12-31; that has passed. "
        "Review the system, or have it accepted again with a later date."
    ]
    assert [left_out.id for left_out in loaded(folder).program.out_of_scope] == ["okta", "figma"]


def test_an_account_number_that_is_a_key_keeps_its_zeros(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "sources.yaml"
    path.write_text(path.read_text().replace("{Administrator: Can", "{0012: Can"))

    payroll = loaded(folder).program.source("payroll")

    assert payroll is not None
    assert payroll.plain == {"0012": "Can change salaries"}


def test_everything_wrong_is_told_at_once_in_order_of_place(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    for name in ("company.yaml", "sources.yaml", "controls/access.yaml"):
        path = folder / name
        path.write_text("surprise: 1\n" + path.read_text())

    with pytest.raises(ProgramInvalid) as caught:
        loaded(folder)

    places = [(problem.file, problem.line) for problem in caught.value.problems]
    assert places == [("company.yaml", 1), ("controls/access.yaml", 1), ("sources.yaml", 1)]
    assert str(caught.value).count("`surprise` is not known here.") == 3


def test_there_are_61_criteria_in_official_order_with_short_words_of_our_own() -> None:
    found = criteria()

    series = [name.rstrip("0123456789").rstrip(".").rstrip("0123456789") for name in found]
    assert {letters: series.count(letters) for letters in dict.fromkeys(series)} == {
        "CC": 33, "A": 3, "C": 2, "PI": 5, "P": 18,
    }  # fmt: skip
    assert all(0 < len(criterion.short) <= 64 for criterion in found.values())
    assert found["CC1.4"].short == "Competent people are hired, trained and kept"


def test_closed_days_are_the_countrys_holidays_and_the_companys_own(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "company.yaml"
    path.write_text(path.read_text() + "closed_days: [2026-12-24, 2031-01-02]\n")

    days = closed_days(loaded(folder).program.company, 2026, 2027)

    assert {date(2026, 3, 8), date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1)} <= set(days)
    assert date(2031, 1, 2) not in days
    assert list(days) == sorted(days)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"Ac\u202eme", "U+202E"),
        (r"Ac\0me", "U+0000"),
        (r"Ac\ud800me", "U+D800"),
        (r"Ac\U000e0041me", "U+E0041"),
    ],
    ids=["right-to-left", "NUL", "half a character", "tag"],
)
def test_an_escape_cannot_bring_in_what_may_not_stand_there(written: str, said: str, tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "company.yaml"
    path.write_text(path.read_text().replace("name: Acme", f'name: "{written}"'))

    found = messages(folder)

    assert found == [f"company.yaml:1:7: An escape stands here for an invisible character ({said}). Take it out."]


def test_a_pair_of_escapes_is_the_one_character_that_json_means(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "company.yaml"
    path.write_text(path.read_text().replace("name: Acme", r'name: "Acme \ud83c\udf31"'))

    assert loaded(folder).program.company.name == "Acme 🌱"
