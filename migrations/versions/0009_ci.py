"""Tokens of runs in pipelines that were used."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ci_token",
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("jti", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti", name=op.f("pk_ci_token")),
    )
    op.create_index(op.f("ix_ci_token_expires_at"), "ci_token", ["expires_at"], unique=False)
    op.create_index(op.f("ix_ci_token_sha256"), "ci_token", ["sha256"], unique=False)


def downgrade() -> None:
    op.drop_table("ci_token")
