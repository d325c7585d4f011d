"""`attester demo`: a whole quarterly access review in under a minute, on this machine alone."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.answers import answer
from bot.demo.act import DemoBroke
from bot.demo.stage import Stage, stage
from bot.demo.story import Story, Told
from bot.web.server import configure_logs
from bot.workspace.driver import ActFailed, NotSeen
from workflows.kernel.errors import Refused
from workflows.kernel.ports import SourceFailed

MARK = ".attester-demo"
HOUR = 3600.0


@click.command()
@click.option(
    "--serve", is_flag=True, help="Stay up with the local Slack page open for clicking, before anybody decides."
)
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("demo"), help="Folder for everything; default ./demo"
)
@click.option("--port", default=0, help="Port of the bot; default: any free one.")
@click.option("--page-port", default=0, help="Port of the local Slack page; default: any free one.")
@click.pass_context
def demo(context: click.Context, serve: bool, data: Path, port: int, page_port: int) -> None:
    """Go through a whole quarterly access review of a sample company, and verify what an auditor would receive.

    The real bot runs in embedded mode with a local Slack page; nothing outside this machine is touched.
    """
    configure_logs(level=50)
    console = Console(highlight=False)
    folder = _empty(data.absolute())
    try:
        with stage(folder, port=port, page_port=page_port) as running:
            if serve:
                _serve(console, running)
            else:
                _tell(console, running)
    except (DemoBroke, NotSeen, ActFailed) as broke:
        console.print(f"The demo stopped: {broke}", style="red")
        context.exit(1)
    except (Refused, SourceFailed) as failure:
        console.print(f"The demo stopped: {answer(failure).text}", style="red")
        context.exit(1)


def _empty(folder: Path) -> Path:
    """The folder, emptied if an earlier demo made it. Raises UsageError where it holds anything else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise click.UsageError(f"{folder} is not empty and no earlier demo made it. Name another one with --data.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("Made by `attester demo`, which may delete this folder.\n", encoding="utf-8")
    return folder


def _tell(console: Console, running: Stage) -> Told:
    console.print(
        f"[bold]Attester[/bold] goes through a quarterly access review of {running.program.company.name}, a sample company.\n"
        f"The clock of this story starts on {running.opened_on:%-d %B %Y}; every press is a signed request to the real bot.\n"
    )
    story = Story(running, lambda title, said: None)
    steps = story.steps()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    began = time.monotonic()
    with bar:
        task = bar.add_task("", total=len(steps))
        for number, (title, act) in enumerate(steps, 1):
            bar.update(task, description=title)
            said = act()
            bar.advance(task)
            bar.console.print(f"[green]✓[/green] {number}. [bold]{title}[/bold]")
            bar.console.print(Padding(said, (0, 0, 0, 5)))
    told = story.told
    console.print(f"\nDone in {time.monotonic() - began:.1f} s. The packet: {told.packet}")
    console.print(f"[bold green]{told.sentence}[/bold green]")
    console.print(f"Check it yourself: attester verify {told.packet}")
    console.print("Click through it yourself: attester demo --serve")
    return told


def _serve(console: Console, running: Stage) -> None:
    story = Story(running, lambda title, said: None)
    for title, act in story.steps()[:2]:
        console.print(f"[green]✓[/green] {title}: {act()}")
    console.print(f"\nThe local Slack page: [bold]{running.page.page}[/bold]\n")
    console.print("Three things to try:")
    for line in running.tries:
        console.print(f"  • {line}")
    console.print("\nCtrl-C ends it. Nothing outside this machine is touched.")
    try:
        while True:
            time.sleep(HOUR)
    except KeyboardInterrupt:
        console.print("\nStopped.")
