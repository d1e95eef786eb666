"""Keyset pagination: a page is found by the values of its edge row, so that page 1,000 costs what page 1 costs."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.exceptions import BadRequest

BROKEN = "That page link is incomplete. Start again from the first page."
LARGEST = 2**63
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # what JSON can write and PostgreSQL holds in no text


@dataclass(frozen=True)
class Key:
    """One column of an order.  `nulls_last` columns sort their NULLs after every value, whichever the direction."""

    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Slice:
    """One page of rows with the cursors of its neighbours; a cursor is empty where there is none."""

    rows: Sequence[Any]
    before: str
    after: str


def encode(values: Sequence[Any]) -> str:
    """A cursor for the URL: the edge row's key values as JSON in base64."""
    plain = [
        {"t": value.isoformat()}
        if isinstance(value, datetime)
        else {"d": str(value)}
        if isinstance(value, Decimal)
        else value
        for value in values
    ]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """The values of a cursor.  Raises BadRequest when it is not one of ours."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(raw, list) or len(raw) != length:
            raise ValueError
        return [
            datetime.fromisoformat(v["t"]) if isinstance(v, dict) and "t" in v
            else Decimal(v["d"]) if isinstance(v, dict)
            else v
            for v in raw
        ]  # fmt: skip
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise BadRequest(BROKEN) from error


def _values(cursor: str, keys: Sequence[Key]) -> list[Any]:
    """The values of a cursor, of the types of its keys.  Raises BadRequest for others, which SQL could not compare."""
    values = decode(cursor, len(keys))
    for key, value in zip(keys, values, strict=True):
        if value is None:
            fits = key.nullable
        else:
            fits = type(value) is key.column.type.python_type
            fits = fits and not (isinstance(value, int) and abs(value) >= LARGEST)
            fits = fits and not (isinstance(value, str) and UNSTORABLE.search(value))
            fits = fits and not (isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) < 100))
            fits = fits and not (isinstance(value, datetime) and value.tzinfo is None)
        if not fits:
            raise BadRequest(BROKEN)
    return values


def _beyond(keys: Sequence[Key], values: Sequence[Any], backwards: bool) -> ColumnElement[bool]:
    """Rows strictly after (or before) the edge, as a lexicographic comparison that knows NULLs.

    Keys without NULLs in one direction compare as rows, which an index answers from the edge on; of others the first
    key bounds the index.
    """
    if not any(key.nullable for key in keys) and len({key.descending for key in keys}) == 1:
        row = tuple_(*(key.column for key in keys))
        edge = tuple_(*(literal(v, k.column.type) for k, v in zip(keys, values, strict=True)))
        return row < edge if keys[0].descending != backwards else row > edge
    options = []
    for i, key in enumerate(keys):
        same = [k.column.is_(None) if v is None else k.column == v for k, v in zip(keys[:i], values[:i], strict=True)]
        options.append(and_(*same, _past(key, values[i], backwards)))
    first, value = keys[0], values[0]
    if first.nullable:
        return or_(*options)
    descending = first.descending != backwards
    return and_(first.column <= value if descending else first.column >= value, or_(*options))


def _past(key: Key, value: Any, backwards: bool) -> ColumnElement[bool]:
    descending = key.descending != backwards
    if value is None:  # NULLs stand last going forwards, so first going backwards
        return key.column.is_not(None) if backwards else key.column.in_([])
    further = key.column < value if descending else key.column > value
    return or_(further, key.column.is_(None)) if key.nullable and not backwards else further


def paginate(
    session: Any,
    query: Select[*tuple[Any, ...]],
    keys: Sequence[Key],
    *,
    size: int,
    after: str = "",
    before: str = "",
    last: bool = False,
) -> Slice:
    """One page of `query` in the order of `keys`, whose columns must be among those selected or of the entity.

    In: at most one of a cursor to go on from, a cursor to go back from, or `last` for the last page.  The last key
    must be unique.  Out: the rows in order, with cursors.  Raises BadRequest for a broken cursor.
    """
    backwards = bool(before) or last
    edge = before or after
    if edge:
        query = query.where(_beyond(keys, _values(edge, keys), backwards))
    order = []
    for key in keys:
        column = key.column.desc() if key.descending != backwards else key.column.asc()
        order.append((column.nulls_first() if backwards else column.nulls_last()) if key.nullable else column)
    query = query.add_columns(*(key.column.label(f"_key{i}") for i, key in enumerate(keys)))
    rows = session.execute(query.order_by(*order).limit(size + 1)).all()
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    cursor = (
        [encode([getattr(row, f"_key{i}") for i in range(len(keys))]) for row in (rows[0], rows[-1])]
        if rows
        else ["", ""]
    )
    has_before = more if backwards else bool(after)
    has_after = (bool(before)) if backwards else more
    return Slice(rows, cursor[0] if has_before else "", cursor[1] if has_after else "")
