"""Newsletters of a listing, who subscribes to them, and who was asked whether they want to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

STAMP = """
CREATE TRIGGER newsletter_stamp BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE ON newsletter
FOR EACH STATEMENT EXECUTE FUNCTION portal_stamp_catalogue()
"""


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _of_listing(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["opportunity_id"], ["opportunity.id"], name=op.f(f"fk_{table}_opportunity_id_opportunity"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "newsletter",
        sa.Column("opportunity_id", sa.BigInteger(), nullable=False),
        sa.Column("name", postgresql.CITEXT(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        _id(),
        sa.CheckConstraint("name <> ''", name=op.f("ck_newsletter_name")),
        _of_listing("newsletter"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_newsletter")),
        sa.UniqueConstraint("opportunity_id", "name", name="uq_newsletter_name"),
    )
    op.execute(STAMP)
    op.create_table(
        "subscriber",
        sa.Column("opportunity_id", sa.BigInteger(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _id(),
        _of_listing("subscriber"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("opportunity_id", "email", name="uq_subscriber_email"),
    )
    op.create_index(op.f("ix_subscriber_email"), "subscriber", ["email"])
    op.create_table(
        "subscription",
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_subscription_subscriber_id_subscriber"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletter.id"],
            name=op.f("fk_subscription_newsletter_id_newsletter"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "newsletter_id", name=op.f("pk_subscription")),
    )
    op.create_index(op.f("ix_subscription_newsletter_id"), "subscription", ["newsletter_id"])
    op.create_table(
        "subscription_request",
        sa.Column("opportunity_id", sa.BigInteger(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("newsletter_ids", postgresql.JSONB(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _id(),
        _of_listing("subscription_request"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_request")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_subscription_request_token_hash")),
    )
    op.create_index(op.f("ix_subscription_request_email"), "subscription_request", ["email"])
    op.create_index(op.f("ix_subscription_request_created_at"), "subscription_request", ["created_at"])


def downgrade() -> None:
    for table in ("subscription_request", "subscription", "subscriber", "newsletter"):
        op.drop_table(table)
