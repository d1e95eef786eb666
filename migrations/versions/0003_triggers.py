"""What constraints cannot say: the audit trail only grows, published forms stay as they are, tallies are counted."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

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
          SELECT cycle_id, status, count(*) FROM fresh GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, -count(*) FROM gone GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      ELSE
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, sum(d) FROM (
            SELECT cycle_id, status, 1 AS d FROM fresh UNION ALL SELECT cycle_id, status, -1 FROM gone) AS c
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
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for trigger, table in (
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
        "portal_tally_applications",
        "portal_frozen_question",
        "portal_frozen_section",
        "portal_append_only",
    ):
        op.execute(f"DROP FUNCTION {function}()")
