"""Asking an applicant to change named sections of what they submitted, giving more time, taking it back."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.models import Application
from portal.applications.refusals import WrongStep
from portal.applications.revision_models import ChangeRequest
from portal.applications.rules import ASKED
from portal.catalogue.frozen import frozen
from portal.catalogue.models import Cycle
from portal.catalogue.refusals import Refused, judged
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.messaging.actions import write

JUDGEMENTS = {
    "uq_change_request_open": ("", "Someone else asked for changes just now. Open the application to see for what."),
    "ck_change_request_due_at": ("due_at", "Choose a time that is still to come."),
}


def open_request(request_id: int) -> tuple[ChangeRequest, Application] | None:
    """A request that is neither answered nor taken back, with its application."""
    found = db.session.execute(
        select(ChangeRequest, Application)
        .join(Application, Application.id == ChangeRequest.application_id)
        .where(ChangeRequest.id == request_id)
        .options(joinedload(Application.cycle).joinedload(Cycle.opportunity), joinedload(Application.person))
    ).one_or_none()
    return (found[0], found[1]) if found else None


def may_open(application: Application) -> bool:
    """Whether the page of requests has something to do: to ask, or to give more time for what was asked before a
    decision was recorded, which the applicant knows nothing of."""
    return application.status in ASKED or (application.change_request is not None and application.shown in ASKED)


def ask(
    application: Application, *, section_ids: Collection[int], reason: str, due_at: datetime, by: Person, now: datetime
) -> ChangeRequest:
    """Unlock sections for the applicant until a date, also after the deadline, and write to them.

    In: ids of sections of the application's own form; why and what; until when.  Out: the request.  Raises Refused,
    and WrongStep where the application is not (or no longer) with the staff.
    """
    queries.locked(application.id)
    if application.status not in ASKED:
        raise WrongStep(f"{application} is {application.status} by now")
    titles = {section.id: section.title for section in frozen(application.form).sections}
    chosen = [key for key in titles if key in set(section_ids)]
    if not chosen:
        raise Refused({"sections": "Choose at least one section to unlock."})
    if due_at <= now:
        raise Refused({"due_at": "Choose a time that is still to come."})
    with judged(JUDGEMENTS):
        _end_lapsed(application, now=now)
        made = ChangeRequest(
            application_id=application.id, section_ids=chosen, reason=clean(reason), due_at=due_at, asked_by=by,
            asked_at=now,
        )  # fmt: skip
        db.session.add(made)
    db.session.expire(application, ["change_request"])
    named = [titles[key] for key in chosen]
    audit.record(
        by, "application.changes_asked", application, sections=named, reason=made.reason, due_at=due_at.isoformat()
    )
    _tell(application, made, "changes_requested", titles=named)
    return made


def _end_lapsed(application: Application, *, now: datetime) -> None:
    """A request whose date has passed makes room for a new one."""
    before = db.session.scalar(
        select(ChangeRequest).where(
            ChangeRequest.application_id == application.id,
            ChangeRequest.answered_at.is_(None),
            ChangeRequest.cancelled_at.is_(None),
        )
    )
    if before is not None and before.due_at <= now:
        before.cancelled_at = now
        db.session.flush()


def extend(request: ChangeRequest, application: Application, *, due_at: datetime, by: Person, now: datetime) -> None:
    """Give more time, and write to the applicant.  Raises Refused, and WrongStep for a request that is over."""
    _hold(request, application)
    if due_at <= max(now, request.due_at):
        raise Refused({"more_until": "Choose a time after the present one that is still to come."})
    before, request.due_at = request.due_at, due_at
    audit.record(by, "application.changes_extended", application, before=before.isoformat(), due_at=due_at.isoformat())
    _tell(application, request, "changes_extended")


def cancel(request: ChangeRequest, application: Application, *, by: Person, now: datetime) -> None:
    """Take a request back, and write to the applicant; their sections are locked again.

    Raises WrongStep for a request that is over.
    """
    _hold(request, application)
    request.cancelled_at = now
    audit.record(by, "application.changes_cancelled", application)
    _tell(application, request, "changes_cancelled")


def _hold(request: ChangeRequest, application: Application) -> None:
    """Hold application and request, in this order, as they are now.  Raises WrongStep."""
    queries.locked(application.id)
    db.session.refresh(request, with_for_update={"of": ChangeRequest})
    if not request.is_open or application.shown not in ASKED:
        raise WrongStep(f"{request} of {application} is over")


def _tell(application: Application, request: ChangeRequest, template: str, **context: Any) -> None:
    cycle = application.cycle
    write(
        template,
        to=application.person,
        about=application,
        reply_to=cycle.opportunity.contact_email,
        application=application,
        cycle=cycle,
        opportunity=cycle.opportunity,
        request=request,
        **context,
    )
