"""Moving dates: clock times stay across daylight saving, weekdays stay where asked, and no date passes another."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue.shifting import Shift, Step

BOSTON = ZoneInfo("America/New_York")
DAYS = st.dates(date(2000, 1, 1), date(2150, 1, 1))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2150, 1, 1), timezones=st.just(BOSTON))
SHIFTS = st.builds(Shift, st.integers(1, 40), st.sampled_from(Step), st.just(BOSTON), st.booleans(), DAYS)


@pytest.mark.parametrize(
    ("shift", "before", "after"),
    [
        (Shift(1, Step.DAYS, BOSTON), datetime(2027, 3, 13, 9), datetime(2027, 3, 14, 9)),  # the clocks go forward
        (Shift(1, Step.WEEKS, BOSTON), datetime(2027, 11, 1, 23, 59), datetime(2027, 11, 8, 23, 59)),  # and back
        (Shift(1, Step.DAYS, BOSTON), datetime(2027, 3, 13, 2, 30), datetime(2027, 3, 14, 3, 30)),  # no such hour
        (Shift(26, Step.WEEKS, BOSTON), datetime(2027, 1, 4, 17), datetime(2027, 7, 5, 17)),
    ],
)
def test_a_clock_time_stays_across_daylight_saving(shift: Shift, before: datetime, after: datetime) -> None:
    moved = shift(before.replace(tzinfo=BOSTON).astimezone(UTC))
    assert moved.astimezone(BOSTON).replace(tzinfo=None) == after
    assert moved.tzinfo is UTC


def test_february_29_and_the_end_of_the_calendar() -> None:
    assert Shift(1, Step.YEARS, BOSTON)(date(2028, 2, 29)) == date(2029, 2, 28)
    assert Shift(4, Step.YEARS, BOSTON)(date(2028, 2, 29)) == date(2032, 2, 29)
    for step in Step:
        with pytest.raises(OverflowError):
            Shift(600, step, BOSTON)(date(9999, 12, 1))


@given(SHIFTS, MOMENTS)
def test_minutes_stay_and_hours_unless_there_is_none(shift: Shift, moment: datetime) -> None:
    later = shift(moment.astimezone(UTC)).astimezone(BOSTON)
    local = moment.astimezone(UTC).astimezone(BOSTON)
    assert later.minute == local.minute
    assert later > local
    assert later.hour - local.hour in {0, 1}


@given(SHIFTS, DAYS)
def test_weekdays_stay_where_asked_and_nothing_drifts(shift: Shift, day: date) -> None:
    later = shift(day)
    plain = Shift(shift.n, shift.step, BOSTON)(day)
    assert abs(later - plain) <= timedelta(days=6 if shift.weekdays else 0)
    if shift.weekdays:
        assert later.weekday() == day.weekday()


@given(SHIFTS, DAYS, DAYS)
def test_no_date_passes_another(shift: Shift, one: date, other: date) -> None:
    first, second = sorted((one, other))
    assert shift(first) <= shift(second)
