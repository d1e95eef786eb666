"""A new date that a program has told its applicants, with the note on their page and the mails in the log."""

from datetime import timedelta

from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.stage_models import StageNotice
from portal.applications.stages import concerned
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.core.pages import FILTERS
from portal.demo.applications import Loader

NOTE = (
    "The host sites asked for one more week to say which travel windows they can offer. "
    "Nothing changes for your application, and you do not need to do anything."
)
TOLD_AGO, LATER = timedelta(days=3), timedelta(days=7)


def load_new_dates(cycle: Cycle, loader: Loader, coordinator: Person) -> None:
    """The decision letters of a cycle come a week later than it had said; those who had applied by then were told."""
    letters = cycle.decisions_by
    if letters is None:
        return
    at = now() - TOLD_AGO
    changes = {"decisions_by": [(letters - LATER).isoformat(), letters.isoformat()]}
    found = db.session.scalars(
        select(Application)
        .where(
            Application.cycle_id == cycle.id,
            Application.status.in_(sorted(concerned(changes))),
            Application.submitted_at < at,
        )
        .order_by(Application.id)
    ).all()
    words = f"Decision letters by {FILTERS['day'](letters)}."
    for application in found:
        subject = f"New dates: {cycle.opportunity.title}, {cycle.name}"
        text = f"Hello {application.person.full_name},\n\n{words}\n\n{NOTE}"
        loader.tell(application, "stage_dates_changed", subject, text, at)
    db.session.add(
        StageNotice(cycle_id=cycle.id, changes=changes, note=NOTE, by_id=coordinator.id, at=at, told=len(found))
    )
