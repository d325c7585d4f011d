"""Cases whose texts were erased after their retention."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_case",
        sa.Column("case_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("erasure", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_erased_case")),
    )


def downgrade() -> None:
    op.drop_table("erased_case")
