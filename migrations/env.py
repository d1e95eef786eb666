"""Alembic's environment: the application's own engine and models; revisions are numbers that follow one another."""

from typing import Any

from alembic import context
from alembic.operations import MigrationScript
from alembic.script import ScriptDirectory
from flask import current_app

from portal.core.db import db


def include_object(_object: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Leave the job queue's tables to its own schema."""
    return not (kind in {"table", "index"} and reflected and (name or "").startswith("procrastinate_"))


def number(ctx: Any, _revision: Any, directives: list[MigrationScript]) -> None:
    """Give a new revision the next number."""
    head = ScriptDirectory.from_config(ctx.config).get_current_head()
    directives[0].rev_id = f"{int(head or 0) + 1:04d}"


def run() -> None:
    """Run the migrations in one transaction on a connection handed in by the caller, or on one of the engine."""
    handed: Any = context.config.attributes.get("connection")
    if handed is not None:
        migrate(handed)
        return
    with db.engine.connect() as connection:
        migrate(connection)
        connection.commit()


def migrate(connection: Any) -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    options |= {"process_revision_directives": number, "include_object": include_object, "compare_type": True}
    context.configure(connection=connection, target_metadata=db.metadata, **options)
    with context.begin_transaction():
        context.run_migrations()


run()
