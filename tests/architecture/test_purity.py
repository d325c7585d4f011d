"""The clock, the environment and chance each have one home; everything else is handed what it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import code, dotted, imports, modules, within

CLOCK = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "time.time", "time.time_ns",
    "time.localtime", "time.gmtime",
}  # fmt: skip
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"}
CHANCE = {"uuid", "random"}

CLOCK_HOMES = ("bot/clock.py",)
ENVIRONMENT_HOMES = ("bot/settings.py",)


def uses(module: ast.Module, names: set[str]) -> Iterator[tuple[int, str]]:
    """Where a module names one of these, in full or after `from … import …`: (line, name)."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and (name := dotted(node)) in names:
            yield node.lineno, name
    for line, name in imports(module):
        if name in names:
            yield line, name


@pytest.mark.parametrize(
    ("names", "homes"), [(CLOCK, CLOCK_HOMES), (ENVIRONMENT, ENVIRONMENT_HOMES)], ids=["clock", "environment"]
)
def test_the_clock_and_the_environment_are_read_in_one_place(names: set[str], homes: tuple[str, ...]) -> None:
    strays = [
        f"{path}:{line} {name}"
        for path, module in code().items()
        if not within(path, homes)
        for line, name in uses(module, names)
    ]

    assert strays == []


def test_workflows_throw_no_dice() -> None:
    dice = [
        f"{path}:{line} imports {name}"
        for path, module in modules("workflows").items()
        for line, name in imports(module)
        if name.partition(".")[0] in CHANCE
    ]

    assert dice == []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nat = datetime.now()",
        "import datetime\nat = datetime.date.today()",
        "from time import time\nat = time()",
        "import time\ncall(default_factory=time.time)",
    ],
)
def test_a_clock_is_found_however_it_is_written(source: str) -> None:
    assert list(uses(ast.parse(source), CLOCK))
