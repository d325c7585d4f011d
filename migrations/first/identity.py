"""The first revision's tables: collections and what they brought."""

import sqlalchemy as sa
import sqlmodel
from alembic import op


def create_account() -> None:
    op.create_table(
        "account",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("system", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("native_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("first_collection", sa.Integer(), nullable=False),
        sa.Column("last_collection", sa.Integer(), nullable=True),
        sa.Column("substance", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "system", "native_id", "first_collection", name=op.f("pk_account")),
    )
    op.create_index("ix_account_range", "account", ["source", "last_collection"], unique=False)


def create_collection() -> None:
    op.create_table(
        "collection",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("system", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("as_of", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("lines_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("raw_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.CheckConstraint("verdict IN ('complete', 'partial')", name=op.f("ck_collection_verdict")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("source", "number", name=op.f("uq_collection_source")),
    )


def create_entitlement() -> None:
    op.create_table(
        "entitlement",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("system", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("native_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("first_collection", sa.Integer(), nullable=False),
        sa.Column("last_collection", sa.Integer(), nullable=True),
        sa.Column("substance", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "system", "native_id", "first_collection", name=op.f("pk_entitlement")),
    )
    op.create_index("ix_entitlement_range", "entitlement", ["source", "last_collection"], unique=False)


def create_line() -> None:
    op.create_table(
        "line",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("system", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("account", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("entitlement", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("first_collection", sa.Integer(), nullable=False),
        sa.Column("last_collection", sa.Integer(), nullable=True),
        sa.Column("substance", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "system", "account", "entitlement", "first_collection", name=op.f("pk_line")),
    )
    op.create_index("ix_line_range", "line", ["source", "last_collection"], unique=False)


def create_person() -> None:
    op.create_table(
        "person",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("native_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("first_collection", sa.Integer(), nullable=False),
        sa.Column("last_collection", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "native_id", "first_collection", name=op.f("pk_person")),
    )
    op.create_index("ix_person_range", "person", ["source", "last_collection"], unique=False)


def create_source_lease() -> None:
    op.create_table(
        "source_lease",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("holder", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_lease")),
    )
