"""Alembic's environment: the same revisions build SQLite and PostgreSQL; the connection is handed in by `bot.store.migrate`."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from bot.store import schema  # noqa: F401 - every table must be known

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
