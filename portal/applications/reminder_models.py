"""Which reminders of a deadline were written, to whom."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model


class Before(StrEnum):
    """How long before the deadline a reminder goes; those of an edit are of changes to what was submitted."""

    WEEK = "week"
    TWO_DAYS = "two_days"
    SIX_HOURS = "six_hours"
    EDIT_TWO_DAYS = "edit_two_days"
    EDIT_SIX_HOURS = "edit_six_hours"


class Reminder(Model):
    """A reminder that was written: each at most once for an application and a person, whatever the deadline does."""

    __tablename__ = "reminder"

    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    before: Mapped[Before] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    deadline: Mapped[datetime]
    written_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"before IN ({', '.join(repr(str(one)) for one in Before)})", name="before"),
        CheckConstraint("written_at < deadline", name="written_at"),
    )
