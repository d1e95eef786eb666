"""The dates by which a cycle promises its stages, in their order."""

from collections.abc import Mapping
from datetime import date

STAGE_DATES = {
    "eligibility_by": "Eligibility checked by",
    "reviews_by": "Reviews done by",
    "meeting_by": "Selection meeting by",
    "decisions_by": "Decision letters by",
}
"""Columns of a cycle, and their names as staff and applicants read them."""


def out_of_order(dates: Mapping[str, date | None]) -> tuple[str, str] | None:
    """The first two stages that are promised against their order; None where the order is kept.

    In: the column and its day.  Out: the column that is too early, and the words of the stage it must not come before.
    """
    last: tuple[str, date] | None = None
    for column in STAGE_DATES:
        day = dates.get(column)
        if day is None:
            continue
        if last is not None and day < last[1]:
            return column, STAGE_DATES[last[0]]
        last = column, day
    return None


def order_words(before: str) -> str:
    """What to do about a date that comes before that of an earlier stage."""
    return f"Choose a day that is not before “{before}”."
