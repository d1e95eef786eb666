"""Asking an applicant to change named sections of what they submitted, or inviting them to complete those that are
asked later; giving more time, taking it back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.later import ASKED, INVITED, later_sections, stands_open
from portal.applications.models import Application
from portal.applications.refusals import WrongStep
from portal.applications.revision_models import ChangeRequest
from portal.applications.status import Status
from portal.catalogue.frozen import FrozenSection, frozen
from portal.catalogue.models import Cycle
from portal.catalogue.refusals import Refused, judged
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.messaging.actions import write

TO_COME = "Choose a time that is still to come."
MEANWHILE = "Someone else asked for changes just now. Open the application to see for what."


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
    """Whether the page of requests has something to do: to ask, to invite, or to give more time for what was asked
    before a decision was recorded, which the applicant knows nothing of."""
    asked = application.change_request
    if to_change(application) or to_complete(application):
        return True
    return asked is not None and stands_open(asked, application)


def to_change(application: Application) -> Sequence[FrozenSection]:
    """The sections that can be asked to be changed now: those that were submitted, until a decision is recorded."""
    if application.status not in ASKED:
        return []
    given = set(application.given_section_ids)
    return [each for each in frozen(application.form).sections if not each.on_invitation or each.id in given]


def to_complete(application: Application) -> Sequence[FrozenSection]:
    """The sections asked later that the applicant can be invited to complete now.

    Once an offer was told nothing else can be asked for, so that those submitted already can be invited again.
    """
    if application.status not in INVITED:
        return []
    given = set(application.given_section_ids) if application.status is not Status.OFFERED else set()
    return [each for each in later_sections(frozen(application.form)) if each.id not in given]


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
    chosen = [each for each in to_change(application) if each.id in set(section_ids)]
    if not chosen:
        raise Refused({"sections": "Choose at least one section to unlock."})
    if due_at <= now:
        raise Refused({"due_at": TO_COME})
    return _make(application, chosen, "due_at", reason=reason, due_at=due_at, by=by, now=now)


def invite(
    application: Application, *, section_ids: Collection[int], reason: str, due_at: datetime, by: Person, now: datetime
) -> ChangeRequest:
    """Let the applicant fill in sections that are asked later until a date, and invite them by mail.

    In: as for `ask`.  Out: the invitation.  Raises Refused (fields `later` and `invited_until`), and WrongStep where
    the application is neither with the staff nor offered a place.
    """
    queries.locked(application.id)
    if application.status not in INVITED:
        raise WrongStep(f"{application} is {application.status} by now")
    chosen = [each for each in to_complete(application) if each.id in set(section_ids)]
    if not chosen:
        raise Refused({"later": "Choose at least one section to complete."})
    if due_at <= now:
        raise Refused({"invited_until": TO_COME})
    return _make(application, chosen, "invited_until", reason=reason, due_at=due_at, by=by, now=now, is_invitation=True)


def is_free(application: Application, now: datetime) -> bool:
    """Whether somebody can be invited now: something is left for them to complete, and nothing is asked of them."""
    asked = application.change_request
    return bool(to_complete(application)) and (asked is None or asked.due_at <= now)


def invite_many(
    applications: Sequence[Application],
    *,
    titles: Collection[str],
    reason: str,
    due_at: datetime,
    by: Person,
    now: datetime,
) -> list[Application]:
    """Invite each of these to the sections of these titles that they have still to complete.

    Out: those invited; who has none of them left, or was asked for something already, is left out.  Raises Refused for
    a date that has passed.
    """
    if due_at <= now:
        raise Refused({"invited_until": TO_COME})
    invited = []
    for application in sorted(applications, key=lambda one: one.id):
        queries.locked(application.id)
        db.session.expire(application, ["change_request"])
        ids = [section.id for section in to_complete(application) if section.title in titles]
        if ids and is_free(application, now):
            invite(application, section_ids=ids, reason=reason, due_at=due_at, by=by, now=now)
            invited.append(application)
    return invited


def _make(
    application: Application,
    chosen: Sequence[FrozenSection],
    field: str,
    *,
    reason: str,
    due_at: datetime,
    by: Person,
    now: datetime,
    is_invitation: bool = False,
) -> ChangeRequest:
    """A request of the kind, written to the applicant.  In: the field that a wrong date is said at."""
    with judged({"uq_change_request_open": ("", MEANWHILE), "ck_change_request_due_at": (field, TO_COME)}):
        _end_lapsed(application, now=now)
        made = ChangeRequest(
            application_id=application.id, section_ids=[each.id for each in chosen], is_invitation=is_invitation,
            reason=clean(reason), due_at=due_at, asked_by=by, asked_at=now,
        )  # fmt: skip
        db.session.add(made)
    db.session.expire(application, ["change_request"])
    titles = [each.title for each in chosen]
    verb = "application.invited" if is_invitation else "application.changes_asked"
    audit.record(by, verb, application, sections=titles, reason=made.reason, due_at=due_at.isoformat())
    _tell(application, made, "invited_to_complete" if is_invitation else "changes_requested", titles=titles)
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
    if not request.is_open or not stands_open(request, application):
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
