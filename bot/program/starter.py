"""A program to start from: few files, every line explained, valid as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.program.schema import Models, texts

TEMPLATE = Path(__file__).parent / "template"


class FolderTaken(Exception):
    """The folder already has files of these names; nothing was written. ``names`` lists them."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        super().__init__(
            f"{folder} already has {', '.join(names)}; nothing was written. Name another folder, or move these away."
        )
        self.names = names


class NotWritten(Exception):
    """The folder cannot be written; what was begun was taken back. The message says why."""


def init(folder: Path, workflows: Models, sources: Models) -> list[Path]:
    """Write the starter program into a new or existing folder and return what was written, in reading order.

    Raises FolderTaken where a file of it exists already and NotWritten where the folder cannot be written: then nothing
    is left behind.
    """
    return place(folder, {**starter_files(), **texts(workflows, sources)})


def starter_files() -> dict[str, str]:
    """The starter program's own files, by their path in the folder."""
    return files_under(TEMPLATE)


def files_under(folder: Path) -> dict[str, str]:
    """Every text file below a folder of this package, by its path in it, sorted."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".yaml", ".csv", ".md")
    }


def place(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write all of the files or none. Raises FolderTaken, NotWritten."""
    taken = [name for name in files if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        raise FolderTaken(folder, taken)
    written: list[Path] = []
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # "x": a file that appeared meanwhile is not overwritten.
            with path.open("x", encoding="utf-8", newline="") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        why = error.strerror or str(error)
        raise NotWritten(f"{folder} cannot be written: {why}. Nothing was left behind; name another folder.") from error
    return written
