"""`attester evidence push`"""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.common import Stopped, as_json, product, show
from bot.evidence.intake import FILE_LIMIT, Brought, Intake, Origin
from bot.main.scan import Report, Scans


@click.group()
def evidence() -> None:
    """Evidence for a control: reports of scanners, and whatever else a decision rests on."""


@evidence.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--control", required=True, metavar="ID", help="The control that the files are evidence for.")
@click.option("--kind", default="", help="What the files are, where their content does not say it.")
@click.option("--commit", default="", metavar="SHA", help="The commit that they are about; recorded as your claim.")
@click.option("--repository", default="", metavar="OWNER/NAME", help="What was scanned: findings are followed by it.")
@as_json
def push(files: tuple[Path, ...], control: str, kind: str, commit: str, repository: str, as_json: bool) -> None:
    """Keep files as evidence, exactly as they are: all of them or none.

    A report with a secret in it is refused before anything is stored. What a scanner found in a repository can be accepted
    in Slack with /access finding, and each later scan of it says whether it is still there.
    """
    brought = [Brought(path.name, _bytes(path), kind=kind, commit=commit, repository=repository) for path in files]
    with product() as p:
        intake = Intake(p.vault, p.runtime, p.facts)
        taken = intake.take(control, brought, Origin("cli", "attester evidence push"))
        reports = Scans(p).catch_up()
    rows = [
        {"file": a.name, "sha256": a.sha256, "bytes": a.size, "kind": a.kind, "known": a.kind_source} for a in taken
    ]
    show(rows, as_json, "")
    for report in reports:
        click.echo(_said(report), err=as_json)


def _said(report: Report) -> str:
    count = f"{len(report.found)} finding{'' if len(report.found) == 1 else 's'}"
    whole = "the whole" if not report.why else f"not the whole: {report.why[0].lower()}{report.why[1:]}"
    return f"{report.tool} over {report.repository}: {count}, {whole}"


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise Stopped(f"{path} cannot be read: {error.strerror}. Nothing was recorded.", code=2) from error
