"""The days by which applicants are promised each stage, and notes about new ones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = ("eligibility_by", "reviews_by", "meeting_by")


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("cycle", sa.Column(column, sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_cycle_stage_dates"),
        "cycle",
        "eligibility_by <= LEAST(reviews_by, meeting_by, decisions_by)"
        " AND reviews_by <= LEAST(meeting_by, decisions_by) AND meeting_by <= decisions_by",
    )
    op.create_table(
        "stage_notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_tell", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("note <> ''", name=op.f("ck_stage_notice_note")),
        sa.CheckConstraint("replaced_at >= at", name=op.f("ck_stage_notice_replaced_at")),
        sa.CheckConstraint("told >= 0", name=op.f("ck_stage_notice_told")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_stage_notice_by_id_person")),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_stage_notice_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_notice")),
    )
    op.create_index("ix_stage_notice_cycle", "stage_notice", ["cycle_id", "id"])
    op.create_index(
        "uq_stage_notice_newest",
        "stage_notice",
        ["cycle_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("stage_notice")
    op.drop_constraint(op.f("ck_cycle_stage_dates"), "cycle", type_="check")
    for column in reversed(COLUMNS):
        op.drop_column("cycle", column)
