"""By when a cycle promised each stage, and whether it is late.

A decision is private until its letter has gone: whoever waits for the selection meeting and whoever waits for a letter
are promised the same date, and told of the same changes, so that nothing tells one from the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.applications.models import Application
from portal.applications.stage_models import StageNotice
from portal.applications.status import ALIKE, Status
from portal.catalogue.cycle_dates import STAGE_DATES
from portal.catalogue.inputs import portal_zone
from portal.catalogue.models import Cycle
from portal.core.db import db


@dataclass(frozen=True)
class Stage:
    """A stage with a promised date: the column of the cycle, its words, and the statuses that wait for it."""

    column: str
    label: str
    promise: str
    waiting: frozenset[Status]

    def by(self, cycle: Cycle) -> date | None:
        """The day a cycle promises it by."""
        found: date | None = getattr(cycle, self.column)
        return found


_PROMISES = {
    "eligibility_by": ("we would check eligibility", {Status.SUBMITTED}),
    "reviews_by": ("reviews would be done", {Status.ELIGIBLE, Status.IN_REVIEW}),
    "meeting_by": ("the selection committee would meet", {Status.PANEL}),
    "decisions_by": ("we would send decision letters", {Status.DECIDED}),
}
STAGES = tuple(
    Stage(column, label, _PROMISES[column][0], frozenset(_PROMISES[column][1])) for column, label in STAGE_DATES.items()
)
LABELS = {stage.column: stage.label for stage in STAGES}
_PLACE = {status: place for place, stage in enumerate(STAGES) for status in stage.waiting}


def concerned(columns: Collection[str]) -> frozenset[Status]:
    """The statuses of those whom a change of these dates concerns: they wait for one of these stages, or will."""
    last = max((place for place, stage in enumerate(STAGES) if stage.column in columns), default=-1)
    found = frozenset(status for status, place in _PLACE.items() if place <= last)
    return found | ALIKE if found & ALIKE else found


@dataclass(frozen=True)
class Promise:
    """What an applicant was told comes next, and by when."""

    stage: Stage
    by: date
    is_late: bool


def promise_of(application: Application, *, today: date) -> Promise | None:
    """The earliest date that is promised for what has not happened yet; None where nothing is promised.

    In: today in the zone of the portal.  It is late from the day after.  A day before the application was submitted
    promised it nothing.
    """
    status = application.shown
    if application.submitted_at is None or status not in _PLACE:
        return None
    ahead = STAGES[-1:] if status in ALIKE else STAGES[_PLACE[status] :]
    since = day_of(application.submitted_at)
    for stage in ahead:
        by = stage.by(application.cycle)
        # Nobody waits for the meeting alone: only who is past it knows that it was held, and that is private.
        if by is not None and by >= since and stage.column != "meeting_by":
            return Promise(stage, by, is_late=today > by)
    return None


def day_of(moment: datetime) -> date:
    """The day in the zone of the portal, in which dates are promised."""
    return moment.astimezone(portal_zone()).date()


@dataclass(frozen=True)
class Late:
    """A stage whose date has passed while so many applications wait for it."""

    stage: Stage
    by: date
    waiting: int


def late_in(
    cycles: Iterable[Cycle], tallies: Mapping[int, Mapping[Status, int]], *, today: date
) -> dict[int, list[Late]]:
    """The stages in which cycles are late, by cycle, with how many applications wait: those that were promised the day.

    In: cycles, how many of their applications stand in each status, today in the zone of the portal.  Asks the database
    once, and only where a tally says that somebody waits.
    """
    candidates = [
        (cycle, stage, by)
        for cycle in cycles
        for place, stage in enumerate(STAGES)
        if (by := stage.by(cycle)) is not None and today > by and _before(place) & _standing(tallies[cycle.id])
    ]
    if not candidates:
        return {}
    waits = [_waits(cycle, stage, by) for cycle, stage, by in candidates]
    counts = db.session.execute(
        select(*(func.count().filter(wait) for wait in waits)).select_from(Application).where(or_(*waits))
    ).one()
    found: dict[int, list[Late]] = {}
    for (cycle, stage, by), n in zip(candidates, counts, strict=True):
        if n:
            found.setdefault(cycle.id, []).append(Late(stage, by, n))
    return found


def _before(place: int) -> frozenset[Status]:
    """The statuses that have not reached a stage."""
    return frozenset(status for status, own in _PLACE.items() if own <= place)


def _standing(tally: Mapping[Status, int]) -> frozenset[Status]:
    return frozenset(status for status, n in tally.items() if n)


def _waits(cycle: Cycle, stage: Stage, by: date) -> ColumnElement[bool]:
    end = datetime.combine(by + timedelta(days=1), time.min, portal_zone())
    return and_(
        Application.cycle_id == cycle.id,
        Application.status.in_(sorted(_before(STAGES.index(stage)))),
        Application.submitted_at < end,
        Application.is_test.is_(False),
    )


@dataclass(frozen=True)
class Outlook:
    """What the page of an application says of dates: what comes next by when, and the last note about new dates."""

    promise: Promise | None = None
    notice: StageNotice | None = None


def outlooks(applications: Collection[Application], *, now: datetime) -> dict[int, Outlook]:
    """The outlook of each of these applications, by id.  A note from before one was submitted, or about stages that
    are behind it, is none of its.  Asks the database nothing where `stage_notice` is loaded with the application."""
    today = day_of(now)
    found = {}
    for one in applications:
        notice = one.stage_notice
        if notice and (one.submitted_at is None or notice.at < one.submitted_at):
            notice = None
        if notice and one.shown not in concerned(notice.changes):
            notice = None
        found[one.id] = Outlook(promise_of(one, today=today), notice)
    return found


def history_of(cycle: Cycle, *, most: int = 20) -> Sequence[StageNotice]:
    """The last notes about dates of a cycle, the newest first."""
    return db.session.scalars(
        select(StageNotice).where(StageNotice.cycle_id == cycle.id).order_by(StageNotice.id.desc()).limit(most)
    ).all()
