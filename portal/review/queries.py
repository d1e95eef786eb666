"""What pages about reviewing read: a reviewer's own files, their place in a cycle, and a coordinator's panel."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, with_expression

from portal.accounts.models import Person
from portal.accounts.rules import scope
from portal.accounts.status import Role
from portal.applications.models import Application
from portal.applications.queries import of_others, teams_of
from portal.applications.status import Status
from portal.applications.team_models import TeamMember
from portal.catalogue.form_models import Criterion
from portal.catalogue.models import Cycle, Opportunity
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import ACTIVE, REVIEWABLE, UNSCORED, AssignmentState

PAGE_SIZE = 60
NAV_LIMIT = 300


def applies_in(person_id: Any, cycle_id: Any) -> ColumnElement[bool]:
    """Whether the person has an application in the cycle that is not withdrawn; the rule `applies_too` in SQL."""
    own = aliased(Application)
    return exists().where(
        own.cycle_id == cycle_id,
        or_(own.person_id == person_id, own.id.in_(teams_of(person_id))),
        own.status != Status.WITHDRAWN,
        own.is_test.is_(False),
    )


def _covered(user: Any) -> ColumnElement[bool]:
    """Whether the user reviews for the listing of the application; the rule `reviews_for` in SQL."""
    held = scope(user, Role.REVIEWER)
    listed = or_(Opportunity.unit_id.in_(held.units), Opportunity.id.in_(held.opportunities))
    return Application.cycle_id.in_(select(Cycle.id).join(Cycle.opportunity).where(listed))


def visible_to(user: Any) -> Select[Assignment]:
    """The assignments that `assignment.read` lets the user open."""
    return (
        select(Assignment)
        .join(Assignment.application)
        .where(
            Assignment.reviewer_id == user.id,
            Assignment.state.in_(ACTIVE),
            Application.status.in_(REVIEWABLE),
            _covered(user),
            of_others(user.id),
            ~applies_in(user.id, Application.cycle_id),
        )
    )


_FILE = joinedload(Assignment.application).options(
    joinedload(Application.person).lazyload(Person.memberships),
    joinedload(Application.cycle).joinedload(Cycle.opportunity),
)


def whole(assignment_id: int) -> Assignment | None:
    """An assignment with all that the workspace shows of its application: form, answers, documents and team."""
    application = joinedload(Assignment.application)
    cycle_id = select(Application.cycle_id).where(Application.id == Assignment.application_id)
    competing = applies_in(Assignment.reviewer_id, cycle_id.correlate(Assignment).scalar_subquery())
    rows = db.session.scalars(
        select(Assignment)
        .where(Assignment.id == assignment_id)
        .options(
            _FILE,
            application.joinedload(Application.form),  # its questions are kept by `catalogue.frozen`
            application.selectinload(Application.answers),
            application.joinedload(Application.documents),
            application.joinedload(Application.members).joinedload(TeamMember.person).lazyload(Person.memberships),
            with_expression(Assignment.competes, competing),
        )
    )
    return rows.unique().one_or_none()


@dataclass(frozen=True)
class CycleProgress:
    """How far a reviewer is with one cycle."""

    cycle: Cycle
    assigned: int
    submitted: int
    due_at: datetime | None


def _listed(user: Any) -> ColumnElement[bool]:
    """What a reviewer's lists hold: their assignments for listings they still review for, except to drafts and what
    was withdrawn."""
    return and_(
        Assignment.reviewer_id == user.id,
        Application.status.not_in([Status.DRAFT, Status.WITHDRAWN]),
        _covered(user),
    )


def own_assignments(user: Any, *, after: str = "", before: str = "") -> Slice:
    """A page of a reviewer's assignments by cycle and name; rows begin with the assignment.

    Cycles in which a review is outstanding come first, then the newest.
    """
    waiting = (
        select(Application.cycle_id)
        .join(Assignment, Assignment.application_id == Application.id)
        .where(
            Assignment.reviewer_id == user.id,
            Assignment.state.in_(UNSCORED),
            Application.status.in_(REVIEWABLE),
        )
    )
    query = (
        select(Assignment)
        .join(Assignment.application)
        .join(Application.person)
        .where(_listed(user))
        .options(
            contains_eager(Assignment.application)
            .contains_eager(Application.person)
            .lazyload(Person.memberships)
        )
    )  # fmt: skip
    is_done = case((Application.cycle_id.in_(waiting), 0), else_=1)
    keys = [Key(is_done), Key(Application.cycle_id, descending=True), Key(Application.sort_name), Key(Assignment.id)]
    return paginate(db.session, query, keys, size=PAGE_SIZE, after=after, before=before)


def progress_by_cycle(user: Any, cycle_ids: Collection[int]) -> dict[int, CycleProgress]:
    """Progress in each of these cycles, recused files left out."""
    counted = (
        select(
            Application.cycle_id,
            func.count().label("assigned"),
            func.count().filter(Assignment.state == AssignmentState.SUBMITTED).label("submitted"),
            func.min(Assignment.due_at).filter(Assignment.state.in_(UNSCORED)).label("due_at"),
        )
        .join(Assignment.application)
        .where(_listed(user), Assignment.state.in_(ACTIVE), Application.cycle_id.in_(cycle_ids))
        .group_by(Application.cycle_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Cycle, counted.c.assigned, counted.c.submitted, counted.c.due_at)
        .outerjoin(counted, counted.c.cycle_id == Cycle.id)
        .where(Cycle.id.in_(cycle_ids))
        .options(joinedload(Cycle.opportunity))
    )
    return {cycle.id: CycleProgress(cycle, assigned or 0, done or 0, due) for cycle, assigned, done, due in rows}


@dataclass(frozen=True)
class Place:
    """A reviewer's place in a cycle: all their files there, and the neighbours of the open one."""

    assignments: Sequence[Assignment]
    assigned: int
    submitted: int
    previous: Assignment | None
    next: Assignment | None


