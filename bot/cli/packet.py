"""`attester export` and `attester verify`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.answers import answer
from bot.cli.common import FAILURES, Stopped, product
from bot.main import Product
from bot.main.notes import record
from bot.packet.export import Exported, ExportRefused
from bot.packet.export import export as write_packet
from bot.packet.verifier.command import lines_of
from bot.packet.verify import verify as verify_packet
from workflows.kernel.ledger import NoteExport

Tell = Callable[[str, int, int], None]
MOST_NAME = 200
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--from", "start", type=DAY, metavar="DATE", required=True, help="First day, in UTC: 2026-10-01")
@click.option(
    "--to",
    "end",
    type=DAY,
    metavar="DATE",
    required=True,
    help="Last day, in UTC; the whole day is included: 2026-12-31",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip file to write.")
@click.option(
    "--for", "for_whom", default="", metavar="NAME", help="Whom it is for, as the ledger shall say: the audit firm."
)
def export(start: datetime, end: datetime, out: Path, for_whom: str) -> None:
    """Write the packet for an auditor: every attestation of these days, its evidence, and all that is needed to verify it.

    Nothing is written where evidence is missing or was changed, or where an attestation waits for the log. That it was
    written is recorded in the ledger, with the file's SHA-256.
    """
    for_whom = _named(for_whom)
    first, past = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC) + timedelta(days=1)
    if past <= first:
        raise click.UsageError("--to lies before --from. Write the first day after --from and the last after --to.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise click.UsageError(f"{out} cannot be written. Name a file in a folder that exists after --out.")
    with product() as p:
        p.integrate()
        try:
            with _bar("Writing") as tell:
                made = write_packet(p.packet_source(), out=out, start=first, end=past, progress=tell)
        except ExportRefused as refused:
            raise Stopped(str(refused)) from refused
        except OSError as error:
            raise Stopped(f"{out} cannot be written: {error.strerror}. Nothing was left behind.") from error
        unrecorded = _record(p, made, for_whom, first, past)
    click.echo(f"{made.path}: {made.attestations:,} attestations, {made.evidence:,} evidence files.")
    click.echo(f"SHA-256 {made.sha256}")
    click.echo(f"Check it as the auditor will: attester verify {made.path}")
    if unrecorded:
        raise Stopped(
            f"{made.path} is written and whole, but the ledger does not say so: {unrecorded} "
            "Mend that and export again, so that the file you hand over is the one that is recorded."
        )


def _named(for_whom: str) -> str:
    """The name as it is recorded. Raises UsageError where it is no plain line of text."""
    name = " ".join(for_whom.split())
    if len(name) > MOST_NAME or not name.isprintable():
        raise click.UsageError(f"--for is the name of a firm or person: at most {MOST_NAME} characters, plain text.")
    return name


def _record(p: Product, made: Exported, for_whom: str, start: datetime, end: datetime) -> str:
    """Record the export in the ledger; why not, as a sentence, where that cannot be done now."""
    note = NoteExport(
        for_whom=for_whom,
        first=made.first,
        last=made.last,
        checkpoint_size=made.checkpoint_size,
        sha256=made.sha256,
        start=start,
        end=end,
    )
    try:
        record(p.runtime, note)
    except FAILURES as failure:
        told = answer(failure)
        return told.detail or told.text
    with suppress(*FAILURES):  # recorded it is; a worker covers it as well
        p.integrate()
    return ""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--trust", multiple=True, metavar="SHA256:…", help="A key that you know from elsewhere; all others then fail."
)
@click.option(
    "--held",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A checkpoint or receipt that you kept: the packet's log must begin with it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the outcome and a verdict for each attestation.")
@click.pass_context
def verify(context: click.Context, file: Path, trust: tuple[str, ...], held: tuple[Path, ...], as_json: bool) -> None:
    """Verify a packet (zip file or unpacked folder) offline. Exits 1 where anything does not verify.

    Needs no database, no Slack and no network; the verify.py inside the packet does the same without this program.
    """
    try:
        with _bar("Verifying") as tell:
            report = verify_packet(file, trust, tell, held=[path.read_bytes() for path in held])
    except OSError as error:
        named = error.filename or file
        raise click.UsageError(f"{named} cannot be read: {error.strerror}. Name the zip file or the folder.") from error
    click.echo(report.as_json() if as_json else "\n".join(lines_of(report)))
    context.exit(0 if report.fine else 1)


@contextmanager
def _bar(title: str) -> Iterator[Tell]:
    """A progress bar on a terminal's standard error; nothing where nobody watches."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(28), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{title} {what}", completed=done, total=total)

        yield tell
