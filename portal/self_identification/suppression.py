"""Counts that reveal nobody: cells under five are left out, and so is a cell beside them.

A single cell that is left out could be computed from the total and the others, and two small ones from their sum and
their limit of four.  So wherever a cell is left out, the smallest of the others is left out with it (all that are
equally small, or who knows the order would know which), and where there is no other, the total is.  This is primary and
complementary cell suppression as in Willenborg and de Waal, Elements of Statistical Disclosure Control (2001),
chapter 1, for a table of one dimension.

Tables about the same people have the same total, so one can give away what another leaves out: four cells under five
of sixteen people are four each.  `suppress_together` leaves out all of them then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST = 5


@dataclass(frozen=True)
class Counts:
    """A table as it may be shown: None stands for what is left out."""

    cells: dict[str, int | None]
    total: int | None


def suppress(counts: Mapping[str, int]) -> Counts:
    """The table without what could tell of somebody.

    In: how many people are in each cell; every person is in one.  Out: the cells in their order, and the total.
    """
    left_out = {name for name, n in counts.items() if n < FEWEST}
    shown = [name for name in counts if name not in left_out]
    total: int | None = sum(counts.values())
    if left_out and shown:
        smallest = min(counts[name] for name in shown)
        left_out |= {name for name in shown if counts[name] == smallest}
    elif left_out:
        total = None
    return Counts({name: None if name in left_out else n for name, n in counts.items()}, total)


def suppress_together(tables: Sequence[Mapping[str, int]]) -> list[Counts]:
    """Tables about the same people, each without what could tell of somebody, and none of what another leaves out.

    In: as for `suppress`, one for each question that these people were asked.  Where every cell of one holds the most
    that is left out, knowing how many people there are would tell each cell: then nothing of any table is shown.
    """
    if any(set(counts.values()) == {FEWEST - 1} for counts in tables):
        return [Counts(dict.fromkeys(counts), None) for counts in tables]
    return [suppress(counts) for counts in tables]
