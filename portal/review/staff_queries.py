"""What coordinators read about reviewing: who reviews for a listing, who could be given a file, and its reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, union_all
from sqlalchemy.orm import contains_eager, lazyload

from portal.accounts.models import Membership, Person
from portal.accounts.status import Role
from portal.applications.models import Application
from portal.catalogue.form_models import Criterion
from portal.catalogue.models import Cycle, Opportunity
from portal.core.db import db
from portal.core.text import plural
from portal.review.models import Assignment
from portal.review.queries import applies_in, criteria_of
from portal.review.status import ACTIVE

LOAD_LIMIT = 500


def _reviews_for(unit_id: Any, opportunity_id: Any) -> ColumnElement[bool]:
    return exists().where(
        Membership.person_id == Person.id,
        Membership.role == Role.REVIEWER,
        or_(Membership.unit_id == unit_id, Membership.opportunity_id == opportunity_id),
    )


def reviewers_for(opportunity: Opportunity) -> Sequence[Person]:
    """The people with a reviewer's membership that covers the listing, by name."""
    return db.session.scalars(
        select(Person)
        .where(_reviews_for(opportunity.unit_id, opportunity.id), Person.active)
        .options(lazyload(Person.memberships))
        .order_by(Person.sort_name, Person.id)
    ).all()


def coordinators_for(opportunity: Opportunity) -> Sequence[Person]:
    """The people with a coordinator's membership of the listing or its unit, by name."""
    covers = exists().where(
        Membership.person_id == Person.id,
        Membership.role == Role.COORDINATOR,
        or_(Membership.unit_id == opportunity.unit_id, Membership.opportunity_id == opportunity.id),
    )
    return db.session.scalars(
        select(Person)
        .where(covers, Person.active)
        .options(lazyload(Person.memberships))
        .order_by(Person.sort_name, Person.id)
    ).all()


@dataclass(frozen=True)
class Candidate:
    """A reviewer who could be assigned: their load in the cycle, and why not where they cannot."""

    person: Person
    load: int
    competes: bool

    @property
    def load_words(self) -> str:
        """`3 files`; `500 files or more`."""
        return f"{plural(self.load, 'file')}{' or more' * (self.load >= LOAD_LIMIT)}"


def candidates(cycle: Cycle) -> list[Candidate]:
    """The reviewers of a cycle's listing by name, with how many files they have in the cycle, up to `LOAD_LIMIT`."""
    rows = db.session.execute(_people().where(_REVIEWS), _scope(cycle)).all()
    return [Candidate(person, n, competes) for person, n, competes in rows]


_REVIEWS = and_(_reviews_for(bindparam("unit_id"), bindparam("opportunity_id")), Person.active)


def _scope(cycle: Cycle) -> dict[str, int]:
    """What the queries of people below are asked about."""
    return {"cycle_id": cycle.id, "unit_id": cycle.opportunity.unit_id, "opportunity_id": cycle.opportunity_id}


def _people() -> Select[Person, int, bool]:
    """People by name, each with their files in the cycle and whether they apply there."""
    cycle_id: Any = bindparam("cycle_id")
    active = (
        select(Assignment.id)
        .join(Assignment.application)
        .where(
            Assignment.reviewer_id == Person.id,
            Application.cycle_id == cycle_id,
            Assignment.state.in_(ACTIVE),
        )
        .limit(LOAD_LIMIT)
        .correlate(Person)
        .lateral()
    )
    load = select(func.count()).select_from(active).correlate(Person).scalar_subquery()
    query = select(Person, load, applies_in(Person.id, cycle_id)).options(lazyload(Person.memberships))
    return query.order_by(Person.sort_name, Person.id)


@dataclass(frozen=True)
class Panel:
    """What `templates/review/_assignments_panel.html` shows of one application."""

    assignments: Sequence[Assignment]
    candidates: Sequence[Candidate]
    criteria: Sequence[Criterion]
    mean: Decimal | None

    @property
    def scores(self) -> list[Decimal]:
        return [row.score for row in self.assignments if row.score is not None]

    @property
    def free(self) -> list[Candidate]:
        """The candidates who can be assigned now."""
        taken = {row.reviewer_id for row in self.assignments}
        return [one for one in self.candidates if one.person.id not in taken and not one.competes]


def of_application(application_id: int, assignment_id: int) -> Assignment | None:
    """An assignment, if it is one of this application."""
    query = select(Assignment).where(Assignment.id == assignment_id, Assignment.application_id == application_id)
    return db.session.scalar(query)


def panel(application: Application) -> Panel:
    """The assignments of an application with their reviews, in the order they were made, and who else could be
    assigned; two queries."""
    people = db.session.execute(
        _people_and_assignments(), {"application_id": application.id} | _scope(application.cycle)
    ).all()
    rows = sorted((row[4] for row in people if row[4] is not None), key=lambda row: row.id)
    scores = [row.score for row in rows if row.score is not None]
    mean = sum(scores, Decimal(0)) / len(scores) if scores else None
    free = [Candidate(*row[:3]) for row in people if row[3]]
    return Panel(rows, free, criteria_of(application.cycle_id), mean)


@cache
def _people_and_assignments() -> Select[Any]:
    """Who reviews for a cycle's listing, and who was given one of its applications, with the assignment.

    Built once, since the page that asks it is read most.
    """
    application_id: Any = bindparam("application_id")
    known = union_all(
        select(Person.id).where(_REVIEWS),
        select(Assignment.reviewer_id).where(Assignment.application_id == application_id),
    )
    return (
        _people()
        .add_columns(_REVIEWS, Assignment)
        .outerjoin(Assignment, and_(Assignment.reviewer_id == Person.id, Assignment.application_id == application_id))
        .where(Person.id.in_(known))
        .options(contains_eager(Assignment.reviewer))
    )