def place(user: Any, assignment: Assignment) -> Place:
    """The reviewer's files in the cycle of the open one, by name; at most `NAV_LIMIT` are listed."""
    rows = db.session.scalars(
        select(Assignment)
        .join(Assignment.application)
        .join(Application.person)
        .where(_listed(user), Application.cycle_id == assignment.application.cycle_id)
        .options(
            contains_eager(Assignment.application)
            .contains_eager(Application.person)
            .lazyload(Person.memberships)
        )
        .order_by(Application.sort_name, Assignment.id)
        .limit(NAV_LIMIT)
    ).all()  # fmt: skip
    readable = [row for row in rows if is_open(row)]
    at = readable.index(assignment) if assignment in readable else -1
    active = [row for row in rows if row.state in ACTIVE]
    return Place(
        rows,
        assigned=len(active),
        submitted=sum(row.state is AssignmentState.SUBMITTED for row in active),
        previous=readable[at - 1] if at > 0 else None,
        next=readable[at + 1] if 0 <= at < len(readable) - 1 else None,
    )


def is_open(assignment: Assignment) -> bool:
    """Whether an own assignment can still be opened (leaving aside that one may compete, which rules ask)."""
    return assignment.state in ACTIVE and assignment.application.status in REVIEWABLE


def next_unscored(user: Any, *, besides: Assignment) -> Assignment | None:
    """The own file without a submitted review that the fewest others have reviewed; the same cycle first."""
    return db.session.scalar(
        visible_to(user)
        .outerjoin(ReviewSummary, ReviewSummary.application_id == Application.id)
        .where(Assignment.state.in_(UNSCORED), Assignment.id != besides.id)
        .order_by(
            case((Application.cycle_id == besides.application.cycle_id, 0), else_=1),
            func.coalesce(ReviewSummary.submitted, 0),
            Assignment.id,
        )
        .limit(1)
    )


def criteria_of(cycle_id: int) -> Sequence[Criterion]:
    """The rubric of a cycle in its order."""
    query = select(Criterion).where(Criterion.cycle_id == cycle_id).order_by(Criterion.position, Criterion.id)
    return db.session.scalars(query).all()
