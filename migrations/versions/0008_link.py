"""Links between Slack users and persons are an index over events: what made each, and whether it is suspended or stale.

No event tells of the links that stood until now, so they end here: their people sign in once more.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STANDING = {"sqlite_where": sa.text("ended_at IS NULL"), "postgresql_where": sa.text("ended_at IS NULL")}
ADDED = {"attestation": 64, "suspended": 32, "stale": 255}


def upgrade() -> None:
    op.drop_index("uq_slack_link_person", table_name="slack_link")
    op.create_index("ix_slack_link_person", "slack_link", ["issuer", "sub", "team"])
    for name, length in ADDED.items():
        kind = sqlmodel.sql.sqltypes.AutoString(length=length)
        op.add_column("slack_link", sa.Column(name, kind, server_default=sa.text("''"), nullable=False))
    op.execute(
        "UPDATE slack_link SET ended_at = CURRENT_TIMESTAMP, ended_by = 'system:upgrade', "
        "ended_why = 'from before links were recorded' WHERE ended_at IS NULL"
    )


def downgrade() -> None:
    for name in ADDED:
        op.drop_column("slack_link", name)
    op.drop_index("ix_slack_link_person", table_name="slack_link")
    op.create_index("uq_slack_link_person", "slack_link", ["issuer", "sub", "team"], unique=True, **STANDING)
