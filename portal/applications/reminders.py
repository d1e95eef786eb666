"""Reminding people of their own deadline while something of theirs is not submitted: each reminder once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.companions import tasks_of
from portal.applications.extension_models import Extension
from portal.applications.models import Application
from portal.applications.progress import REMINDER, Draft
from portal.applications.reminder_models import Before, Reminder
from portal.applications.rules import EDITED, unlocked
from portal.applications.sheet import sheet
from portal.applications.status import Status
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


def _due_in(window: Window, now: datetime) -> Sequence[int]:
    deadline = func.greatest(Cycle.closes_at, Extension.until)
    stands = and_(Application.status == Status.DRAFT, Application.created_at <= deadline - window.longest)
    if window.is_edit:
        begun = Application.editing_since <= deadline - window.longest
        stands = and_(Application.status.in_(sorted(EDITED)), begun)
    kind = kind_of(TEMPLATE)
    assert kind is not None
    written = select(Reminder).where(Reminder.application_id == Application.id, Reminder.before == window.before)
    of_person = and_(
        Extension.cycle_id == Application.cycle_id,
        Extension.person_id == Application.person_id,
        Extension.revoked_at.is_(None),
    )
    query = (
        select(Application.id)
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .join(Application.person)
        .outerjoin(Extension, of_person)
        .where(
            stands,
            Application.is_test.is_(False),
            Cycle.state == Publication.PUBLISHED,
            Opportunity.state == Publication.PUBLISHED,
            or_(Cycle.closes_at > now, Extension.until > now),
            Cycle.closes_at.is_not(None),
            deadline - window.longest <= now,
            deadline - window.shortest > now,
            Person.active,
            ~Person.mail_off.contains([kind.key]),
            ~written.exists(),
        )
    )
    return db.session.scalars(query.order_by(Application.id).limit(AT_ONCE)).all()


def remind(application_id: int, window: Window, *, now: datetime) -> bool:
    """Write one reminder, unless it is no longer due or was written.  Out: whether it was.

    The row that says so is of the same transaction as the mail, so that a crash repeats both or neither.
    """
    application = queries.held(application_id)
    if application is None or application.deadline is None or not application.deadline > now:
        return False
    is_edit = application.editing_since is not None
    if is_edit is not window.is_edit or not unlocked(application.person, application, now).everything:
        return False
    if not is_edit and application.status is not Status.DRAFT:
        return False
    row = {
        "application_id": application.id, "before": window.before, "deadline": application.deadline, "written_at": now,
    }  # fmt: skip
    if db.session.scalar(insert(Reminder).values(**row).on_conflict_do_nothing().returning(Reminder.before)) is None:
        return False
    draft = Draft(application, sheet(application), tasks_of([application])[application.id])
    cycle = application.cycle
    write_if_wanted(
        TEMPLATE,
        to=application.person,
        about=application,
        reply_to=cycle.opportunity.contact_email,
        application=application,
        cycle=cycle,
        opportunity=cycle.opportunity,
        draft=draft,
        is_edit=is_edit,
        left=[*_sections_left(draft), *(sentence for task in draft.tasks for sentence in task.stops)],
    )
    return True


def _sections_left(draft: Draft) -> list[str]:
    """The sections that are not complete, with where they stand: `Documents: not started`."""
    return [
        f"{part.section.title}: {part.badge[1][:1].lower()}{part.badge[1][1:]}"
        for part in draft.parts
        if not part.is_complete
    ]
