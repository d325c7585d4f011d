"""Acme, the sample company: a whole program with the lists that its systems would export, at three moments.

The files are written as of BASE; their dates move along when they are copied, so that the sample never grows old.
"""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from bot.program.schema import Models, texts
from bot.program.starter import files_under, place

BASE = date(2026, 10, 7)
"""The day on which the sample's files are true: the fifth working day of a quarter."""

Moment = Literal["acme", "removed", "still"]
SAMPLE = Path(__file__).parent / "sample" / "acme"
"""Acme's program as it is shipped: valid on BASE."""

_DATE = re.compile(r"(?<![0-9-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9-])")


def copy_sample(folder: Path, workflows: Models, sources: Models, *, today: date) -> list[Path]:
    """Write Acme's program into a folder, as of ``today``. Raises FolderTaken and NotWritten, like `init`."""
    moved = {
        name: shifted(text, today) if name == "sources.yaml" or name.endswith(".csv") else text
        for name, text in files_under(SAMPLE).items()
    }
    return place(folder, {**moved, **texts(workflows, sources)})


def move_on(folder: Path, moment: Moment, *, today: date) -> list[Path]:
    """Replace the systems' lists in a copied sample and return the files that changed.

    `removed`: Jun Tanaka (left) is gone from GitHub and AWS, `deploy-old` from GitHub, Tom Fischer from Payroll, and Elif
    Demir from the repository billing: whoever left, belongs to nobody, or was not used for 90 days. `still`: the same,
    but in AWS only Jun's group was taken away; the direct grant gives the same access. `acme`: as at first. ``today`` is
    the day that the copy was made for.
    """
    source = SAMPLE.parent / moment
    lists = {Path(name).name: text for name, text in files_under(source).items() if name.endswith(".csv")}
    written = []
    for name, text in lists.items():
        path = folder / "data" / name
        fresh = path.with_suffix(".new")
        fresh.write_text(shifted(text, today), encoding="utf-8", newline="")
        os.replace(fresh, path)
        written.append(path)
    return written


def shifted(text: str, today: date) -> str:
    """The text with every date moved by as many days as ``today`` lies after BASE."""
    by: timedelta = today - BASE
    return _DATE.sub(lambda found: (date.fromisoformat(found[0]) + by).isoformat(), text)
