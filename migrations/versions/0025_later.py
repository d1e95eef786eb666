"""Sections of a form that are asked later, invitations to complete them, and which of them were submitted."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.text("false")
    op.add_column("section", sa.Column("on_invitation", sa.Boolean(), server_default=no, nullable=False))
    op.add_column("change_request", sa.Column("is_invitation", sa.Boolean(), server_default=no, nullable=False))
    op.add_column(
        "application",
        sa.Column("given_section_ids", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("application", "given_section_ids")
    op.drop_column("change_request", "is_invitation")
    op.drop_column("section", "on_invitation")
