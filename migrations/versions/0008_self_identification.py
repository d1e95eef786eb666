"""Voluntary self-identification: wordings, answers without a link to their application, one report a cycle."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "self_id_wording",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["person.id"], name=op.f("fk_self_id_wording_published_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_id_wording")),
    )
    op.create_table(
        "self_id_answer",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("wording_id", sa.BigInteger(), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("length(subject) = 32", name=op.f("ck_self_id_answer_subject")),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_self_id_answer_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["wording_id"], ["self_id_wording.id"], name=op.f("fk_self_id_answer_wording_id_self_id_wording")
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_self_id_answer")),
    )
    with op.batch_alter_table("self_id_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_self_id_answer_cycle_id"), ["cycle_id"], unique=False)

    op.create_table(
        "self_id_report",
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("tables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_self_id_report_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_self_id_report_made_by_id_person")),
        sa.PrimaryKeyConstraint("cycle_id", name=op.f("pk_self_id_report")),
    )
    op.create_table(
        "self_id_asked",
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_self_id_asked_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_self_id_asked")),
    )


def downgrade() -> None:
    for table in ("self_id_report", "self_id_answer", "self_id_asked", "self_id_wording"):
        op.drop_table(table)
