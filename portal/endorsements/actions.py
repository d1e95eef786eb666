"""What happens to endorsements.  `move` is the only writer of a state.

Every action holds the application's row first and the request's second, as saving does, so that nobody confirms
answers that somebody is changing at that moment.
"""

from datetime import datetime, timedelta

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import held
from portal.applications.status import Status
from portal.core import audit
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.core.text import clean
from portal.core.tokens import hashed, new_token
from portal.endorsements import queries
from portal.endorsements.facts import covered_parts, differences, facts_of, fingerprint
from portal.endorsements.models import Endorsement, EndorsementLink
from portal.endorsements.rules import can_answer
from portal.endorsements.status import WAITING, By, State, allowed
from portal.messaging.actions import InvalidAddress, valid_address, write

ASK_AGAIN = "endorsements.ask_again"
QUIET = timedelta(minutes=30)
MOST_REMINDERS = 3
MOST_ASKED = 10
"""Each request mails somebody who does not know of it; a form is no way to write to strangers."""
APART = timedelta(hours=48)
LONGEST_REASON = 2000


class EndorsementRefused(Exception):
    """Something does not happen; `reason` is a sentence, `field` the field of the form that it is about."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class WrongStep(Exception):
    """A change of state that the table does not have."""


class FactsChanged(Exception):
    """The answers are no longer those that the person had before them; nothing was confirmed."""


def move(endorsement: Endorsement, target: State, *, by: By, now: datetime) -> None:
    """Change the state, if the table of steps has the step.  Raises WrongStep."""
    if not allowed(endorsement.state, target, by):
        raise WrongStep(f"the {by} cannot take an endorsement from {endorsement.state} to {target}")
    endorsement.state, endorsement.changed_at = target, now


def ask(application: Application, *, name: str, role: str, email: str, by: Person, now: datetime) -> Endorsement:
    """Ask somebody by a mail with a link; whoever was asked before is not asked any more.

    Out: the request.  Raises EndorsementRefused.
    """
    held(application.id)
    try:
        address = valid_address(clean(email).strip())
    except InvalidAddress as error:
        raise EndorsementRefused(error.reason, "email") from error
    _may_endorse(application, address)
    unfinished = [part.section.title for part in covered_parts(application) if not part.is_complete]
    if unfinished and application.status is Status.DRAFT:
        raise EndorsementRefused(f"Complete “{unfinished[0]}” first: they are asked to confirm what it says", "name")
    if len(queries.of_application(application.id)) >= MOST_ASKED:
        raise EndorsementRefused(
            f"You have asked {MOST_ASKED} times, which is as often as we write to people. Write to the coordinator to "
            "ask somebody else"
        )
    before = queries.in_force(application.id)
    if before is not None:
        _cancel(before, by=By.APPLICANT, actor=by, now=now)
    made = Endorsement(
        application=application,
        name=clean(name).strip(),
        role=clean(role).strip(),
        email=address,
        asked_by_id=by.id,
        asked_at=now,
        mailed_at=now,
        changed_at=now,
        wording=application.cycle.endorsement_wording,
        state=State.ASKED,
    )
    db.session.add(made)
    db.session.flush()
    audit.record(by, "endorsement.asked", made, application=application.id, email=address, name=made.name)
    _mail(made, "endorsement_asked", now=now)
    return made


def _may_endorse(application: Application, address: str) -> None:
    """Raise EndorsementRefused for an address of those who apply, or of a reviewer."""
    own = {application.person.email.casefold()}
    own |= {member.email.casefold() for member in application.members if member.ended_at is None}
    own |= {member.person.email.casefold() for member in application.members if member.is_in and member.person}
    if address.casefold() in own:
        whose = "your team’s own address" if application.members else "your own address"
        raise EndorsementRefused(f"This is {whose}. Name {application.cycle.endorser} with theirs", "email")
    if queries.reviews_for(application.cycle, address):
        raise EndorsementRefused(
            f"This person reviews for {application.cycle.opportunity.title} and cannot endorse an application to it. "
            "Name somebody else",
            "email",
        )


def _mail(endorsement: Endorsement, template: str, *, now: datetime) -> None:
    """Write a mail with a fresh link; those before it go on working."""
    token = new_token()
    db.session.add(EndorsementLink(endorsement_id=endorsement.id, token_hash=hashed(token), made_at=now))
    application = endorsement.application
    endorsement.mailed_at = now
    write(
        template, to=(endorsement.name, endorsement.email), about=endorsement, reply_to=application.person.email,
        endorsement=endorsement, application=application, cycle=application.cycle,
        opportunity=application.cycle.opportunity, token=token,
    )  # fmt: skip


def remind(endorsement: Endorsement, *, by: Person, now: datetime) -> None:
    """Write once more to who has not answered.  Raises EndorsementRefused when that is too soon or too often."""
    _hold(endorsement)
    if endorsement.state not in WAITING:
        raise EndorsementRefused(f"{endorsement.name} has answered by now.")
    if endorsement.reminders >= MOST_REMINDERS:
        raise EndorsementRefused(
            f"We have reminded {endorsement.name} {MOST_REMINDERS} times. Call them, or name somebody else."
        )
    if now - endorsement.mailed_at < APART:
        raise EndorsementRefused(
            f"We wrote to {endorsement.name} less than 48 hours ago. Wait until then, or call them."
        )
    endorsement.reminders += 1
    template = "endorsement_reopened" if endorsement.state is State.REOPENED else "endorsement_reminder"
    endorsement.told_at = now
    audit.record(by, "endorsement.reminded", endorsement, number=endorsement.reminders)
    _mail(endorsement, template, now=now)


def confirm(endorsement: Endorsement, *, name: str, seen: str, now: datetime) -> None:
    """Confirm the answers with one's typed name.

    In: the fingerprint of the answers that the person had before them.  Confirming twice is confirming once.  Raises
    FactsChanged when the answers are others by now, EndorsementRefused when there is nothing to confirm.
    """
    application = _hold(endorsement)
    facts = facts_of(application)
    mark = fingerprint(facts)
    if endorsement.state is State.CONFIRMED and endorsement.fingerprint == seen == mark:
        return
    if not can_answer(endorsement):
        raise EndorsementRefused("There is nothing to confirm any more.")
    if mark != seen:
        raise FactsChanged
    # Name, time and mark are tied to the state by a constraint, so all are written in one flush.
    endorsement.typed_name, endorsement.confirmed_at = clean(name).strip(), now
    endorsement.fingerprint, endorsement.facts = mark, [fact.stored for fact in facts]
    endorsement.wording = application.cycle.endorsement_wording
    move(endorsement, State.CONFIRMED, by=By.ENDORSER, now=now)
    audit.record(
        None, "endorsement.confirmed", endorsement, application=application.id, name=endorsement.typed_name,
        email=endorsement.email, fingerprint=mark,
    )  # fmt: skip
    _tell_applicant(endorsement, "endorsement_confirmed")


def decline(endorsement: Endorsement, *, reason: str, now: datetime) -> None:
    """Decline with a reason, which the applicant reads.  Raises EndorsementRefused when it is too late for that."""
    application = _hold(endorsement)
    if endorsement.state is State.DECLINED:
        return
    if not can_answer(endorsement):
        raise EndorsementRefused("There is nothing to decline any more.")
    endorsement.reason = clean(reason).strip()[:LONGEST_REASON]
    move(endorsement, State.DECLINED, by=By.ENDORSER, now=now)
    audit.record(
        None, "endorsement.declined", endorsement, application=application.id, email=endorsement.email,
        reason=endorsement.reason,
    )  # fmt: skip
    _tell_applicant(endorsement, "endorsement_declined")


def _tell_applicant(endorsement: Endorsement, template: str) -> None:
    application = endorsement.application
    write(
        template, to=application.person, about=application, endorsement=endorsement, application=application,
        cycle=application.cycle, opportunity=application.cycle.opportunity,
    )  # fmt: skip


def notice(application: Application, *, by: Person | None, now: datetime) -> str:
    """Look whether answers that were confirmed have changed; called within a save, which holds the application.

    Out: a sentence for who saved, when the endorsement has to be given again or stands again; else nothing.
    """
    endorsement = queries.in_force(application.id)
    if endorsement is None or endorsement.state is State.ASKED:
        return ""
    is_same = fingerprint(facts_of(application)) == endorsement.fingerprint
    if endorsement.state is State.CONFIRMED and not is_same:
        move(endorsement, State.REOPENED, by=By.PORTAL, now=now)
        endorsement.told_at = None
        audit.record(by, "endorsement.reopened", endorsement, application=application.id)
        enqueue(ASK_AGAIN, schedule_at=now + QUIET, endorsement_id=endorsement.id)
        return f"You changed what {endorsement.name} has confirmed.|We ask them to confirm it again once you pause."
    if endorsement.state is State.REOPENED and is_same:
        move(endorsement, State.CONFIRMED, by=By.PORTAL, now=now)
        audit.record(by, "endorsement.restored", endorsement, application=application.id)
        return f"Your answers are again those that {endorsement.name} has confirmed.|Their endorsement stands."
    return ""


def ask_again(endorsement: Endorsement, *, by: Person | None, now: datetime) -> None:
    """Mail the person what has changed since they confirmed; once for each time that it was reopened."""
    application = _hold(endorsement)
    if endorsement.state is not State.REOPENED or endorsement.told_at is not None:
        return
    if not differences(endorsement.facts, facts_of(application)):
        return
    endorsement.told_at = now
    audit.record(by, "endorsement.asked-again", endorsement, application=application.id)
    _mail(endorsement, "endorsement_reopened", now=now)


def cancel_of(application: Application, *, actor: Person | None, now: datetime) -> None:
    """End what stands, because the application was withdrawn or its draft is deleted."""
    endorsement = queries.in_force(application.id)
    if endorsement is not None:
        _cancel(endorsement, by=By.PORTAL, actor=actor, now=now)


def _cancel(endorsement: Endorsement, *, by: By, actor: Person | None, now: datetime) -> None:
    """End a request, and tell the person, who need not do anything."""
    was = endorsement.state
    move(endorsement, State.CANCELLED, by=by, now=now)
    db.session.flush()
    audit.record(actor, "endorsement.cancelled", endorsement, was=was.value, email=endorsement.email)
    application = endorsement.application
    write(
        "endorsement_cancelled", to=(endorsement.name, endorsement.email), about=application.cycle,
        reply_to=application.person.email, endorsement=endorsement, application=application,
        cycle=application.cycle, opportunity=application.cycle.opportunity, was_confirmed=was is State.CONFIRMED,
    )  # fmt: skip


def _hold(endorsement: Endorsement) -> Application:
    """Hold the application and the request, both read afresh.  Out: the application with its answers."""
    db.session.flush()
    application = held(endorsement.application_id)
    queries.locked(endorsement.id)
    assert application is not None
    return application
