"""What the file of an application reads: the application whole, its neighbours in the queue, and its history."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, func, null, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased, joinedload

from portal.accounts.models import Person
from portal.applications.conversations import last_message
from portal.applications.models import Application, StatusEvent
from portal.applications.revisions import counted
from portal.applications.status import Status
from portal.applications.team_models import TeamMember
from portal.catalogue.models import Cycle, Opportunity, Site
from portal.core.db import db
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from portal.selection.models import Decision

LINES_SHOWN = 100


@dataclass(frozen=True)
class File:
    """An application with its neighbours by name, as ids; none at the ends of the queue.

    `submissions` says how often it was submitted since these are kept, `submitted_last` when last,
    and `last_message` is the id of the last message with the applicant.
    """

    application: Application
    previous: int | None
    following: int | None
    submissions: int
    submitted_last: datetime | None
    last_message: int | None


def file_by_id(application_id: int) -> File | None:
    """An application with all that its page shows of itself, except its answers, in one query.

    Documents and the team come in the same rows: there are few of each, and a page has few queries to spend.  Answers
    are read where they are shown, which is not while the application is edited; the form is kept by `sheet`.
    """
    found = db.session.execute(_whole(), {"application_id": application_id}).unique().one_or_none()
    return File(*found) if found else None


@cache
def _whole() -> Select[Any]:
    """Built once: it is the longest query of the page that is read most."""
    listing = joinedload(Application.cycle).joinedload(Cycle.opportunity)
    before, after = _neighbours()
    return (
        select(Application, before, after, *counted(), last_message())
        .where(Application.id == bindparam("application_id"))
        .options(
            listing.load_only(
                Opportunity.unit_id, Opportunity.title, Opportunity.contact_name, Opportunity.contact_email
            ),
            joinedload(Application.person).lazyload(Person.memberships),
            joinedload(Application.site).load_only(Site.name),
            joinedload(Application.documents),
            joinedload(Application.form),
            joinedload(Application.change_request),
            joinedload(Application.extension),
            joinedload(Application.members).joinedload(TeamMember.person),
        )
    )


def _neighbours() -> tuple[Any, Any]:
    """The ids of the submitted applications before and after one by name in its cycle, by a step in the index each."""
    other = aliased(Application)
    near = select(other.id).where(
        other.cycle_id == Application.cycle_id, other.submitted_at.is_not(None), other.is_test.is_(False)
    )
    row, here = tuple_(other.sort_name, other.id), tuple_(Application.sort_name, Application.id)
    before = near.where(row < here).order_by(other.sort_name.desc(), other.id.desc()).limit(1)
    after = near.where(row > here).order_by(other.sort_name, other.id).limit(1)
    return before.correlate(Application).scalar_subquery(), after.correlate(Application).scalar_subquery()


@dataclass(frozen=True)
class Line:
    """One line of an application's history: a move with who made it and why, or an email with where it went.

    `message_id` and `delivery` are those of an email; a move has `target` instead.
    """

    at: datetime
    who: str
    words: str
    target: Status | None
    message_id: int | None
    delivery: Delivery | None


def history(application: Application) -> list[Line]:
    """The moves of an application and the emails about it and its decisions, in order; the last `LINES_SHOWN`."""
    decisions = select(Decision.id).where(Decision.application_id == application.id)
    moves = (
        select(
            StatusEvent.at.label("at"),
            StatusEvent.id.label("id"),
            func.trim(func.concat(Person.given_name, " ", Person.family_name)).label("who"),
            StatusEvent.reason.label("words"),
            StatusEvent.target.cast(Text).label("target"),
            null().cast(Text).label("delivery"),
        )
        .outerjoin(Person, Person.id == StatusEvent.actor_id)
        .where(StatusEvent.application_id == application.id)
    )
    mails = select(
        Message.created_at,
        Message.id,
        Message.to_address.cast(Text),
        Message.subject,
        null().cast(Text),
        Message.state.cast(Text),
    ).where(
        or_(
            (Message.thing_type == Application.__tablename__) & (Message.thing_id == application.id),
            (Message.thing_type == Decision.__tablename__) & Message.thing_id.in_(decisions),
        )
    )
    both = union_all(moves, mails).subquery()
    newest = select(both).order_by(both.c.at.desc(), both.c.target.is_(None).desc(), both.c.id.desc())
    return [_line(row) for row in reversed(db.session.execute(newest.limit(LINES_SHOWN)).all())]


def _line(row: Any) -> Line:
    return Line(
        at=row.at,
        who=row.who,
        words=row.words,
        target=Status(row.target) if row.target else None,
        message_id=None if row.target else row.id,
        delivery=Delivery(row.delivery) if row.delivery else None,
    )
