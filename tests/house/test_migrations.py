"""Rules of the house about migrations: they make what the models say, and the way back exists."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask

from portal import create_app
from portal.core.db import db
from tests.conftest import make_database, make_settings

MIGRATIONS = Path(__file__).parents[2] / "migrations"

# What a migration can leave behind: tables, indexes, sequences, triggers, functions and types of our own.
THINGS = """
  SELECT 'relation ' || c.relkind::text || ' ' || c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'alembic%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
  UNION ALL SELECT 'trigger ' || t.tgname || ' ' || t.tgrelid::regclass FROM pg_trigger t WHERE NOT t.tgisinternal
  UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  UNION ALL SELECT 'constraint ' || conname || ' ' || conrelid::regclass FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'
  ORDER BY 1
"""


def config(app: Flask) -> Any:
    return app.extensions["migrate"].migrate.get_config(str(MIGRATIONS))


def things() -> set[str]:
    with db.engine.connect() as connection:
        return set(connection.scalars(sa.text(THINGS)))


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with app.app_context():
        command.check(config(app))  # raises with the differences


def test_every_migration_goes_down_and_up_again(server_url: str, tmp_path: Path) -> None:
    app = create_app(make_settings(make_database(server_url, "portal_house"), tmp_path))
    with app.app_context():
        script = ScriptDirectory.from_config(config(app))
        levels: list[set[str]] = [things()]
        revisions = [revision.revision for revision in reversed(list(script.walk_revisions()))]
        for revision in revisions:
            command.upgrade(config(app), revision)
            levels.append(things())
        for level in reversed(levels[:-1]):
            command.downgrade(config(app), "-1")
            assert things() == level
        command.upgrade(config(app), "head")
        assert things() == levels[-1]
        db.engine.dispose()


def test_the_tracked_head_is_the_head(app: Flask) -> None:
    with app.app_context():
        script = ScriptDirectory.from_config(config(app))
    assert (MIGRATIONS / "HEAD").read_text().strip() == script.get_current_head()


def test_revisions_are_numbers_that_follow_one_another(app: Flask) -> None:
    with app.app_context():
        revisions = [revision.revision for revision in ScriptDirectory.from_config(config(app)).walk_revisions()]
    assert sorted(revisions) == [f"{n:04d}" for n in range(1, len(revisions) + 1)]
