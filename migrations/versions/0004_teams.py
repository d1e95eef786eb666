"""Teams: their members, comments and changes; which cycles take them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IN_FORCE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.add_column("cycle", sa.Column("takes_teams", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("cycle", sa.Column("team_min", sa.Integer(), server_default="2", nullable=False))
    op.add_column("cycle", sa.Column("team_max", sa.Integer(), server_default="8", nullable=False))
    op.create_check_constraint(
        "team_size", "cycle", "team_min >= 1 AND team_min <= team_max AND team_max BETWEEN 2 AND 50"
    )
    op.add_column("application", sa.Column("saved_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_application_saved_by_id_person", "application", "person", ["saved_by_id"], ["id"])
    op.create_table(
        "team_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("duty", sa.Text(), server_default="", nullable=False),
        sa.Column("access", sa.String(40), nullable=False),
        sa.Column("invited_at", MOMENT, nullable=False),
        sa.Column("invited_by_id", sa.BigInteger(), nullable=False),
        sa.Column("mails", sa.Integer(), server_default="1", nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("joined_at", MOMENT, nullable=True),
        sa.Column("offered_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("access IN ('view', 'comment', 'edit')", name=op.f("ck_team_member_access")),
        sa.CheckConstraint("(person_id IS NULL) = (joined_at IS NULL)", name=op.f("ck_team_member_joined")),
        sa.CheckConstraint(
            "token_hash IS NULL OR (joined_at IS NULL AND ended_at IS NULL)", name=op.f("ck_team_member_token")
        ),
        sa.CheckConstraint(
            "offered_at IS NULL OR (joined_at IS NOT NULL AND ended_at IS NULL)", name=op.f("ck_team_member_offered")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], ondelete="CASCADE",
            name=op.f("fk_team_member_application_id_application"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_team_member_person_id_person")),
        sa.ForeignKeyConstraint(["invited_by_id"], ["person.id"], name=op.f("fk_team_member_invited_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_team_member_token_hash")),
    )  # fmt: skip
    op.create_index(op.f("ix_team_member_application_id"), "team_member", ["application_id"])
    op.create_index("ix_team_member_person", "team_member", ["person_id", "application_id"])
    op.create_index(
        "uq_team_member_person", "team_member", ["application_id", "person_id"], unique=True, postgresql_where=IN_FORCE
    )
    op.create_index(
        "uq_team_member_email", "team_member", ["application_id", "email"], unique=True, postgresql_where=IN_FORCE
    )
    op.create_index(
        "uq_team_member_offer", "team_member", ["application_id"], unique=True,
        postgresql_where=sa.text("offered_at IS NOT NULL AND ended_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "team_comment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("is_on_section", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolved_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_id IS NULL)", name=op.f("ck_team_comment_resolved")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], ondelete="CASCADE",
            name=op.f("fk_team_comment_application_id_application"),
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_team_comment_author_id_person")),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["person.id"], name=op.f("fk_team_comment_resolved_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_comment")),
    )  # fmt: skip
    op.create_index("ix_team_comment_application", "team_comment", ["application_id", "id"])
    op.create_table(
        "team_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], ondelete="CASCADE",
            name=op.f("fk_team_change_application_id_application"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_team_change_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_change")),
    )  # fmt: skip
    op.create_index("uq_team_change_run", "team_change", ["application_id", "question_key", "person_id"], unique=True)
    op.create_index("ix_team_change_application", "team_change", ["application_id", sa.text("at DESC")])


def downgrade() -> None:
    op.drop_table("team_change")
    op.drop_table("team_comment")
    op.drop_table("team_member")
    op.drop_constraint("fk_application_saved_by_id_person", "application", type_="foreignkey")
    op.drop_column("application", "saved_by_id")
    op.drop_constraint("team_size", "cycle", type_="check")
    op.drop_column("cycle", "team_max")
    op.drop_column("cycle", "team_min")
    op.drop_column("cycle", "takes_teams")
