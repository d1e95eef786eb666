"""Who sees a team, invites to it, leaves it, leads it and comments in it."""

from typing import Any

from portal.applications.models import Application
from portal.applications.refusals import Turned
from portal.applications.rules import belongs, edit_application, leads, moment, seat_of
from portal.applications.status import FINAL, Status
from portal.core.access import Refusal, rule
from portal.core.audit import Event

GONE = 410


@rule("team.read")
def read_team(user: Any, application: Application) -> bool:
    """The lead and the members, where the cycle takes teams or took them when this one came together."""
    return belongs(user, application) and (application.cycle.takes_teams or bool(application.members))


@rule("team.invite")
def invite_to_team(user: Any, application: Application) -> bool | Refusal:
    """The lead, while the draft is open and the cycle takes teams."""
    if not leads(user, application) or not application.cycle.takes_teams:
        return False
    return edit_application(user, application)


@rule("team.manage")
def manage_team(user: Any, application: Application) -> bool | Refusal:
    """The lead changes what members may do, removes them and hands over, until there is nothing left to do."""
    if not read_team(user, application) or not leads(user, application):
        return False
    return True if application.status not in FINAL else _settled(application)


@rule("team.leave")
def leave_team(user: Any, application: Application) -> bool:
    """Members leave whenever they want; the lead hands over first."""
    return seat_of(user, application) is not None


@rule("team.take_lead")
def take_lead(user: Any, application: Application) -> bool | Refusal:
    """The member to whom the lead has offered it, until there is nothing left to do."""
    seat = seat_of(user, application)
    if seat is None:
        return False
    if seat.offered_at is None:
        return Turned(
            f"{application.person.full_name} leads this team and does not offer you the lead at the moment.",
            title="There is no offer",
            status=409,
            application_id=application.id,
        )
    return True if application.status not in FINAL else _settled(application)


@rule("team.comment")
def comment_in_team(user: Any, application: Application) -> bool | Refusal:
    """The lead and members who may comment, while it is a draft."""
    if not read_team(user, application):
        return False
    seat = seat_of(user, application)
    if seat is not None and not seat.access.comments:
        return Turned(
            f"You can read this draft. Ask {application.person.full_name} to let you comment.",
            title="You can read this, not comment on it",
            application_id=application.id,
        )
    if application.status is not Status.DRAFT:
        return Turned(
            "This is no draft any more, so its comments stay as they are.",
            title="Comments have ended",
            application_id=application.id,
        )
    return True


def _settled(application: Application) -> Turned:
    return Turned(
        "Nothing more happens with this application, so its team stays as it is.",
        title="This application is settled",
        status=409,
        application_id=application.id,
    )


def no_longer(user: Any, application: Application) -> Turned | None:
    """What somebody is told who still writes to a team that they were in: since when they are not, and whom to ask.

    None for whoever is in it now, or never was: to a stranger there is no such application.  Nothing of it is told.
    """
    ended = [
        member.ended_at
        for member in application.members
        if member.joined_at and member.ended_at and user.id is not None and member.person_id == user.id
    ]
    if not ended or belongs(user, application):
        return None
    return Turned(
        f"You have not been on this team since {moment(max(ended))}, so nothing was saved or sent. "
        f"Ask {application.person.full_name}, who leads it, to invite you again if that is a mistake.",
        title="You are no longer on this team",
    )


def deleted(user: Any, event: Event) -> Turned:
    """What somebody is told who still writes to a draft that its lead deleted: who did, and when."""
    who = "You" if event.actor_id == user.id else f"{event.actor_name}, who led your team,"
    return Turned(
        f"{who} deleted this draft on {moment(event.at)}, so nothing was saved or sent.",
        title="This draft was deleted",
        status=GONE,
    )
