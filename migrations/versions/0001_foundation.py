"""Extensions, the immutable unaccent that indexes need, and the job queue's tables."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for extension in ("citext", "pg_trgm", "unaccent"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    # unaccent() itself is only STABLE, because its dictionary can be swapped; naming the dictionary makes it immutable
    op.execute(
        "CREATE FUNCTION portal_unaccent(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT "
        "AS $$ SELECT public.unaccent('public.unaccent'::regdictionary, $1) $$"
    )
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    """Take away what was made; the extensions stay, since others in the database may use them."""
    op.execute("DROP FUNCTION portal_unaccent(text)")
    op.execute(
        """
        DO $$ DECLARE r record; BEGIN
          FOR r IN SELECT oid::regclass AS t FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%' LOOP
            EXECUTE 'DROP TABLE IF EXISTS ' || r.t || ' CASCADE'; END LOOP;
          FOR r IN SELECT oid::regprocedure AS f FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' LOOP
            EXECUTE 'DROP FUNCTION IF EXISTS ' || r.f || ' CASCADE'; END LOOP;
          FOR r IN SELECT oid::regtype AS t FROM pg_type
                   WHERE typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c') LOOP
            EXECUTE 'DROP TYPE IF EXISTS ' || r.t || ' CASCADE'; END LOOP;
        END $$
        """
    )
