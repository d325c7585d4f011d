"""Every table, imported in one place, so that migrations and tests see all of them."""

from sqlalchemy import MetaData

from bot.store import (
    table_anchor,
    table_case,
    table_ci,
    table_finding,
    table_frozen,
    table_identity,
    table_ledger,
    table_outbox,
    table_pipeline,
    table_signin,
)
from bot.store.base import Row

TABLES = (
    table_anchor,
    table_case,
    table_ci,
    table_finding,
    table_frozen,
    table_identity,
    table_ledger,
    table_outbox,
    table_pipeline,
    table_signin,
)
METADATA: MetaData = Row.metadata
