"""Closing an account, holding what must be kept, and deleting what was kept long enough."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, select

from portal.accounts.actions import deactivate, name, revoke
from portal.accounts.models import Person
from portal.applications.actions import delete_draft, erase
from portal.applications.actions import withdraw as withdraw_application
from portal.applications.companions import Companion, register
from portal.applications.models import Application
from portal.applications.status import Status, find_step
from portal.applications.team_actions import leave_all
from portal.applications.team_models import TeamMember
from portal.catalogue.models import Cycle
from portal.core import audit
from portal.core.db import db
from portal.following.models import Follow
from portal.following.newsletter_actions import forget_address
from portal.messaging.actions import write
from portal.messaging.models import Message
from portal.privacy import queries
from portal.privacy.copying import delete_copies_of
from portal.privacy.models import LegalHold, Purge
from portal.profiles.models import Profile

AT_ONCE = 50
MAIL_KEPT = timedelta(days=365)
HELD = "For legal reasons nothing of this application may be deleted at the moment. You can delete it later."
CLOSED = "The applicant closed their account."
NOBODY = ("Deleted", "person")


class LeadsTeam(Exception):
    """Somebody leads the application of a team, and has to hand it over first.  `applications` are these."""

    def __init__(self, applications: Sequence[Application]) -> None:
        super().__init__(", ".join(str(each.cycle) for each in applications))
        self.applications = applications


class _Holds(Companion):
    """While a hold stands, applicants delete nothing of what it is on either."""

    def keeps(self, application: Application) -> str:
        return HELD if queries.is_kept(application.id) else ""


register(_Holds())


class AlreadyHeld(Exception):
    """A hold stands on this already."""


def close_account(person: Person, *, now: datetime) -> None:
    """Close one's own account for good.

    Drafts are deleted but for those that a hold keeps, what can be withdrawn is withdrawn, roles, passkeys, saved
    listings, copies, profile and mail of the account end, the address is free again.  Submitted applications stay for
    as long as their listings keep them, under the name; without any the name goes too.  Raises LeadsTeam, and LastAdmin
    of accounts.
    """
    teams = _led_teams(person)
    if teams:
        raise LeadsTeam(teams)
    address = (person.full_name, person.email)
    forget_address(person.email)
    deactivate(person, by=person)
    _forget_what_is_theirs(person)
    for application in queries.drafts_of(person.id):
        delete_draft(application, by=person)
    for application, _ in queries.kept_until(person.id):
        if find_step(application.status, Status.WITHDRAWN):
            withdraw_application(application, by=person, now=now, reason=CLOSED)
    leave_all(person, now=now)
    for membership in list(person.memberships):
        revoke(membership, by=person)
    db.session.execute(delete(Follow).where(Follow.person_id == person.id))
    delete_copies_of(person)
    kept = queries.kept_until(person.id)
    _forget_sign_in(person, now=now)
    held = queries.drafts_of(person.id, held=True)
    names = [(str(each.cycle), until) for each, until in kept] + [(str(each.cycle), None) for each in held]
    write("account_closed", to=address, kept=names, has_held=bool(held))
    audit.record(person, "person.closed", person, kept=len(names))
    _forget_name(person)


def _forget_what_is_theirs(person: Person) -> None:
    """Delete the profile and the mail that is about no application, unless a hold on the person keeps them."""
    if queries.is_person_held(person.id):
        return
    db.session.execute(delete(Profile).where(Profile.person_id == person.id))
    db.session.execute(delete(Message).where(Message.person_id == person.id, queries.goes_with_nothing()))


def forget_old_mail(now: datetime) -> int:
    """Delete mail older than `MAIL_KEPT` that no application takes with it: of accounts, alerts and invitations, and
    what told others that a request had ended.  What a hold is on stays.  Out: how many."""
    gone = db.session.execute(
        delete(Message)
        .where(Message.created_at < now - MAIL_KEPT, queries.goes_with_nothing(), ~queries.is_mail_held())
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _led_teams(person: Person) -> Sequence[Application]:
    """The drafts that the person leads and in which others take part."""
    others = select(TeamMember.application_id).where(TeamMember.ended_at.is_(None), TeamMember.joined_at.is_not(None))
    return db.session.scalars(
        select(Application).where(
            Application.person_id == person.id, Application.status == Status.DRAFT, Application.id.in_(others)
        )
    ).all()


def _forget_sign_in(person: Person, *, now: datetime) -> None:
    """Nothing is left by which anybody could sign in, and the address may register anew."""
    person.closed_at = now
    person.email = f"closed-{uuid4().hex}@closed.invalid"
    person.password = person.tf_primary_method = person.tf_totp_secret = None
    person.mf_recovery_codes = []
    person.webauthn.clear()
    person.credentials = person.phone = person.time_zone = ""
    person.last_login_ip = person.current_login_ip = None
    name(person, given_name=person.given_name, family_name=person.family_name)
    db.session.flush()


def _forget_name(person: Person) -> None:
    """Take the name of a closed account away once nothing is kept under it."""
    db.session.flush()
    if queries.closed_and_done(person.id):
        name(person, given_name=NOBODY[0], family_name=NOBODY[1])


def purge(now: datetime) -> int:
    """Delete applications whose time to be kept has ended, each with a line in the log.

    Out: how many, at most `AT_ONCE`; the same transaction deletes and writes the line.
    """
    found = queries.over(now, most=AT_ONCE)
    for application, ended_at in found:
        person, cycle_id = application.person, application.cycle_id
        line = Purge(
            cycle_id=cycle_id,
            reference=application.reference or "",
            status=application.status.value,
            ended_at=ended_at,
            purged_at=now,
            facts={},
        )
        audit.record(None, "application.purged", application, cycle=cycle_id)
        line.facts = {"files": erase(application)}
        db.session.add(line)
        _forget_name(person)
    return len(found)


def place_hold(thing: Cycle | Person | Application, *, reason: str, by: Person, now: datetime) -> LegalHold:
    """Keep whatever is kept of a cycle, a person or an application until the hold is lifted.  Raises AlreadyHeld."""
    column = {Cycle: "cycle_id", Person: "person_id", Application: "application_id"}[type(thing)]
    standing = select(LegalHold).where(getattr(LegalHold, column) == thing.id, LegalHold.lifted_at.is_(None))
    db.session.refresh(thing, with_for_update={"of": type(thing)})
    if db.session.scalar(standing) is not None:
        raise AlreadyHeld
    made = LegalHold(**{column: thing.id}, reason=reason, placed_at=now, placed_by_id=by.id)
    db.session.add(made)
    db.session.flush()
    audit.record(by, "legal-hold.placed", made, reason=reason)
    return made


def lift_hold(hold: LegalHold, *, by: Person, now: datetime) -> None:
    """Let time go on; lifting twice changes nothing."""
    if hold.lifted_at is None:
        hold.lifted_at, hold.lifted_by_id = now, by.id
        audit.record(by, "legal-hold.lifted", hold)
        if hold.person_id is not None:
            person = db.session.get_one(Person, hold.person_id)
            db.session.flush()
            if person.closed_at is not None:
                _forget_what_is_theirs(person)
            _forget_name(person)
