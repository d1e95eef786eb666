"""Submissions kept each time, edits of what was submitted, and requests for changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("application", sa.Column("editing_since", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_application_editing_since"), "application", "editing_since IS NULL OR submitted_at IS NOT NULL"
    )
    op.create_index(
        "ix_application_editing",
        "application",
        ["editing_since"],
        postgresql_where=sa.text("editing_since IS NOT NULL"),
    )
    op.add_column("document", sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cycle", sa.Column("edits_until_deadline", sa.Boolean(), nullable=True))
    op.create_table(
        "application_revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("documents", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_application_revision_number")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_application_revision_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_application_revision_by_id_person")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_application_revision_form_id_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_revision")),
        sa.UniqueConstraint("application_id", "number", name="uq_application_revision_number"),
    )
    op.create_table(
        "change_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("section_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision_id", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cardinality(section_ids) > 0", name=op.f("ck_change_request_section_ids")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_change_request_reason")),
        sa.CheckConstraint("due_at > asked_at", name=op.f("ck_change_request_due_at")),
        sa.CheckConstraint("(answered_at IS NULL) = (revision_id IS NULL)", name=op.f("ck_change_request_answered")),
        sa.CheckConstraint("answered_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_change_request_cancelled")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_change_request_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_change_request_asked_by_id_person")),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["application_revision.id"],
            name=op.f("fk_change_request_revision_id_application_revision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
    )
    op.create_index("ix_change_request_application", "change_request", ["application_id", "id"])
    op.create_index(
        "uq_change_request_open",
        "change_request",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL AND cancelled_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("change_request")
    op.drop_table("application_revision")
    op.drop_column("cycle", "edits_until_deadline")
    op.drop_column("document", "replaced_at")
    op.drop_column("document", "submitted_at")
    op.drop_index("ix_application_editing", "application")
    op.drop_constraint(op.f("ck_application_editing_since"), "application")
    op.drop_column("application", "editing_since")
