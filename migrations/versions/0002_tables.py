"""Every table of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("thing_type", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.BigInteger(), nullable=True),
        sa.Column("thing_name", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_actor", ["actor_id", sa.literal_column("id DESC")], unique=False)
        batch_op.create_index("ix_audit_event_at", ["at"], unique=False, postgresql_using="brin")
        batch_op.create_index(
            "ix_audit_event_thing", ["thing_type", "thing_id", sa.literal_column("id DESC")], unique=False
        )
        batch_op.create_index("ix_audit_event_verb", ["verb", sa.literal_column("id DESC")], unique=False)

    op.create_table(
        "branding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tagline", sa.Text(), nullable=False),
        sa.Column("hero_title", sa.Text(), nullable=False),
        sa.Column("hero_lead", sa.Text(), nullable=False),
        sa.Column("footer_text", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("brand_light", sa.Text(), server_default="", nullable=False),
        sa.Column("on_brand_light", sa.Text(), server_default="", nullable=False),
        sa.Column("link_light", sa.Text(), server_default="", nullable=False),
        sa.Column("brand_dark", sa.Text(), server_default="", nullable=False),
        sa.Column("on_brand_dark", sa.Text(), server_default="", nullable=False),
        sa.Column("link_dark", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_branding_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branding")),
    )
    op.create_table(
        "kept_form",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_form")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_kept_form_token_hash")),
    )
    with op.batch_alter_table("kept_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_form_created_at"), ["created_at"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("to_address", postgresql.CITEXT(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text_body", sa.Text(), nullable=False),
        sa.Column("html_body", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "headers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("thing_type", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("queued", "sending", "sent", "failed", "unknown", name="delivery", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_message_sent_at")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'unknown')", name=op.f("ck_message_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("message_id", name=op.f("uq_message_message_id")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "ix_message_search",
            ["search_text"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
        batch_op.create_index("ix_message_state", ["state", sa.literal_column("id DESC")], unique=False)
        batch_op.create_index(
            "ix_message_thing", ["thing_type", "thing_id", sa.literal_column("id DESC")], unique=False
        )
        batch_op.create_index("ix_message_to_address", ["to_address", sa.literal_column("id DESC")], unique=False)

    op.create_table(
        "page",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "archived", name="publication", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("in_why_here", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'archived')", name=op.f("ck_page_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("slug", name=op.f("uq_page_slug")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("credentials", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.Text(), nullable=False),
        sa.Column("fs_webauthn_user_handle", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_ip", sa.Text(), nullable=True),
        sa.Column("current_login_ip", sa.Text(), nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=True),
        sa.Column("tf_primary_method", sa.Text(), nullable=True),
        sa.Column("tf_totp_secret", sa.Text(), nullable=True),
        sa.Column("tf_last_counter", sa.BigInteger(), nullable=True),
        sa.Column("mf_recovery_codes", sa.UnicodeText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_person_fs_uniquifier")),
        sa.UniqueConstraint("fs_webauthn_user_handle", name=op.f("uq_person_fs_webauthn_user_handle")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(
            "ix_person_search",
            ["search_text"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
        batch_op.create_index("ix_person_sort_name", ["sort_name", "id"], unique=False)

    op.create_table(
        "catalogue_stamp",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stamp", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_catalogue_stamp_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_stamp")),
    )
    op.create_table(
        "synonym",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("terms", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_synonym")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("slug", name=op.f("uq_unit_slug")),
    )
    op.create_table(
        "opportunity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "fellowship",
                "scholars",
                "position",
                "course",
                "teaching",
                "research",
                "mentoring",
                "event",
                "partnership",
                name="kind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("eligibility", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("next_steps", sa.Text(), nullable=False),
        sa.Column("half_days", sa.Numeric(precision=3, scale=1), nullable=True),
        sa.Column("time_words", sa.Text(), server_default="", nullable=False),
        sa.Column("length_words", sa.Text(), server_default="", nullable=False),
        sa.Column("length_months", sa.Numeric(precision=5, scale=1), nullable=True),
        sa.Column("money_words", sa.Text(), server_default="", nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=True),
        sa.Column("stipend", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("pay_low", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("pay_high", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("pay_period", sa.Text(), server_default="year", nullable=False),
        sa.Column("fte", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("places", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("place_words", sa.Text(), server_default="", nullable=False),
        sa.Column("audiences", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("audience_words", sa.Text(), server_default="", nullable=False),
        sa.Column("keywords", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_email", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("sample_fields", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "archived", name="publication", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', portal_unaccent(title)), 'A') || setweight(to_tsvector('english', portal_unaccent(summary || ' ' || keywords)), 'B') || setweight(to_tsvector('english', portal_unaccent(time_words || ' ' || length_words || ' ' || money_words || ' ' || place_words || ' ' || audience_words)), 'C') || setweight(to_tsvector('english', portal_unaccent(about || ' ' || eligibility || ' ' || selection)), 'D')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "NOT (kind = 'position' AND state = 'published') OR (pay_low IS NOT NULL AND pay_high IS NOT NULL)",
            name=op.f("ck_opportunity_position_pay_range"),
        ),
        sa.CheckConstraint(
            "audiences <@ ARRAY['physicians', 'nurse-leaders', 'team-members', 'teams', 'faculty', 'students', 'all-disciplines', 'public']::text[]",
            name=op.f("ck_opportunity_audiences"),
        ),
        sa.CheckConstraint(
            "kind IN ('fellowship', 'scholars', 'position', 'course', 'teaching', 'research', 'mentoring', 'event', 'partnership')",
            name=op.f("ck_opportunity_kind"),
        ),
        sa.CheckConstraint(
            "pay_period IN ('year', 'month', 'week', 'hour', 'session')", name=op.f("ck_opportunity_pay_period")
        ),
        sa.CheckConstraint(
            "places <@ ARRAY['main-campus', 'health-centers', 'practices', 'online', 'abroad']::text[]",
            name=op.f("ck_opportunity_places"),
        ),
        sa.CheckConstraint(
            "state <> 'published' OR published_at IS NOT NULL", name=op.f("ck_opportunity_published_at")
        ),
        sa.CheckConstraint("state IN ('draft', 'published', 'archived')", name=op.f("ck_opportunity_state")),
        sa.CheckConstraint("fte > 0 AND fte <= 1", name=op.f("ck_opportunity_fte")),
        sa.CheckConstraint("half_days BETWEEN 0 AND 10", name=op.f("ck_opportunity_half_days")),
        sa.CheckConstraint("pay_low <= pay_high", name=op.f("ck_opportunity_pay_range")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_opportunity_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity")),
        sa.UniqueConstraint("slug", name=op.f("uq_opportunity_slug")),
    )
    with op.batch_alter_table("opportunity", schema=None) as batch_op:
        batch_op.create_index(
            "ix_opportunity_scheduled",
            ["publish_at"],
            unique=False,
            postgresql_where=sa.text("state = 'draft' AND publish_at IS NOT NULL"),
        )
        batch_op.create_index("ix_opportunity_search", ["search"], unique=False, postgresql_using="gin")
        batch_op.create_index("ix_opportunity_state", ["state", "kind"], unique=False)
        batch_op.create_index("ix_opportunity_by_title", ["title", "id"], unique=False)
        batch_op.create_index(
            "ix_opportunity_title",
            ["title"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"title": "gin_trgm_ops"},
        )
        batch_op.create_index(batch_op.f("ix_opportunity_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "passkey",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=True),
        sa.Column("transports", sa.UnicodeText(), nullable=True),
        sa.Column("backup_state", sa.Boolean(), nullable=False),
        sa.Column("device_type", sa.Text(), nullable=False),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.Column("create_datetime", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lastuse_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_passkey_user_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_user_id"), ["user_id"], unique=False)

    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "place",
            sa.Enum(
                "main-campus",
                "health-centers",
                "practices",
                "online",
                "abroad",
                name="place",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "archived", name="publication", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "place IN ('main-campus', 'health-centers', 'practices', 'online', 'abroad')", name=op.f("ck_site_place")
        ),
        sa.CheckConstraint("state IN ('draft', 'published', 'archived')", name=op.f("ck_site_state")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_site_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("slug", name=op.f("uq_site_slug")),
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "cycle",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("opportunity_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "archived", name="publication", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_minutes", sa.Integer(), server_default="15", nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("reviewers_each", sa.Integer(), server_default="2", nullable=False),
        sa.Column("reviews_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decisions_by", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("minutes_to_apply", sa.Integer(), nullable=True),
        sa.Column("last_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sample_fields", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z]{2,8}-[0-9]{2}[A-Z]?$'", name=op.f("ck_cycle_code")),
        sa.CheckConstraint("state = 'draft' OR opens_at IS NOT NULL", name=op.f("ck_cycle_opens_at")),
        sa.CheckConstraint("state IN ('draft', 'published', 'archived')", name=op.f("ck_cycle_state")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_cycle_window")),
        sa.CheckConstraint("grace_minutes BETWEEN 0 AND 1440", name=op.f("ck_cycle_grace")),
        sa.CheckConstraint("seats > 0", name=op.f("ck_cycle_seats")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunity.id"], name=op.f("fk_cycle_opportunity_id_opportunity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle")),
        sa.UniqueConstraint("code", name=op.f("uq_cycle_code")),
        sa.UniqueConstraint("opportunity_id", "name", name=op.f("uq_cycle_opportunity_id_name")),
    )
    with op.batch_alter_table("cycle", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cycle_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index("ix_cycle_window", ["state", "closes_at"], unique=False)

    op.create_table(
        "letter_template",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("opportunity_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum("offer", "waitlist", "decline", name="outcome", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("outcome IN ('offer', 'waitlist', 'decline')", name=op.f("ck_letter_template_outcome")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunity.id"],
            name=op.f("fk_letter_template_opportunity_id_opportunity"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_template")),
        sa.UniqueConstraint(
            "opportunity_id",
            "outcome",
            name=op.f("uq_letter_template_opportunity_id_outcome"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("admin", "coordinator", "reviewer", name="role", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("opportunity_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN role = 'admin' THEN unit_id IS NULL AND opportunity_id IS NULL ELSE num_nonnulls(unit_id, opportunity_id) = 1 END",
            name=op.f("ck_membership_scope"),
        ),
        sa.CheckConstraint("role IN ('admin', 'coordinator', 'reviewer')", name=op.f("ck_membership_role")),
        sa.ForeignKeyConstraint(
            ["granted_by_id"], ["person.id"], name=op.f("fk_membership_granted_by_id_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunity.id"],
            name=op.f("fk_membership_opportunity_id_opportunity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_membership_unit_id_unit"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "person_id",
            "role",
            "unit_id",
            "opportunity_id",
            name=op.f("uq_membership_person_id_role_unit_id_opportunity_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_membership_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "opportunity_site",
        sa.Column("opportunity_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunity.id"],
            name=op.f("fk_opportunity_site_opportunity_id_opportunity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_opportunity_site_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("opportunity_id", "site_id", name=op.f("pk_opportunity_site")),
    )
    with op.batch_alter_table("opportunity_site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_opportunity_site_site_id"), ["site_id"], unique=False)

    op.create_table(
        "application_tally",
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "eligible",
                "in_review",
                "panel",
                "decided",
                "offered",
                "waitlisted",
                "not_selected",
                "withdrawn",
                name="status",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_application_tally_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cycle_id", "status", name=op.f("pk_application_tally")),
    )
    op.create_table(
        "criterion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), server_default="", nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column(
            "anchors", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name=op.f("ck_criterion_weight")),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_criterion_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criterion")),
    )
    with op.batch_alter_table("criterion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_criterion_cycle_id"), ["cycle_id"], unique=False)

    op.create_table(
        "cycle_date",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_cycle_date_span")),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_cycle_date_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle_date")),
    )
    with op.batch_alter_table("cycle_date", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cycle_date_cycle_id"), ["cycle_id"], unique=False)

    op.create_table(
        "form",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "archived", name="publication", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'draft') = (published_at IS NULL)", name=op.f("ck_form_published_at")),
        sa.CheckConstraint("state IN ('draft', 'published', 'archived')", name=op.f("ck_form_state")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_form_cycle_id_cycle"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form")),
        sa.UniqueConstraint("cycle_id", "number", name=op.f("uq_form_cycle_id_number")),
    )
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.create_index(
            "uq_form_one_draft", ["cycle_id"], unique=True, postgresql_where=sa.text("state = 'draft'")
        )

    op.create_table(
        "application",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "eligible",
                "in_review",
                "panel",
                "decided",
                "offered",
                "waitlisted",
                "not_selected",
                "withdrawn",
                name="status",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("reference_length", sa.Integer(), sa.Computed("length(reference)", persisted=True), nullable=True),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("status <> 'draft' OR submitted_at IS NULL", name=op.f("ck_application_draft")),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'eligible', 'in_review', 'panel', 'decided', 'offered', 'waitlisted', 'not_selected', 'withdrawn')",
            name=op.f("ck_application_status"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL", name=op.f("ck_application_submitted_at")
        ),
        sa.CheckConstraint("(submitted_at IS NULL) = (reference IS NULL)", name=op.f("ck_application_reference")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_application_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_application_form_id_form")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_application_person_id_person")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_application_site_id_site"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("cycle_id", "person_id", name="uq_application_one_each"),
        sa.UniqueConstraint("reference", name=op.f("uq_application_reference")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(
            "ix_application_by_change",
            ["cycle_id", "changed_at", "id"],
            unique=False,
            postgresql_where=sa.text("submitted_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_application_by_name",
            ["cycle_id", "sort_name", "id"],
            unique=False,
            postgresql_where=sa.text("submitted_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_application_by_reference",
            ["cycle_id", "reference_length", "reference"],
            unique=False,
            postgresql_where=sa.text("submitted_at IS NOT NULL"),
        )
        batch_op.create_index("ix_application_by_status", ["cycle_id", "status", "changed_at", "id"], unique=False)
        batch_op.create_index(
            "ix_application_by_submission",
            ["cycle_id", "submitted_at", "id"],
            unique=False,
            postgresql_where=sa.text("submitted_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_application_form_id"), ["form_id"], unique=False)
        batch_op.create_index("ix_application_person", ["person_id", sa.literal_column("id DESC")], unique=False)
        batch_op.create_index(
            "ix_application_search",
            ["search_text"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
        batch_op.create_index(batch_op.f("ix_application_site_id"), ["site_id"], unique=False)

    op.create_table(
        "section",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("intro", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_section_form_id_form"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section")),
    )
    with op.batch_alter_table("section", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_section_form_id"), ["form_id"], unique=False)

    op.create_table(
        "answer",
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_answer_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", "question_key", name=op.f("pk_answer")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=False),
        sa.Column("assigned_by_id", sa.BigInteger(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "state",
            sa.Enum("assigned", "draft", "submitted", "recused", name="assignmentstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "scores", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("score", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recusal_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'submitted') = (score IS NOT NULL)", name=op.f("ck_assignment_score")),
        sa.CheckConstraint(
            "(state = 'submitted') = (submitted_at IS NOT NULL)", name=op.f("ck_assignment_submitted_at")
        ),
        sa.CheckConstraint(
            "state <> 'recused' OR (scores = '{}'::jsonb AND comment = '')", name=op.f("ck_assignment_recused")
        ),
        sa.CheckConstraint("state IN ('assigned', 'draft', 'submitted', 'recused')", name=op.f("ck_assignment_state")),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_assignment_score_range")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_assignment_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["assigned_by_id"], ["person.id"], name=op.f("fk_assignment_assigned_by_id_person")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["person.id"], name=op.f("fk_assignment_reviewer_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("application_id", "reviewer_id", name="uq_assignment_once"),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_reviewer", ["reviewer_id", "state", "due_at", "id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("offer", "waitlist", "decline", name="outcome", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_edited", sa.Boolean(), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by_id", sa.BigInteger(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("outcome IN ('offer', 'waitlist', 'decline')", name=op.f("ck_decision_outcome")),
        sa.CheckConstraint("(released_at IS NULL) = (released_by_id IS NULL)", name=op.f("ck_decision_released")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_decision_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_decision_decided_by_id_person")),
        sa.ForeignKeyConstraint(["released_by_id"], ["person.id"], name=op.f("fk_decision_released_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_application", ["application_id", "id"], unique=False)
        batch_op.create_index(
            "uq_decision_one_open", ["application_id"], unique=True, postgresql_where=sa.text("released_at IS NULL")
        )

    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by_id", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_document_sha256")),
        sa.CheckConstraint("size > 0", name=op.f("ck_document_size")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_document_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["person.id"], name=op.f("fk_document_uploaded_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_document_storage_key")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index("ix_document_application", ["application_id", "question_key"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_note_application_id_application"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_note_author_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_application_id"), ["application_id"], unique=False)

    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("section_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), server_default="", nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column(
            "settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("for_reviewers", sa.Boolean(), nullable=False),
        sa.Column("identifies", sa.Boolean(), nullable=False),
        sa.Column("in_queue", sa.Boolean(), nullable=False),
        sa.CheckConstraint("key ~ '^[a-z][a-z0-9_]{0,40}$'", name=op.f("ck_question_key")),
        sa.ForeignKeyConstraint(
            ["section_id"], ["section.id"], name=op.f("fk_question_section_id_section"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_section_id"), ["section_id"], unique=False)

    op.create_table(
        "review_summary",
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle_id", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("assigned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("submitted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mean", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column("low", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column("high", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column(
            "rank",
            sa.Numeric(precision=4, scale=2),
            sa.Computed("coalesce(mean, 0)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "is_wide", sa.Boolean(), sa.Computed("coalesce(high - low >= 2, false)", persisted=True), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_review_summary_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_review_summary_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_review_summary")),
    )
    with op.batch_alter_table("review_summary", schema=None) as batch_op:
        batch_op.create_index(
            "ix_review_summary_by_assigned",
            ["cycle_id", "assigned", "application_id"],
            unique=False,
            postgresql_where=sa.text("is_open"),
        )
        batch_op.create_index("ix_review_summary_by_rank", ["cycle_id", "rank", "application_id"], unique=False)
        batch_op.create_index(
            "ix_review_summary_wide",
            ["cycle_id", "application_id"],
            unique=False,
            postgresql_where=sa.text("is_wide"),
        )

    op.create_table(
        "status_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "draft",
                "submitted",
                "eligible",
                "in_review",
                "panel",
                "decided",
                "offered",
                "waitlisted",
                "not_selected",
                "withdrawn",
                name="status",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "target",
            sa.Enum(
                "draft",
                "submitted",
                "eligible",
                "in_review",
                "panel",
                "decided",
                "offered",
                "waitlisted",
                "not_selected",
                "withdrawn",
                name="status",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_status_event_actor_id_person")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_status_event_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_event")),
    )
    with op.batch_alter_table("status_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_status_event_application_id"), ["application_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("status_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_status_event_application_id"))

    op.drop_table("status_event")
    with op.batch_alter_table("review_summary", schema=None) as batch_op:
        batch_op.drop_index("ix_review_summary_wide")
        batch_op.drop_index("ix_review_summary_by_rank")
        batch_op.drop_index("ix_review_summary_by_assigned")

    op.drop_table("review_summary")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_section_id"))

    op.drop_table("question")
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_note_application_id"))

    op.drop_table("note")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index("ix_document_application")

    op.drop_table("document")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("uq_decision_one_open", postgresql_where=sa.text("released_at IS NULL"))
        batch_op.drop_index("ix_decision_application")

    op.drop_table("decision")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_assignment_reviewer")

    op.drop_table("assignment")
    op.drop_table("answer")
    with op.batch_alter_table("section", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_section_form_id"))

    op.drop_table("section")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_application_site_id"))
        batch_op.drop_index(
            "ix_application_search", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"}
        )
        batch_op.drop_index("ix_application_person")
        batch_op.drop_index(batch_op.f("ix_application_form_id"))
        batch_op.drop_index("ix_application_by_submission")
        batch_op.drop_index("ix_application_by_status")
        batch_op.drop_index("ix_application_by_reference")
        batch_op.drop_index("ix_application_by_name")
        batch_op.drop_index("ix_application_by_change")

    op.drop_table("application")
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.drop_index("uq_form_one_draft", postgresql_where=sa.text("state = 'draft'"))

    op.drop_table("form")
    with op.batch_alter_table("cycle_date", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cycle_date_cycle_id"))

    op.drop_table("cycle_date")
    with op.batch_alter_table("criterion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_criterion_cycle_id"))

    op.drop_table("criterion")
    op.drop_table("application_tally")
    with op.batch_alter_table("opportunity_site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opportunity_site_site_id"))

    op.drop_table("opportunity_site")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_unit_id"))
        batch_op.drop_index(batch_op.f("ix_membership_opportunity_id"))

    op.drop_table("membership")
    op.drop_table("letter_template")
    with op.batch_alter_table("cycle", schema=None) as batch_op:
        batch_op.drop_index("ix_cycle_window")
        batch_op.drop_index(batch_op.f("ix_cycle_opportunity_id"))

    op.drop_table("cycle")
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_unit_id"))

    op.drop_table("site")
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkey_user_id"))

    op.drop_table("passkey")
    with op.batch_alter_table("opportunity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opportunity_unit_id"))
        batch_op.drop_index("ix_opportunity_title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"})
        batch_op.drop_index("ix_opportunity_state")
        batch_op.drop_index("ix_opportunity_by_title")
        batch_op.drop_index("ix_opportunity_search", postgresql_using="gin")
        batch_op.drop_index(
            "ix_opportunity_scheduled", postgresql_where=sa.text("state = 'draft' AND publish_at IS NOT NULL")
        )

    op.drop_table("opportunity")
    op.drop_table("unit")
    op.drop_table("catalogue_stamp")
    op.drop_table("synonym")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("ix_person_sort_name")
        batch_op.drop_index("ix_person_search", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"})

    op.drop_table("person")
    op.drop_table("page")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_to_address")
        batch_op.drop_index("ix_message_thing")
        batch_op.drop_index("ix_message_state")
        batch_op.drop_index("ix_message_search", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"})
        batch_op.drop_index(batch_op.f("ix_message_person_id"))

    op.drop_table("message")
    with op.batch_alter_table("kept_form", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_form_created_at"))

    op.drop_table("kept_form")
    op.drop_table("branding")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_verb")
        batch_op.drop_index("ix_audit_event_thing")
        batch_op.drop_index("ix_audit_event_at", postgresql_using="brin")
        batch_op.drop_index("ix_audit_event_actor")

    op.drop_table("audit_event")
