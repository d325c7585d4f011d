"""What all commands share: the product of this process, tables, and ends that are sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bot import settings
from bot.facts import NoProgram
from bot.main import Product
from bot.program.problem import ProgramInvalid
from bot.program.starter import FolderTaken, NotWritten
from bot.settings import SettingsInvalid
from bot.store.ledger import LedgerCorrupt, NotOpened
from bot.store.migrate import NotUpgraded
from bot.store.outbox_values import QueueUnavailable
from bot.vault import VaultUnusable
from bot.web.server import configure_logs
from workflows.kernel.errors import Broken, Conflict, Refused, Unsure
from workflows.kernel.ports import ChatFailure, EvidenceAltered, EvidenceMissing, SigningFailed, SourceFailed

FAILURES = (
    Broken, ChatFailure, Conflict, EvidenceAltered, EvidenceMissing, FolderTaken, LedgerCorrupt, NoProgram, NotOpened,
    NotUpgraded, NotWritten, ProgramInvalid, QueueUnavailable, Refused, SettingsInvalid, SigningFailed, SourceFailed,
    Unsure, VaultUnusable,
)  # fmt: skip
"""What may end a command: each has its sentence in `bot.answers`."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


class Stopped(Exception):
    """The end of a command: sentences for standard error, and the exit code."""

    def __init__(self, *lines: str, code: int = 1) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.code = code


@contextmanager
def product() -> Iterator[Product]:
    """The product as the environment configures it. Raises SettingsInvalid."""
    configure_logs(level=30)
    made = Product(settings.load())
    try:
        yield made
    finally:
        made.close()


def need_folder(p: Product) -> None:
    """Raises Stopped where the program's folder is not there: files of sources are looked for in it."""
    if not p.folder.is_dir():
        raise Stopped(f"There is no program folder {p.folder}. Set ATTESTER_PROGRAM to the folder that was applied.")


def console() -> Console:
    """Where tables go; wide enough to be piped."""
    found = Console(highlight=False, markup=False, soft_wrap=True)
    return found if found.is_terminal else Console(highlight=False, markup=False, width=160)


def show(rows: Sequence[Mapping[str, Any]], json_wanted: bool, empty: str) -> None:
    """Rows as a table, or as JSON."""
    if json_wanted:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2, default=str))
        return
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else _cell(value) for value in row.values()))
    console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    # What comes from outside must not drive the terminal.
    return "".join(c if c.isprintable() else "�" for c in text)
