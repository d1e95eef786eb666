"""Listings and searches that people follow, and what they were told of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("email", postgresql.CITEXT(), nullable=True),
        sa.Column("opportunity_id", sa.BigInteger(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("query IS NULL OR name <> ''", name=op.f("ck_follow_name")),
        sa.CheckConstraint("email IS NULL OR by_mail", name=op.f("ck_follow_by_mail")),
        sa.CheckConstraint("num_nonnulls(opportunity_id, query) = 1", name=op.f("ck_follow_what")),
        sa.CheckConstraint("num_nonnulls(person_id, email) = 1", name=op.f("ck_follow_who")),
        sa.CheckConstraint("person_id IS NULL OR confirmed_at IS NOT NULL", name=op.f("ck_follow_confirmed")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunity.id"],
            name=op.f("fk_follow_opportunity_id_opportunity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_follow_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow")),
        sa.UniqueConstraint(
            "person_id", "email", "opportunity_id", "query", name="uq_follow_once", postgresql_nulls_not_distinct=True
        ),
        sa.UniqueConstraint("token_hash", name=op.f("uq_follow_token_hash")),
    )
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.create_index(
            "ix_follow_opportunity",
            ["opportunity_id", "id"],
            unique=False,
            postgresql_where=sa.text("by_mail AND confirmed_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_follow_search",
            ["id"],
            unique=False,
            postgresql_where=sa.text("query IS NOT NULL AND by_mail AND confirmed_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_follow_unconfirmed", ["created_at"], unique=False, postgresql_where=sa.text("confirmed_at IS NULL")
        )

    op.create_table(
        "follow_notice",
        sa.Column("follow_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_follow_notice_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["follow_id"], ["follow.id"], name=op.f("fk_follow_notice_follow_id_follow"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("follow_id", "cycle_id", name=op.f("pk_follow_notice")),
    )
    with op.batch_alter_table("follow_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follow_notice_cycle_id"), ["cycle_id"], unique=False)


def downgrade() -> None:
    op.drop_table("follow_notice")
    op.drop_table("follow")
