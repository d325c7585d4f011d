"""The verifier as one file, built from its parts: what travels in every packet as `verify.py`."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

PARTS = (
    "report", "strict", "archive", "tree", "keys", "der", "authority", "token", "envelope", "log", "anchor", "manifest", "case",
    "signin", "whole", "command",
)  # fmt: skip
"""Each part uses only names of those before it."""
FOLDER = Path(__file__).parent / "verifier"
HEAD = '''#!/usr/bin/env python3
"""Verify a packet of Attester, offline.

    python3 verify.py PACKET.zip            (or the folder that it was unpacked to)
    python3 verify.py PACKET.zip --json
    python3 verify.py PACKET.zip --trust SHA256:...
    python3 verify.py PACKET.zip --held CHECKPOINT

Needs Python 3.9 or newer and the package `cryptography`, and nothing else. It opens no network connection, reads no clock
and writes no file. Exit code: 0 everything verifies, 1 something does not, 2 wrong call.
"""

from __future__ import annotations
'''
FOOT = """
if __name__ == "__main__":
    sys.exit(main())
"""


@cache
def single_file() -> str:
    """The text of `verify.py`; the same on every machine for the same version."""
    plain: set[str] = set()
    taken: dict[str, set[str]] = {}
    bodies = []
    for part in PARTS:
        text = (FOLDER / f"{part}.py").read_text(encoding="utf-8")
        bodies.append(_body(text, plain, taken))
    imports = [f"import {name}" for name in sorted(plain)]
    imports += [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(taken.items())]
    return HEAD + "\n" + "\n".join(imports) + "\n" + "".join(bodies) + "\n" + FOOT


def _body(text: str, plain: set[str], taken: dict[str, set[str]]) -> str:
    """A part without its imports, which are collected, its docstring as a comment before it."""
    module = ast.parse(text)
    lines: list[str | None] = list(text.splitlines())
    for node in module.body:
        if isinstance(node, ast.Import):
            plain.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.module.startswith(("bot.", "__future__")):
                taken.setdefault(node.module, set()).update(alias.name for alias in node.names)
        elif node is not module.body[0]:
            continue
        for number in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[number] = None
    told = (ast.get_docstring(module) or "").splitlines()
    kept = "\n".join(line for line in lines if line is not None).strip("\n")
    rule = "# " + "-" * 78
    comment = "\n".join(f"# {line}".rstrip() for line in told)
    return f"\n\n{rule}\n{comment}\n\n{kept}\n"
