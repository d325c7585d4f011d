"""Names, sizes and vaults that are not as they should be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.evidence.intake import MOST_FILES, Brought, Intake, Origin, cleaned
from workflows.kernel.errors import Refused
from workflows.kernel.model import Control

REPORT = b'{"results": [], "errors": []}'
CONTROL = Control(id="CHG-1", title="", text="", workflow="access_review", criteria=(), owner="")


@dataclass
class Office:
    """A vault, the record and the program, in memory."""

    kept: list[bytes] = field(default_factory=list)
    acts: list[Any] = field(default_factory=list)
    names: str = ""

    def put(self, data: bytes) -> str:
        self.kept.append(data)
        return self.names

    def act(self, case: str, command: Any, by: Any, *, control: str = "") -> None:
        self.acts.append(command)

    def control(self, control: str) -> Control:
        return CONTROL


def take(office: Office, *files: Brought, limit: int = 1000) -> None:
    Intake(office, office, office, limit).take("CHG-1", files, Origin("cli", "test"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([Brought("../../etc/passwd", REPORT)], "unfit_name"),
        ([Brought("a\x1b[2J.json", REPORT)], "unfit_name"),
        ([Brought("x" * 201, REPORT)], "unfit_name"),
        ([Brought("large.json", b"x" * 1001)], "file_too_large"),
        ([Brought("r.json", REPORT)] * (MOST_FILES + 1), "too_many_files"),
        ([], "too_many_files"),
    ],
)
def test_what_is_unfit_is_refused_before_anything_is_stored(files: list[Brought], code: str) -> None:
    office = Office()

    with pytest.raises(Refused) as refused:
        take(office, *files)

    assert refused.value.code == code
    assert (office.kept, office.acts) == ([], [])


def test_a_vault_that_files_it_under_another_digest_is_not_believed() -> None:
    office = Office(names="0" * 64)

    with pytest.raises(OSError, match="under another digest"):
        take(office, Brought("r.json", REPORT))

    assert office.acts == []


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("/etc/passwd", "passwd"),
        ("a\\b.json", "b.json"),
        ("\x00\x1b", "file"),
        ("..", "file"),
        ("ok.sarif", "ok.sarif"),
    ],
)
def test_a_cleaned_name_is_offered(name: str, clean: str) -> None:
    assert cleaned(name) == clean
