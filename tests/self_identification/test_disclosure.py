"""Nobody can be worked out of a report, nor of two: not by who knows how it is made and how many people answered."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.self_identification.disclosure import CHANCES, FEWEST, STEP, Span, spans

Counts = tuple[int, ...]
Report = tuple[Span | None, ...]


def drawn(counts: Counts, chances: Counts) -> Report:
    """The report of these counts when chance gave these numbers."""
    left = iter(chances)

    def chance(below: int) -> int:
        assert below == CHANCES
        return next(left)

    return tuple(spans(counts, chance))


@cache
def reports(counts: Counts) -> frozenset[Report]:
    """Every report that these counts can have: of the chances of a count only those matter that lead elsewhere."""
    elsewhere = [{(n + chance) // STEP: chance for chance in range(CHANCES)}.values() for n in counts]
    return frozenset(drawn(counts, chances) for chances in product(*elsewhere))


def compositions(people: int, answers: int) -> Iterator[Counts]:
    """All ways in which so many people can give so many answers."""
    if answers == 1:
        yield (people,)
        return
    for first in range(people + 1):
        for rest in compositions(people - first, answers - 1):
            yield (first, *rest)


def changed(counts: Counts, by: Counts) -> Counts:
    return tuple(n + more for n, more in zip(counts, by, strict=True))


@pytest.mark.parametrize(
    ("counts", "chances", "report"),
    [
        ((12, 9, 7), (0, 0, 0), (None, None, None)),  # 12 to 19 with two of nine at most would nearly fit 28
        ((12, 9, 7), (0, 1, 0), (None, Span(5, 19), None)),  # 7 is left out, and the first of the others with it
        ((12, 9, 7), (5, 1, 3), (Span(5, 19), Span(5, 19), Span(5, 19))),
        ((22, 14, 4), (0, 0, 5), (Span(15, 29), None, None)),
        ((40, 25, 18), (0, 2, 0), (Span(35, 49), Span(15, 29), Span(5, 19))),
        ((20, 0, 0), (5, 5, 5), (None, None, None)),  # all alike
        ((4, 4, 4), (5, 5, 5), (None, None, None)),
    ],
)
def test_what_is_said(counts: Counts, chances: Counts, report: Report) -> None:
    assert drawn(counts, chances) == report


@given(st.lists(st.integers(0, 200), min_size=1, max_size=9))
def test_what_is_said_is_true_and_never_of_few(counts: list[int]) -> None:
    said = spans(counts)
    assert len(said) == len(counts)
    for n, span in zip(counts, said, strict=True):
        assert span is None or (FEWEST <= span.least <= n <= span.most and span.most - span.least == 14)
    assert said.count(None) != 1 or len(counts) == 1


@given(st.integers(0, 300))
def test_chance_moves_a_count_by_one_span_at_most(n: int) -> None:
    """A hundred others give the sum room, so that the count is seen as it is."""
    said = {drawn((n, 22, 22, 22), (chance, 0, 0, 0))[0] for chance in range(CHANCES)}
    assert len(said) <= 2


@pytest.mark.parametrize(("answers", "most"), [(2, 50), (3, 40)])
def test_one_report_tells_no_count(answers: int, most: int) -> None:
    """Every report of so many people: each count has several values among the tables that give it."""
    for people in range(1, most + 1):
        by_report: dict[Report, list[Counts]] = defaultdict(list)
        for counts in compositions(people, answers):
            for report in reports(counts):
                by_report[report].append(counts)
        for tables in by_report.values():
            assert all(len(set(column)) > 1 for column in zip(*tables, strict=True))


@pytest.mark.parametrize("joined", [1, 2, 3, 4])
@pytest.mark.parametrize(("answers", "most"), [(2, 50), (3, 40)])
def test_of_up_to_four_who_joined_each_may_have_said_anything(answers: int, most: int, joined: int) -> None:
    """Every pair of reports before and after they joined (or after and before they left): no answer is certain for any
    of them, and none is ruled out."""
    seen = 0
    for people in range(1, most + 1):
        possible: dict[tuple[Report, Report], set[Counts]] = defaultdict(set)
        for counts in compositions(people, answers):
            for by in compositions(joined, answers):
                for pair in product(reports(counts), reports(changed(counts, by))):
                    possible[pair].add(by)
        for said in possible.values():
            assert len(said) > 1
            assert all(any(column) for column in zip(*said, strict=True))
        seen += sum(one != other for one, other in possible)
    assert seen > 100  # reports do differ


@pytest.mark.parametrize(("answers", "most"), [(2, 50), (3, 40)])
def test_of_one_who_left_and_one_who_came_each_may_have_said_anything(answers: int, most: int) -> None:
    for people in range(1, most + 1):
        possible: dict[tuple[Report, Report], set[tuple[int, int]]] = defaultdict(set)
        for counts in compositions(people, answers):
            for left, came in product(range(answers), repeat=2):
                if counts[left]:
                    by = tuple((i == came) - (i == left) for i in range(answers))
                    for pair in product(reports(counts), reports(changed(counts, by))):
                        possible[pair].add((left, came))
        everything = set(range(answers))
        for said in possible.values():
            assert {came for _, came in said} == everything
            assert people == 1 or {left for left, _ in said} == everything


@given(st.lists(st.integers(0, 60), min_size=4, max_size=9), st.data())
def test_of_more_answers_two_stay_possible_for_who_joined(counts: list[int], data: st.DataObject) -> None:
    """The tables that give both reports are those between bounds, with a sum: there is one if the sums of the bounds
    leave the sum between them.  Reports in which a count was left out beside another say less, and are passed over."""
    answer = data.draw(st.integers(0, len(counts) - 1))
    chances = st.tuples(*[st.integers(0, CHANCES - 1)] * len(counts))
    one = _bare(tuple(counts), data.draw(chances))
    other = _bare(tuple(n + (i == answer) for i, n in enumerate(counts)), data.draw(chances))
    possible = [i for i in range(len(counts)) if _fits(one, other, i, sum(counts))]
    assert answer in possible
    assert len(possible) >= 2


def _bare(counts: Counts, chances: Counts) -> Report:
    """A report in which just what came to 0 is left out."""
    report = drawn(counts, chances)
    assume(
        report == tuple(span if (n + c) // STEP else None for n, c, span in zip(counts, chances, report, strict=True))
    )
    assume(any(report) and [(n + c) // STEP for n, c in zip(counts, chances, strict=True)].count(0) != 1)
    return report


def _fits(one: Report, other: Report, answer: int, people: int) -> bool:
    """Whether a table of so many people gives the one report, and with one more of this answer the other."""
    least = most = 0
    for place, (before, then) in enumerate(zip(one, other, strict=True)):
        before, then = before or Span(0, STEP - 1), then or Span(0, STEP - 1)
        more = place == answer
        low, high = max(before.least, then.least - more), min(before.most, then.most - more)
        if low > high:
            return False
        least, most = least + low, most + high
    return least <= people <= most


def test_reports_with_exact_counts_become_spans() -> None:
    spanned = import_module("migrations.versions.0023_spans").spanned
    before = {"label": "Q", "cells": [["A", 24], ["B", 5], ["C", None], ["D", 12]], "total": 43}
    seen = set()
    for _ in range(200):
        after = spanned(before)
        assert {*after} == {"label", "cells"}
        assert [words for words, _ in after["cells"]] == ["A", "B", "C", "D"]
        assert [span for words, span in after["cells"] if words != "B"] == [[15, 29], None, [5, 19]]
        seen.add(str(after["cells"][1][1]))
    assert seen == {"None", "[5, 19]"}
