"""`attester program init|check|apply|schema`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from bot.cli.common import as_json, product, show
from bot.clock import SystemClock
from bot.main.program import apply_program
from bot.program.check import REACHABLE, SIGN_IN
from bot.program.load import check as check_folder
from bot.program.load import load
from bot.program.people import strangers
from bot.program.schema import schema as json_schema
from bot.program.starter import init as write_starter
from bot.settings import signs_in
from bot.sources.settings import SETTINGS
from workflows.registry import WORKFLOWS

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
MODELS = {w.name: w.settings for w in WORKFLOWS}
NOT_PULLED = "The list of people was not pulled yet, so nobody could be looked up in it. Run: attester identity pull"


def levels() -> tuple[str, ...]:
    """The assurance levels that can be reached here."""
    return SIGN_IN if signs_in() else REACHABLE


@click.group()
def program() -> None:
    """The program: what should happen, as a folder of YAML."""


@program.command()
@FOLDER
def init(folder: Path) -> None:
    """Write a commented starter folder."""
    for path in write_starter(folder, MODELS, SETTINGS):
        click.echo(f"wrote {path}")
    click.echo(f"Read and change them, then run: attester program check {folder}")


@program.command()
@FOLDER
@as_json
@click.pass_context
def check(context: click.Context, folder: Path, as_json: bool) -> None:
    """Say everything that is wrong with a program folder, with file, line and how to mend it. Exits 1 then."""
    problems = check_folder(folder, MODELS, SETTINGS, today=SystemClock().now().date(), levels=levels())
    if as_json:
        show([vars(p) for p in problems], True, "")
    elif problems:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(problems)} to mend." if len(problems) > 1 else "1 to mend.")
    else:
        click.echo("The program is sound.")
    context.exit(1 if problems else 0)


@program.command()
@FOLDER
def apply(folder: Path) -> None:
    """Put a program in force. Every attestation from now on names it."""
    with product() as p:
        now = p.clock.now()
        loaded = load(folder, MODELS, SETTINGS, today=now.date(), levels=levels())
        new = apply_program(p, loaded, now)
        directory = p.facts.directory()
        elsewhere = p.folder.resolve() != folder.resolve()
    notes = [str(problem) for problem in strangers(loaded.program, directory)] if directory.people else [NOT_PULLED]
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(f"Program {loaded.program.digest[:12]} is {'now' if new else 'already'} in force.")
    if elsewhere:
        click.echo(f"Set ATTESTER_PROGRAM={folder.resolve()} for the processes that pull: files of sources lie there.")


@program.command()
def schema() -> None:
    """Print the JSON Schema that editors use for the program's files."""
    click.echo(json.dumps(json_schema(MODELS, SETTINGS), indent=2, ensure_ascii=False))
