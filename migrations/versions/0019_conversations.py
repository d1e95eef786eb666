"""Messages between applicants and coordinators."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversation_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("body <> ''", name=op.f("ck_conversation_message_body")),
        sa.CheckConstraint("read_at >= at", name=op.f("ck_conversation_message_read_at")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_conversation_message_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_conversation_message_author_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_message")),
    )
    op.create_index("ix_conversation_message_application", "conversation_message", ["application_id", "id"])
    op.create_index(
        "ix_conversation_message_waiting",
        "conversation_message",
        ["id"],
        postgresql_where=sa.text("read_at IS NULL AND NOT is_staff"),
    )


def downgrade() -> None:
    op.drop_table("conversation_message")
