"""Deleting an application for good deletes all that hangs on it, in the database alone."""

import sqlalchemy as sa

from portal.applications.models import Application
from portal.core.db import db

STAYS = {("receipt", "application_id")}
"""What outlives its application and names nobody: its reference to it becomes empty."""


def test_every_foreign_key_below_an_application_cascades(context: None) -> None:
    """Over all tables that are reached: one that does not cascade keeps an application from being deleted."""
    found = sa.inspect(db.engine)
    keys = {
        (table, key["constrained_columns"][0], key["referred_table"], key["options"].get("ondelete", ""))
        for table in found.get_table_names()
        for key in found.get_foreign_keys(table)
    }
    reached: set[str] = set()
    below = {Application.__tablename__}
    while below - reached:
        reached |= below
        below = {table for table, _, of, does in keys if of in reached and does == "CASCADE"}
    assert {"answer", "document", "document_text", "application_revision", "letter", "endorsement_link"} <= reached
    wrong = {
        (table, column, of, does)
        for table, column, of, does in keys
        if of in reached and does != "CASCADE" and not (does == "SET NULL" and (table in reached))
    }
    assert {(table, column) for table, column, _, _ in wrong} == STAYS, wrong
    assert {does for _, _, _, does in wrong} == {"SET NULL"}
