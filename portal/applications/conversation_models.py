"""What an applicant and the coordinators write to each other about an application."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.core.db import HasId, Model


class ConversationMessage(HasId, Model):
    """One message, of those who apply or of the staff; `read_at` is when the other side first opened it.

    Reviewers never see these, and neither does anything that goes to them.
    """

    __tablename__ = "conversation_message"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    is_staff: Mapped[bool]
    body: Mapped[str]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship()
    author: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("body <> ''", name="body"),
        CheckConstraint("read_at >= at", name="read_at"),
        Index("ix_conversation_message_application", "application_id", "id"),
        Index("ix_conversation_message_waiting", "id", postgresql_where=text("read_at IS NULL AND NOT is_staff")),
    )

    def __str__(self) -> str:
        return f"Message {self.id}"
