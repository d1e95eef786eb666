"""Plain steps and notes of coordinators.  `actions.move` remains the only writer of a status."""

from collections.abc import Sequence
from datetime import datetime

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.actions import move
from portal.applications.companions import holds_of
from portal.applications.models import Application, Note
from portal.applications.refusals import Held, WrongStep
from portal.applications.status import Status, Step, plain_steps_to
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean


def take_step(application: Application, step: Step, *, by: Person, now: datetime) -> None:
    """Take a plain step under the row's lock.

    Raises WrongStep when somebody has moved the application meanwhile, Held when something keeps it where it is.
    """
    queries.locked(application.id)
    if application.status is not step.source:
        raise WrongStep(f"{application} is {application.status} by now")
    if held := holds_of([application], step.target):
        raise Held(held[application.id])
    move(application, step.target, by=by, now=now)


def take_steps(applications: Sequence[Application], target: Status, *, by: Person, now: datetime) -> list[Application]:
    """Move those that have a plain step to the target and are not held; the others stay.  Out: the ones moved."""
    steps = {step.source: step for step in plain_steps_to(target)}
    held = holds_of(applications, target)
    moved = []
    for application in sorted(applications, key=lambda one: one.id):
        queries.locked(application.id)
        if application.status in steps and application.id not in held:
            move(application, target, by=by, now=now)
            moved.append(application)
    return moved


def write_note(application: Application, body: str, *, by: Person, now: datetime) -> Note:
    """Add a note that only staff see.  Out: the note."""
    note = Note(application_id=application.id, author_id=by.id, body=clean(body), created_at=now)
    db.session.add(note)
    audit.record(by, "note.written", application)
    return note
