"""The shape of what the page says: an answer with its tables, and the signed fields that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """A piece of text that leads to a file of the packet."""

    text: str
    href: str
    title: str = ""


@dataclass(frozen=True)
class Chip:
    """A word with a colour: `good`, `bad`, `warn` or `plain`. The colour never says more than the word."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Sub:
    """A second line in a cell, smaller."""

    text: str


Part = str | Link | Chip | Sub
Cell = Part | tuple[Part, ...]


@dataclass(frozen=True)
class TableView:
    """A table on the page. ``note`` stands under it."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer to one of an auditor's questions. ``fields`` names the signed fields that it is taken from."""

    number: int
    question: str
    lead: str
    tables: Sequence[TableView] = ()
    fields: str = ""


def bundle(attestation: str) -> Link | str:
    """An attestation, by the start of its id."""
    if not attestation:
        return ""
    return Link(attestation[:10] + "…", f"bundles/{attestation}.sigstore.json", attestation)


def cut(rows: Sequence[Sequence[Cell]], total: int, file: str) -> str:
    """What to say where a table does not show everything."""
    return f"{len(rows):,} of {total:,} are shown; all are in {file}." if total > len(rows) else ""
