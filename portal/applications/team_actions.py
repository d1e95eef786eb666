"""What happens in a team: people are invited, join, leave, are removed; the lead goes over; comments are written.

Every action holds the application's row first, as saving and submitting do, so that access ends at once.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.actions import refresh_index
from portal.applications.models import Application
from portal.applications.refusals import NoDraft
from portal.applications.rules import leads, seat_of
from portal.applications.status import Status
from portal.applications.team_models import Access, TeamComment, TeamMember
from portal.catalogue.frozen import FrozenQuestion, FrozenSection
from portal.core import audit
from portal.core.db import db, violated_constraint
from portal.core.text import clean, plural
from portal.core.tokens import hashed, new_token
from portal.messaging.actions import InvalidAddress, valid_address, write

INVITED_FOR = timedelta(days=14)
MOST_MAILS = 4
APART = timedelta(hours=1)
MOST_ROWS = 60


class TeamRefused(Exception):
    """Something does not happen in a team; `reason` is a sentence, `field` the field of the form that it is about."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


def size(application: Application) -> int:
    """How many people the team has: its lead, those in it, and those asked."""
    return 1 + sum(member.ended_at is None for member in application.members)


def invite(
    application: Application, *, name: str, email: str, duty: str, access: Access, by: Person, now: datetime
) -> TeamMember:
    """Ask somebody into the team by a mail with a link.  Out: the invitation.  Raises TeamRefused, NoDraft."""
    _hold(application)
    if application.status is not Status.DRAFT:
        raise NoDraft(application)
    try:
        address = valid_address(clean(email).strip())
    except InvalidAddress as error:
        raise TeamRefused(error.reason, "email") from error
    _may_be_asked(application, address)
    token = new_token()
    member = TeamMember(
        email=address,
        name=clean(name).strip(),
        duty=clean(duty).strip(),
        access=access,
        invited_at=now,
        invited_by_id=by.id,
        token_hash=hashed(token),
    )
    application.members.append(member)
    db.session.flush()
    audit.record(by, "team.invited", application, member=member.id, email=address, access=access.value)
    _mail_invitation(application, member, token, by=by, now=now)
    return member


def _may_be_asked(application: Application, address: str) -> None:
    """Raise TeamRefused when the address is the lead's, in the team already, or one too many."""
    most, folded = application.cycle.team_max, address.casefold()
    if folded == application.person.email.casefold():
        raise TeamRefused("This is the lead’s own address. Enter the address of somebody else", "email")
    for member in application.members:
        known = {member.email.casefold(), member.person.email.casefold() if member.person else ""}
        if member.ended_at is None and folded in known:
            has = "is on your team" if member.is_in else "is invited"
            raise TeamRefused(f"{member.shown_name} {has} already. Enter the address of somebody else", "email")
    if size(application) >= most:
        raise TeamRefused(f"Your team has {most} people, the most that this program takes. Remove somebody first")
    if len(application.members) >= MOST_ROWS:
        raise TeamRefused("This team has invited very many people. Write to the coordinator to invite more")


def invite_again(member: TeamMember, application: Application, *, by: Person, now: datetime) -> None:
    """Send a new link; the old one stops working.  Raises TeamRefused when that is too soon or too often, NoDraft."""
    _hold(application)
    if application.status is not Status.DRAFT:
        raise NoDraft(application)
    if not member.is_asked:
        raise TeamRefused(f"{member.shown_name} has answered already.")
    if member.mails >= MOST_MAILS:
        raise TeamRefused(
            f"We have written to {member.email} {MOST_MAILS} times. Check the address with {member.shown_name}: "
            "if it is wrong, remove the invitation and invite the right one."
        )
    if now - member.invited_at < APART:
        raise TeamRefused(f"We wrote to {member.email} less than an hour ago. Give it an hour, then send it again.")
    token = new_token()
    member.token_hash, member.invited_at, member.mails = hashed(token), now, member.mails + 1
    audit.record(by, "team.invited", application, member=member.id, email=member.email, again=member.mails)
    _mail_invitation(application, member, token, by=by, now=now)


