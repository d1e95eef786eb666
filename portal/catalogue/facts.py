"""A listing in words: its key facts and the calendar of a cycle."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal.catalogue.snapshot import Intake, Listing
from portal.core import clock

MOST_FACTS = 4


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; `is_sample` where the value is invented; `half_days` draws the week before it."""

    label: str
    value: str
    is_sample: bool
    half_days: float | None = None


def all_facts(listing: Listing, cycle: Intake | None) -> list[Fact]:
    """Everything stated of a listing as label and value, most telling first; what the source does not state is left
    out."""
    sample = listing.sample_fields
    time = ", ".join(part for part in (listing.time_words, listing.length_words) if part)
    facts = [
        Fact("Time", time, bool(sample & {"time_words", "length_words", "half_days"}), listing.half_days),
        Fact("Who it is for", listing.who, bool(sample & {"audience_words", "audiences"})),
        Fact("Money", listing.money, bool(sample & listing.money_fields)),
        Fact("Where", listing.where, bool(sample & {"place_words", "places"})),
    ]
    if cycle is not None and cycle.seats:
        facts.append(Fact("Places", f"{cycle.seats} in {cycle.name}", "seats" in cycle.sample_fields))
    if listing.fte is not None:
        facts.append(Fact("Full-time equivalent", f"{listing.fte.normalize():f} FTE", "fte" in sample))
    return [fact for fact in facts if fact.value]


@dataclass(frozen=True, slots=True)
class Step:
    """One date of a cycle: when and what in words; `state` is done, now or empty."""

    when: str
    what: str
    state: str
    is_sample: bool


def calendar(cycle: Intake, at: datetime, zone: ZoneInfo) -> list[Step]:
    """The public calendar of a cycle in order; the first date still to come is `now` once the cycle has begun."""
    today = at.astimezone(zone).date()
    rows = sorted(_dates(cycle, at, zone), key=lambda row: row[0])
    begun = cycle.opens_at is not None and cycle.opens_at <= at
    steps = []
    for start, end, what, field, instant in rows:
        is_done = instant <= at if instant else end < today
        state = "done" if is_done else "now" if begun else ""
        begun = begun and is_done
        words = _day(start, zone, today) if start == end else f"{_day(start, zone, today)} to {_day(end, zone, today)}"
        steps.append(Step(words, what, state, field in cycle.sample_fields))
    return steps


def _day(day: date, zone: ZoneInfo, today: date) -> str:
    return clock.day(day, zone, today=today, weekday="none")


def _dates(cycle: Intake, at: datetime, zone: ZoneInfo) -> list[tuple[date, date, str, str, datetime | None]]:
    """First day, last day, words, the field it comes from, and the instant where there is one."""
    found: list[tuple[date, date, str, str, datetime | None]] = []
    if cycle.opens_at is not None:
        day = cycle.opens_at.astimezone(zone).date()
        found.append((day, day, f"Applications open{'ed' if cycle.opens_at <= at else ''}", "opens_at", cycle.opens_at))
    if cycle.closes_at is not None:
        day = cycle.closes_at.astimezone(zone).date()
        verb = "closed" if cycle.closes_at <= at else "close"
        words = f"Applications {verb}, {clock.clock_time(cycle.closes_at, zone)}"
        found.append((day, day, words, "closes_at", cycle.closes_at))
    found += [(one.starts_on, one.ends_on or one.starts_on, one.label, "dates", None) for one in cycle.dates]
    if cycle.decisions_by is not None:
        words = "Everyone has a decision letter by email"
        found.append((cycle.decisions_by, cycle.decisions_by, words, "decisions_by", None))
    if cycle.starts_on is not None:
        found.append((cycle.starts_on, cycle.starts_on, "It begins", "starts_on", None))
    return found
