"""Test applications: staff fill in a form as applicants will, and nothing of it counts or reaches anybody else."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications import change_requests
from portal.applications.models import Application, StatusEvent
from portal.applications.revision_models import ChangeRequest
from portal.applications.status import Status
from portal.catalogue.form_models import Form
from portal.core import audit
from portal.core.db import Model, db
from portal.core.text import folded
from portal.messaging.actions import Addressee, redirections

INVITATION = "You invited yourself to try what is asked later."
DAYS_TO_COMPLETE = timedelta(days=14)
NOTICE = "This is about a test application. Only you get this mail, whoever it would go to."


def start_test(form: Form, *, by: Person, now: datetime) -> Application:
    """A test application on any version of a form, a draft too, open or not."""
    made = Application(
        cycle_id=form.cycle_id,
        person=by,
        form=form,
        status=Status.DRAFT,
        is_test=True,
        sort_name=by.sort_name,
        search_text=folded(f"{by.full_name} {by.email}"),
        created_at=now,
        changed_at=now,
    )
    db.session.add(made)
    db.session.flush()
    db.session.add(StatusEvent(application_id=made.id, at=now, actor_id=by.id, source=None, target=Status.DRAFT))
    audit.record(by, "application.test_started", made, cycle=form.cycle_id, version=form.number)
    return made


def invite_myself(application: Application, *, now: datetime) -> ChangeRequest:
    """Invite whoever made a test to complete all that is asked later, as a coordinator would.

    Raises what inviting raises.
    """
    return change_requests.invite(
        application,
        section_ids=[section.id for section in change_requests.to_complete(application)],
        reason=INVITATION,
        due_at=now + DAYS_TO_COMPLETE,
        by=application.person,
        now=now,
    )


def to_the_tester(about: Model, /) -> tuple[Addressee, str] | None:
    """Whatever is written about a test application, or about something of one, goes to who made it."""
    application: Any = about if isinstance(about, Application) else getattr(about, "application", None)
    if not isinstance(application, Application) or not application.is_test:
        return None
    return application.person, NOTICE


def tests_in(person_id: int, cycle_id: int) -> list[Application]:
    """The person's test applications to a cycle with their versions, newest first."""
    query = select(Application).where(
        Application.is_test, Application.person_id == person_id, Application.cycle_id == cycle_id
    )
    return list(db.session.scalars(query.order_by(Application.id.desc()).options(joinedload(Application.form))))


redirections.append(to_the_tester)
