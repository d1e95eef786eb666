"""Invitations to complete what is asked later: one to a scholar, one to a physician, and one that was answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import revisions
from portal.applications.models import Application
from portal.applications.revision_models import ChangeRequest, Revision
from portal.applications.status import Status
from portal.catalogue.form_models import Section
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.core.pages import FILTERS
from portal.demo.applications import Loader

SCHEDULE = "Congratulations again. Please agree your half-days with your practice, and send us the schedule."
FULL = "An opening fits what you wrote. Please complete your application: training, employment and your CV."
REVIEWED = (Status.ELIGIBLE, Status.IN_REVIEW)
ASKED_AGO, TIME = timedelta(days=3), timedelta(days=14)


def load_invitations(scholars: Cycle, positions: Cycle, loader: Loader, *, coordinator: Person, own: Person) -> None:
    """Invite a scholar who was offered a place to the first later section, and the person's own expression of interest
    to all of them; somebody else has completed theirs."""
    query = select(Application).order_by(Application.id)
    scholar = query.where(Application.cycle_id == scholars.id, Application.status == Status.OFFERED)
    if found := db.session.scalars(scholar.limit(1)).first():
        _invite(found, _later(found)[:1], SCHEDULE, loader, coordinator)
    interested = query.where(Application.cycle_id == positions.id)
    mine = db.session.scalars(interested.where(Application.person_id == own.id)).one()
    _invite(mine, _later(mine), FULL, loader, coordinator)
    done = interested.where(Application.status.in_(REVIEWED), Application.person_id != own.id)
    if found := db.session.scalars(done.limit(1)).first():
        _complete(found, _invite(found, _later(found), FULL, loader, coordinator), loader)


def _later(application: Application) -> list[Section]:
    return [section for section in application.form.sections if section.on_invitation]


def _invite(
    application: Application, sections: Sequence[Section], reason: str, loader: Loader, by: Person
) -> ChangeRequest:
    at = max(now() - ASKED_AGO, application.changed_at)
    due_at = _evening(at + TIME)
    made = ChangeRequest(
        application_id=application.id, section_ids=[section.id for section in sections], is_invitation=True,
        reason=reason, due_at=due_at, asked_by=by, asked_at=at,
    )  # fmt: skip
    db.session.add(made)
    until, titles = FILTERS["day_time"](due_at), ", ".join(section.title for section in sections)
    subject = f"Invited to complete by {until}: {titles}"
    text = f"Hello {application.person.full_name},\n\n{reason}\n\nYou can fill this in until {until}: {titles}."
    loader.tell(application, "invited_to_complete", subject, text, at)
    return made


def _evening(at: datetime) -> datetime:
    return at.replace(hour=22, minute=0, second=0, microsecond=0)


def _complete(application: Application, request: ChangeRequest, loader: Loader) -> Revision:
    """Answer the invitation half-way between then and now."""
    assert application.submitted_at is not None
    at = request.asked_at + (now() - request.asked_at) / 2
    revisions.take(application, by=application.person, now=application.submitted_at)
    questions = [question for section in _later(application) for question in section.questions]
    loader.answer(application, questions, partly=False)
    application.given_section_ids = request.section_ids
    made = revisions.take(application, by=application.person, now=at)
    request.answered_at, request.revision_id, application.changed_at = at, made.id, at
    return made
