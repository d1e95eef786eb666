"""The one writer of the state of a request, the links to it, and the mails that tell of it."""

from datetime import datetime
from typing import Any

from portal.accounts.models import Person
from portal.accounts.queries import holders
from portal.accounts.rules import coordinates
from portal.accounts.status import Role
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.core.tokens import hashed, new_token
from portal.letters.models import LetterEvent, LetterLink, LetterRequest, moving
from portal.letters.refusals import WrongStep
from portal.letters.status import REVIEW_OPEN, By, State, find_step
from portal.messaging.actions import write
from portal.messaging.models import Message

LONGEST_NOTE = 2000


def move(
    request: LetterRequest, target: State, *, by: By, person: Person | None, now: datetime, note: str = ""
) -> LetterEvent:
    """Take a step of the table: set the state, store the event, record it.

    In: the request, held; who takes the step, and as which person where that is one with an account; a note that
    only staff read.  Raises WrongStep.
    """
    source = request.state
    step = find_step(source, target)
    if step is None or by not in step.by:
        raise WrongStep(f"This request cannot go from {source.label.lower()} to {target.label.lower()}.")
    token = moving.set(request)
    try:
        request.state = target
    finally:
        moving.reset(token)
    request.changed_at = now
    request.decline_reason = clean(note)[:LONGEST_NOTE] if target is State.DECLINED else ""
    return note_event(request, source, by=by, person=person, now=now, note=note)


def note_event(
    request: LetterRequest, source: State | None, *, by: By, person: Person | None, now: datetime, note: str = ""
) -> LetterEvent:
    """Store what happened to a request, and put it into the audit trail."""
    made = LetterEvent(
        request_id=request.id,
        at=now,
        source=source,
        target=request.state,
        by=by,
        person_id=person.id if person else None,
        note=clean(note)[:LONGEST_NOTE],
    )
    db.session.add(made)
    audit.record(
        person,
        "recommender.moved",
        request,
        source=source.value if source else "",
        target=request.state.value,
        by=by.value,
        application=request.application_id,
    )
    return made


def new_link(
    request: LetterRequest, *, now: datetime, name: str = "", address: str = "", is_assistant: bool = False
) -> str:
    """Make a link for the writer, or for the assistant with that name and address.  Out: its token, to be mailed."""
    token = new_token()
    link = LetterLink(
        request=request,
        is_assistant=is_assistant,
        name=name or request.writer_name,
        address=address or request.writer_address,
        token_hash=hashed(token),
        made_at=now,
    )
    db.session.add(link)
    db.session.flush()
    return token


def end_links(request: LetterRequest, *, now: datetime, assistants_only: bool = False) -> None:
    """Let the links to a request open nothing any more."""
    for link in request.links:
        if link.ended_at is None and (link.is_assistant or not assistants_only):
            link.ended_at = now


def write_to_writer(template: str, request: LetterRequest, *, is_kept: bool = True, **context: Any) -> Message:
    """A mail to the writer about a request; one that is not kept with it still goes out when the request is deleted."""
    return write(
        template,
        to=(request.writer_name, request.writer_address),
        about=request if is_kept else None,
        request=request,
        reply_to=request.application.cycle.opportunity.contact_email,
        **words_of(request),
        **context,
    )


def write_to_applicant(template: str, request: LetterRequest, **context: Any) -> Message:
    """A mail to the applicant about a request: only what `policy.sight` lets them see goes into it."""
    application = request.application
    return write(
        template,
        to=application.person,
        about=application,
        reply_to=application.cycle.opportunity.contact_email,
        **words_of(request),
        **context,
    )


def write_to_asker(template: str, request: LetterRequest, **context: Any) -> None:
    """A mail to whoever asked: the applicant, who can ask somebody else until review starts, or the staff."""
    if not request.by_staff:
        is_fixed = request.application.status in REVIEW_OPEN
        write_to_applicant(template, request, by_staff=False, is_fixed=is_fixed, **context)
        return
    listing = request.application.cycle.opportunity
    made_by = db.session.get_one(Person, request.made_by_id)
    is_there = made_by.active and coordinates(made_by, listing)
    for person in [made_by] if is_there else holders(Role.COORDINATOR, listing):
        facts = words_of(request) | {"by_staff": True, "is_fixed": False}
        write(template, to=person, about=request.application, **facts, **context)


def words_of(request: LetterRequest) -> dict[str, Any]:
    """What every mail about a request names.  Nothing of the letter itself is among it."""
    application = request.application
    return {
        "application": application,
        "applicant": application.person,
        "cycle": application.cycle,
        "opportunity": application.cycle.opportunity,
        "writer_name": request.writer_name,
        "writer_address": request.writer_address,
        "waiver": request.waiver.to_writer(application.person.full_name),
    }
