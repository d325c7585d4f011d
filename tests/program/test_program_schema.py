"""The schemas let through what the check lets through, and mark the usual mistakes while somebody types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.program.schema import schema, write_schemas
from bot.program.starter import files_under
from bot.sources.settings import SETTINGS
from tests.program.world import GOOD, SOURCES, WORKFLOWS
from workflows.access_review.model import Settings

PACKAGE = Path(__file__).parents[2] / "bot" / "program"
REAL = schema({"access_review": Settings}, SETTINGS)


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def errors(kind: dict[str, Any], value: Any) -> list[str]:
    # Dates stay text, as an editor sees them.
    return [
        error.message for error in Draft202012Validator(kind).iter_errors(json.loads(json.dumps(value, default=str)))
    ]


@pytest.mark.parametrize("folder", ["template", "sample/acme"])
@pytest.mark.parametrize("kind", ["company", "sources", "control"])
def test_the_shipped_programs_satisfy_their_schemas(folder: str, kind: str) -> None:
    files = files_under(PACKAGE / folder)
    texts = [text for name, text in files.items() if name == f"{kind}.yaml" or name.startswith(f"{kind}s/")]

    found = [errors(REAL[kind], read(text)) for text in texts]

    assert found == [[]]


@pytest.mark.parametrize("kind", ["company", "control", "sources"])
def test_every_schema_is_one(kind: str) -> None:
    Draft202012Validator.check_schema(REAL[kind])
    Draft202012Validator.check_schema(schema(WORKFLOWS, SOURCES)[kind])


@pytest.mark.parametrize(
    ("name", "kind", "good", "bad"),
    [
        ("controls/access.yaml", "control", "criteria:", "critera:"),
        ("controls/access.yaml", "control", "CC6.2", "CC2.4"),
        ("controls/access.yaml", "control", "every: quarter", "every: quaterly"),
        ("controls/access.yaml", "control", "access_review", "acess_review"),
        ("controls/access.yaml", "control", "order: [app_owner", "order: [boss"),
        ("controls/access.yaml", "control", "AC-04", "ac4"),
        ("sources.yaml", "sources", "kind: okta", "kind: octa"),
        ("sources.yaml", "sources", "file: data/payroll.csv", "fil: data/payroll.csv"),
        ("sources.yaml", "sources", "env:OKTA_CLIENT_TOKEN", "swordfish"),
        ("sources.yaml", "sources", "max_age: 7d", "max_age: 5wd"),
        ("company.yaml", "company", "control_owner:", "owner:"),
    ],
)
def test_a_mistake_is_marked_while_typing(name: str, kind: str, good: str, bad: str) -> None:
    made = schema(WORKFLOWS, SOURCES)[kind]
    text = (GOOD / name).read_text(encoding="utf-8")

    before, after = errors(made, read(text)), errors(made, read(text.replace(good, bad)))

    assert before == []
    assert after


def test_schemas_are_written_where_the_files_name_them(tmp_path: Path) -> None:
    written = write_schemas(tmp_path, WORKFLOWS, SOURCES)

    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        ".schema/company.json", ".schema/control.json", ".schema/sources.json",
    ]  # fmt: skip
    assert json.loads(written[0].read_text(encoding="utf-8"))["title"] == "company.yaml"
