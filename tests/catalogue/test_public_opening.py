"""The computed opening: which cycle speaks, what state it gives, and the words, over daylight saving too."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue.opening import CLOSING, Window, Words, describe, moments, window
from portal.catalogue.status import Opening

EASTERN = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # Monday, 9:00 am ET


@dataclass(frozen=True)
class Span:
    opens_at: datetime | None
    closes_at: datetime | None


def span(opens: float | None, closes: float | None) -> Span:
    """A cycle that opens and closes so many days from now."""
    return Span(
        None if opens is None else NOW + timedelta(days=opens), None if closes is None else NOW + timedelta(days=closes)
    )


def words(*cycles: Span, at: datetime = NOW) -> Words:
    return describe(window(cycles, at), at, EASTERN)


OPEN, CLOSING_ONE, ROLLING = span(-5, 30), span(-5, 10), span(-5, None)
UPCOMING, LATER, CLOSED, LONG_CLOSED = span(5, 40), span(90, 120), span(-60, -3), span(-400, -370)


@pytest.mark.parametrize(
    ("cycles", "state", "speaks"),
    [
        ((), Opening.NONE, None),
        ((OPEN,), Opening.OPEN, OPEN),
        ((CLOSING_ONE,), Opening.CLOSING, CLOSING_ONE),
        ((ROLLING,), Opening.ROLLING, ROLLING),
        ((UPCOMING,), Opening.UPCOMING, UPCOMING),
        ((CLOSED,), Opening.CLOSED, CLOSED),
        ((OPEN, CLOSING_ONE, ROLLING, UPCOMING, CLOSED), Opening.CLOSING, CLOSING_ONE),
        ((ROLLING, OPEN), Opening.OPEN, OPEN),
        ((CLOSED, ROLLING, UPCOMING), Opening.ROLLING, ROLLING),
        ((LATER, CLOSED, UPCOMING), Opening.UPCOMING, UPCOMING),
        ((LONG_CLOSED, CLOSED), Opening.CLOSED, CLOSED),
        ((span(None, None),), Opening.NONE, None),
    ],
)
def test_the_cycle_that_speaks(cycles, state, speaks):
    found = window(cycles, NOW)
    assert (found.state, found.cycle) == (state, speaks)


def test_edges_are_exact():
    one = span(0, 20)
    tick = timedelta(microseconds=1)
    assert window([one], NOW - tick).state is Opening.UPCOMING
    assert window([one], NOW).state is Opening.OPEN
    assert window([one], one.closes_at - CLOSING - tick).state is Opening.OPEN
    assert window([one], one.closes_at - CLOSING).state is Opening.CLOSING
    assert window([one], one.closes_at - tick).state is Opening.CLOSING
    assert window([one], one.closes_at).state is Opening.CLOSED


@pytest.mark.parametrize(
    ("closes", "at", "expected"),
    [
        # two weeks: a badge with the day, then weekday and clock
        (
            datetime(2026, 12, 7, 23, 59, tzinfo=EASTERN),
            NOW,
            Words("warn", "Closes Dec 7", "", "Monday, 11:59 pm ET", has_clock=True),
        ),
        (datetime(2026, 12, 18, 23, 59, tzinfo=EASTERN), NOW, Words("ok", "Open", "Closes ", "Friday, Dec 18")),
        (datetime(2027, 1, 15, 23, 59, tzinfo=EASTERN), NOW, Words("ok", "Open", "Closes ", "Friday, Jan 15, 2027")),
        (
            datetime(2026, 11, 25, 8, 59, tzinfo=EASTERN),
            NOW,
            Words("warn", "Closes in 47 hours", "", "Wed, Nov 25, 8:59 am ET", has_clock=True),
        ),
        (
            datetime(2026, 11, 25, 9, 0, tzinfo=EASTERN),
            NOW,
            Words("warn", "Closes Nov 25", "", "Wednesday, 9:00 am ET", has_clock=True),
        ),
        (
            datetime(2026, 11, 23, 9, 20, tzinfo=EASTERN),
            NOW,
            Words("warn", "Closes in under an hour", "", "Mon, Nov 23, 9:20 am ET", has_clock=True),
        ),
        # the night of November 1, 2026 has 25 hours, that of March 14, 2027 has 23
        (
            datetime(2026, 11, 1, 23, 59, tzinfo=EASTERN),
            datetime(2026, 10, 31, 23, 59, tzinfo=EASTERN),
            Words("warn", "Closes in 25 hours", "", "Sun, Nov 1, 11:59 pm ET", has_clock=True),
        ),
        (
            datetime(2027, 3, 14, 23, 59, tzinfo=EASTERN),
            datetime(2027, 3, 13, 23, 59, tzinfo=EASTERN),
            Words("warn", "Closes in 23 hours", "", "Sun, Mar 14, 11:59 pm ET", has_clock=True),
        ),
        # 1:30 am happens twice on November 1: the second one is an hour later
        (
            datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=EASTERN),
            datetime(2026, 11, 1, 1, 30, fold=0, tzinfo=EASTERN),
            Words("warn", "Closes in 1 hour", "", "Sun, Nov 1, 1:30 am ET", has_clock=True),
        ),
    ],
)
def test_words_of_a_deadline(closes, at, expected):
    closes, at = closes.astimezone(UTC), at.astimezone(UTC)
    assert words(Span(at - timedelta(days=30), closes), at=at) == expected


def test_words_without_a_deadline_ahead():
    assert words(ROLLING) == Words("ok", "Open", "Reviewed as they arrive", "")
    assert words() == Words("idle", "Not open now", "No dates announced", "")
    opens = datetime(2027, 1, 11, 9, 0, tzinfo=EASTERN).astimezone(UTC)
    assert words(Span(opens, None)) == Words("idle", "Opens Jan 11, 2027", "", "Monday, 9:00 am ET", has_clock=True)
    assert words(Span(NOW - timedelta(days=60), NOW - timedelta(days=17))) == Words(
        "idle", "Closed", "Closed ", "Friday, Nov 6"
    )


def test_words_in_another_zone():
    closes = datetime(2026, 12, 7, 23, 59, tzinfo=EASTERN).astimezone(UTC)
    found = window([Span(NOW - timedelta(days=1), closes)], NOW)
    there = describe(found, NOW, ZoneInfo("Africa/Kampala"))
    assert (there.badge, there.when) == ("Closes Dec 8", "Tuesday, 7:59 am EAT")


DAYS = st.integers(-40, 40)


@given(st.lists(st.tuples(DAYS, st.none() | st.integers(1, 60)), max_size=5), DAYS, DAYS)
def test_nothing_changes_between_the_moments_of_change(cycles, at_day, later_day):
    made = [span(opens, None if length is None else opens + length) for opens, length in cycles]
    at, later = sorted((NOW + timedelta(days=at_day, hours=1), NOW + timedelta(days=later_day, hours=1)))
    changes = [moment for one in made for moment in moments(one) if at < moment <= later]
    first, second = window(made, at), window(made, later)
    assert isinstance(first, Window)
    if not changes:
        assert first == second
    if first.is_open:
        assert first.cycle.opens_at <= at
        assert first.moment is None or first.moment > at
