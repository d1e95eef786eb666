"""Counting the statements that a page runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask

from portal.core.db import db

NOT_QUERIES = ("SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def count_queries(app: Flask) -> Iterator[list[str]]:
    """The statements run inside the block, in order; what only brackets a test's transaction is left out."""
    with app.app_context():
        target = db.engine
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(NOT_QUERIES):
            found.append(statement)

    sa.event.listen(target, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(target, "before_cursor_execute", note)
