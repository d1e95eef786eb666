"""Whether a cycle without a closing date is meant to have none."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cycle", sa.Column("is_rolling", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE cycle SET is_rolling = true WHERE closes_at IS NULL AND state <> 'draft'")
    op.create_check_constraint("rolling", "cycle", "NOT is_rolling OR closes_at IS NULL")


def downgrade() -> None:
    op.drop_constraint("rolling", "cycle", type_="check")
    op.drop_column("cycle", "is_rolling")
