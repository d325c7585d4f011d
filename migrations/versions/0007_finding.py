"""What the newest scans show, and how far evidence was looked through."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("tool", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("repository", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("mark", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("severity", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("commit_sha", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("live_secret", sa.Boolean(), nullable=False),
        sa.Column("dismissed", sa.Text(), nullable=False),
        sa.Column("scan_name", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("scan_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("scan_kind", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("scan_media_type", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=False),
        sa.Column("scan_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("first_seen", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("gone_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index("ix_finding_place", "finding", ["repository", "tool"], unique=False)
    op.create_table(
        "scan_mark",
        sa.Column("case_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_scan_mark")),
    )


def downgrade() -> None:
    op.drop_table("scan_mark")
    op.drop_table("finding")
