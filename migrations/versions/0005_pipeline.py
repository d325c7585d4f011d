"""Pipelines: their requests as they came in, and the deployments that wait for an answer."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OPEN = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "pipeline_delivery",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_delivery")),
    )
    op.create_index(op.f("ix_pipeline_delivery_at"), "pipeline_delivery", ["at"], unique=False)
    op.create_table(
        "pipeline_deploy",
        sa.Column("case_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("system", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("repository", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("environment", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("run", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("commit_sha", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("installation", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("deployment", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("request_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("look_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_pipeline_deploy")),
    )
    op.create_index("ix_pipeline_deploy_look", "pipeline_deploy", ["look_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_pipeline_deploy_place", "pipeline_deploy", ["repository", "environment"], unique=False)


def downgrade() -> None:
    op.drop_table("pipeline_deploy")
    op.drop_table("pipeline_delivery")
