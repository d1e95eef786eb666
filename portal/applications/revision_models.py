"""What was submitted, each time, and what a coordinator asked to have changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.core.db import HasId, Model


class Revision(HasId, Model):
    """One submission of an application: its answers by question key and its files, as they were at that moment.

    Each of `documents` has the id, question key, filename, size and SHA-256 of a file.  A row never changes.
    """

    __tablename__ = "application_revision"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    number: Mapped[int]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"))
    answers: Mapped[dict[str, Any]]
    documents: Mapped[list[Any]]

    by: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        UniqueConstraint("application_id", "number", name="uq_application_revision_number"),
    )

    def __str__(self) -> str:
        return f"Revision {self.number}"


class ChangeRequest(HasId, Model):
    """What a coordinator asked an applicant to change in a submitted application, and until when they can.

    Only the sections named are unlocked, for as long as it is open: until `due_at`, a new submission (`answered_at`),
    or the coordinator's taking it back (`cancelled_at`).  Where `is_invitation`, it asks for no correction, but invites
    to complete sections that are asked later.
    """

    __tablename__ = "change_request"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    section_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    is_invitation: Mapped[bool] = mapped_column(server_default="false", default=False)
    reason: Mapped[str]
    due_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("application_revision.id", ondelete="CASCADE"))
    cancelled_at: Mapped[datetime | None]

    asked_by: Mapped[Person] = relationship()
    revision: Mapped[Revision | None] = relationship()

    __table_args__ = (
        CheckConstraint("cardinality(section_ids) > 0", name="section_ids"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("due_at > asked_at", name="due_at"),
        CheckConstraint("(answered_at IS NULL) = (revision_id IS NULL)", name="answered"),
        CheckConstraint("answered_at IS NULL OR cancelled_at IS NULL", name="cancelled"),
        Index(
            "uq_change_request_open",
            "application_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL AND cancelled_at IS NULL"),
        ),
        Index("ix_change_request_application", "application_id", "id"),
    )

    def __str__(self) -> str:
        return f"Request for changes {self.id}"

    @property
    def is_open(self) -> bool:
        """Neither answered nor taken back; its date may have passed all the same."""
        return self.answered_at is None and self.cancelled_at is None
