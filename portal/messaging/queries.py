"""Finding messages that need something."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text

from portal.core.db import db
from portal.messaging.models import Message
from portal.messaging.status import Delivery


def locked(message_id: int) -> Message | None:
    """The message, held until the transaction ends; None when there is none."""
    return db.session.scalar(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
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
