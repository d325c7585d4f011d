"""The metadata all tables share. Constraint names are fixed from the first revision, so that migrations can name them."""

from sqlalchemy import Table
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Row = SQLModel
"""Base of every table class. A bare ``datetime`` is stored as UTC and refuses naive values; nothing else is allowed for time."""


def table_of(row: type[Row]) -> Table:
    """The table of a row class. Statements over it skip all that an ORM does, which costs more than the database does."""
    found: Table = row.__table__  # type: ignore[attr-defined]
    return found
