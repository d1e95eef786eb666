"""Endorsements, the links mailed for them, and what each cycle wants to have endorsed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("cycle", sa.Column("endorser", sa.Text(), server_default="", nullable=False))
    op.add_column("cycle", sa.Column("endorsement_wording", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "cycle",
        sa.Column("endorsement_keys", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("cycle", sa.Column("endorsement_due_at", MOMENT, nullable=True))
    op.add_column("cycle", sa.Column("endorsement_shown", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.create_check_constraint("endorsement_wording", "cycle", "endorser = '' OR endorsement_wording <> ''")
    op.create_table(
        "endorsement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mailed_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("typed_name", sa.Text(), server_default="", nullable=False),
        sa.Column("wording", sa.Text(), server_default="", nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'confirmed', 'declined', 'reopened', 'cancelled')", name=op.f("ck_endorsement_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'reopened')"
            " OR (confirmed_at IS NOT NULL AND typed_name <> '' AND fingerprint <> '')",
            name=op.f("ck_endorsement_confirmed"),
        ),
        sa.CheckConstraint("state <> 'declined' OR reason <> ''", name=op.f("ck_endorsement_declined")),
        sa.CheckConstraint("reminders BETWEEN 0 AND 3", name=op.f("ck_endorsement_reminders")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], ondelete="CASCADE",
            name=op.f("fk_endorsement_application_id_application"),
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_endorsement_asked_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endorsement")),
    )  # fmt: skip
    op.create_index("ix_endorsement_application", "endorsement", ["application_id", sa.text("id DESC")])
    op.create_index(
        "uq_endorsement_in_force", "endorsement", ["application_id"], unique=True,
        postgresql_where=sa.text("state IN ('asked', 'confirmed', 'reopened')"),
    )  # fmt: skip
    op.create_table(
        "endorsement_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("endorsement_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["endorsement_id"], ["endorsement.id"], ondelete="CASCADE",
            name=op.f("fk_endorsement_link_endorsement_id_endorsement"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endorsement_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_endorsement_link_token_hash")),
    )  # fmt: skip
    op.create_index(op.f("ix_endorsement_link_endorsement_id"), "endorsement_link", ["endorsement_id"])


def downgrade() -> None:
    op.drop_table("endorsement_link")
    op.drop_table("endorsement")
    op.drop_constraint("endorsement_wording", "cycle", type_="check")
    for column in ("shown", "due_at", "keys", "wording"):
        op.drop_column("cycle", f"endorsement_{column}")
    op.drop_column("cycle", "endorser")
