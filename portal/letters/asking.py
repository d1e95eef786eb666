"""Asking for letters: naming people, sending, correcting, reminding, replacing and canceling requests."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import locked as locked_application
from portal.applications.rules import belongs
from portal.core import audit
from portal.core.db import db, violated_constraint
from portal.core.pages import FILTERS
from portal.core.text import clean, plural
from portal.letters import queries
from portal.letters.addresses import address_key
from portal.letters.catches import asked_already, checked_address, checked_name
from portal.letters.models import MOST_REMINDERS, LetterPlan, LetterRequest
from portal.letters.moves import end_links, move, new_link, note_event, write_to_writer
from portal.letters.refusals import Refused
from portal.letters.rules import deadline, is_over, plan_of, why_over
from portal.letters.status import OVER, WAITING, By, Mode, State

BETWEEN_REMINDERS = timedelta(hours=48)
MOST_ASKED = 25
"""Those replaced and canceled count: each was a mail to somebody who did not know of it."""


def ask(
    application: Application,
    *,
    name: str,
    address: str,
    waived: bool,
    relation: str = "",
    by: Person,
    now: datetime,
    replaces: LetterRequest | None = None,
) -> LetterRequest:
    """Name somebody for a letter, and write to them where the cycle asks for letters before review.

    Nobody is written to for a test application.

    In: the application; name and address of the writer; whether the applicant gives up the right to read the letter;
    how the writer knows them; the request that this one takes the place of.  Out: the request.  Raises Refused with
    the field that has to change.
    """
    locked_application(application.id)
    plan = _plan(application)
    replaces = queries.locked(replaces) if replaces is not None else None
    others = queries.counting(application.id)
    if replaces is not None:
        others = [one for one in others if one.id != replaces.id]
    count_asked(application)
    if sum(not one.by_staff for one in others) >= plan.wanted:
        raise Refused(f"You have named {plural(plan.wanted, 'person', 'people')} already, which is all this needs.")
    address = checked_address(application, address, others, by_staff=_side(by, application) is By.STAFF)
    if replaces is not None:
        _put_aside(replaces, State.REPLACED, by=by, now=now)
    request = named(
        application, name=name, address=address, relation=relation, by=by, now=now, waived=waived,
        waiver_words=plan.waiver_words, replaces_id=replaces.id if replaces else None,
    )  # fmt: skip
    add(request)
    note_event(request, None, by=_side(by, application), person=by, now=now)
    if plan.mode is Mode.BEFORE_REVIEW and not application.is_test:
        send(request, by=by, now=now)
    return request


def count_asked(application: Application) -> None:
    """Raise Refused for an application that has asked too often; what the staff ask for is theirs to count."""
    if sum(not one.by_staff for one in queries.of_application(application.id)) >= MOST_ASKED:
        raise Refused(
            f"You have asked {MOST_ASKED} times, which is as often as we write to people. Write to the coordinator."
        )


def _plan(application: Application) -> LetterPlan:
    plan = plan_of(application.cycle_id)
    if plan is None:
        raise Refused("This program asks for no letters.")
    return plan


def _side(by: Person, application: Application) -> By:
    return By.APPLICANT if belongs(by, application) else By.STAFF


def named(
    application: Application, *, name: str, address: str, relation: str, by: Person, now: datetime, **more: Any
) -> LetterRequest:
    """A new request to somebody who was not written to yet, not added.

    In: an address that was checked; `more` says about the waiver, and what else the request holds.  Raises Refused
    where the name has to change.
    """
    return LetterRequest(
        application=application,
        cycle_id=application.cycle_id,
        writer_name=checked_name(name),
        writer_address=address,
        writer_key=address_key(address),
        relation=clean(relation).strip(),
        state=State.NAMED,
        made_by_id=by.id,
        made_at=now,
        changed_at=now,
        **more,
    )


def add(request: LetterRequest) -> None:
    """Add the row; the database judges whether the writer is asked already.  Raises Refused."""
    try:
        with db.session.begin_nested():
            db.session.add(request)
            db.session.flush()
    except IntegrityError as error:
        if violated_constraint(error) != "uq_letter_request_writer":
            raise
        raise asked_already(request, by_staff=request.by_staff) from error


def send(request: LetterRequest, *, by: Person, now: datetime) -> None:
    """Write to the writer with a link of their own; older links end.  Raises WrongStep; Refused after the deadline."""
    application = request.application
    plan = _plan(application)
    if over := why_over(application, now):
        raise Refused(over)
    if is_over(plan, application, now):
        raise Refused(_too_late(plan, application))
    end_links(request, now=now)
    request.asked_at = now
    move(request, State.ASKED, by=_side(by, application), person=by, now=now)
    token = new_link(request, now=now)
    message = write_to_writer("letter_requested", request, token=token, due_at=deadline(plan, application))
    request.message_id = message.id


def _too_late(plan: LetterPlan, application: Application) -> str:
    until = deadline(plan, application)
    assert until is not None
    return f"Letters were due on {FILTERS['day_time'](until)}, so nobody can be asked any more."


def correct(request: LetterRequest, *, name: str, address: str, by: Person, now: datetime) -> None:
    """Put a bounced address right and ask again, with a new link; the waiver stays as it was chosen.

    Raises Refused with the field that has to change.
    """
    request = queries.locked(request)
    application = request.application
    if request.state is not State.BOUNCED:
        raise Refused("Our mail has not come back, so there is nothing to correct. Ask somebody else instead.")
    if over := why_over(application, now):
        raise Refused(over)
    others = [one for one in queries.counting(application.id) if one.id != request.id]
    address = checked_address(application, address, others, by_staff=_side(by, application) is By.STAFF)
    before = request.writer_address
    request.writer_name, request.writer_address = checked_name(name), address
    request.writer_key = address_key(address)
    audit.record(by, "recommender.corrected", request, before=before, after=address)
    send(request, by=by, now=now)


def next_reminder(request: LetterRequest) -> datetime | None:
    """When the writer can be reminded next, in UTC; None when they have had all reminders, or wait for none."""
    if request.state not in WAITING or request.reminders >= MOST_REMINDERS or request.asked_at is None:
        return None
    return max(request.asked_at, request.reminded_at or request.asked_at) + BETWEEN_REMINDERS


def why_no_reminder(request: LetterRequest, plan: LetterPlan | None, now: datetime) -> str:
    """Why no reminder can go now, as a sentence; empty when one can.  In: the request and the plan of its cycle."""
    if request.state not in WAITING:
        return f"{request.writer_name} is not waited for, so there is nothing to remind them of."
    if request.reminders >= MOST_REMINDERS:
        return f"{request.writer_name} has had {plural(MOST_REMINDERS, 'reminder')}, which is the most we send."
    if over := why_over(request.application, now):
        return over
    if plan is None or is_over(plan, request.application, now):
        return "The letter was due already, so no reminder goes out any more."
    due = next_reminder(request)
    if due is not None and now < due:
        return f"We wrote to {request.writer_name} lately. You can remind them from {FILTERS['day_time'](due)} on."
    return ""


def remind(request: LetterRequest, *, by: Person | None, now: datetime) -> None:
    """Write to the writer once more; at most three times, and never within two days.  Raises Refused.

    Their older links go on working; the mail has one of its own, since tokens are not kept.
    """
    request = queries.locked(request)
    application = request.application
    plan = _plan(application)
    if reason := why_no_reminder(request, plan, now):
        raise Refused(reason)
    request.reminders += 1
    request.reminded_at = now
    token = new_link(request, now=now)
    message = write_to_writer("letter_reminder", request, token=token, due_at=deadline(plan, application))
    request.message_id = message.id
    audit.record(by, "recommender.reminded", request, reminder=request.reminders, application=application.id)


def cancel(request: LetterRequest, *, by: Person | None, now: datetime) -> None:
    """Let nobody wait for this letter any more, and tell a writer whom we wrote to.  Raises WrongStep."""
    _put_aside(queries.locked(request), State.CANCELLED, by=by, now=now)


def _put_aside(request: LetterRequest, target: State, *, by: Person | None, now: datetime) -> None:
    was = request.state
    if was is State.RECEIVED:
        raise Refused(f"The letter by {request.writer_name} has arrived, so it stays with the application.")
    if was in OVER:
        raise Refused(f"{request.writer_name} is not asked any more already.")
    side = By.PORTAL if by is None else _side(by, request.application)
    move(request, target, by=side, person=by, now=now)
    end_links(request, now=now)
    if was in WAITING:
        write_to_writer("letter_cancelled", request, is_kept=False)


def cancel_all(application: Application, *, now: datetime) -> None:
    """The application was withdrawn or is about to be deleted: tell the writers who were asked; letters stay."""
    for request in queries.of_application(application.id):
        if request.state not in OVER | {State.RECEIVED}:
            _put_aside(request, State.CANCELLED, by=None, now=now)
        else:
            end_links(request, now=now)
