"""Keyset pagination: every order, both ways, with NULLs and ties, and cursors that are not ours."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from portal.core import paging
from portal.core.paging import Key, decode, encode, paginate

rows = sa.table("things", sa.column("name", sa.Text), sa.column("score", sa.Numeric), sa.column("id", sa.BigInteger))
WORDS = ["b", "a", "a", "c", "b", "a", "d"]
SCORES = [Decimal(1), None, Decimal(3), Decimal(3), None, Decimal(2), Decimal(1)]


@pytest.fixture
def session(connection: sa.Connection) -> Session:
    made = Session(connection, join_transaction_mode="create_savepoint")
    made.execute(sa.text("CREATE TEMPORARY TABLE things (id bigint, name text, score numeric) ON COMMIT DROP"))
    for i, (word, score) in enumerate(zip(WORDS, SCORES, strict=True), 1):
        made.execute(rows.insert().values(id=i, name=word, score=score))
    return made


ORDERS: dict[str, list[Key]] = {
    "up": [Key(rows.c.name), Key(rows.c.id)],
    "down": [Key(rows.c.name, descending=True), Key(rows.c.id, descending=True)],
    "mixed": [Key(rows.c.name, descending=True), Key(rows.c.id)],
    "nulls": [Key(rows.c.score, descending=True, nullable=True), Key(rows.c.id)],
    "nulls up": [Key(rows.c.score, nullable=True), Key(rows.c.id)],
}


@pytest.mark.parametrize("name", list(ORDERS))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_join_both_ways(session: Session, name: str, size: int) -> None:
    keys, query = ORDERS[name], sa.select(rows.c.id)
    whole = [row.id for row in paginate(session, query, keys, size=100).rows]
    assert sorted(whole) == [1, 2, 3, 4, 5, 6, 7]
    page = paginate(session, query, keys, size=size)
    assert page.before == ""
    forwards = [[row.id for row in page.rows]]
    while page.after:
        page = paginate(session, query, keys, size=size, after=page.after)
        forwards.append([row.id for row in page.rows])
    assert list(chain.from_iterable(forwards)) == whole
    backwards = [forwards[-1]]
    while page.before:
        page = paginate(session, query, keys, size=size, before=page.before)
        backwards.append([row.id for row in page.rows])
    assert list(chain.from_iterable(reversed(backwards))) == whole
    last = paginate(session, query, keys, size=size, last=True)
    assert [row.id for row in last.rows] == whole[-size:]


def test_orders_are_what_they_say(session: Session) -> None:
    found = {
        name: [(row._key0, row.id) for row in paginate(session, sa.select(rows.c.id), keys, size=9).rows]
        for name, keys in ORDERS.items()
    }
    assert found["up"] == sorted(found["up"])
    assert found["down"] == sorted(found["up"], reverse=True)
    assert all((a[0] > b[0]) or (a[0] == b[0] and a[1] < b[1]) for a, b in pairwise(found["mixed"]))
    assert [key for key, _ in found["nulls"]] == [3, 3, 2, 1, 1, None, None]


def test_keys_of_one_direction_compare_as_rows(session: Session) -> None:
    query = sa.select(rows.c.id).where(paging._beyond(ORDERS["up"], ["a", 1], False))
    assert "(things.name, things.id) > (" in str(query)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", encode(["a"]), encode([1, 2]), encode(["a", "b"]), encode(["a", 2**63]), encode(["a", None]),
     encode(["a\0", 1]), encode(["a", True]), encode(["a", Decimal(1)]),
     encode([datetime(2026, 11, 23, tzinfo=UTC), 1]), "e30"],
)  # fmt: skip
def test_other_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(BadRequest):
        paging._values(cursor, ORDERS["up"])


def test_odd_numbers_and_times_are_refused() -> None:
    for column, value in ((rows.c.score, Decimal("NaN")), (sa.column("at", sa.DateTime()), datetime(2027, 1, 1))):
        with pytest.raises(BadRequest):
            paging._values(encode([value, 1]), [Key(column), Key(rows.c.id)])


@given(
    st.lists(
        st.none() | st.text() | st.integers() | st.datetimes(timezones=st.just(UTC)) | st.decimals(allow_nan=False),
        min_size=1,
        max_size=4,
    )
)
def test_cursors_keep_their_values(values: list[Any]) -> None:
    assert decode(encode(values), len(values)) == values
