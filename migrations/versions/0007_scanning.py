"""Files are looked at for viruses, and their words are kept for search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("document", sa.Column("scan_state", sa.String(40), server_default="not_scanned", nullable=False))
    op.add_column("document", sa.Column("scan_signature", sa.Text(), server_default="", nullable=False))
    op.add_column("document", sa.Column("scan_tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("document", sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_document_scan_state"),
        "document",
        "scan_state IN ('not_scanned', 'checking', 'safe', 'blocked', 'too_large')",
    )
    op.create_check_constraint(
        op.f("ck_document_scanned_at"),
        "document",
        "(scan_state IN ('safe', 'blocked', 'too_large')) = (scanned_at IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_document_scan_signature"), "document", "(scan_state = 'blocked') = (scan_signature <> '')"
    )
    op.create_index(
        "ix_document_unsettled",
        "document",
        ["scan_state", "id"],
        postgresql_where=sa.text("scan_state <> 'safe'"),
    )
    op.create_table(
        "document_text",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.String(40), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("is_cut", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("extracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple', portal_unaccent(\"left\"(body, 100000)))", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint("found IN ('text', 'none', 'unreadable')", name=op.f("ck_document_text_found")),
        sa.CheckConstraint("(found = 'text') = (body <> '')", name=op.f("ck_document_text_body")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_text_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_text")),
    )
    op.create_index("ix_document_text_words", "document_text", ["words"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("document_text")
    op.drop_index("ix_document_unsettled", "document")
    for name in ("scan_signature", "scanned_at", "scan_state"):
        op.drop_constraint(op.f(f"ck_document_{name}"), "document", type_="check")
    for name in ("lost_at", "scanned_at", "scan_tries", "scan_signature", "scan_state"):
        op.drop_column("document", name)
