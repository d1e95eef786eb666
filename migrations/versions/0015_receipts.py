"""Receipts: what proves a submission, and what it held."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=True),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_receipt_number")),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_receipt_digest")),
        sa.CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{8}$'", name=op.f("ck_receipt_code")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_receipt_application_id_application"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_receipt_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("reference", "number", name="uq_receipt_number"),
        sa.UniqueConstraint("pdf_sha256", name=op.f("uq_receipt_pdf_sha256")),
    )
    op.create_index("ix_receipt_code", "receipt", ["code"])
    op.create_index("ix_receipt_application", "receipt", ["application_id", "number"])
    op.create_index(op.f("ix_receipt_cycle_id"), "receipt", ["cycle_id"])
    op.create_table(
        "receipt_content",
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(storage_key IS NULL) = (size IS NULL)", name=op.f("ck_receipt_content_size")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_receipt_content_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_content_receipt_id_receipt"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_receipt_content")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_receipt_content_storage_key")),
    )
    op.create_index(op.f("ix_receipt_content_application_id"), "receipt_content", ["application_id"])


def downgrade() -> None:
    op.drop_table("receipt_content")
    op.drop_table("receipt")
