"""`attester evidence push`"""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.common import Stopped, as_json, product, show
from bot.evidence.intake import FILE_LIMIT, Brought, Intake


@click.group()
def evidence() -> None:
    """Evidence for a control: reports of scanners, and whatever else a decision rests on."""


@evidence.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--control", required=True, metavar="ID", help="The control that the files are evidence for.")
@click.option("--kind", default="", help="What the files are, where their content does not say it.")
@click.option("--commit", default="", metavar="SHA", help="The commit that they are about; recorded as your claim.")
@as_json
def push(files: tuple[Path, ...], control: str, kind: str, commit: str, as_json: bool) -> None:
    """Keep files as evidence, exactly as they are: all of them or none.

    A report with a secret in it is refused before anything is stored.
    """
    brought = [Brought(path.name, _bytes(path)) for path in files]
    with product() as p:
        intake = Intake(p.vault, p.runtime, p.facts)
        taken = intake.take(control, brought, "cli", "attester evidence push", kind=kind, commit=commit)
    rows = [
        {"file": a.name, "sha256": a.sha256, "bytes": a.size, "kind": a.kind, "known": a.kind_source} for a in taken
    ]
    show(rows, as_json, "")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise Stopped(f"{path} cannot be read: {error.strerror}. Nothing was recorded.", code=2) from error
