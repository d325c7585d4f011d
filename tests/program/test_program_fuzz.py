"""Whatever a folder holds, the answer is a program or a list of problems."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.program.tree import read_tree
from tests.program.world import GOOD, messages

FILES = ("company.yaml", "sources.yaml", "controls/access.yaml")
TEXTS = {name: (GOOD / name).read_text(encoding="utf-8") for name in FILES}
TREES: dict[str, Any] = {name: YAML(typ="safe", pure=True).load(text) for name, text in TEXTS.items()}

yaml_pieces = st.lists(
    st.sampled_from(
        ["a", "b:", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ",", "&a ", "*a", "!t ", "|\n", ">-\n", '"', "'", "#",
         "---\n", "...\n", "%YAML 1.2\n", "? ", "<<: ", "\t", "0x1", "1e9", "~", "\r", "\ufeff", "\x85", "id: AC-04\n", "@"]
    ),
    max_size=40,
).map("".join)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def answer(changed: dict[str, bytes]) -> list[str]:
    """What the check says of the good program with these files in place of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "program"
        shutil.copytree(GOOD, folder)
        for file, data in changed.items():
            (folder / file).write_bytes(data)
        return messages(folder)


@settings(max_examples=60, deadline=None)
@given(file=st.sampled_from(FILES), data=st.binary(max_size=200))
def test_any_bytes_in_a_file_get_an_answer(file: str, data: bytes) -> None:
    said = answer({file: data})

    assert said
    assert all(message.startswith((*FILES, "controls")) for message in said)


@settings(max_examples=150, deadline=None)
@given(text=yaml_pieces)
def test_any_pieces_of_yaml_get_a_tree_or_problems(text: str) -> None:
    root, problems = read_tree("controls/access.yaml", text)

    assert root is not None or problems
    assert all(problem.line >= 1 and problem.column >= 1 and problem.what for problem in problems)
    if root is not None:
        json.dumps(root.plain(), allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(file=st.sampled_from(FILES), at=st.integers(0, 10_000), length=st.integers(0, 30), put=yaml_pieces)
def test_any_edit_of_a_good_file_gets_an_answer(file: str, at: int, length: int, put: str) -> None:
    text = TEXTS[file]
    start = at % len(text)

    said = answer({file: (text[:start] + put + text[start + length :]).encode()})

    assert all(". " in message for message in said)


@settings(max_examples=100, deadline=None)
@given(file=st.sampled_from(FILES), path=st.lists(st.integers(0, 20), min_size=1, max_size=4), value=values)
def test_any_value_in_any_place_gets_an_answer(file: str, path: list[int], value: Any) -> None:
    tree = json.loads(json.dumps(TREES[file], default=str))
    here = tree
    for number, step in enumerate(path):
        keys: list[Any] = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = keys[step % len(keys)]
        if number == len(path) - 1 or not isinstance(here[key], dict | list):
            here[key] = value
            break
        here = here[key]

    # JSON is YAML, but YAML reads only its printable half.
    said = answer({file: json.dumps(tree, ensure_ascii=True).encode()})

    assert all(message.startswith((*FILES, "controls")) for message in said)
