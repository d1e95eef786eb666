"""What constraints cannot say: the audit trail only grows, published forms stay as they are, tallies are counted."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Tables of the public catalogue; of a cycle and a form only the columns that the public reads, because each submission
# counts up `cycle.last_number`.
STAMPED = {
    "opportunity": "",
    "opportunity_site": "",
    "unit": "",
    "site": "",
    "page": "",
    "synonym": "",
    "cycle_date": "",
    "form": " OF state, cycle_id",
    "cycle": " OF opportunity_id, name, state, opens_at, closes_at, seats, decisions_by, starts_on, minutes_to_apply, "
    "sample_fields",
}

STATEMENTS = (
    # audit trail: append-only for every role, the owner's too
    """
    CREATE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$
    """,
    """
    CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only()
    """,
    """
    CREATE TRIGGER status_event_append_only BEFORE UPDATE OR TRUNCATE ON status_event
    FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only()
    """,
    # forms: the sections and questions of a published version do not change
    """
    CREATE FUNCTION portal_frozen_section() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE touched bigint[] := array_remove(ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.form_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.form_id END], NULL);
    BEGIN
      IF EXISTS (SELECT FROM form WHERE id = ANY(touched) AND state <> 'draft') THEN
        RAISE EXCEPTION 'a published form is frozen' USING ERRCODE = 'check_violation', CONSTRAINT = 'form_frozen';
      END IF;
      RETURN coalesce(NEW, OLD);
    END $$
    """,
    """
    CREATE FUNCTION portal_frozen_question() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE touched bigint[] := array_remove(ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.section_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.section_id END], NULL);
    BEGIN
      IF EXISTS (SELECT FROM section JOIN form ON form.id = section.form_id
                 WHERE section.id = ANY(touched) AND form.state <> 'draft') THEN
        RAISE EXCEPTION 'a published form is frozen' USING ERRCODE = 'check_violation', CONSTRAINT = 'form_frozen';
      END IF;
      RETURN coalesce(NEW, OLD);
    END $$
    """,
    """
    CREATE TRIGGER section_frozen BEFORE INSERT OR UPDATE OR DELETE ON section
    FOR EACH ROW EXECUTE FUNCTION portal_frozen_section()
    """,
    """
    CREATE TRIGGER question_frozen BEFORE INSERT OR UPDATE OR DELETE ON question
    FOR EACH ROW EXECUTE FUNCTION portal_frozen_question()
    """,
    # tallies: one upsert a statement, rows in a fixed order so that two statements cannot deadlock
    """
    CREATE FUNCTION portal_tally_applications() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, count(*) FROM fresh
          WHERE status <> 'withdrawn' OR submitted_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, -count(*) FROM gone
          WHERE status <> 'withdrawn' OR submitted_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      ELSE
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, sum(d) FROM (
            SELECT cycle_id, status, submitted_at, 1 AS d FROM fresh
            UNION ALL SELECT cycle_id, status, submitted_at, -1 FROM gone) AS c
          WHERE status <> 'withdrawn' OR submitted_at IS NOT NULL
          GROUP BY 1, 2 HAVING sum(d) <> 0 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER application_tally_insert AFTER INSERT ON application REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION portal_tally_applications()
    """,
    """
    CREATE TRIGGER application_tally_update AFTER UPDATE ON application REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION portal_tally_applications()
    """,
    """
    CREATE TRIGGER application_tally_delete AFTER DELETE ON application REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION portal_tally_applications()
    """,
    # every submitted application has a summary of its reviews, which knows whether it still waits for them
    """
    CREATE FUNCTION portal_summarise_applications() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO review_summary AS s (application_id, cycle_id, is_open)
        SELECT id, cycle_id, status IN ('submitted', 'eligible', 'in_review') FROM fresh
        WHERE submitted_at IS NOT NULL ORDER BY id
        ON CONFLICT (application_id) DO UPDATE SET is_open = excluded.is_open
        WHERE s.is_open <> excluded.is_open;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER application_summary_insert AFTER INSERT ON application REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION portal_summarise_applications()
    """,
    """
    CREATE TRIGGER application_summary_update AFTER UPDATE ON application REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION portal_summarise_applications()
    """,
    # what the public reads of the catalogue has a stamp; taken before any row, so that two writers queue, not deadlock
    "INSERT INTO catalogue_stamp (id) VALUES (1)",
    """
    CREATE FUNCTION portal_stamp_catalogue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE catalogue_stamp SET stamp = gen_random_uuid(); RETURN NULL; END $$
    """,
    *(
        f"CREATE TRIGGER {table}_stamp BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE{columns} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION portal_stamp_catalogue()"
        for table, columns in STAMPED.items()
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for trigger, table in (
        *((f"{table}_stamp", table) for table in reversed(STAMPED)),
        ("application_summary_update", "application"),
        ("application_summary_insert", "application"),
        ("application_tally_delete", "application"),
        ("application_tally_update", "application"),
        ("application_tally_insert", "application"),
        ("question_frozen", "question"),
        ("section_frozen", "section"),
        ("status_event_append_only", "status_event"),
        ("audit_event_append_only", "audit_event"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in (
        "portal_stamp_catalogue",
        "portal_summarise_applications",
        "portal_tally_applications",
        "portal_frozen_question",
        "portal_frozen_section",
        "portal_append_only",
    ):
        op.execute(f"DROP FUNCTION {function}()")
