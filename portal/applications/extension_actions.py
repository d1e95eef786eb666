"""Granting and taking back a later deadline of one person."""

from datetime import datetime
from typing import Any

from portal.accounts.models import Person
from portal.accounts.queries import by_email
from portal.applications import extension_queries
from portal.applications.extension_models import Extension
from portal.catalogue.models import Cycle
from portal.catalogue.refusals import Refused, judged
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.messaging.actions import write

JUDGEMENTS = {
    "uq_extension_one": ("email", "Someone else granted this person an extension just now. Look at the list below."),
    "ck_extension_until": ("until", "Choose a time that is still to come."),
}


def grant(cycle: Cycle, *, email: str, until: datetime, reason: str, by: Person, now: datetime) -> Extension:
    """Give the person with this address a later deadline, which replaces one they have, and write to them.

    In: the cycle; an address; until when; why, for staff to read.  Out: the extension.  Raises Refused.  Whether the
    person has a draft is neither asked nor said: drafts are private.
    """
    person = by_email(email)
    if cycle.closes_at is None:
        raise Refused({"": "This cycle has no deadline, so there is nothing to extend. Set its closing date first."})
    if person is None or not person.active:
        raise Refused({"email": "Check the address: nobody has an account with it."})
    if person.id == by.id:
        raise Refused({"email": "Ask another coordinator: you cannot extend your own deadline."})
    if extension_queries.apply_together(cycle.id, person.id, by.id):
        raise Refused({"email": "Ask another coordinator: you have a part in this person’s application yourself."})
    if until <= max(now, cycle.closes_at):
        raise Refused({"until": "Choose a time after the closing date of the cycle that is still to come."})
    with judged(JUDGEMENTS):
        if before := extension_queries.in_force(cycle.id, person.id):
            before.revoked_at = now
            db.session.flush()
        made = Extension(
            cycle=cycle, person=person, until=until, reason=clean(reason), granted_by_id=by.id, granted_at=now
        )
        db.session.add(made)
    audit.record(by, "extension.granted", made, person=str(person), until=until.isoformat(), reason=made.reason)
    _tell(made, "extension_granted", is_begun=cycle.closes_at <= now)
    return made


def revoke(extension: Extension, *, by: Person, now: datetime) -> None:
    """Take an extension back and write to the person; one that holds no more stays as it is."""
    db.session.refresh(extension, with_for_update={"of": Extension})
    if extension.revoked_at is not None:
        return
    extension.revoked_at = now
    audit.record(by, "extension.revoked", extension, person=str(extension.person), until=extension.until.isoformat())
    _tell(extension, "extension_revoked")


def _tell(extension: Extension, template: str, **context: Any) -> None:
    cycle = extension.cycle
    write(
        template,
        to=extension.person,
        about=extension,
        reply_to=cycle.opportunity.contact_email,
        extension=extension,
        cycle=cycle,
        opportunity=cycle.opportunity,
        **context,
    )
