"""Letters of recommendation: plans, requests, links, letters, events; and mail that came back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# The waiver and the words it was chosen by stand as they were when the applicant chose.
WAIVER_FIXED = """
CREATE FUNCTION portal_waiver_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.waived <> OLD.waived OR NEW.waiver_words <> OLD.waiver_words THEN
    RAISE EXCEPTION 'a waiver does not change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
"""
STATES = "('queued', 'sending', 'sent', 'failed', 'unknown'{more})"


def upgrade() -> None:
    op.create_table(
        "letter_digest_stop",
        sa.Column("address", postgresql.CITEXT(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_letter_digest_stop")),
    )
    op.create_table(
        "bounce",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('hard', 'soft', 'complaint')", name=op.f("ck_bounce_kind")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_bounce_message_id_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("message_id", "kind", name=op.f("uq_bounce_message_id_kind")),
    )
    op.create_table(
        "letter_plan",
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(40), nullable=False),
        sa.Column("wanted", sa.Integer(), server_default="2", nullable=False),
        sa.Column("quorum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "waiver_words",
            sa.Text(),
            server_default="I give up my right to read this letter. The person who writes it is told so. I cannot change this choice once I have asked them.",
            nullable=False,
        ),
        sa.Column("guidance", sa.Text(), server_default="", nullable=False),
        sa.Column("questions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("shown_after_review", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("mode IN ('none', 'names', 'before_review', 'shortlist')", name=op.f("ck_letter_plan_mode")),
        sa.CheckConstraint("cardinality(questions) <= 2", name=op.f("ck_letter_plan_questions")),
        sa.CheckConstraint("quorum BETWEEN 0 AND wanted", name=op.f("ck_letter_plan_quorum")),
        sa.CheckConstraint("wanted BETWEEN 1 AND 5", name=op.f("ck_letter_plan_wanted")),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_letter_plan_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cycle_id", name=op.f("pk_letter_plan")),
    )
    op.create_table(
        "letter_override",
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_letter_override_reason")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_letter_override_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_override_person_id_person")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_letter_override")),
    )
    op.create_table(
        "letter_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("writer_name", sa.Text(), nullable=False),
        sa.Column("writer_address", postgresql.CITEXT(), nullable=False),
        sa.Column("writer_key", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), server_default="", nullable=False),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("waiver_words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state = 'declined' OR decline_reason = ''", name=op.f("ck_letter_request_decline_reason")),
        sa.CheckConstraint(
            "state IN ('named', 'asked', 'opened', 'bounced', 'declined', 'received', 'replaced', 'cancelled')",
            name=op.f("ck_letter_request_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('asked', 'opened', 'bounced') OR asked_at IS NOT NULL",
            name=op.f("ck_letter_request_asked_at"),
        ),
        sa.CheckConstraint("writer_name <> '' AND writer_address <> ''", name=op.f("ck_letter_request_writer")),
        sa.CheckConstraint("reminders BETWEEN 0 AND 3", name=op.f("ck_letter_request_reminders")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_letter_request_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_letter_request_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_letter_request_made_by_id_person")),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["letter_request.id"],
            name=op.f("fk_letter_request_replaces_id_letter_request"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_request")),
    )
    op.create_index("ix_letter_request_address", "letter_request", ["writer_address", "id"])
    op.create_index("ix_letter_request_application", "letter_request", ["application_id", "id"])
    op.create_index("ix_letter_request_by_cycle", "letter_request", ["cycle_id", "id"])
    op.create_index("ix_letter_request_cycle", "letter_request", ["cycle_id", "state", "id"])
    op.create_index(op.f("ix_letter_request_replaces_id"), "letter_request", ["replaces_id"])
    op.create_index(
        "ix_letter_request_waiting",
        "letter_request",
        ["asked_at", "id"],
        postgresql_where=sa.text("state IN ('asked', 'opened')"),
    )
    op.create_index(
        "uq_letter_request_writer",
        "letter_request",
        ["application_id", "writer_key"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('replaced', 'cancelled')"),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), server_default="text/plain", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column(
            "ratings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("sent_by", sa.String(40), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scan_state", sa.String(40), server_default="not_scanned", nullable=False),
        sa.Column("scan_signature", sa.Text(), server_default="", nullable=False),
        sa.Column("scan_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scan_state IN ('not_scanned', 'checking', 'safe', 'blocked', 'too_large')",
            name=op.f("ck_letter_scan_state"),
        ),
        sa.CheckConstraint(
            "(scan_state IN ('safe', 'blocked', 'too_large')) = (scanned_at IS NOT NULL)",
            name=op.f("ck_letter_scanned_at"),
        ),
        sa.CheckConstraint("(scan_state = 'blocked') = (scan_signature <> '')", name=op.f("ck_letter_scan_signature")),
        sa.CheckConstraint("(sent_by = 'staff') = (person_id IS NOT NULL)", name=op.f("ck_letter_person")),
        sa.CheckConstraint("(storage_key IS NULL) = (body <> '')", name=op.f("ck_letter_content")),
        sa.CheckConstraint("sent_by IN ('writer', 'assistant', 'staff')", name=op.f("ck_letter_sent_by")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_letter_sha256")),
        sa.CheckConstraint("size > 0", name=op.f("ck_letter_size")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_person_id_person")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["letter_request.id"], name=op.f("fk_letter_request_id_letter_request"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("request_id", "number", name=op.f("uq_letter_request_id_number")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_letter_storage_key")),
    )
    op.create_index("ix_letter_unsettled", "letter", ["id"], postgresql_where=sa.text("scan_state = 'checking'"))
    op.create_table(
        "letter_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(40), nullable=True),
        sa.Column("target", sa.String(40), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_event_person_id_person")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["letter_request.id"],
            name=op.f("fk_letter_event_request_id_letter_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_event")),
    )
    op.create_index(op.f("ix_letter_event_request_id"), "letter_event", ["request_id"])
    op.create_table(
        "letter_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("is_assistant", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", postgresql.CITEXT(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("token_hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_letter_link_token_hash")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["letter_request.id"],
            name=op.f("fk_letter_link_request_id_letter_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_letter_link_token_hash")),
    )
    op.create_index(op.f("ix_letter_link_request_id"), "letter_link", ["request_id"])
    op.create_index(
        "uq_letter_link_assistant",
        "letter_link",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("is_assistant AND ended_at IS NULL"),
    )
    op.execute(WAIVER_FIXED)
    op.execute(
        "CREATE TRIGGER waiver_fixed BEFORE UPDATE OF waived, waiver_words ON letter_request"
        " FOR EACH ROW EXECUTE FUNCTION portal_waiver_fixed()"
    )
    _message_states(more=", 'bounced'", sent="state IN ('sent', 'bounced')")


def _message_states(*, more: str, sent: str) -> None:
    """Let messages stand in these states, and tie those to when they were sent."""
    for name, words in (
        ("state", f"state IN {STATES.format(more=more)}"),
        ("sent_at", f"({sent}) = (sent_at IS NOT NULL)"),
    ):
        op.drop_constraint(op.f(f"ck_message_{name}"), "message", type_="check")
        op.create_check_constraint(op.f(f"ck_message_{name}"), "message", words)


def downgrade() -> None:
    op.execute("UPDATE message SET state = 'failed', sent_at = NULL WHERE state = 'bounced'")
    _message_states(more="", sent="state = 'sent'")
    op.execute("DROP TRIGGER waiver_fixed ON letter_request")
    op.execute("DROP FUNCTION portal_waiver_fixed()")
    for table in (
        "letter_link", "letter_event", "letter", "letter_request", "letter_override", "letter_plan", "bounce",
        "letter_digest_stop",
    ):  # fmt: skip
        op.drop_table(table)
