"""Messages between an applicant and the coordinators: reading, writing, and which of them wait for an answer."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased, joinedload

from portal.accounts.models import Person
from portal.accounts.queries import holders
from portal.accounts.rules import scope
from portal.accounts.status import Role
from portal.applications.conversation_models import ConversationMessage
from portal.applications.models import Application
from portal.applications.queries import of_others
from portal.applications.rules import belongs, people_of
from portal.catalogue.models import Cycle, Opportunity
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.messaging.actions import write

LONGEST = 4000
SHOWN = 200
AT_ONCE = 100


def thread(application: Application) -> Sequence[ConversationMessage]:
    """The last messages about an application with who wrote them, the oldest first; at most `SHOWN`."""
    found = db.session.scalars(
        select(ConversationMessage)
        .where(ConversationMessage.application_id == application.id)
        .order_by(ConversationMessage.id.desc())
        .limit(SHOWN)
        .options(joinedload(ConversationMessage.author).lazyload(Person.memberships))
    ).all()
    return list(reversed(found))


def say(application: Application, body: str, *, by: Person, now: datetime) -> ConversationMessage:
    """Write a message, and tell the other side by mail; what they wrote counts as read by whoever answers.

    In: the application, also a draft; the words.  Out: the message.
    """
    is_staff = not belongs(by, application)
    made = ConversationMessage(
        application_id=application.id, author=by, is_staff=is_staff, body=clean(body).strip(), at=now
    )
    db.session.add(made)
    mark_read(application, by_staff=is_staff, now=now)
    audit.record(by, "conversation.written", made, application=application.id, by_staff=is_staff)
    _tell(application, made)
    return made


def _tell(application: Application, message: ConversationMessage) -> None:
    """Staff get it by the address of the listing, as they did before there were messages here; else each of them."""
    listing = application.cycle.opportunity
    context: dict[str, Any] = {
        "application": application, "cycle": application.cycle, "opportunity": listing, "message": message,
    }  # fmt: skip
    if message.is_staff:
        write(
            "message_to_applicant", to=application.person, about=application, reply_to=listing.contact_email, **context
        )
        return
    parts = people_of(application)  # a coordinator who is or was in the team is none of this application
    told: list[Person | tuple[str, str]] = [
        person for person in holders(Role.COORDINATOR, listing) if person.id not in parts
    ]
    if listing.contact_email:
        told = [(listing.contact_name or listing.title, listing.contact_email)]
    for person in told:
        write("message_to_staff", to=person, about=application, reply_to=application.person.email, **context)


def mark_read(application: Application, *, by_staff: bool, now: datetime) -> None:
    """What the other side wrote is read by now; done where something is written, since reading a page saves nothing."""
    db.session.execute(
        update(ConversationMessage)
        .where(
            ConversationMessage.application_id == application.id,
            ConversationMessage.is_staff.is_(not by_staff),
            ConversationMessage.read_at.is_(None),
        )
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )


def unread_by_applicant(application_ids: Collection[int]) -> dict[int, int]:
    """How many messages of the staff those who apply have not read yet, by application."""
    rows = db.session.execute(
        select(ConversationMessage.application_id, func.count())
        .where(
            ConversationMessage.application_id.in_(application_ids),
            ConversationMessage.is_staff,
            ConversationMessage.read_at.is_(None),
        )
        .group_by(ConversationMessage.application_id)
    )
    return {row[0]: row[1] for row in rows}


def unanswered(user: Any) -> Sequence[ConversationMessage]:
    """The last message of each conversation that the user coordinates and that waits for an answer, the oldest first.

    A conversation waits while its last message is of those who apply, and unread.  Those about drafts are among them;
    of a draft, staff see the message, the title and the name alone.
    """
    later = aliased(ConversationMessage)
    newer = select(later.id).where(
        later.application_id == ConversationMessage.application_id, later.id > ConversationMessage.id
    )
    query = (
        select(ConversationMessage)
        .join(ConversationMessage.application)
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .where(
            ConversationMessage.is_staff.is_(False),
            ConversationMessage.read_at.is_(None),
            Application.is_test.is_(False),
            of_others(user.id),
            ~newer.exists(),
        )
        .order_by(ConversationMessage.id)
        .limit(AT_ONCE)
        .options(
            joinedload(ConversationMessage.author).lazyload(Person.memberships),
            joinedload(ConversationMessage.application).options(
                joinedload(Application.cycle).joinedload(Cycle.opportunity),
                joinedload(Application.person).lazyload(Person.memberships),
            ),
        )
    )
    held = scope(user, Role.COORDINATOR)
    if not held.everywhere:
        query = query.where(
            Opportunity.unit_id.in_(sorted(held.units)) | Opportunity.id.in_(sorted(held.opportunities))
        )
    return db.session.scalars(query).all()


def last_message() -> Any:
    """The id of the last message about an application, as a column of a query of applications."""
    query = select(func.max(ConversationMessage.id)).where(ConversationMessage.application_id == Application.id)
    return query.correlate(Application).scalar_subquery()


def of_message(message_id: int) -> ConversationMessage | None:
    """A message with its application and listing: what the rule of answering it asks about."""
    return db.session.scalar(
        select(ConversationMessage)
        .where(ConversationMessage.id == message_id)
        .options(
            joinedload(ConversationMessage.application).options(
                joinedload(Application.cycle).joinedload(Cycle.opportunity), joinedload(Application.person)
            )
        )
    )
