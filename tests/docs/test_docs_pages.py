"""Links lead somewhere, commands can be typed, examples work."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from bot import cli
from bot.program.load import check, load
from bot.settings import KNOWN
from bot.sources.settings import SETTINGS
from tests.docs.markdown import CODE, anchors, blocks, links, prose, section, text
from tests.docs.reference import ROOT, WORKFLOW_MODELS, pages

TODAY = date(2026, 10, 7)
SETTING = re.compile(r"\b((?:ATTESTER|SLACK|OKTA)_[A-Z_]+)\b")
PICTURE_LIMIT = 250_000


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    lost = []
    for link in links(text(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(text(target))):
            lost.append(link)

    assert lost == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            waiting += [
                (page.parent / link.partition("#")[0]).resolve() for link in links(text(page)) if "://" not in link
            ]

    assert {page.relative_to(ROOT) for page in pages()} - {page.relative_to(ROOT) for page in reached} == set()


def typed(page: str) -> list[str]:
    """Every `attester …` that a reader could type: in shell blocks and in the running text."""
    found = []
    for block in blocks(page):
        if block.language == "sh":
            found += [line for line in block.text.splitlines() if line.startswith("attester ")]
    found += [code.strip("`") for code in CODE.findall(prose(page)) if code.startswith("`attester ")]
    return [line for text in found for line in each(text)]


def each(text: str) -> list[str]:
    """`attester run|web` as `attester run` and `attester web`."""
    choice = re.search(r"(?<= )\w+(?:\|\w+)+", text)
    return [text.replace(choice[0], word) for word in choice[0].split("|")] if choice else [text]


def understood(line: str) -> str:
    """Empty where the command line takes this, else why not.

    A command alone, without its arguments, is only named; `[--json]` is for reading.
    """
    words = shlex.split(re.sub(r"\[[^\]]*\]", "", line), comments=True)[1:]
    command: click.Command = cli.attester
    path = click.Context(command, info_name="attester")
    try:
        while isinstance(command, click.Group) and words:
            name = words.pop(0)
            if name == "--version":
                return ""
            below = command.get_command(path, name)
            if below is None:
                return f"there is no {name} in {line}"
            command, path = below, click.Context(below, parent=path, info_name=name)
        if words and not isinstance(command, click.Group):
            with_dates = ["2026-10-01" if word == "DATE" else word for word in words]
            command.make_context(command.name, with_dates, resilient_parsing=False)
    except click.UsageError as wrong:
        return f"{line}: {wrong.message}"
    return ""


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_attester_command_can_be_typed(page: Path) -> None:
    wrong = [why for line in typed(text(page)) if (why := understood(line))]

    assert wrong == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert understood("attester case list --open") == ""
    assert understood("attester frobnicate") != ""
    assert understood("attester case list --closed") != ""


def test_every_setting_that_a_page_names_is_one() -> None:
    later = section(text(ROOT / "docs/settings.md"), "# Settings")
    known = {*KNOWN, *SETTING.findall(later)}
    for page in pages():
        if page.name != "CHANGELOG.md":
            assert set(SETTING.findall(text(page))) <= known, page.name


def test_the_worked_example_of_a_program_is_sound(tmp_path: Path) -> None:
    page = section(text(ROOT / "docs/program.md"), "## A worked example")
    names = re.findall(r"^`([a-z/.-]+)`:$", page, re.MULTILINE)
    for name, block in zip(names, blocks(page), strict=True):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.text, encoding="utf-8")

    assert check(tmp_path, WORKFLOW_MODELS, SETTINGS, today=TODAY) == []

    loaded = load(tmp_path, WORKFLOW_MODELS, SETTINGS, today=TODAY)
    assert [source.id for source in loaded.program.sources] == ["people", "payroll"]


def test_every_yaml_block_can_be_read() -> None:
    for page in pages():
        for block in blocks(text(page)):
            if block.language == "yaml":
                assert YAML(typ="safe").load(block.text) is not None


def test_pictures_are_small_and_wide_enough() -> None:
    for picture in (ROOT / "docs").glob("*.png"):
        data = picture.read_bytes()

        assert len(data) < PICTURE_LIMIT
        assert int.from_bytes(data[16:20], "big") == 1280


def test_the_readme_is_short_and_opens_with_the_two_commands() -> None:
    lines = text(ROOT / "README.md").splitlines()

    assert len(lines) < 200
    shell = next(blocks(text(ROOT / "README.md")))
    assert [line.split(" #")[0].strip() for line in shell.text.splitlines()] == ["make demo", "make test"]
