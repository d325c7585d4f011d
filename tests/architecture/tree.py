"""The project's files as the architecture tests read them: parsed once, named by their path from the root."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def modules(folder: str) -> dict[str, ast.Module]:
    """Every Python module under a folder, by its path from the root. Never empty for a folder that exists."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    found = {path.relative_to(ROOT).as_posix(): path for path in paths if "node_modules" not in path.parts}
    return {name: ast.parse(path.read_text(encoding="utf-8"), filename=name) for name, path in found.items()}


def code() -> dict[str, ast.Module]:
    """The modules of the product: `workflows` and `bot`."""
    return {**modules("workflows"), **modules("bot")}


def imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Every absolute import in a module, inside functions too: (line, dotted name with what is taken from it)."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name or a chain of attributes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def within(name: str, homes: tuple[str, ...]) -> bool:
    """Whether a path is one of the homes, or lies in one that ends with a slash."""
    return any(name == home or (home.endswith("/") and name.startswith(home)) for home in homes)


@cache
def tracked_texts() -> dict[str, str]:
    """Every text file of the project, by its path: what git tracks or would track; without git, the whole tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        names = [name.decode() for name in done.stdout.split(b"\0") if name]
    else:
        left_out = {".venv", "node_modules", "__pycache__", "var"}
        names = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if not left_out & set(path.parts)]
    texts = {}
    for name in names:
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in data[:8192]:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


def pyproject() -> dict[str, object]:
    """pyproject.toml, read."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
