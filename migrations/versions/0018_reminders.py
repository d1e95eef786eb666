"""Reminders of deadlines, each once, and the kinds of mail that somebody switched off."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "person", sa.Column("mail_off", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.create_table(
        "reminder",
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(length=40), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "before IN ('week', 'two_days', 'six_hours', 'edit_two_days', 'edit_six_hours')",
            name=op.f("ck_reminder_before"),
        ),
        sa.CheckConstraint("written_at < deadline", name=op.f("ck_reminder_written_at")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_reminder_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", "before", name=op.f("pk_reminder")),
    )


def downgrade() -> None:
    op.drop_table("reminder")
    op.drop_column("person", "mail_off")
