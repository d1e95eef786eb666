"""Changing what was submitted: what stands stays until it is submitted again, or the change is dropped."""

from datetime import datetime
from typing import Any

from portal.accounts.models import Person
from portal.applications import companions, queries, revisions
from portal.applications.actions import drop_unasked, refresh_index
from portal.applications.later import completes
from portal.applications.models import Application
from portal.applications.refusals import Incomplete, NoDraft, NotYours, Unchanged
from portal.applications.revision_changes import changes_since
from portal.applications.rules import leads, unlocked
from portal.applications.sheet import problems_of
from portal.catalogue.frozen import frozen
from portal.core import audit
from portal.core.db import db
from portal.messaging.actions import write


def reopen(application: Application, *, by: Person, now: datetime) -> None:
    """Begin to edit what was submitted; what stands is kept as a revision if none is.

    Reopening what is open already changes nothing.  Raises NotYours, and NoDraft where nothing is unlocked.
    """
    _hold(application, by)
    if not unlocked(by, application, now):
        raise NoDraft(application)
    if application.editing_since is not None:
        return
    if revisions.last(application.id) is None:
        revisions.take(application, by=application.person, now=application.submitted_at or now)
    application.editing_since = now
    audit.record(by, "application.reopened", application)


def stop_editing(application: Application, *, by: Person, now: datetime) -> None:
    """Drop what was changed and not submitted again.  Raises NotYours."""
    _hold(application, by)
    companions.tell_saved(application, revisions.go_back(application, by=by, now=now), by)


def submit_again(application: Application, *, by: Person, now: datetime) -> None:
    """Submit what was changed: from now on this is what everybody reads, and a request for changes is answered.

    Two at once make one.  Raises NotYours, NoDraft where nothing is unlocked any more, Unchanged, and Incomplete with
    the number of things to fix; then what was submitted before stands.
    """
    _hold(application, by)
    before = revisions.last(application.id)
    if application.editing_since is None or before is None:
        return
    if not unlocked(by, application, now):
        raise NoDraft(application)
    _put_back_locked(application, now=now)
    found = changes_since(application, before)
    if not found and not completes(application, now):
        raise Unchanged(str(application))
    count = sum(len(problems) for problems in problems_of(application).values())
    count += sum(len(task.stops) for task in companions.tasks_of([application])[application.id])
    if count:
        raise Incomplete(count)
    drop_unasked(application, by=by, now=now)
    revision = revisions.take(application, by=by, now=now)
    _keep_given(application, now=now)
    application.editing_since, application.changed_at = None, now
    refresh_index(application)
    asked = application.change_request
    if asked is not None:
        asked.answered_at, asked.revision_id = now, revision.id
    audit.record(
        by, "application.revised", application, revision=revision.number, questions=[one.label for one in found]
    )
    companions.tell_revised(application, revision)
    cycle = application.cycle
    context: dict[str, Any] = companions.mail_context_of(application) | {
        "application": application, "cycle": cycle, "opportunity": cycle.opportunity, "revision": revision,
        "labels": [one.label for one in found], "request": asked, "invited": asked is not None and asked.is_invitation,
    }  # fmt: skip
    write(
        "application_revised",
        to=application.person,
        about=application,
        reply_to=cycle.opportunity.contact_email,
        **context,
    )
    if asked is not None:
        write("changes_submitted", to=asked.asked_by, about=application, reply_to=application.person.email, **context)


def _keep_given(application: Application, *, now: datetime) -> None:
    """Sections asked later that are submitted under an invitation are part of the application from now on."""
    if (asked := completes(application, now)) is not None:
        application.given_section_ids = sorted({*application.given_section_ids, *asked.section_ids})


def drop_late(application_id: int, *, now: datetime) -> bool:
    """Drop an edit that can no longer be submitted, or what of it no longer can.  Out: whether there was any."""
    application = queries.held(application_id)
    if application is None or application.editing_since is None:
        return False
    if unlocked(application.person, application, now):
        return _put_back_locked(application, now=now)
    companions.tell_saved(application, revisions.go_back(application, by=None, now=now), None)
    return True


def _put_back_locked(application: Application, *, now: datetime) -> bool:
    """Drop what was changed in sections that cannot be changed any more, such as while everything could until the
    deadline, though a request goes on.  Out: whether there was any."""
    unlock, before = unlocked(application.person, application, now), revisions.last(application.id)
    if unlock.everything or before is None:
        return False
    shut = {question.key for question in frozen(application.form).questions if question.section_id not in unlock}
    dropped = revisions.put_back(application, before, now=now, among=shut)
    if dropped:
        audit.record(None, "application.edit_dropped", application, revision=before.number, questions=sorted(dropped))
        db.session.flush()
        companions.tell_saved(application, dropped, None)
    return bool(dropped)


def _hold(application: Application, by: Person) -> None:
    """Hold the application as it is now.  Raises NotYours."""
    queries.locked(application.id)
    if not leads(by, application):
        raise NotYours(str(application))
    db.session.expire(application, ["answers", "documents", "change_request", "extension"])
