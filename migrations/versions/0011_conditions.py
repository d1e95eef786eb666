"""Questions that are shown only after a certain answer, and answers that the profile fills in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "question",
        sa.Column(
            "condition", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.add_column("question", sa.Column("profile_field", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_question_condition"), "question", "condition = '{}' OR condition ? 'key' AND condition ? 'values'"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_question_condition"), "question", type_="check")
    op.drop_column("question", "profile_field")
    op.drop_column("question", "condition")
