"""A CSV file as rows of text, or one sentence that says what is wrong with it and how to mend it (identity page, 33).

Hostile until read: size, kind of file, encoding, header and shape are checked before a row counts. Cells that look like
formulas are plain text here; the export makes them harmless.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.sources.settings import CsvSettings

MAX_BYTES = 100_000_000
MAX_ROWS = 1_000_000
MAX_CELL = 100_000

_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive (an .xlsx workbook is one)",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


class CsvRefused(Exception):
    """The file cannot be read; the message says why and how to mend it."""


@dataclass(frozen=True)
class Row:
    """One row: the line of the file where it ends (first line is 1) and our field → cell, trimmed."""

    line: int
    cells: dict[str, str]


def check_bytes(path: Path, name: str) -> None:
    """Raises CsvRefused for a file that is empty, too large, no text, or not UTF-8: with line and byte."""
    size = path.stat().st_size
    if size == 0:
        raise CsvRefused(f"{name} is empty. Export it again.")
    if size > MAX_BYTES:
        raise CsvRefused(
            f"{name} has {size:,} bytes; the limit is {MAX_BYTES:,}. Export it in parts, as several sources."
        )
    with path.open("rb") as stream:
        start = stream.read(4)
        for magic, what in _OTHER_KINDS.items():
            if start.startswith(magic):
                raise CsvRefused(f"{name} is {what}, not CSV. Export it as CSV in UTF-8.")
        stream.seek(0)
        for number, raw in enumerate(stream, 1):
            if b"\0" in raw:
                raise CsvRefused(
                    f"{name}, line {number} holds a zero byte: it is no UTF-8 text. Export it as CSV in UTF-8."
                )
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise CsvRefused(
                    f"{name}, line {number}, byte {error.start + 1} is {raw[error.start]:#04x}, which is not UTF-8 "
                    "(it looks like Latin-1 or Windows-1252). Export it as CSV in UTF-8."
                ) from error


def rows(path: Path, name: str, settings: CsvSettings) -> Iterator[Row]:
    """The rows of a checked file, one at a time. Raises CsvRefused at the first thing that is wrong."""
    check_bytes(path, name)
    csv.field_size_limit(MAX_CELL)
    delimiter = _delimiter(path, settings)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            places = _places(header, name, settings)
            count = 0
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                count += 1
                if count > MAX_ROWS:
                    raise CsvRefused(f"{name} has more than {MAX_ROWS:,} rows. Export it in parts, as several sources.")
                if len(cells) != len(header):
                    raise CsvRefused(
                        f"{name}, line {reader.line_num} has {len(cells)} cells, the header has {len(header)}. "
                        "A delimiter in a cell needs quotes around it; export it again."
                    )
                yield Row(reader.line_num, {field: cells[place].strip() for field, place in places.items()})
        except csv.Error as error:
            raise CsvRefused(f"{name}, line {reader.line_num} is no CSV: {error}. Export it again.") from error


def _delimiter(path: Path, settings: CsvSettings) -> str:
    """The declared one, or the one under which the header has more of the declared columns."""
    if settings.delimiter != "auto":
        return settings.delimiter
    with path.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline()
    wanted = {*settings.columns.values(), *settings.ignore}

    def fits(delimiter: str) -> tuple[int, int]:
        header = [cell.strip().strip('"') for cell in first.rstrip("\r\n").split(delimiter)]
        return len(wanted & set(header)), len(header)

    return max((",", ";", "\t"), key=fits)


def _places(header: list[str], name: str, settings: CsvSettings) -> dict[str, int]:
    """Where each declared field stands. Raises CsvRefused with the whole difference."""
    problems = []
    if twice := sorted({h for h in header if header.count(h) > 1}):
        problems.append(f"it has twice: {_list(twice)}")
    if missing := [h for h in settings.columns.values() if h not in header]:
        problems.append(f"it lacks: {_list(missing)}")
    known = {*settings.columns.values(), *settings.ignore}
    if extra := [h for h in dict.fromkeys(header) if h not in known]:
        problems.append(f"it has, and the program does not name: {_list(extra)}")
    if problems:
        raise CsvRefused(
            f"{name} has another header than the program declares; {'; '.join(problems)}. "
            "Export the declared columns, or change columns and ignore in the program."
        )
    return {field: header.index(text) for field, text in settings.columns.items()}


def _list(names: list[str]) -> str:
    return ", ".join(repr(n[:80]) for n in names[:20])
