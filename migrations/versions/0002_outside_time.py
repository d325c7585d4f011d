"""Outside time: tokens and who gave them, anchors, probes of the vault, and how far receipts were sent."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_anchor()
    _create_authority()
    _create_mark()
    _create_probe()
    _create_stamp()
    _create_token()


def downgrade() -> None:
    for table in ("token", "stamp", "probe", "mark", "authority", "anchor"):
        op.drop_table(table)


def _create_anchor() -> None:
    op.create_table(
        "anchor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vault", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("began_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("done_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchor")),
        sa.UniqueConstraint("vault", "size", name=op.f("uq_anchor_vault")),
    )


def _create_authority() -> None:
    op.create_table(
        "authority",
        sa.Column("leaf_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("first_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_sha256", name=op.f("pk_authority")),
    )


def _create_mark() -> None:
    op.create_table(
        "mark",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )


def _create_probe() -> None:
    op.create_table(
        "probe",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vault", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("verdicts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe")),
    )
    op.create_index(op.f("ix_probe_vault"), "probe", ["vault"], unique=False)


def _create_stamp() -> None:
    op.create_table(
        "stamp",
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=96), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=True),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("since_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("next_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_stamp")),
        sa.UniqueConstraint("idx", name=op.f("uq_stamp_idx")),
    )
    waiting = sa.text("next_at IS NOT NULL")
    op.create_index("ix_stamp_next", "stamp", ["next_at"], unique=False, sqlite_where=waiting, postgresql_where=waiting)


def _create_token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=96), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("gen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("leaf_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("kept_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["leaf_sha256"], ["authority.leaf_sha256"], name=op.f("fk_token_leaf_sha256_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_token_sha256")),
    )
    left = sa.text("kept_at IS NULL")
    op.create_index("ix_token_left", "token", ["kept_at"], unique=False, sqlite_where=left, postgresql_where=left)
    op.create_index(op.f("ix_token_subject"), "token", ["subject"], unique=False)
