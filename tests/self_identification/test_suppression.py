"""Nobody can be worked out of a report: not from its sums, and not by who knows how it is made."""

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.self_identification.suppression import FEWEST, Counts, suppress

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


@given(st.data())
def test_subtracting_the_reports_of_two_cycles_tells_of_nobody(data: st.DataObject) -> None:
    """Different cycles are different people, so a difference is between numbers of five and more, or with nothing."""
    size = data.draw(st.integers(2, 6))
    one, two = (data.draw(st.lists(st.integers(0, 30), min_size=size, max_size=size)) for _ in range(2))
    for mine, theirs in zip(table(one).cells.values(), table(two).cells.values(), strict=True):
        assert all(n is None or n >= FEWEST for n in (mine, theirs))
