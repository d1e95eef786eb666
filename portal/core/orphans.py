"""Bytes in the store without a row, and rows without bytes: found and made good, whatever killed what was under way.

Every table that keeps a file has a column named `storage_key`; that name alone makes a table known here.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from portal.core import storage
from portal.core.db import Base, db

KEY_COLUMN = "storage_key"
GRACE = timedelta(days=2)
"""How old an object must be before it counts as left behind: far older than any upload that is still under way."""
FEW = 20
ROWS_AT_ONCE = 2000
log = logging.getLogger(__name__)


class Suspicious(Exception):
    """Most objects have no row, or most rows no object: store and database belong to different deployments."""


@dataclass
class Swept:
    """What a sweep did.  `lost` holds the ids of rows whose bytes are missing, by table."""

    objects: int = 0
    deleted: int = 0
    unfinished: int = 0
    lost: dict[str, list[int]] = field(default_factory=dict)


def owners() -> list[sa.Column[str]]:
    """The columns that hold keys of the store, of all tables."""
    return [table.c[KEY_COLUMN] for table in Base.metadata.sorted_tables if KEY_COLUMN in table.c]


def sweep(now: datetime, *, grace: timedelta = GRACE) -> Swept:
    """Delete objects older than `grace` that no row names, and find the rows whose object is gone.

    The store is listed before the rows are read, so that what is stored meanwhile is never taken for left behind.
    Raises Suspicious before anything is deleted, and StorageDown.
    """
    done = Swept()
    seen: set[int] = set()  # hashes: a million keys in some tens of megabytes
    left: list[str] = []
    for batch in storage.everything():
        done.objects += len(batch)
        seen.update(hash(key) for key, _ in batch)
        left += _without_row([key for key, written in batch if written < now - grace])
    if len(left) > FEW and len(left) * 2 > done.objects:
        raise Suspicious(f"{len(left)} of {done.objects} objects in the store have no row: is it another deployment's?")
    for key in left:
        storage.delete(key)
    done.deleted = len(left)
    done.unfinished = storage.sweep_unfinished(now - grace)
    for column in owners():
        if missing := _without_object(column, seen):
            done.lost[column.table.name] = missing
    return done


def _without_row(keys: list[str]) -> list[str]:
    if not keys:
        return []
    known = sa.union_all(*(sa.select(column).where(column.in_(keys)) for column in owners()))
    named = set(db.session.scalars(known))
    return [key for key in keys if key not in named]


def _without_object(column: sa.Column[str], seen: set[int]) -> list[int]:
    """Ids of rows of a table whose object was neither listed nor is there when asked for by name."""
    missing: list[int] = []
    rows = 0
    for row_id, key in _rows(column):
        rows += 1
        if hash(key) not in seen and not storage.exists(key):
            missing.append(row_id)
    if len(missing) > FEW and len(missing) * 2 > rows:
        raise Suspicious(f"{len(missing)} of {rows} files of {column.table.name} are not in the store")
    return missing


def _rows(column: sa.Column[str]) -> Iterator[tuple[int, str]]:
    key = next(iter(column.table.primary_key))
    last = 0
    while True:
        query = sa.select(key, column).where(key > last, column.is_not(None)).order_by(key).limit(ROWS_AT_ONCE)
        found = db.session.execute(query).all()
        if not found:
            return
        yield from ((row[0], row[1]) for row in found)
        last = found[-1][0]
