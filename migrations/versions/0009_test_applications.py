"""Test applications, which no tally, summary or list holds; and the version of a form that an applicant last knew."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ONE_EACH = "uq_application_one_each"


def tally(real: str) -> str:
    """The function that counts applications; `real` is a further condition on what counts."""
    counts = f"(status <> 'withdrawn' OR submitted_at IS NOT NULL){real}"
    return f"""
    CREATE OR REPLACE FUNCTION portal_tally_applications() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, count(*) FROM fresh
          WHERE {counts} GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, -count(*) FROM gone
          WHERE {counts} GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      ELSE
        INSERT INTO application_tally AS t (cycle_id, status, n)
          SELECT cycle_id, status, sum(d) FROM (
            SELECT cycle_id, status, submitted_at, {"is_test, " if real else ""}1 AS d FROM fresh
            UNION ALL SELECT cycle_id, status, submitted_at, {"is_test, " if real else ""}-1 FROM gone) AS c
          WHERE {counts}
          GROUP BY 1, 2 HAVING sum(d) <> 0 ORDER BY 1, 2
          ON CONFLICT (cycle_id, status) DO UPDATE SET n = t.n + excluded.n;
      END IF;
      RETURN NULL;
    END $$
    """


def summarise(real: str) -> str:
    """The function that keeps a summary of reviews for each submitted application."""
    return f"""
    CREATE OR REPLACE FUNCTION portal_summarise_applications() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO review_summary AS s (application_id, cycle_id, is_open)
        SELECT id, cycle_id, status IN ('submitted', 'eligible', 'in_review') FROM fresh
        WHERE submitted_at IS NOT NULL{real} ORDER BY id
        ON CONFLICT (application_id) DO UPDATE SET is_open = excluded.is_open
        WHERE s.is_open <> excluded.is_open;
      RETURN NULL;
    END $$
    """


def upgrade() -> None:
    op.add_column("cycle", sa.Column("last_test_number", sa.Integer(), server_default="0", nullable=False))
    op.add_column("application", sa.Column("is_test", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("application", sa.Column("known_form_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_application_known_form_id_form", "application", "form", ["known_form_id"], ["id"])
    op.drop_constraint(ONE_EACH, "application", type_="unique")
    real = sa.text("NOT is_test")
    op.create_index(ONE_EACH, "application", ["cycle_id", "person_id"], unique=True, postgresql_where=real)
    op.create_index("ix_application_tests", "application", ["person_id", "id"], postgresql_where=sa.text("is_test"))
    op.execute(tally(" AND NOT is_test"))
    op.execute(summarise(" AND NOT is_test"))


def downgrade() -> None:
    op.execute("DELETE FROM application WHERE is_test")
    op.execute(summarise(""))
    op.execute(tally(""))
    op.drop_index("ix_application_tests", "application")
    op.drop_index(ONE_EACH, "application")
    op.create_unique_constraint(ONE_EACH, "application", ["cycle_id", "person_id"])
    op.drop_constraint("fk_application_known_form_id_form", "application", type_="foreignkey")
    op.drop_column("application", "known_form_id")
    op.drop_column("application", "is_test")
    op.drop_column("cycle", "last_test_number")
