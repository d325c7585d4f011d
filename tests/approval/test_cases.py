"""Every case that approvals must withstand names tests, and these tests are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.M)


def functions(file: str) -> set[str]:
    """The tests in a file."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_cases_are_numbered_through_and_each_names_tests_that_exist() -> None:
    rows = ROW.findall(Path(__file__).with_name("cases.md").read_text(encoding="utf-8"))

    missing = []
    for number, _, named in rows:
        tests = re.findall(r"`([^`]+)`", named)
        assert tests, f"case {number} names no test"
        for test in tests:
            file, _, function = test.partition("::")
            if (function and function not in functions(file)) or not functions(file):
                missing.append(f"{number}: {test}")

    assert [int(number) for number, _, _ in rows] == list(range(1, 25))
    assert missing == []