def _mail_invitation(application: Application, member: TeamMember, token: str, *, by: Person, now: datetime) -> None:
    write(
        "team_invitation", to=(member.name, member.email), about=application, reply_to=by.email,
        application=application, opportunity=application.cycle.opportunity, member=member, invited_by=by,
        token=token, until=now + INVITED_FOR,
    )  # fmt: skip


def is_over(member: TeamMember, now: datetime) -> bool:
    """Whether the link of an invitation is too old."""
    return now - member.invited_at > INVITED_FOR


def join(member: TeamMember, application: Application, *, by: Person, now: datetime) -> None:
    """Take the place that was offered by a link; it works once.  Raises TeamRefused."""
    _hold(application)
    db.session.refresh(member)
    if member.token_hash is None or is_over(member, now) or application.status is not Status.DRAFT:
        raise TeamRefused("This invitation has been used, withdrawn, or has ended meanwhile.")
    if leads(by, application) or seat_of(by, application) is not None:
        raise TeamRefused("You are on this team already, so this invitation is for somebody else.")
    member.person, member.joined_at, member.token_hash = by, now, None
    db.session.flush()
    audit.record(by, "team.joined", application, member=member.id, access=member.access.value)
    write(
        "team_joined", to=application.person, about=application,
        application=application, opportunity=application.cycle.opportunity, member=member,
    )  # fmt: skip


def change_member(member: TeamMember, application: Application, *, duty: str, access: Access, by: Person) -> None:
    """Change what somebody does in the team and may do in the application; at once."""
    _hold(application)
    was = member.access
    member.duty, member.access = clean(duty).strip(), access
    audit.record(by, "team.changed", application, member=member.id, access=[was.value, access.value])


def end(member: TeamMember, application: Application, *, by: Person, now: datetime) -> None:
    """Take somebody out of the team, or their invitation back, or leave: their access ends at once."""
    _hold(application)
    if member.ended_at is not None:
        return
    was_in, left = member.is_in, member.person_id == by.id
    member.ended_at, member.offered_at, member.token_hash = now, None, None
    audit.record(by, "team.left" if left else "team.removed", application, member=member.id, email=member.email)
    if was_in and member.person is not None:
        write(
            "team_left" if left else "team_removed", to=application.person if left else member.person,
            about=application, application=application, opportunity=application.cycle.opportunity, member=member,
        )  # fmt: skip


def leave_all(person: Person, *, now: datetime) -> None:
    """Leave every team that somebody is in without leading it, because their account is closed."""
    seats = select(TeamMember).where(TeamMember.person_id == person.id, TeamMember.ended_at.is_(None))
    for member in db.session.scalars(seats.order_by(TeamMember.application_id)).all():
        end(member, db.session.get_one(Application, member.application_id), by=person, now=now)


def offer_lead(member: TeamMember, application: Application, *, by: Person, now: datetime) -> None:
    """Offer somebody of the team to lead it; an offer to another ends.  Raises TeamRefused for who is not in it."""
    _hold(application)
    if not member.is_in or member.person is None:
        raise TeamRefused(f"{member.shown_name} is not on the team yet.")
    if member.offered_at is not None:
        return
    for other in application.members:
        other.offered_at = None
    db.session.flush()
    member.offered_at = now
    audit.record(by, "team.lead-offered", application, member=member.id, person=member.person_id)
    write(
        "team_lead_offered", to=member.person, about=application, reply_to=by.email,
        application=application, opportunity=application.cycle.opportunity, lead=by,
    )  # fmt: skip


def end_offer(member: TeamMember, application: Application, *, by: Person) -> None:
    """Take the offer back, or decline it."""
    _hold(application)
    if member.offered_at is None:
        return
    member.offered_at = None
    declined = member.person_id == by.id
    audit.record(by, "team.lead-declined" if declined else "team.lead-kept", application, member=member.id)
    if declined:
        write(
            "team_lead_declined", to=application.person, about=application,
            application=application, opportunity=application.cycle.opportunity, member=member,
        )  # fmt: skip


