"""Who may import what. The order of the layers is in .importlinter; here stands what must hold for any folder."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.tree import ROOT, code, imports, modules

KERNEL_LIBRARIES = {"pydantic", "rfc8785"}
COMPOSITION = {"cli", "demo", "main"}

# Input and output, time and chance: none of it inside a rule.
NOT_IN_WORKFLOWS = {
    "asyncio", "ftplib", "http", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "selectors",
    "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib.request", "uuid",
}  # fmt: skip


def bot_folders() -> set[str]:
    return {path.name for path in (ROOT / "bot").iterdir() if path.is_dir() and any(path.rglob("*.py"))}


def test_workflows_import_the_standard_library_pydantic_and_rfc8785_only() -> None:
    allowed = set(sys.stdlib_module_names) | KERNEL_LIBRARIES | {"workflows"}
    strangers = [
        f"{name}:{line} imports {imported}"
        for name, module in modules("workflows").items()
        for line, imported in imports(module)
        if imported.partition(".")[0] not in allowed
    ]

    assert strangers == []


def test_workflows_import_nothing_that_reads_the_world() -> None:
    impure = [
        f"{name}:{line} imports {imported}"
        for name, module in modules("workflows").items()
        for line, imported in imports(module)
        if any(imported == banned or imported.startswith(f"{banned}.") for banned in NOT_IN_WORKFLOWS)
    ]

    assert impure == []


def test_no_folder_of_bot_imports_another() -> None:
    folders = bot_folders()
    crossings = [
        f"{name}:{line} imports {imported}"
        for name, module in modules("bot").items()
        if name.count("/") > 1 and name.split("/")[1] not in COMPOSITION
        for line, imported in imports(module)
        if imported.startswith("bot.") and imported.split(".")[1] in folders - {name.split("/")[1]}
    ]

    assert folders
    assert crossings == []


def test_imports_are_absolute() -> None:
    """A relative import would slip past the two tests above."""
    relative = [
        f"{name}:{node.lineno}"
        for name, module in code().items()
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


@pytest.mark.parametrize("folder", sorted(bot_folders() | {"__main__"}))
def test_every_folder_of_bot_has_its_layer(folder: str) -> None:
    contracts = (ROOT / ".importlinter").read_text(encoding="utf-8")
    layers = contracts.partition("[importlinter:contract:bot]")[2].partition("[importlinter:contract:")[0]

    assert f"({folder})" in layers
