"""The moves of an application.  `move` is the only writer of its status."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications import companions, queries, revisions
from portal.applications.models import DELETED, Application, Document, StatusEvent, moving
from portal.applications.refusals import Incomplete, Kept, NoDraft, NoForm, NotYours, WrongStep
from portal.applications.rules import leads, may_step
from portal.applications.sheet import is_held_back, problems_of, unasked
from portal.applications.status import RELEASED, Status, find_step
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import frozen
from portal.catalogue.models import Cycle, Site
from portal.catalogue.site_kinds import first_site
from portal.core import audit
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.core.text import clean, folded
from portal.messaging.actions import forget_about, write

DELETE_FILES = "applications.delete_files"
LONGEST_REASON = 2000


def move(
    application: Application,
    target: Status,
    *,
    by: Person | None,
    now: datetime,
    reason: str = "",
    mail_context: dict[str, Any] | None = None,
) -> StatusEvent:
    """Take a step of the table: set the status, store the event, write the step's mail, record it.

    In: the flushed application, the status to reach, who takes the step (None for the portal itself), when, why, and
    what the step's mail needs besides `application`, `cycle`, `opportunity` and `reason`.  Out: the event.  Raises
    WrongStep when the table has no such step or it is not this person's to take.
    """
    source = application.status
    step = find_step(source, target)
    if step is None or not may_step(by, application, step):
        raise WrongStep(f"{by or 'the portal'} cannot move an application from {source} to {target}")
    token = moving.set(application)
    try:
        application.status = target
    finally:
        moving.reset(token)
    application.changed_at = now
    event = StatusEvent(
        application_id=application.id,
        at=now,
        actor_id=by.id if by else None,
        source=source,
        target=target,
        reason=clean(reason)[:LONGEST_REASON],
    )
    db.session.add(event)
    db.session.flush()
    db.session.expire(application, ["events"])
    if target in RELEASED:
        _end_changes(application, now=now)
    companions.tell_moved(application, event)
    if step.mail:
        more = companions.mail_context_of(application) | (mail_context or {})
        _write_to_applicant(application, step.mail, reason=event.reason, context=more)
    audit.record(by, "application.moved", application, source=source.value, target=target.value, reason=event.reason)
    return event


def _end_changes(application: Application, *, now: datetime) -> None:
    """A letter ends what was to be changed: until it went, nothing told the applicant that there was a decision."""
    if application.editing_since is not None:
        companions.tell_saved(application, revisions.go_back(application, by=None, now=now), None)
    if (asked := application.change_request) is not None:
        asked.cancelled_at = now


def _write_to_applicant(application: Application, template: str, *, reason: str, context: dict[str, Any]) -> None:
    """The mail of a step; the context may replace what every such mail gets."""
    opportunity = application.cycle.opportunity
    usual: dict[str, Any] = {
        "application": application,
        "cycle": application.cycle,
        "opportunity": opportunity,
        "reason": reason,
    }
    write(
        template,
        to=application.person,
        about=application,
        reply_to=opportunity.contact_email,
        **(usual | context),
    )


def start(cycle: Cycle, *, by: Person, now: datetime) -> Application:
    """The person's application to the cycle: their draft if there is one, else a new one on the newest form.

    Two starts at once end in one draft, by the database's constraint.  Raises NoForm.
    """
    form = queries.newest_form(cycle.id)
    if form is None:
        raise NoForm(str(cycle))
    values = {
        "cycle_id": cycle.id,
        "person_id": by.id,
        "form_id": form.id,
        "status": Status.DRAFT,
        "sort_name": by.sort_name,
        "search_text": folded(f"{by.full_name} {by.email}"),
        "created_at": now,
        "changed_at": now,
    }
    made = db.session.scalar(
        insert(Application)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["cycle_id", "person_id"], index_where=~Application.is_test)
        .returning(Application.id)
    )
    application = queries.in_cycle(by.id, cycle.id)
    assert application is not None
    if made is not None:
        db.session.add(StatusEvent(application_id=made, at=now, actor_id=by.id, source=None, target=Status.DRAFT))
        audit.record(by, "application.started", application)
    return application


def submit(application: Application, *, by: Person, now: datetime) -> Application:
    """Submit a draft: give it the next reference of its cycle, move it, and write to the applicant.

    Submitting what is submitted already changes nothing, so that two clicks make one submission.  Raises NotYours,
    Incomplete with the number of things to fix, NoDraft for a withdrawn one.
    """
    queries.locked(application.id)
    if not leads(by, application):  # asked of the row as it is now: the lead may have gone over to somebody else
        raise NotYours(str(application))
    if application.submitted_at is not None and application.status is not Status.WITHDRAWN:
        return application
    if application.status is not Status.DRAFT:
        raise NoDraft(application)
    db.session.expire(application, ["answers", "documents"])
    count = sum(len(found) for found in problems_of(application).values())
    count += sum(len(task.stops) for task in companions.tasks_of([application])[application.id])
    if count:
        raise Incomplete(count)
    drop_unasked(application, by=by, now=now)
    reference = next_reference(application.cycle_id, is_test=application.is_test)
    # The row's constraints tie status, reference and date together, so all three are written in one flush.
    with db.session.no_autoflush:
        application.reference, application.submitted_at, application.known_form_id = reference, now, None
        move(application, Status.SUBMITTED, by=by, now=now)
    refresh_index(application)
    revisions.take(application, by=by, now=now)
    return application


def drop_unasked(application: Application, *, by: Person, now: datetime) -> None:
    """Leave out of an application what its own answers do not ask for: a draft keeps it, a submission does not.

    Files are removed as by the applicant, so that their bytes go a day later.
    """
    hidden = {question.key for question in unasked(application)}
    for answer in [answer for answer in application.answers if answer.question_key in hidden]:
        application.answers.remove(answer)
    for document in application.documents:
        if document.question_key in hidden and document.removed_at is None:
            document.removed_at = now
            audit.record(by, "document.removed", document, application=application.id)
    db.session.flush()


def next_reference(cycle_id: int, *, is_test: bool = False) -> str:
    """The next reference of a cycle, as in WIN-27-0042; test applications have a row of their own, WIN-27-T001.

    The update holds the cycle's row until the transaction ends, so numbers are unique, and a rollback leaves no gap.
    It goes round the row's version, which is for people editing the cycle.
    """
    counter = Cycle.last_test_number if is_test else Cycle.last_number
    number, code = db.session.execute(
        update(Cycle)
        .where(Cycle.id == cycle_id)
        .values({counter: counter + 1})
        .returning(counter, Cycle.code)
        .execution_options(synchronize_session=False)
    ).one()
    return f"{code}-T{number:03d}" if is_test else f"{code}-{number:04d}"


def withdraw(application: Application, *, by: Person, now: datetime, reason: str = "") -> None:
    """Withdraw, with a reason if the applicant gives one; what they had not submitted again is dropped.

    Raises WrongStep where the table has no way out.
    """
    queries.locked(application.id)
    revisions.go_back(application, by=by, now=now)
    if (asked := application.change_request) is not None:
        asked.cancelled_at = now
    move(application, Status.WITHDRAWN, by=by, now=now, reason=reason)


def delete_draft(application: Application, *, by: Person) -> None:
    """Delete a draft or a test application for good; its files go by a job once this commits.

    Raises NotYours, NoDraft for what was submitted in earnest, and Kept where something keeps it.
    """
    queries.locked(application.id)
    if not leads(by, application):
        raise NotYours(str(application))
    if application.status is not Status.DRAFT and not application.is_test:
        raise NoDraft(application)
    if reason := companions.kept_because(application):
        raise Kept(application, reason)
    companions.tell_deleting(application, by)
    team = {"team": here} if (here := [one.person_id for one in application.members if one.is_in]) else {}
    audit.record(by, DELETED, application, cycle=application.cycle_id, **team)
    erase(application)


def erase(application: Application) -> int:
    """Delete an application for good: its rows, all mail about it, and by a job its files.  Out: how many files.

    In: one that is held, and of which somebody has recorded why it goes.
    """
    keys = list(db.session.scalars(select(Document.storage_key).where(Document.application_id == application.id)))
    keys += companions.tell_deleted(application)
    forget_about(application)
    db.session.flush()
    db.session.expunge(application)
    # The rows below it go by the foreign keys, which ORM relationships would not know of.
    db.session.execute(
        delete(Application).where(Application.id == application.id), execution_options={"synchronize_session": False}
    )
    if keys:
        enqueue(DELETE_FILES, keys=keys)
    return len(keys)


def refresh_index(application: Application) -> None:
    """Repeat on the row what lists sort, filter and search by: name, title, site, reference and address."""
    person = application.person
    values = application.values
    hidden = {question.key for question in unasked(application)}
    asked = [question for question in frozen(application.form).questions if question.key not in hidden]
    answers = [(question, values.get(question.key)) for question in asked]
    titles = (
        kind_of(question).display(value, question)
        for question, value in answers
        if question.in_queue and not is_held_back(application, question, value)
    )
    application.title = next((" ".join(title.split())[:300] for title in titles if title), "")
    site = first_site((question.kind, value) for question, value in answers)
    application.site_id = select(Site.id).where(Site.slug == site).scalar_subquery() if site else None
    application.sort_name = person.sort_name
    words = (person.full_name, person.email, application.reference or "", application.title)
    application.search_text = folded(" ".join(words))