def take_lead(application: Application, *, by: Person, now: datetime) -> None:
    """Lead the team from now on; who led it stays in it and may edit.

    Raises TeamRefused when the offer has gone, or the person has an application of their own in the cycle.
    """
    _hold(application)
    seat = seat_of(by, application)
    if seat is None or seat.offered_at is None:
        raise TeamRefused("The offer to lead this team was taken back meanwhile.")
    if queries.in_cycle(by.id, application.cycle_id) is not None:
        raise _has_own(application)
    before = application.person
    seat.ended_at, seat.offered_at = now, None
    try:
        with db.session.begin_nested():
            application.person = by
            db.session.flush()
    except IntegrityError as error:
        if violated_constraint(error) != "uq_application_one_each":
            raise
        raise _has_own(application) from error
    application.members.append(
        TeamMember(
            person=before,
            email=before.email,
            name=before.full_name,
            duty="",
            access=Access.EDIT,
            invited_at=now,
            invited_by_id=by.id,
            joined_at=now,
        )
    )
    refresh_index(application)
    db.session.flush()
    audit.record(by, "team.lead-changed", application, before=before.id, after=by.id)
    for person in (before, by):
        write(
            "team_lead_changed", to=person, about=application, application=application,
            opportunity=application.cycle.opportunity, before=before, after=by,
        )  # fmt: skip


def _has_own(application: Application) -> TeamRefused:
    title = application.cycle.opportunity.title
    return TeamRefused(
        f"You have an application of your own to {title}, {application.cycle.name}, and one person leads one "
        "application to each cycle. Delete your own draft first, or stay a member of this team."
    )


def comment(
    application: Application,
    section: FrozenSection,
    question: FrozenQuestion | None,
    body: str,
    *,
    by: Person,
    now: datetime,
) -> TeamComment:
    """Write to the team about a section, or about one of its questions.  Out: the comment."""
    made = TeamComment(
        application_id=application.id,
        question_key=(question or section.questions[0]).key,
        is_on_section=question is None,
        author_id=by.id,
        body=clean(body).strip(),
        created_at=now,
    )
    db.session.add(made)
    audit.record(by, "team.commented", application)
    return made


def resolve(found: TeamComment, *, by: Person, now: datetime) -> None:
    """Say that a comment is dealt with, or that it is not after all."""
    is_open = found.resolved_at is None
    found.resolved_at, found.resolved_by_id = (now, by.id) if is_open else (None, None)


def close_invitations(application: Application, *, now: datetime) -> int:
    """End the invitations that wait: nobody joins what is no draft.  Out: how many."""
    waiting = [member for member in application.members if member.is_asked]
    for member in waiting:
        member.ended_at, member.token_hash = now, None
    return len(waiting)


def tell_members(application: Application, *, what: str, by: Person) -> None:
    """Write to everybody in the team that the application was submitted, withdrawn or deleted."""
    for member in application.members:
        if member.is_in and member.person is not None and member.person_id != by.id:
            write(
                "team_news", to=member.person, about=application.cycle if what == "deleted" else application,
                application=application,
                opportunity=application.cycle.opportunity, what=what, by=by,
            )  # fmt: skip


def missing(application: Application) -> str:
    """What a team of too few people is told; empty when it is large enough.  Invited people count once they join."""
    here = 1 + sum(member.is_in for member in application.members)
    least = application.cycle.team_min
    if here >= least:
        return ""
    return f"Bring your team together: it has {plural(here, 'person', 'people')} and needs {least}"


def _hold(application: Application) -> None:
    """Hold the application's row and read its team afresh."""
    db.session.flush()
    queries.locked(application.id)
    db.session.expire(application, ["members"])
