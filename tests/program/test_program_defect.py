"""One file in `defect/` for each thing that can be wrong: what to change in the good program, and the exact answer.

A defect's file has a title, `in FILE` with the lines to take out (`-`) and to put in (`+`) there, or with `+` alone for a
new file, and after `says` every line that `attester program check` prints. `\\t`, `\\r` and `\\uXXXX` stand for
characters that an editor would hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program.world import good_program, messages

DEFECTS = sorted((Path(__file__).parent / "defect").glob("*.txt"))
_ESCAPE = re.compile(r"\\(?:t|r|u([0-9a-f]{4}))")


def unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else {"t": "\t", "r": "\r"}[found[0][1]], text)


def changes(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """(file, taken out, put in) for each `in FILE`."""
    file, out, put = "", [], []
    for line in [*lines, "in "]:
        if line.startswith("in "):
            if file:
                yield file, "\n".join(out), "\n".join(put)
            file, out, put = line[3:], [], []
        elif line[:2] in ("- ", "+ ", "-", "+"):
            (out if line[0] == "-" else put).append(unescaped(line[2:]))


@pytest.mark.parametrize("defect", DEFECTS, ids=[path.stem for path in DEFECTS])
def test_a_defect_is_named_with_its_place_and_how_to_mend_it(defect: Path, tmp_path: Path) -> None:
    how, _, said = defect.read_text(encoding="utf-8").partition("\nsays\n")
    folder = good_program(tmp_path / "program")

    for file, out, put in changes(how.splitlines()[1:]):
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        assert out in before
        path.write_text(before.replace(out, put, 1) if out else put, encoding="utf-8", newline="")

    assert messages(folder) == said.splitlines()


def test_there_is_a_file_for_every_kind_of_defect() -> None:
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in DEFECTS]

    assert len(titles) == len(set(titles))
    assert len(titles) > 50
