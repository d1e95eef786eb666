"""Messages as they were rendered, with the truth about their delivery."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, desc, text
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import HasId, Model
from portal.core.text import folded
from portal.messaging.status import BounceKind, Delivery

_STATES = ", ".join(f"'{state}'" for state in Delivery)
_KINDS = ", ".join(f"'{kind}'" for kind in BounceKind)


LONGEST_SEARCH_TEXT = 1000


def _search_text(context: Any) -> str:
    """What the mail log searches: name, address and subject, in lower case without accents."""
    row = context.get_current_parameters()
    return folded(f"{row['to_name']} {row['to_address']} {row['subject']}")[:LONGEST_SEARCH_TEXT]


class Message(HasId, Model):
    """One email to one address.  `thing_type` and `thing_id` name the row it is about, as the audit trail does.

    `tried_at` is when the last attempt began, `next_try_at` when the next is due while it waits.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(state IN ('sent', 'bounced')) = (sent_at IS NOT NULL)", name="sent_at"),
        Index("ix_message_state", "state", desc("id")),
        Index("ix_message_to_address", "to_address", desc("id")),
        Index(
            "ix_message_search", "search_text", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"}
        ),
        Index("ix_message_thing", "thing_type", "thing_id", desc("id")),
    )

    template: Mapped[str]
    to_address: Mapped[str] = mapped_column(CITEXT)
    to_name: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    reply_to: Mapped[str]
    subject: Mapped[str]
    text_body: Mapped[str]
    html_body: Mapped[str]
    search_text: Mapped[str] = mapped_column(default=_search_text, server_default="")
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    thing_type: Mapped[str]
    thing_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[Delivery] = mapped_column(default=Delivery.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"{self.subject} (to {self.to_address})"


class Bounce(HasId, Model):
    """What another server said of a message after it had gone; of each kind once for a message."""

    __tablename__ = "bounce"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        UniqueConstraint("message_id", "kind"),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    kind: Mapped[BounceKind]
    reason: Mapped[str]
    at: Mapped[datetime]
