"""The files of a program folder, read as they are: which are known, and everything wrong with them as files."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from bot.program.problem import Problem, meant
from bot.program.shape import FILE_NAME

MAX_BYTES = 1024 * 1024
MAX_FILES = 500
COMPANY, SOURCES, CONTROLS, DATA = "company.yaml", "sources.yaml", "controls", "data"
KNOWN = (COMPANY, SOURCES, f"{CONTROLS}/", f"{DATA}/", "README.md")


@dataclass
class Reading:
    """The texts of a folder by their path in it, with what was wrong. ``root`` is the folder, all links followed."""

    root: Path
    files: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def tell(self, file: str, what: str, mend: str) -> None:
        """Report something about a whole file."""
        self.problems.append(Problem(file, 0, 0, what, mend))


def read_folder(folder: Path) -> Reading:
    """Read `company.yaml`, `sources.yaml` and `controls/*.yaml`. Never raises: what cannot be read is a problem."""
    reading = Reading(folder)
    try:
        reading.root = folder.resolve()
        names = sorted(os.listdir(reading.root))
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be opened"
        reading.tell(shown(str(folder)), f"This program folder cannot be read: {why}.", _MAKE)
        return reading
    for name in names:
        if name.startswith(".") or name == "README.md":
            continue
        if name in (COMPANY, SOURCES):
            _read(reading, name)
        elif name == CONTROLS:
            _controls(reading)
        elif name == DATA:
            _is_folder(reading, name)
        else:
            reading.tell(shown(name), "This is not part of a program.", meant(name, KNOWN, "A program has"))
    for name in (COMPANY, SOURCES):
        if name not in names:
            reading.tell(name, "This file is missing.", "Write it; `attester program init` makes one to start from.")
    if not any(name.startswith(f"{CONTROLS}/") for name in reading.files):
        what = "There is no control: no `controls/*.yaml` was read."
        reading.tell(CONTROLS, what, "Write one; `attester program init` makes one to start from.")
    return reading


_MAKE = "Name an existing folder, or make one: `attester program init DIR`."


def shown(name: str) -> str:
    """A file's name as it can be printed, whatever bytes it has."""
    return "".join(c if c.isprintable() else "�" for c in name)


def inside(root: Path, name: str) -> tuple[Path | None, str]:
    """The regular file that a path in the folder leads to, all links followed; else None and why not."""
    try:
        path = (root / name).resolve(strict=True)
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None, "There is no such file in the program folder."
    except (OSError, RuntimeError, ValueError):
        return None, "This path cannot be followed."
    if not path.is_relative_to(root):
        return None, "This leads out of the program folder."
    if not stat.S_ISREG(mode):
        return None, "This is not a file."
    return path, ""


def _is_folder(reading: Reading, name: str) -> Path | None:
    path = (reading.root / name).resolve()
    if not path.is_relative_to(reading.root):
        reading.tell(name, "This leads out of the program folder.", "Put the folder itself here instead of a link.")
    elif not path.is_dir():
        reading.tell(name, "This is not a folder.", f"Make a folder `{name}` and move the file into it.")
    else:
        return path
    return None


def _controls(reading: Reading) -> None:
    folder = _is_folder(reading, CONTROLS)
    if folder is None:
        return
    try:
        names = sorted(n for n in os.listdir(folder) if not n.startswith(".") and n != "README.md")
    except OSError as error:
        reading.tell(CONTROLS, f"This folder cannot be read: {error.strerror}.", "Give Attester the right to read it.")
        return
    if len(names) > MAX_FILES:
        reading.tell(CONTROLS, f"There are {len(names):,} files here.", f"At most {MAX_FILES} controls are read.")
        return
    for name in names:
        if FILE_NAME.fullmatch(name):
            _read(reading, f"{CONTROLS}/{name}")
        else:
            mend = (
                "Name controls with letters, digits, dots and hyphens, ending in `.yaml`; move other files elsewhere."
            )
            reading.tell(shown(f"{CONTROLS}/{name}"), "This is not a control's file.", mend)


def _read(reading: Reading, name: str) -> None:
    path, why_not = inside(reading.root, name)
    if path is None:
        reading.tell(name, why_not, "Put the file itself here.")
        return
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reading.tell(name, f"This file cannot be read: {error.strerror}.", "Give Attester the right to read it.")
        return
    if len(data) > MAX_BYTES:
        reading.tell(name, "This file is larger than 1 MiB.", "Split it, or move lists into CSV files under `data/`.")
        return
    try:
        reading.files[name] = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        what = f"This is not UTF-8: byte {data[error.start]:#04x} means nothing here."
        reading.problems.append(Problem(name, line, column, what, "Save the file as UTF-8."))
