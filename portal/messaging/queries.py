"""Finding messages that need something."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select, text

from portal.core.db import db
from portal.core.text import clean, folded
from portal.messaging.models import Message
from portal.messaging.status import Delivery

UNFINISHED = (Delivery.QUEUED, Delivery.SENDING, Delivery.FAILED, Delivery.UNKNOWN, Delivery.BOUNCED)
MOST_WORDS = 6


def locked(message_id: int) -> Message | None:
    """The message, held until the transaction ends; None when there is none."""
    return db.session.scalar(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    )


def locked_by_message_id(message_id: str) -> Message | None:
    """The message that went out under this Message-ID, held until the transaction ends."""
    return db.session.scalar(
        select(Message)
        .where(Message.message_id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def lost_while_sending(before: datetime) -> Sequence[Message]:
    """Messages whose last attempt began before that moment and never ended; held."""
    return db.session.scalars(
        select(Message)
        .where(Message.state == Delivery.SENDING, Message.tried_at < before)
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    ).all()


def waiting_without_job(before: datetime) -> Sequence[Message]:
    """Messages due before that moment for which no job waits any more (a worker died with it); held."""
    has_job = text(
        "NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.status = 'todo'"
        " AND job.task_name = 'messaging.deliver' AND (job.args->>'message_id')::bigint = message.id)"
    )
    return db.session.scalars(
        select(Message)
        .where(Message.state == Delivery.QUEUED, Message.next_try_at < before, has_job)
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    ).all()


def matching(*, states: Collection[Delivery] = (), words: str = "") -> Select[Message]:
    """Messages in one of the states (any when none is named) whose name, address or subject has every word."""
    query = select(Message)
    if states:
        query = query.where(Message.state.in_(states))
    for word in folded(clean(words)).split()[:MOST_WORDS]:
        query = query.where(Message.search_text.contains(word, autoescape=True))
    return query


def unfinished() -> dict[Delivery, int]:
    """How many messages are in each state other than sent."""
    rows = db.session.execute(
        select(Message.state, func.count().label("number")).where(Message.state.in_(UNFINISHED)).group_by(Message.state)
    )
    found = {row.state: row.number for row in rows}
    return {state: found.get(state, 0) for state in UNFINISHED}


def waiting_since() -> datetime | None:
    """When the message was written that waits longest, if any waits."""
    return db.session.scalar(select(func.min(Message.created_at)).where(Message.state == Delivery.QUEUED))
