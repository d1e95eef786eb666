"""Messages that came back: recorded once each, however often the same news arrives."""

from enum import StrEnum

from sqlalchemy.dialects.postgresql import insert

from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging import queries
from portal.messaging.actions import LONGEST_ERROR, move
from portal.messaging.listeners import tell
from portal.messaging.models import Bounce
from portal.messaging.rendering import one_line
from portal.messaging.status import STEPS, BounceKind, Delivery


class Outcome(StrEnum):
    """What became of the news that a message came back."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    UNKNOWN = "unknown"


def record(message_id: str, kind: BounceKind, *, reason: str = "") -> Outcome:
    """Record that a message came back, was put off, or was complained about.

    In: its Message-ID as it went out, with or without angle brackets; what happened; what the other server said.  A
    hard bounce marks the message as bounced and tells the listeners; a complaint tells them; a soft one is noted,
    since the other server tries again by itself.
    """
    message = queries.locked_by_message_id(f"<{message_id.strip().strip('<>')}>")
    if message is None:
        return Outcome.UNKNOWN
    words = one_line(reason, LONGEST_ERROR)
    made = db.session.scalar(
        insert(Bounce)
        .values(message_id=message.id, kind=kind, reason=words, at=now())
        .on_conflict_do_nothing()
        .returning(Bounce.id)
    )
    if made is None:
        return Outcome.REPEATED
    message.last_error = words
    if kind is BounceKind.HARD:
        if Delivery.BOUNCED not in STEPS[message.state]:
            return Outcome.RECORDED  # it failed already, or waits to go again
        move(message, Delivery.BOUNCED)
    audit.record(None, f"message.{kind.verb}", message, reason=words)
    if kind is not BounceKind.SOFT:
        tell(message, kind)
    return Outcome.RECORDED
