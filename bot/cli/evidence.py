"""`attester evidence push`"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from bot.ci.client import PushFailed, RunClient
from bot.cli.common import Stopped, as_json, product, show
from bot.evidence.intake import FILE_LIMIT, Brought, Intake, Origin
from bot.main.scan import Scans
from bot.settings import ci_job


@click.group()
def evidence() -> None:
    """Evidence for a control: reports of scanners, and whatever else a decision rests on."""


@evidence.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--control", required=True, metavar="ID", help="The control that the files are evidence for.")
@click.option("--kind", default="", help="What the files are, where their content does not say it.")
@click.option("--commit", default="", metavar="SHA", help="The commit that they are about; recorded as your claim.")
@click.option("--repository", default="", metavar="OWNER/NAME", help="What was scanned: findings are followed by it.")
@click.option("--url", default="", metavar="URL", help="From a job of GitHub Actions: Attester's public address.")
@as_json
def push(
    files: tuple[Path, ...], control: str, kind: str, commit: str, repository: str, url: str, as_json: bool
) -> None:
    """Keep files as evidence, exactly as they are: all of them or none.

    A report with a secret in it is refused before anything is stored. What a scanner found in a repository can be accepted
    in Slack with /access finding, and each later scan of it says whether it is still there.

    In a job of GitHub Actions that may ask for a token (permissions: id-token: write), the files go to ATTESTER_PUBLIC_URL
    or --url, and commit and repository are those of the run, signed.
    """
    told = {"kind": kind, "commit": commit, "repository": repository}
    read = [(path.name, _bytes(path)) for path in files]
    if url or ci_job().request_url:
        _push_as_run(url, control, told, read, as_json)
        return
    brought = [Brought(name, data, kind=kind, commit=commit, repository=repository) for name, data in read]
    with product() as p:
        intake = Intake(p.vault, p.runtime, p.facts)
        taken = intake.take(control, brought, Origin("cli", "attester evidence push"))
        reports = Scans(p).catch_up()
    rows = [
        {"file": a.name, "sha256": a.sha256, "bytes": a.size, "kind": a.kind, "known": a.kind_source} for a in taken
    ]
    show(rows, as_json, "")
    for report in reports:
        click.echo(_said(report.tool, report.repository, len(report.found), report.why), err=as_json)


def _push_as_run(
    url: str, control: str, told: Mapping[str, str], files: Sequence[tuple[str, bytes]], as_json: bool
) -> None:
    given = {name: value for name, value in told.items() if value}
    with run_client(url) as client:
        answer = client.push({"control": control}, [({"name": name, **given}, data) for name, data in files])
    stored = answer["files"]
    rows = [
        {"file": f["name"], "sha256": f["sha256"], "bytes": f["size"], "kind": f["kind"], "known": f["known"]}
        for f in stored
    ]
    show(rows, as_json, "")
    for scan in (scan for file in stored for scan in file["scans"]):
        click.echo(_said(scan["tool"], scan["repository"], scan["findings"], scan["why"]), err=as_json)
    bound = f"Bound to {answer['repository']} at {answer['commit']}, signed by run {answer['run']}."
    click.echo(bound, err=as_json)


@contextmanager
def run_client(url: str) -> Iterator[RunClient]:
    """Attester, as a job of GitHub Actions reaches it. What is not done ends the command with its sentences."""
    job = ci_job()
    try:
        client = RunClient(url or job.public_url, job.request_url, job.request_token)
        try:
            yield client
        finally:
            client.close()
    except PushFailed as failure:
        raise Stopped(*failure.lines) from failure


def _said(tool: str, repository: str, findings: int, why: str) -> str:
    count = f"{findings} finding{'' if findings == 1 else 's'}"
    whole = "the whole" if not why else f"not the whole: {why[0].lower()}{why[1:]}"
    return f"{tool} over {repository}: {count}, {whole}"


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise Stopped(f"{path} cannot be read: {error.strerror}. Nothing was recorded.", code=2) from error
