"""No module over 300 lines, no function over 60: what is longer holds more than one thought."""

from __future__ import annotations

import ast

from tests.architecture.tree import ROOT, modules

MODULE_LINES = 300
FUNCTION_LINES = 60
FOLDERS = ("workflows", "bot", "tests", "benchmarks", "migrations")


def functions(module: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first decorator to the last statement."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return (node.end_lineno or node.lineno) - first + 1


def test_no_module_is_over_300_lines() -> None:
    lines = {
        name: (ROOT / name).read_text(encoding="utf-8").count("\n") for folder in FOLDERS for name in modules(folder)
    }

    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}
    assert len(lines) > 20


def test_no_function_is_over_60_lines() -> None:
    too_long = {
        f"{name}:{node.lineno} {node.name}": length(node)
        for folder in FOLDERS
        for name, module in modules(folder).items()
        for node in functions(module)
        if length(node) > FUNCTION_LINES
    }

    assert too_long == {}


def test_a_function_is_measured_with_its_decorators() -> None:
    module = ast.parse("@first\n@second(\n    1,\n)\ndef act() -> None:\n    pass\n")

    assert [length(node) for node in functions(module)] == [6]
