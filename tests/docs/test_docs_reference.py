"""What the documentation lists is what the code has."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from bot.packet.papers import MANIFEST_PREDICATE
from bot.packet.verifier import report
from bot.sources.aws.connector import PERMISSIONS
from tests.docs.markdown import blocks, first_cells, section, text
from tests.docs.predicate import attested
from tests.docs.reference import BLOCK, PARTS, ROOT, pages, renewed
from workflows.kernel.attestation import Frame, attestation, born, predicate_type
from workflows.kernel.ledger import CASE, LEDGER
from workflows.kernel.model import Event
from workflows.kernel.workflow import Workflow
from workflows.registry import WORKFLOWS

DOCS = ROOT / "docs"
AGAIN = "Run: python -m tests.docs.reference"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_made_from_the_code_is_as_the_code_is(page: Path) -> None:
    now = text(page)

    assert now == renewed(now), AGAIN


def test_every_list_that_is_made_from_the_code_stands_in_a_page() -> None:
    placed = [name for page in pages() for name, _ in BLOCK.findall(text(page))]

    assert sorted(placed) == sorted(PARTS)


def test_every_workflow_is_explained() -> None:
    program = text(DOCS / "program.md")
    for workflow in WORKFLOWS:
        assert f"### `workflow: {workflow.name}`" in program
        assert (DOCS / f"{workflow.name.replace('_', '-')}.md").is_file()


def object_in(said: dict[str, object], definitions: dict[str, object]) -> dict[str, object] | None:
    """The object that a value is, holds in a list, or may be; None where it is plain."""
    for one in [said, said.get("items", {}), *said.get("anyOf", ())]:
        if isinstance(one, dict) and "$ref" in one:
            return definitions[one["$ref"].rpartition("/")[2]]
    return None


def defaults_of(schema: dict[str, object], definitions: dict[str, object], before: str = "") -> dict[str, object]:
    """Every key that may be written, with those above it, and its default; `needed` where it has none."""
    found: dict[str, object] = {}
    for name, said in schema.get("properties", {}).items():
        found[before + name] = "needed" if name in schema.get("required", ()) else said.get("default")
        if inner := object_in(said, definitions):
            found |= defaults_of(inner, definitions, f"{before}{name}.")
    return found


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_every_key_of_a_control_is_explained_with_its_default(workflow: Workflow) -> None:
    schema = workflow.settings.model_json_schema()
    wanted = defaults_of(schema, schema["$defs"])

    page = section(text(DOCS / "program.md"), f"### `workflow: {workflow.name}`")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].strip("| `"): row[1].strip("`") for row in rows}

    assert sorted(told) == sorted(wanted)
    plain = {k: str(v).replace("True", "true").replace("False", "false") for k, v in wanted.items() if plain_value(v)}
    assert {key: told[key] for key in plain} == plain


def plain_value(value: object) -> bool:
    return isinstance(value, bool | int | str) and value != ""


def codes_in(*places: str) -> set[str]:
    """The codes of refusals that are raised in these files and folders."""
    files = [f for place in places for f in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))]
    return {
        call.args[0].value
        for file in files
        for call in ast.walk(ast.parse(text(file)))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Refused"
        if call.args and isinstance(call.args[0], ast.Constant)
    }


def told_in_column(page: str, column: int) -> set[str]:
    """The code in one column of a page's tables."""
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    return {code for row in rows if len(row) > column for code in re.findall(r"`([a-z_]+)`", row[column])}


def test_every_check_of_who_may_act_is_explained() -> None:
    codes = codes_in("bot/slack/who.py")

    assert len(codes) > 8
    assert codes == told_in_column(section(text(DOCS / "slack.md"), "## Who may act"), 2)


def test_every_refusal_of_a_review_is_explained() -> None:
    review = told_in_column(section(text(DOCS / "access-review.md"), "## Refusals"), 1)
    checks = told_in_column(section(text(DOCS / "slack.md"), "## Who may act"), 2)

    assert codes_in("workflows/access_review", "bot/slack") - review - checks == set()


def test_every_verdict_of_the_verifier_is_explained() -> None:
    found = {"valid", "altered", *report.WARNINGS}
    for path in (ROOT / "bot/packet/verifier").glob("*.py"):
        for call in ast.walk(ast.parse(text(path))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Bad":
                found |= {n.value for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)}

    assert set(first_cells(section(text(DOCS / "auditor.md"), "## Verdicts"))) == found


def test_every_predicate_type_has_its_section_and_no_other() -> None:
    page = text(DOCS / "predicates.md")
    made = {predicate_type(name, event) for name, event in attested()}
    refused = {f"urn:attester:{w.name}/attempt_refused/v1" for w in WORKFLOWS}

    told = {line.strip("# `,") for line in page.splitlines() if line.startswith("### `urn:")}

    assert told == made | refused | {MANIFEST_PREDICATE}


def test_the_common_fields_of_predicates_are_those_of_a_real_one() -> None:
    one = LEDGER.examples()[0].history[0]
    frame = Frame(
        workflow=LEDGER.name, case=CASE, seq=1, previous=None, control=CASE, criteria=("CC6.1",), program="", at=one.at,
        by=one.by, origin="log.example.com", version="1", nonce="n",
    )  # fmt: skip
    statement = json.loads(attestation(one.event, frame, born("case.json", "attester.case", {}))[0])

    told = first_cells(section(text(DOCS / "predicates.md"), "## Fields of every predicate"))

    assert set(told) == set(statement["predicate"])


def test_every_event_says_what_it_means() -> None:
    silent = [event.NAME for _, event in attested() if not event.__doc__ or event.__doc__ == Event.__doc__]

    assert silent == []


def test_the_aws_policy_allows_exactly_what_is_asked() -> None:
    page = text(DOCS / "program.md")
    wanted = set(PERMISSIONS.split(", "))

    policy = next(json.loads(b.text) for b in blocks(page) if b.language == "json")
    reasons = {cell for cell in page.replace(",", "").split("`") if cell.startswith("iam:")}

    assert set(policy["Statement"][0]["Action"]) == wanted
    assert reasons == wanted
