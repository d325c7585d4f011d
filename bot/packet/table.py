"""Tables for spreadsheets (RFC 4180): no cell can become a formula, a link or a second row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that starts with one of these."""


def cell(value: object) -> str:
    """A value as a cell. Control characters go, because no spreadsheet shows them and some act on them."""
    text = "" if value is None else str(value)
    if text.startswith(DANGEROUS) or text.lstrip(" \n\v\f\xa0\ufeff").startswith(DANGEROUS):
        text = "'" + text
    return "".join(sign if sign >= " " or sign in "\t\r\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


class Table:
    """A CSV file that grows row by row; lines end in CR LF."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.rows = 0
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="", errors="replace")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow(columns)

    def add(self, row: Iterable[object]) -> None:
        """One more row."""
        self.rows += 1
        self._writer.writerow([cell(value) for value in row])

    def close(self) -> Path:
        """Finish; returns the file."""
        self._file.close()
        return self.path
