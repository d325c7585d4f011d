"""What is different between two complete collections of a source: found by the database, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, Table, and_, case, exists, func, or_, select

from bot.store import snapshot_read
from bot.store.database import Database
from bot.store.snapshot_load import ACCOUNTS, ENTITLEMENTS, LINES, holds
from bot.store.snapshot_read import Query
from workflows.kernel.identity import Line

PARTS = ("line_substance", "account_substance", "entitlement_substance")
ACCOUNT_FIELDS = ("login", "person", "link", "kind", "active", "owner")
ENTITLEMENT_FIELDS = ("resource", "name", "plain", "privileged")


class Changed(NamedTuple):
    """A line whose substance is another one: what it was, what it is, and the names of the fields that differ."""

    before: Line
    after: Line
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """Counts by line key, and the lines themselves. What only differs in last use counts as unchanged."""

    new: int
    changed: int
    removed: int
    unchanged: int
    database: Database
    source: str
    old_number: int
    new_number: int

    def new_lines(self) -> Iterator[Line]:
        """The lines that only the newer collection has, in key order."""
        return _only_in(self.database, self.source, self.new_number, self.old_number)

    def removed_lines(self) -> Iterator[Line]:
        """The lines that only the older collection has, as they were last seen, in key order."""
        return _only_in(self.database, self.source, self.old_number, self.new_number)

    def changed_lines(self) -> Iterator[Changed]:
        """The lines that both have and whose substance differs, in key order."""
        old, new = _substances(self.source, self.old_number), _substances(self.source, self.new_number)
        pairs = select(new.c.system, new.c.account, new.c.entitlement).join(old, _same_key(old, new))
        query = pairs.where(_differs(old, new))
        keys = [new.c.system, new.c.account, new.c.entitlement]
        for page in snapshot_read.key_pages(self.database, query, keys):
            before = snapshot_read.lines_by_key(self.database, self.source, self.old_number, page)
            after = snapshot_read.lines_by_key(self.database, self.source, self.new_number, page)
            for key in page:
                yield Changed(before[key], after[key], changed_fields(before[key], after[key]))


def compare(database: Database, source: str, old_number: int, new_number: int) -> Difference:
    """The difference between two complete collections, given by their numbers."""
    old, new = _substances(source, old_number), _substances(source, new_number)
    differing = func.coalesce(func.sum(case((_differs(old, new), 1), else_=0)), 0)
    both = select(func.count(), differing).select_from(new.join(old, _same_key(old, new)))
    with database.read() as session:
        connection = session.connection()
        before = connection.execute(_count(source, old_number)).scalar_one()
        after = connection.execute(_count(source, new_number)).scalar_one()
        shared, changed = connection.execute(both).one()
    return Difference(
        new=after - shared,
        changed=int(changed),
        removed=before - shared,
        unchanged=shared - int(changed),
        database=database,
        source=source,
        old_number=old_number,
        new_number=new_number,
    )


def changed_fields(before: Line, after: Line) -> tuple[str, ...]:
    """The names of the fields of a line's substance that differ."""
    found = [name for name in ACCOUNT_FIELDS if getattr(before.account, name) != getattr(after.account, name)]
    found += [
        name for name in ENTITLEMENT_FIELDS if getattr(before.entitlement, name) != getattr(after.entitlement, name)
    ]
    if sorted(before.via) != sorted(after.via):
        found.append("via")
    return tuple(found)


def _only_in(database: Database, source: str, here: int, elsewhere: int) -> Iterator[Line]:
    def narrow(query: Query, line: Table) -> Query:
        other = line.alias("other")
        there = exists().where(holds(other, source, elsewhere), *(other.c[k] == line.c[k] for k in LINES.keys))
        return query.where(~there)

    return snapshot_read.lines(database, source, here, narrow)


def _count(source: str, number: int) -> Select[int]:
    return select(func.count()).select_from(LINES.table).where(holds(LINES.table, source, number))


def _substances(source: str, number: int) -> Subquery:
    """The key of each line of a collection with the digests that its substance consists of."""
    line, account, entitlement = LINES.table.alias(), ACCOUNTS.table.alias(), ENTITLEMENTS.table.alias()
    joined = line.join(account, snapshot_read.versions(line, "account", account, number)).join(
        entitlement, snapshot_read.versions(line, "entitlement", entitlement, number)
    )
    digests = [t.c.substance.label(name) for t, name in zip((line, account, entitlement), PARTS, strict=True)]
    return (
        select(*(line.c[k] for k in LINES.keys), *digests)
        .select_from(joined)
        .where(holds(line, source, number))
        .subquery()
    )


def _same_key(old: Subquery, new: Subquery) -> ColumnElement[bool]:
    return and_(*(old.c[k] == new.c[k] for k in LINES.keys))


def _differs(old: Subquery, new: Subquery) -> ColumnElement[bool]:
    return or_(*(old.c[name] != new.c[name] for name in PARTS))
