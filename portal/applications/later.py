"""Sections of a form that are asked later, only of those invited: which of them are part of an application now.

An invitation is a request for changes of its own kind, and ends as one does.  What was submitted under it is part of
the application from then on (`Application.given_section_ids`).
"""

from datetime import datetime, timedelta

from portal.applications.models import Application
from portal.applications.revision_models import ChangeRequest
from portal.applications.status import Status
from portal.catalogue.frozen import FrozenForm, FrozenSection

EDITED = frozenset({Status.SUBMITTED, Status.ELIGIBLE})
"""Until review starts, applicants may change what they submitted, where the cycle says so."""
ASKED = EDITED | {Status.IN_REVIEW, Status.PANEL}
"""Until a decision is recorded, a coordinator may ask for changes; what was asked for stays unlocked after that, since
the decision is private."""
INVITED = ASKED | {Status.OFFERED}
"""The same for sections that are asked later, and once an offer was told."""


def later_sections(form: FrozenForm) -> list[FrozenSection]:
    """The sections of a form that are asked later, in order."""
    return [section for section in form.sections if section.on_invitation]


def stands_open(request: ChangeRequest, application: Application) -> bool:
    """Whether the application stands, as far as its applicant is told, where such a request can be answered."""
    return application.shown in (INVITED if request.is_invitation else ASKED)


def running(application: Application, now: datetime) -> ChangeRequest | None:
    """The request that can be answered at that moment: until its date and the silent grace after it."""
    asked = application.change_request
    if asked is None or not stands_open(asked, application):
        return None
    return asked if now < asked.due_at + timedelta(minutes=application.cycle.grace_minutes) else None


def completes(application: Application, now: datetime) -> ChangeRequest | None:
    """The invitation that a submission at that moment answers for the first time, whatever is answered in it."""
    asked = running(application, now)
    if asked is None or not asked.is_invitation or set(asked.section_ids) <= set(application.given_section_ids):
        return None
    return asked


def closed(application: Application, form: FrozenForm, now: datetime) -> list[FrozenSection]:
    """The later sections that nobody can write in: those neither submitted before nor asked for now.

    In: the application, with its own form.
    """
    later = _not_given(application, form)
    asked = running(application, now) if later else None
    return [section for section in later if asked is None or section.id not in asked.section_ids]


def left_out(application: Application, form: FrozenForm, now: datetime) -> list[FrozenSection]:
    """The later sections that are no part of the application: while it is changed it has those that are asked for now.

    In: the application, with its own form.
    """
    return _not_given(application, form) if application.editing_since is None else closed(application, form, now)


def _not_given(application: Application, form: FrozenForm) -> list[FrozenSection]:
    return [section for section in later_sections(form) if section.id not in application.given_section_ids]
