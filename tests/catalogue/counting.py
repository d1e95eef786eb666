"""Counting the queries of a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


class Count:
    n = 0


@contextmanager
def count_queries() -> Iterator[Count]:
    """Count what is sent to the database inside the block, savepoints aside."""
    count = Count()

    def seen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        count.n += not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))

    sa.event.listen(sa.Engine, "before_cursor_execute", seen)
    try:
        yield count
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", seen)
