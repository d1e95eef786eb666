"""Deciding, taking back, releasing letters, and editing the letters that listings start from.

A decision is private until its letter is released; then it is fixed.  Each action holds the application's row first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Person
from portal.applications.actions import move
from portal.applications.models import Application
from portal.applications.queries import locked
from portal.applications.refusals import WrongStep
from portal.applications.status import Status
from portal.catalogue.models import Opportunity
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.selection import queries
from portal.selection.letters import Text, fill, plain, values_of
from portal.selection.models import Decision, LetterTemplate
from portal.selection.status import Outcome


class DecisionChanged(Exception):
    """Somebody decided, changed or sent it meanwhile; `decision` is what stands now, None where there is none."""

    def __init__(self, decision: Decision | None) -> None:
        super().__init__("the decision changed since")
        self.decision = decision


class CannotDecide(Exception):
    """The application is not where it can be decided."""


class LetterChanged(Exception):
    """Somebody else saved the letter template; `template` is what stands now, None where it was removed."""

    def __init__(self, template: LetterTemplate | None) -> None:
        super().__init__("the letter changed since")
        self.template = template


def decide(
    application: Application, *, outcome: Outcome, letter: Text, version: int, by: Person, now: datetime
) -> Decision:
    """Record what was decided with the letter that will go, and move the application to DECIDED; nothing is sent.

    In: the letter as edited, placeholders in it are filled; the version of the open decision as the person saw it (0
    for none).  Out: the decision.  Raises DecisionChanged or CannotDecide.
    """
    locked(application.id)
    found = _held(application.id)
    if (found.version if found else 0) != version:
        raise DecisionChanged(found)
    filled = fill(Text(clean(letter.subject), clean(letter.body)), values_of(application))
    edited = filled != fill(queries.templates_for(application.cycle.opportunity_id)[outcome], values_of(application))
    if found is None:
        if application.status is Status.DECIDED:
            raise CannotDecide
        try:
            move(application, Status.DECIDED, by=by, now=now)
        except WrongStep as error:
            raise CannotDecide from error
        found = Decision(application=application)
        db.session.add(found)
    elif application.status is not Status.DECIDED:
        raise CannotDecide
    before = found.outcome.value if found.id else None
    found.outcome, found.subject, found.body, found.is_edited = outcome, filled.subject, filled.body, edited
    found.decided_by, found.decided_at = by, now
    db.session.flush()
    audit.record(by, "decision.changed" if before else "decision.recorded", application, outcome=outcome.value,
                 **({"before": before} if before else {}))  # fmt: skip
    return found


def take_back(application: Application, *, by: Person, now: datetime) -> None:
    """Void the decision whose letter has not gone and move the application back to the selection meeting.

    Raises CannotDecide when there is nothing to take back.
    """
    locked(application.id)
    found = _held(application.id)
    try:
        move(application, Status.PANEL, by=by, now=now)
    except WrongStep as error:
        raise CannotDecide from error
    if found is not None:
        audit.record(by, "decision.voided", application, outcome=found.outcome.value, subject=found.subject)
        db.session.delete(found)
        db.session.flush()


def release(application: Application, *, version: int, by: Person, now: datetime) -> Decision | None:
    """Send the letter: move the application to the outcome's status, with the mail, and fix the decision.

    In: the version of the decision as the person read it.  Out: the decision, or None when the letter had gone
    already.  Raises DecisionChanged when it is not what the person read.
    """
    locked(application.id)
    found = _held(application.id)
    if found is None and queries.released(application.id) is not None and application.status is not Status.DECIDED:
        return None
    if found is None or found.version != version or application.status is not Status.DECIDED:
        raise DecisionChanged(found)
    found.released_by_id, found.released_at = by.id, now
    move(application, found.outcome.status, by=by, now=now, mail_context=mail_context(found))
    audit.record(by, "decision.released", application, outcome=found.outcome.value)
    db.session.flush()
    return found


def mail_context(decision: Decision) -> dict[str, Any]:
    """What the mail `decision_letter` needs besides what every step's mail gets."""
    return {"decision": decision, "letter_text": plain(decision.body)}


@dataclass(frozen=True)
class Sent:
    """What became of a release of many: letters sent, and names of those left out because something had changed."""

    sent: Sequence[Decision]
    left_out: Sequence[str]


def release_all(versions: Mapping[int, int], *, among: Sequence[Decision], by: Person, now: datetime) -> Sent:
    """Send the letters that are still as the check page showed them.

    In: version by id of decision, as shown; the decisions of the cycle that wait now.  A letter that has gone, or was
    taken back, is not among those and so is never sent twice.
    """
    sent, left_out = [], []
    for decision in sorted(among, key=lambda one: one.application_id):
        if decision.id not in versions:
            continue
        application = decision.application
        try:
            done = release(application, version=versions[decision.id], by=by, now=now)
        except DecisionChanged:
            left_out.append(application.person.full_name)
        else:
            if done is not None:
                sent.append(done)
    return Sent(sent, left_out)


def save_template(
    opportunity: Opportunity | None, outcome: Outcome, *, letter: Text, version: int, by: Person
) -> LetterTemplate:
    """Save a listing's own letter, or (None) the default.  `version` is 0 where there was none of its own.

    Raises LetterChanged.
    """
    found = _template(opportunity, outcome)
    if (found.version if found else 0) != version:
        raise LetterChanged(found)
    subject, body = clean(letter.subject), clean(letter.body)
    if found is None:
        owner = opportunity.id if opportunity else None
        found = LetterTemplate(opportunity_id=owner, outcome=outcome, subject=subject, body=body)
        try:
            with db.session.begin_nested():
                db.session.add(found)
        except IntegrityError as error:  # somebody made it at the same moment
            raise LetterChanged(_template(opportunity, outcome)) from error
    found.subject, found.body = subject, body
    db.session.flush()
    audit.record(by, "letter.edited", found, listing=opportunity.title if opportunity else "", outcome=outcome.value)
    return found


def drop_template(opportunity: Opportunity | None, outcome: Outcome, *, by: Person) -> None:
    """Go back to the letter underneath: the default, or the portal's own text.  Nothing to drop is no error."""
    found = _template(opportunity, outcome)
    if found is not None:
        audit.record(
            by, "letter.dropped", found, listing=opportunity.title if opportunity else "", outcome=outcome.value
        )  # fmt: skip
        db.session.delete(found)


def _template(opportunity: Opportunity | None, outcome: Outcome) -> LetterTemplate | None:
    owner = opportunity.id if opportunity else None
    return db.session.scalar(
        select(LetterTemplate)
        .where(LetterTemplate.opportunity_id.is_not_distinct_from(owner), LetterTemplate.outcome == outcome)
        .with_for_update(of=LetterTemplate)
        .execution_options(populate_existing=True)
    )


def _held(application_id: int) -> Decision | None:
    """The open decision as it is now, held."""
    return db.session.scalar(
        select(Decision)
        .where(Decision.application_id == application_id, Decision.released_at.is_(None))
        .with_for_update(of=Decision)
        .execution_options(populate_existing=True)
    )
