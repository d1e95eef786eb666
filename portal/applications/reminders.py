"""Reminding people of their deadline while something that they write in is not submitted: each reminder once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import lazyload

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.companions import tasks_of
from portal.applications.extension_models import Extension
from portal.applications.later import EDITED
from portal.applications.models import Application
from portal.applications.progress import REMINDER, Draft
from portal.applications.reminder_models import Before, Reminder
from portal.applications.rules import leads, unlocked
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.team_models import Access, TeamMember
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.messaging.actions import write_if_wanted
from portal.messaging.kinds import kind_of

TEMPLATE = REMINDER
AT_ONCE = 500


@dataclass(frozen=True)
class Window:
    """A reminder goes from `longest` to `shortest` before the deadline; what was begun later than that needs none."""

    before: Before
    longest: timedelta
    shortest: timedelta
    is_edit: bool = False


_WEEK, _TWO_DAYS, _SIX_HOURS, _NONE = timedelta(days=7), timedelta(days=2), timedelta(hours=6), timedelta(0)
WINDOWS = (
    Window(Before.WEEK, _WEEK, _TWO_DAYS),
    Window(Before.TWO_DAYS, _TWO_DAYS, _SIX_HOURS),
    Window(Before.SIX_HOURS, _SIX_HOURS, _NONE),
    Window(Before.EDIT_TWO_DAYS, _TWO_DAYS, _SIX_HOURS, is_edit=True),
    Window(Before.EDIT_SIX_HOURS, _SIX_HOURS, _NONE, is_edit=True),
)


def due(*, now: datetime) -> Sequence[tuple[int, Window]]:
    """The applications whose people are to be reminded now, by id, with the reminder; the first `AT_ONCE` of each."""
    return [(key, window) for window in WINDOWS for key in _due_in(window, now)]


_DEADLINE = func.greatest(Cycle.closes_at, Extension.until)
_WRITERS = union_all(
    select(
        Application.id.label("application_id"),
        Application.person_id.label("person_id"),
        Application.created_at.label("since"),
    ),
    select(TeamMember.application_id, TeamMember.person_id, TeamMember.joined_at).where(
        TeamMember.joined_at.is_not(None), TeamMember.ended_at.is_(None), TeamMember.access == Access.EDIT
    ),
).subquery("writer")
"""Who writes in an application, and since when: its lead, and the members who may edit."""


def _writers_due(query: Select[Any], window: Window) -> Select[Any]:
    """The query with whom this reminder is for: who writes in an application long enough, wants the mail, and has
    not got it.  In: a query that selects applications or people."""
    kind = kind_of(TEMPLATE)
    assert kind is not None
    written = select(Reminder).where(
        Reminder.application_id == Application.id, Reminder.before == window.before, Reminder.person_id == Person.id
    )
    of_lead = and_(
        Extension.cycle_id == Application.cycle_id,
        Extension.person_id == Application.person_id,
        Extension.revoked_at.is_(None),
    )
    return (
        query.select_from(Application)
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .outerjoin(Extension, of_lead)
        .join(_WRITERS, _WRITERS.c.application_id == Application.id)
        .join(Person, Person.id == _WRITERS.c.person_id)
        .where(
            _WRITERS.c.since <= _DEADLINE - window.longest,
            Person.active,
            ~Person.mail_off.contains([kind.key]),
            ~written.exists(),
        )
    )


def _due_in(window: Window, now: datetime) -> Sequence[int]:
    stands: ColumnElement[bool] = Application.status == Status.DRAFT
    if window.is_edit:
        begun = Application.editing_since <= _DEADLINE - window.longest
        takes_edits = Cycle.edits_until_deadline.is_not(False)  # as `Cycle.takes_edits`: it has a deadline
        stands = and_(Application.status.in_(sorted(EDITED)), takes_edits, begun)
    query = _writers_due(select(Application.id), window).where(
        stands,
        Application.is_test.is_(False),
        Cycle.state == Publication.PUBLISHED,
        Opportunity.state == Publication.PUBLISHED,
        or_(Cycle.closes_at > now, Extension.until > now),
        Cycle.closes_at.is_not(None),
        _DEADLINE - window.longest <= now,
        _DEADLINE - window.shortest > now,
    )
    return db.session.scalars(query.distinct().order_by(Application.id).limit(AT_ONCE)).all()


def remind(application_id: int, window: Window, *, now: datetime) -> int:
    """Write one reminder to each who writes in an application, unless it is no longer due or they had it.

    Out: to how many.  The rows that say so are of the same transaction as the mails, so that a crash repeats both or
    neither.
    """
    application = queries.held(application_id)
    if application is None or application.deadline is None or not application.deadline > now:
        return 0
    is_edit = application.editing_since is not None
    if is_edit is not window.is_edit or not unlocked(application.person, application, now).everything:
        return 0
    if not is_edit and application.status is not Status.DRAFT:
        return 0
    people = _take(application, window, now)
    if not people:
        return 0
    draft = Draft(application, sheet(application), tasks_of([application])[application.id])
    left = [*_sections_left(draft), *(sentence for task in draft.tasks for sentence in task.stops)]
    cycle = application.cycle
    for person in people:
        write_if_wanted(
            TEMPLATE,
            to=person,
            about=application,
            reply_to=cycle.opportunity.contact_email,
            application=application,
            cycle=cycle,
            opportunity=cycle.opportunity,
            draft=draft,
            is_edit=is_edit,
            is_lead=leads(person, application),
            left=left,
        )
    return len(people)


def _take(application: Application, window: Window, now: datetime) -> Sequence[Person]:
    """Those whom the reminder goes to, the lead first, each with a row that says so; two queries for any number."""
    query = _writers_due(select(Person), window).where(Application.id == application.id)
    query = query.order_by(Person.id != Application.person_id, Person.id)
    people = db.session.scalars(query.options(lazyload(Person.memberships))).all()
    if not people:
        return []
    rows = [
        {
            "application_id": application.id, "before": window.before, "person_id": person.id,
            "deadline": application.deadline, "written_at": now,
        }
        for person in people
    ]  # fmt: skip
    made = insert(Reminder).values(rows).on_conflict_do_nothing().returning(Reminder.person_id)
    taken = set(db.session.scalars(made))
    return [person for person in people if person.id in taken]


def _sections_left(draft: Draft) -> list[str]:
    """The sections that are not complete, with where they stand: `Documents: not started`."""
    return [
        f"{part.section.title}: {part.badge[1][:1].lower()}{part.badge[1][1:]}"
        for part in draft.parts
        if not part.is_complete
    ]
