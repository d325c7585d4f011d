"""What the project's files may not hold: traces of one machine, of one registry, or of unfinished work."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.tree import ROOT, code, dotted, imports, modules, tracked_texts

# Written in pieces, so that this file does not hold what it forbids.
REGISTRIES = re.compile(
    "|".join(
        ["py" + r"pi\.org", "python" + "hosted", r"registry\.n" + r"pmjs", r"deb\.deb" + "ian", "/opt/" + "(wheels|py)"]
    )
)
MACHINE_PATHS = re.compile(r"(^|[^A-Za-z0-9_.-])/(work|farm|ro" + "ot|home/[a-z]+|Users/[a-z]+)/", re.MULTILINE)
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]) + r")\b")
TEST_CHEATS = re.compile(
    "|".join([r"unittest\.mo" + "ck", "Magic" + "Mock", r"mark\.(sk" + "ip|xf" + "ail)", r"pytest\.sk" + "ip"])
)


def lines_with(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number} {line.strip()[:120]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def sources(*folders: str) -> dict[str, str]:
    return {name: (ROOT / name).read_text(encoding="utf-8") for folder in folders for name in modules(folder)}


def broad_excepts(module: ast.Module) -> Iterator[int]:
    for node in ast.walk(module):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(name is None or dotted(name) in {"Exception", "BaseException"} for name in caught):
                yield node.lineno


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRIES, tracked_texts()) == []
    assert "requirements.txt" in tracked_texts()


def test_no_file_names_a_path_of_one_machine() -> None:
    drawings_left_out = {name: text for name, text in tracked_texts().items() if not name.endswith(".svg")}

    assert lines_with(MACHINE_PATHS, drawings_left_out) == []


def test_nothing_is_marked_unfinished() -> None:
    assert lines_with(UNFINISHED, sources("workflows", "bot", "tests")) == []


def test_tests_use_values_not_mocks_and_skip_nothing() -> None:
    assert lines_with(TEST_CHEATS, sources("tests")) == []
    mocks = [
        name for name, module in modules("tests").items() for _, used in imports(module) if used.startswith("unittest")
    ]
    assert mocks == []


def test_no_except_catches_everything() -> None:
    broad = [f"{name}:{line}" for name, module in code().items() for line in broad_excepts(module)]

    assert broad == []
