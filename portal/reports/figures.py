"""The numbers behind a cycle's charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate
from zoneinfo import ZoneInfo

from sqlalchemy import Date, cast, func, select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import RELEASED, Status
from portal.catalogue.models import Cycle
from portal.core.db import db
from portal.reports.queries import among
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import ACTIVE, AssignmentState

REVIEWERS_SHOWN = 12
HALF = Decimal("0.5")
STEPS = [HALF * step for step in range(2, 11)]
PANEL_ON = frozenset({Status.PANEL, Status.DECIDED}) | RELEASED
ELIGIBLE_ON = PANEL_ON | {Status.ELIGIBLE, Status.IN_REVIEW}


def reviews(cycle: Cycle) -> tuple[int, int, int]:
    """Reviews that are in, reviews asked for, and applications with all reviews in, of one cycle."""
    row = db.session.execute(
        select(
            func.coalesce(func.sum(ReviewSummary.submitted), 0),
            func.coalesce(func.sum(ReviewSummary.assigned), 0),
            func.count().filter(ReviewSummary.submitted >= cycle.reviewers_each, ReviewSummary.submitted > 0),
        ).where(ReviewSummary.cycle_id == cycle.id)
    ).one()
    return row[0], row[1], row[2]


def funnel(tally: Mapping[Status, int], complete: int) -> list[tuple[str, int]]:
    """How many got how far; withdrawn applications count as submitted only."""
    return [
        ("Started", among(tally, set(Status))),
        ("Submitted", among(tally, set(Status) - {Status.DRAFT})),
        ("Eligible", among(tally, ELIGIBLE_ON)),
        ("Fully reviewed", complete),
        ("Panel or later", among(tally, PANEL_ON)),
    ]


def previous(cycle: Cycle) -> Cycle | None:
    """The cycle of the same listing that opened before this one."""
    if cycle.opens_at is None:
        return None
    return db.session.scalar(
        select(Cycle)
        .where(Cycle.opportunity_id == cycle.opportunity_id, Cycle.opens_at < cycle.opens_at, Cycle.id != cycle.id)
        .order_by(Cycle.opens_at.desc())
        .limit(1)
    )


def submissions(cycles: Sequence[Cycle], zone: ZoneInfo) -> dict[int, list[tuple[date, int]]]:
    """The running total of submissions by day, for each cycle; days without any are left out."""
    day = cast(func.timezone(zone.key, Application.submitted_at), Date)
    rows = db.session.execute(
        select(Application.cycle_id, day, func.count())
        .where(
            Application.cycle_id.in_([cycle.id for cycle in cycles]),
            Application.submitted_at.is_not(None),
            Application.is_test.is_(False),
        )
        .group_by(Application.cycle_id, day)
        .order_by(Application.cycle_id, day)
    ).all()
    found = {}
    for cycle in cycles:
        own = [(row[1], row[2]) for row in rows if row[0] == cycle.id]
        found[cycle.id] = list(zip([one[0] for one in own], accumulate(one[1] for one in own), strict=True))
    return found


@dataclass(frozen=True)
class Load:
    """What one reviewer has done and has still to do in a cycle; `overdue` is part of what is to do."""

    name: str
    done: int
    left: int
    overdue: int


def load(cycle: Cycle, now: datetime) -> list[Load]:
    """The reviewers of a cycle, those with the most to do first; at most `REVIEWERS_SHOWN`."""
    done = func.count().filter(Assignment.state == AssignmentState.SUBMITTED)
    left = func.count().filter(Assignment.state != AssignmentState.SUBMITTED)
    late = func.count().filter(Assignment.state != AssignmentState.SUBMITTED, Assignment.due_at < now)
    rows = db.session.execute(
        select(Person.given_name, Person.family_name, done.label("done"), left.label("left"), late.label("late"))
        .select_from(Assignment)
        .join(Assignment.application)
        .join(Person, Person.id == Assignment.reviewer_id)
        .where(
            Application.cycle_id == cycle.id,
            Application.status != Status.WITHDRAWN,
            Assignment.state.in_(sorted(ACTIVE)),
        )
        .group_by(Person.id)
        .order_by(left.desc(), Person.sort_name, Person.id)
        .limit(REVIEWERS_SHOWN)
    )
    return [Load(f"{row.given_name[:1]}. {row.family_name}".strip(". "), row.done, row.left, row.late) for row in rows]


def scores(cycle: Cycle) -> tuple[list[tuple[Decimal, int]], Decimal | None]:
    """How many reviews gave which score, to the nearest half point from 1 to 5, and their mean."""
    half = func.round(Assignment.score * 2) / 2
    rows = db.session.execute(
        select(half, func.count(), func.sum(Assignment.score))
        .select_from(Assignment)
        .join(Assignment.application)
        .where(Application.cycle_id == cycle.id, Assignment.score.is_not(None))
        .group_by(half)
    ).all()
    found = {row[0]: row[1] for row in rows}
    n = sum(found.values())
    mean = sum((row[2] or Decimal(0) for row in rows), Decimal(0)) / n if n else None
    return [(step, found.get(step, 0)) for step in STEPS], mean
