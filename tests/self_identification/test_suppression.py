"""Nobody can be worked out of a report: not from its sums, and not by who knows how it is made."""

from collections import defaultdict
from itertools import combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.self_identification.suppression import FEWEST, Counts, suppress, suppress_together

COUNTS = st.lists(st.integers(0, 40), min_size=2, max_size=8)


def table(counts: list[int] | tuple[int, ...]) -> Counts:
    return suppress({f"c{i}": n for i, n in enumerate(counts)})


def key(shown: Counts) -> tuple[tuple[int | None, ...], int | None]:
    return tuple(shown.cells.values()), shown.total


@pytest.mark.parametrize(
    ("counts", "cells", "total"),
    [
        ([12, 9, 7], [12, 9, 7], 28),
        ([12, 9, 4], [12, None, None], 25),
        ([12, 0, 9], [12, None, None], 21),
        ([12, 3, 2], [None, None, None], 17),
        ([4, 3], [None, None], None),
        ([0, 0], [None, None], None),
        ([5, 5], [5, 5], 10),
        ([5, 5, 1], [None, None, None], 11),
    ],
)
def test_what_is_left_out(counts: list[int], cells: list[int | None], total: int | None) -> None:
    assert key(table(counts)) == (tuple(cells), total)


@given(COUNTS)
def test_what_is_shown_is_true_and_never_small(counts: list[int]) -> None:
    shown = table(counts)
    for n, cell in zip(counts, shown.cells.values(), strict=True):
        assert cell is None or (cell == n and n >= FEWEST)
    assert shown.total in (None, sum(counts))


@given(COUNTS)
def test_no_single_cell_is_the_rest_of_the_others(counts: list[int]) -> None:
    shown = table(counts)
    left_out = [n for n, cell in zip(counts, shown.cells.values(), strict=True) if cell is None]
    if shown.total is not None and left_out:
        assert len(left_out) >= 2
        assert sum(left_out) >= FEWEST


@pytest.mark.parametrize("cells", [2, 3, 4])
def test_who_knows_the_method_still_cannot_tell_a_small_cell(cells: int) -> None:
    """Every table that gives the same report, tried out: each cell under five has several values among them."""
    by_report: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(14 if cells < 4 else 11), repeat=cells):
        by_report[key(table(counts))].append(counts)
    told = []
    for report, tables in by_report.items():
        for i in range(cells):
            values = {counts[i] for counts in tables}
            if len(values) == 1 and min(values) < FEWEST:
                told.append((report, i))
    assert told == []


def compositions(people: int, cells: int) -> list[tuple[int, ...]]:
    """All tables of so many cells about so many people."""
    cuts = combinations_with_replacement(range(people + 1), cells - 1)
    return [tuple(b - a for a, b in zip((0, *cut), (*cut, people), strict=True)) for cut in cuts]


@pytest.mark.parametrize("cells", [(2, 2), (2, 3), (3, 3)])
def test_who_subtracts_one_table_from_another_of_the_same_people_tells_nobody(cells: tuple[int, int]) -> None:
    """Every pair of tables about the same people that gives the same two: each small cell still has several values."""
    by_report: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for people in range((FEWEST - 1) * max(cells) + 2):
        for one, two in product(*(compositions(people, size) for size in cells)):
            shown = suppress_together([{f"c{i}": n for i, n in enumerate(counts)} for counts in (one, two)])
            by_report[tuple(map(key, shown))].append((*one, *two))
    told = [
        (report, i)
        for report, pairs in by_report.items()
        for i in range(sum(cells))
        if len({pair[i] for pair in pairs}) == 1 and pairs[0][i] < FEWEST
    ]
    assert told == []


def test_a_total_that_would_tell_each_cell_is_shown_nowhere() -> None:
    fours, others = {"a": 4, "b": 4, "c": 4}, {"a": 7, "b": 5, "c": 0}
    assert suppress(others).total == 12  # alone it tells of nobody
    assert [key(table) for table in suppress_together([fours, others])] == [((None,) * 3, None)] * 2
    assert [key(table) for table in suppress_together([others, {"a": 12}])] == [((7, None, None), 12), ((12,), 12)]


@given(st.lists(COUNTS, min_size=2, max_size=2))
def test_each_number_of_two_reports_is_of_five_people_or_more(counts: list[list[int]]) -> None:
    """Reports of two cycles are of different people (a cycle has one report), so a difference is between groups."""
    for shown in map(table, counts):
        assert all(n is None or n >= FEWEST for n in shown.cells.values())
