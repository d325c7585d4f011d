"""Figures as a table that people read in a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """A title, columns, rows of texts, and a sentence that names the peer or limit. The first column is set left."""

    title: str
    columns: tuple[str, ...]
    note: str = ""
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """One more row. Raises ValueError where it has another number of cells than there are columns."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)

    def __str__(self) -> str:
        every = [self.columns, *self.rows]
        widths = [max(len(row[at]) for row in every) for at in range(len(self.columns))]
        lines = [self.title, *(_line(row, widths) for row in every)]
        lines.insert(2, "  ".join("-" * width for width in widths))
        return "\n".join([*lines, *([self.note] if self.note else [])])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = row
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
    return "  ".join(cells)
