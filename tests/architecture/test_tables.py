"""Times in the database: SQLModel's own aware UTC column, never SQLAlchemy's DateTime.

`DateTime(timezone=True)` stores local wall time on SQLite without a word; SQLModel maps a bare `datetime` to a column
that refuses naive values and reads back UTC on both databases.
"""

from __future__ import annotations

import ast

from tests.architecture.tree import dotted, imports, modules

BANNED = {"DateTime", "DATETIME", "TIMESTAMP", "DATETIME_TIMEZONE"}


def naive_columns(module: ast.Module) -> list[str]:
    taken = [f"{line} {name}" for line, name in imports(module) if name.rpartition(".")[2] in BANNED]
    named = [
        f"{node.lineno} {dotted(node)}"
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in BANNED and dotted(node)
    ]
    return taken + named


def test_no_column_is_a_datetime_of_sqlalchemy() -> None:
    found = {
        name: columns
        for folder in ("bot/store", "migrations")
        for name, module in modules(folder).items()
        if (columns := naive_columns(module))
    }

    assert found == {}


def test_such_a_column_is_found_however_it_is_written() -> None:
    assert naive_columns(ast.parse("from sqlalchemy import Column, DateTime"))
    assert naive_columns(ast.parse("import sqlalchemy as sa\nat = sa.DateTime(timezone=True)"))
