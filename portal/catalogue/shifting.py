"""Moving the dates of a cycle to a later one: by years, weeks or days, on the portal's clock.

A clock time stays what people read on the clock, across changes of daylight saving.  Where the weekday is kept, all
dates move by one number of whole weeks, so that none passes another.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

Moment = TypeVar("Moment", date, datetime)
WEEK = 7


class Step(StrEnum):
    """What a shift counts in."""

    YEARS = "years"
    WEEKS = "weeks"
    DAYS = "days"

    @property
    def label(self) -> str:
        return self.value.capitalize()


@dataclass(frozen=True)
class Shift:
    """So many steps later; with `weekdays` to the nearest whole number of weeks, at least
    one, reckoned from `anchor`."""

    n: int
    step: Step
    zone: ZoneInfo
    weekdays: bool = False
    anchor: date | None = None

    def __call__(self, value: Moment) -> Moment:
        """The same moment of the later cycle.  Raises OverflowError beyond the calendar."""
        if isinstance(value, datetime):
            local = value.astimezone(self.zone)
            later = datetime.combine(self._day(local.date()), local.time(), tzinfo=self.zone)
            return later.astimezone(value.tzinfo)
        return self._day(value)

    def _day(self, day: date) -> date:
        if not self.weekdays or self.step is Step.WEEKS:
            return self._plain(day)
        anchor = self.anchor or day
        apart = (self._plain(anchor) - anchor).days
        return day + timedelta(days=max(round(apart / WEEK), 1) * WEEK)

    def _plain(self, day: date) -> date:
        """So many steps later, whatever the weekday; February 29 becomes 28 where there is none."""
        if self.step is Step.YEARS:
            if day.year + self.n > date.max.year:
                raise OverflowError("no such year")
            try:
                return day.replace(year=day.year + self.n)
            except ValueError:
                return day.replace(year=day.year + self.n, day=28)
        return day + timedelta(days=self.n * (WEEK if self.step is Step.WEEKS else 1))
