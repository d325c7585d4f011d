"""Reading collections back: page by page in key order, so that nobody holds a transaction while a list is worked on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, select, tuple_

from bot.store.database import Database
from bot.store.snapshot_load import ACCOUNTS, ENTITLEMENTS, LINES, Ranged, holds
from workflows.kernel.duty import held_in
from workflows.kernel.identity import Account, Entitlement, Line, LineKey, PersonId

PAGE = 5_000
KEYS_AT_ONCE = 500

Query = Select[*tuple[Any, ...]]
Found = Row[*tuple[Any, ...]]
Refine = Callable[[Query, Table], Query]
"""Narrows a query over the table it is given."""


def rows(database: Database, ranged: Ranged, source: str, number: int, refine: Refine | None = None) -> Iterator[Found]:
    """(keys…, data) of every row that was true at a collection, in key order."""
    table = ranged.table
    query = select(*(table.c[k] for k in ranged.keys), table.c.data).where(holds(table, source, number))
    if refine:
        query = refine(query, table)
    yield from _paged(database, query, [table.c[k] for k in ranged.keys])


def lines(database: Database, source: str, number: int, refine: Refine | None = None) -> Iterator[Line]:
    """Every line that was true at a collection, in key order; ``refine`` narrows the query over the line table."""
    line = LINES.table
    query = lines_query(source, number)
    if refine:
        query = refine(query, line)
    reader = LineReader()
    for row in _paged(database, query, [line.c[k] for k in LINES.keys]):
        yield reader.line(row)


def holders(
    database: Database, source: str, number: int, entitlements: frozenset[str]
) -> frozenset[tuple[str, PersonId]]:
    """(entitlement, person) of whoever has one of these entitlements; accounts of nobody are left out."""
    found = lines(
        database, source, number, lambda query, line: query.where(line.c.entitlement.in_(sorted(entitlements)))
    )
    return held_in(found, entitlements)


def lines_by_key(database: Database, source: str, number: int, keys: Iterable[LineKey]) -> dict[LineKey, Line]:
    """The lines with these keys; one that was not there is left out."""
    columns = [LINES.table.c[k] for k in LINES.keys]
    found: dict[LineKey, Line] = {}
    reader = LineReader()
    wanted = iter(sorted(set(keys)))
    with database.engine.connect() as connection:
        while some := list(islice(wanted, KEYS_AT_ONCE)):
            query = lines_query(source, number).where(tuple_(*columns).in_(some))
            for row in connection.execute(query):
                line = reader.line(row)
                found[line.key] = line
    return found


def lines_query(source: str, number: int) -> Query:
    """(system, account, entitlement, data, account's data, entitlement's data) of the lines of a collection."""
    line, account, entitlement = LINES.table, ACCOUNTS.table.alias(), ENTITLEMENTS.table.alias()
    joined = line.join(account, versions(line, "account", account, number)).join(
        entitlement, versions(line, "entitlement", entitlement, number)
    )
    columns = [*(line.c[k] for k in LINES.keys), line.c.data, account.c.data, entitlement.c.data]
    return select(*columns).select_from(joined).where(holds(line, source, number))


def versions(line: Any, column: str, other: Any, number: int) -> Any:
    """The condition that joins a line to the version of its account or entitlement that was true at a collection."""
    ended = other.c.last_collection
    return (
        (other.c.source == line.c.source)
        & (other.c.system == line.c.system)
        & (other.c.native_id == line.c[column])
        & (other.c.first_collection <= number)
        & (ended.is_(None) | (ended >= number))
    )


class LineReader:
    """Turns rows into lines. The same account and entitlement become the same object: many lines share them."""

    def __init__(self) -> None:
        self._account: tuple[str, Account] | None = None
        self._entitlements: dict[str, Entitlement] = {}

    def line(self, row: Found) -> Line:
        """The line of a row of `lines_query`."""
        *_, own, account, entitlement = row
        if self._account is None or self._account[0] != account:
            self._account = (account, Account.model_validate_json(account))
        if entitlement not in self._entitlements:
            self._entitlements[entitlement] = Entitlement.model_validate_json(entitlement)
        return Line(account=self._account[1], entitlement=self._entitlements[entitlement], **json.loads(own))


def key_pages(database: Database, query: Query, keys: Sequence[ColumnElement[Any]]) -> Iterator[list[LineKey]]:
    """The line keys that a query gives, in key order, some hundred at a time."""
    found = iter(_paged(database, query, keys))
    while some := list(islice(found, KEYS_AT_ONCE)):
        yield [(system, account, entitlement) for system, account, entitlement in some]


def _paged(database: Database, query: Query, keys: Sequence[ColumnElement[Any]]) -> Iterator[Found]:
    """The query's rows in the order of ``keys``, which are its first columns. Rows of a collection never change."""
    ordered = query.order_by(*keys).limit(PAGE)
    page = ordered
    while True:
        with database.engine.connect() as connection:
            got = list(connection.execute(page))
        yield from got
        if len(got) < PAGE:
            return
        page = ordered.where(tuple_(*keys) > tuple_(*got[-1][: len(keys)]))
