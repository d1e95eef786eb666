"""Reports of self-identification in spans: those that were made with exact counts could be subtracted from others."""

import json
import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rewrite(spanned)


def downgrade() -> None:
    """The counts are gone: all is left out, as the version before it says that."""
    _rewrite(lambda table: table | {"cells": [[words, None] for words, _ in table["cells"]], "total": None})


def spanned(table: dict[str, Any]) -> dict[str, Any]:
    """A table of exact counts in spans of tens with chance in them, as reports are made since, and without its sum."""
    cells = [[words, _span(n) if n is not None else None] for words, n in table["cells"]]
    return {"label": table["label"], "cells": cells}


def _span(count: int) -> list[int] | None:
    tens = 10 * ((count + secrets.randbelow(6)) // 10)
    return [tens - 5, tens + 9] if tens else None


def _rewrite(changed: Any) -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT cycle_id, tables FROM self_id_report")).all():
        connection.execute(
            sa.text("UPDATE self_id_report SET tables = CAST(:tables AS jsonb) WHERE cycle_id = :cycle_id"),
            {"cycle_id": row.cycle_id, "tables": json.dumps([changed(table) for table in row.tables])},
        )
