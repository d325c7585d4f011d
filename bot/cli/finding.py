"""`attester finding list` and `attester finding gate`"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import click

from bot.cli.common import Stopped, as_json, product, show
from bot.cli.evidence import run_client
from bot.clock import SystemClock
from bot.evidence.finding import Found, scans
from bot.evidence.intake import REPOSITORY
from bot.evidence.report import TooLarge, read
from bot.main import Product
from bot.main.scan import Report, covering, reports_of
from bot.signing.public import verify_p256
from bot.store.finding import Findings
from workflows.kernel.exceptions import to_sign, unsealed
from workflows.kernel.model import EvidenceRef
from workflows.kernel.publickey import der
from workflows.kernel.weakness import SEVERITIES, accepted_by

Covers = Callable[[Report, str, Found], bool]
"""Whether a finding of a report, by what names it, is accepted now."""


@click.group()
def finding() -> None:
    """Findings of scanners: what the newest scans show, and what is accepted."""


@finding.command("list")
@click.option("--repository", default="", metavar="OWNER/NAME", help="Only what was found there.")
@click.option("--tool", default="", help="Only what this tool found.")
@as_json
def list_(repository: str, tool: str, as_json: bool) -> None:
    """List the open findings, the worst first, each with the case by which it is accepted now."""
    with product() as p:
        known = Findings(p.database).open(repository.lower(), tool)
        rows: list[dict[str, object]] = []
        for one in known:
            case = covering(p, (one.tool, one.repository), one.mark, one.place, one.severity)
            rows.append({
                "severity": one.severity, "finding": one.title, "rule": one.rule, "tool": one.tool,
                "repository": one.repository, "place": one.place, "since": one.first_seen,
                "accepted by": case or "", "put aside": one.dismissed,
            })  # fmt: skip
    show(rows, as_json, "The newest scans show no finding.")


@finding.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repository", required=True, metavar="OWNER/NAME", help="What was scanned.")
@click.option("--commit", required=True, metavar="SHA", help="The commit that was scanned.")
@click.option("--level", type=click.Choice(SEVERITIES), default="high", show_default=True, help="The least that stops.")
@click.option("--url", default="", metavar="URL", help="From a job of GitHub Actions: Attester's public address.")
@click.option("--key", type=click.Path(path_type=Path), help="With --url: the PEM file of the key that signs the list.")
@as_json
@click.pass_context
def gate(
    context: click.Context, files: tuple[Path, ...], repository: str, commit: str, level: str, url: str,
    key: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Exit 1 where a report shows a finding of at least this level that nobody has accepted, or does not show everything.

    Nothing is stored or recorded. Use it on a machine that has the product's settings, or in a job of GitHub Actions with
    --url: then Attester gives the job a signed list of what is accepted in its repository.
    """
    if not REPOSITORY.fullmatch(repository):
        raise Stopped("The repository is not written as one. Write owner/name, such as acme/payments.", code=2)
    about, least = (repository.lower(), commit), SEVERITIES.index(level)
    if url:
        rows = _stopping(files, about, least, SystemClock().now(), _asked(url, repository, key))
    else:
        with product() as p:
            rows = stopping(p, files, about, least)
    show(rows, as_json, f"Nothing of level {level} or above that is not accepted.")
    context.exit(1 if rows else 0)


def stopping(p: Product, files: Sequence[Path], about: tuple[str, str], least: int) -> list[dict[str, object]]:
    """What in reports about a repository and a commit stops a release."""

    def accepted(report: Report, mark: str, found: Found) -> bool:
        return covering(p, report.place, mark, found.place, found.severity) is not None

    return _stopping(files, about, least, p.clock.now(), accepted)


def _asked(url: str, repository: str, key: Path | None) -> Covers:
    """What is accepted, as Attester says in a signed list."""
    with run_client(url) as client:
        envelope = client.exceptions(repository)
    try:
        said, opened = unsealed(envelope)
        if key is not None and not verify_p256(der(key.read_text("ascii")), to_sign(opened.payload), opened.signature):
            raise Stopped(f"The list of what is accepted is not signed with the key in {key}. Compare the keys.")
    except OSError as error:
        raise Stopped(f"{key} cannot be read: {error.strerror}.", code=2) from error
    except ValueError as error:
        raise Stopped(
            "The list of what is accepted, or the key, cannot be read. Check the address and the key."
        ) from error

    def accepted(report: Report, mark: str, found: Found) -> bool:
        # By the clock of whoever made the list a moment ago: a runner's own may be wrong.
        case = accepted_by(said.exceptions, report.place, mark, found.place, found.severity, said.made_at)
        return case is not None

    return accepted


def _stopping(
    files: Sequence[Path], about: tuple[str, str], least: int, now: datetime, covers: Covers
) -> list[dict[str, object]]:
    return [row for path in files for row in _of_file(path, about, least, now, covers)]


def _of_file(path: Path, about: tuple[str, str], least: int, now: datetime, covers: Covers) -> list[dict[str, object]]:
    ref = EvidenceRef(name=path.name, sha256="", kind="")
    try:
        reports = list(reports_of(scans(read(path.read_bytes())), *about, ref, now))
    except OSError as error:
        raise Stopped(f"{path} cannot be read: {error.strerror}.", code=2) from error
    except TooLarge as error:
        raise Stopped(f"{path} unpacks to more than can be looked through. Split the report.", code=2) from error
    if not reports:
        return [{"file": path.name, "why": "It is no report that shows what was scanned."}]
    return [row for report in reports for row in _of_report(path.name, report, least, covers)]


def _of_report(name: str, report: Report, least: int, covers: Covers) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [{"file": name, "why": report.why}] if report.why else []
    for mark, one in report.marks.items():
        if SEVERITIES.index(one.severity) < least:
            continue
        if one.live_secret or not covers(report, mark, one):
            rows.append({"file": name, "why": f"{one.severity}: {one.title} ({one.place}), accepted by nobody"})
    return rows
