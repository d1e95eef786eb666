"""Counts that reveal nobody, neither from one report nor from what changed between two.

A count goes out as a span.  A whole number from 0 to 5, drawn anew for each count, is added to it, and the sum is
rounded down to tens: 10 then stands for 5 to 19 people, 20 for 15 to 29, and so on.  What comes to 0 is left out, so a
count under five always is, and one up to nine sometimes.  No sum is given; and where a single count is left out, the
smallest of the others is left out with it.  This is cell suppression, primary and complementary, together with random
rounding (Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001, chapters 1 and 9): suppression
alone protects one table, but 12, 9 and 7 people in one year and 13, 9 and 7 in the next tell what the one who joined
had said.

Neighbouring spans share five numbers, and four people more or fewer never skip a span; so whatever changed between two
reports about people who are the same but for one to four, each of these may have given any of the answers.  That holds
for one count.  Who also knows how many people answered, which no report says, knows what the counts of a table add up
to; so a table whose spans leave that sum less than `ROOM` from its least or its most is left out as a whole.  With two
or three answers this closes the rest, as the tests try out; with more, somebody who joined has still at least two
answers that are possible.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FEWEST = 5
STEP = 10
CHANCES = 6
ROOM = 11


@dataclass(frozen=True)
class Span:
    """What is said of a count: how many people there are at least and at most."""

    least: int
    most: int


def spans(counts: Sequence[int], chance: Callable[[int], int] = secrets.randbelow) -> list[Span | None]:
    """What may be said of each count of a table; None stands for what is left out.

    In: how many people gave each answer, each of them one; what draws a number from 0 to below its argument.  Two
    calls about the same people could be averaged, so a table is drawn once and kept.
    """
    levels = [(count + chance(CHANCES)) // STEP for count in counts]
    of_all = [_span(level) for level in levels]
    least, most = sum(span.least for span in of_all), sum(span.most for span in of_all)
    if not least + ROOM <= sum(counts) <= most - ROOM:
        return [None] * len(levels)
    return [span if level else None for level, span in zip(_complementary(levels), of_all, strict=True)]


def _complementary(levels: list[int]) -> list[int]:
    """The levels with a second one at 0 where one is: of equally small ones, the first."""
    if levels.count(0) != 1 or len(levels) == 1:
        return levels
    smallest = levels.index(min(level for level in levels if level))
    return [0 if place == smallest else level for place, level in enumerate(levels)]


def _span(level: int) -> Span:
    return Span(STEP * level - (CHANCES - 1) if level else 0, STEP * level + STEP - 1)
