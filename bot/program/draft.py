"""A program as far as it could be read: each value with the place that it comes from, so that checks can point at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.program.problem import Problem
from bot.program.tree import Node
from workflows.kernel.model import Control
from workflows.kernel.program import Company, OutOfScope, SourceConfig

ACCESS_REVIEW = "access_review"
"""The workflow whose controls say which sources are in scope (access review, 5)."""

V = TypeVar("V")


@dataclass(frozen=True)
class Placed(Generic[V]):
    """A value and the node it was read from."""

    value: V
    file: str
    node: Node

    def problem(self, what: str, mend: str, *loc: int | str) -> Problem:
        """A problem at ``loc`` within this value."""
        _, (line, column), _ = self.node.find(loc)
        return Problem(self.file, line, column, what, mend)

    def says(self, *loc: int | str) -> bool:
        """Whether the text itself has something at ``loc``, rather than a default."""
        here: Node | None = self.node
        for step in loc:
            here = here.get(step) if here else None
        return here is not None

    def place(self, *loc: int | str) -> str:
        """`file, line n` of what stands at ``loc``."""
        _, (line, _), _ = self.node.find(loc)
        return f"{self.file}, line {line}"


@dataclass
class Draft:
    """What was read so far. A part that is missing was refused already; checks leave it alone.

    ``source_ids`` has the ids of refused sources too: a control that names one is not wrong because of that.
    ``excepted`` is what controls leave out of scope. While a source or control is refused, nothing is said to be absent
    (``all_sources``, ``all_controls``).
    """

    root: Path
    company: Placed[Company] | None = None
    controls: list[Placed[Control]] = field(default_factory=list)
    sources: list[Placed[SourceConfig]] = field(default_factory=list)
    out_of_scope: list[Placed[OutOfScope]] = field(default_factory=list)
    source_ids: set[str] = field(default_factory=set)
    excepted: list[Placed[OutOfScope]] = field(default_factory=list)
    all_sources: bool = True
    all_controls: bool = True

    def scopes(self) -> list[tuple[Placed[Control], int, dict[str, Any]]]:
        """Every source that an access review names: the control, the number in its list, and the entry."""
        return [(control, number, entry) for control in self.controls for number, entry in scoped(control.value)]


def scoped(control: Control) -> list[tuple[int, dict[str, Any]]]:
    """The sources that an access review names, each with its number in the list; other workflows have none."""
    if control.workflow != ACCESS_REVIEW:
        return []
    return list(enumerate(control.settings["sources"]))
