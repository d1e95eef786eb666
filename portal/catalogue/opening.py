"""What a visitor can do with a listing at a moment, computed from the dates of its published cycles.

Which cycle speaks for a listing: of those open now, the one that closes first, rolling ones last; where none is open,
the next to open; where none will open, the one that closed last.  A cycle is open from `opens_at` on and closed from
`closes_at` on; the silent grace is shown to nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from portal.catalogue.status import Opening
from portal.core import clock

# As long as the words say at most "14 days left".
CLOSING = timedelta(days=15)
IN_HOURS = timedelta(hours=48)

TAKES_APPLICATIONS = frozenset({Opening.OPEN, Opening.CLOSING, Opening.ROLLING})


class Dated(Protocol):
    """Whatever opens and maybe closes: a cycle as a row or as the snapshot holds it."""

    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


C = TypeVar("C", bound=Dated)


@dataclass(frozen=True, slots=True)
class Window(Generic[C]):
    """The state of a listing, the cycle that speaks for it, and the moment that matters (UTC): when it closes, opens
    or closed; None where it is rolling or nothing is announced."""

    state: Opening
    cycle: C | None
    moment: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in TAKES_APPLICATIONS


@dataclass(frozen=True, slots=True)
class Words:
    """A window in words: the badge with its tone, then a line of `lead` and `when`.

    `when` names the moment; `has_clock` says that it includes a clock time, after which the reader's own may stand.
    """

    tone: str
    badge: str
    lead: str
    when: str
    has_clock: bool = False


def window(cycles: Sequence[C], at: datetime) -> Window[C]:
    """The state of a listing with these published cycles at a moment."""
    begun = [cycle for cycle in cycles if cycle.opens_at is not None and cycle.opens_at <= at]
    running = [cycle for cycle in begun if cycle.closes_at is None or cycle.closes_at > at]
    if running:
        cycle = min(running, key=lambda one: (one.closes_at is None, one.closes_at or at, one.opens_at))
        if cycle.closes_at is None:
            return Window(Opening.ROLLING, cycle, None)
        state = Opening.CLOSING if cycle.closes_at - at <= CLOSING else Opening.OPEN
        return Window(state, cycle, cycle.closes_at)
    coming = [
        (cycle.opens_at, i) for i, cycle in enumerate(cycles) if cycle.opens_at is not None and cycle.opens_at > at
    ]
    if coming:
        moment, i = min(coming)
        return Window(Opening.UPCOMING, cycles[i], moment)
    ended = [(cycle.closes_at, i) for i, cycle in enumerate(cycles) if cycle.closes_at is not None]
    if ended:
        moment, i = max(ended)
        return Window(Opening.CLOSED, cycles[i], moment)
    return Window(Opening.NONE, None, None)


def moments(cycle: Dated) -> tuple[datetime, ...]:
    """The moments at which a cycle changes what `window` answers."""
    changes = [cycle.opens_at] if cycle.opens_at is not None else []
    if cycle.closes_at is not None:
        changes += [cycle.closes_at - CLOSING, cycle.closes_at]
    return tuple(changes)


def describe(found: Window[C], at: datetime, zone: ZoneInfo) -> Words:
    """The words of a window, with times in the given zone."""
    moment = found.moment
    if moment is None:
        rolling = found.state is Opening.ROLLING
        return Words("ok", "Open", "Reviewed as they arrive", "") if rolling else _NOTHING
    today = at.astimezone(zone).date()
    if found.state in {Opening.OPEN, Opening.CLOSED}:
        long_day = clock.day(moment, zone, today=today, weekday="long")
        return (
            Words("ok", "Open", "Closes ", long_day) if found.is_open else Words("idle", "Closed", "Closed ", long_day)
        )
    if found.state is Opening.CLOSING and moment - at < IN_HOURS:
        left = clock.time_left(moment, at).removesuffix(" left")
        return Words("warn", f"Closes in {left}", "", clock.day_and_time(moment, zone, today=today), has_clock=True)
    tone, verb = ("warn", "Closes") if found.state is Opening.CLOSING else ("idle", "Opens")
    badge = f"{verb} {clock.day(moment, zone, today=today, weekday='none')}"
    return Words(tone, badge, "", f"{moment.astimezone(zone):%A}, {clock.clock_time(moment, zone)}", has_clock=True)


_NOTHING = Words("idle", "Not open now", "No dates announced", "")
