"""`attester finding list` and `attester finding gate`"""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.common import Stopped, as_json, product, show
from bot.evidence.finding import scans
from bot.evidence.intake import REPOSITORY
from bot.evidence.report import TooLarge, read
from bot.main import Product
from bot.main.scan import Report, covering, reports_of
from bot.store.finding import Findings
from workflows.kernel.model import EvidenceRef
from workflows.kernel.weakness import SEVERITIES


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
@as_json
@click.pass_context
def gate(
    context: click.Context, files: tuple[Path, ...], repository: str, commit: str, level: str, as_json: bool
) -> None:
    """Exit 1 where a report shows a finding of at least this level that nobody has accepted, or does not show everything.

    Nothing is stored or recorded. Use it on a machine that has the product's settings.
    """
    if not REPOSITORY.fullmatch(repository):
        raise Stopped("The repository is not written as one. Write owner/name, such as acme/payments.", code=2)
    rows: list[dict[str, object]] = []
    with product() as p:
        for path in files:
            rows += stopping(p, path, repository.lower(), commit, SEVERITIES.index(level))
    show(rows, as_json, f"Nothing of level {level} or above that is not accepted.")
    context.exit(1 if rows else 0)


def stopping(p: Product, path: Path, repository: str, commit: str, least: int) -> list[dict[str, object]]:
    """What in a report stops a release."""
    ref = EvidenceRef(name=path.name, sha256="", kind="")
    try:
        reports = list(reports_of(scans(read(path.read_bytes())), repository, commit, ref, p.clock.now()))
    except OSError as error:
        raise Stopped(f"{path} cannot be read: {error.strerror}.", code=2) from error
    except TooLarge as error:
        raise Stopped(f"{path} unpacks to more than can be looked through. Split the report.", code=2) from error
    if not reports:
        return [{"file": path.name, "why": "It is no report that shows what was scanned."}]
    return [row for report in reports for row in _of_report(p, path.name, report, least)]


def _of_report(p: Product, name: str, report: Report, least: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [{"file": name, "why": report.why}] if report.why else []
    for mark, one in report.marks.items():
        if SEVERITIES.index(one.severity) < least:
            continue
        if one.live_secret or covering(p, report.place, mark, one.place, one.severity) is None:
            rows.append({"file": name, "why": f"{one.severity}: {one.title} ({one.place}), accepted by nobody"})
    return rows
