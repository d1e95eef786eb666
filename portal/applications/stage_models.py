"""New dates of a cycle's stages, as applicants were told of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.catalogue.cycle_dates import STAGE_DATES
from portal.catalogue.models import Cycle
from portal.core.db import HasId, Model


class StageNotice(HasId, Model):
    """A change of the dates that a cycle had promised, with the note that applicants read.

    `changes` maps a column of the cycle to the old and the new date (ISO 8601, or None).  `to_tell` has the ids of the
    applications whose people are still to be written to; a job shortens it and counts them in `told`.  `replaced_at` is
    when a newer change of the same cycle's dates took its place: applicants read the newest alone.
    """

    __tablename__ = "stage_notice"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"))
    changes: Mapped[dict[str, Any]]
    note: Mapped[str]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    to_tell: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    told: Mapped[int] = mapped_column(default=0, server_default="0")
    replaced_at: Mapped[datetime | None]

    cycle: Mapped[Cycle] = relationship()
    by: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("note <> ''", name="note"),
        CheckConstraint("told >= 0", name="told"),
        CheckConstraint("replaced_at >= at", name="replaced_at"),
        Index("ix_stage_notice_cycle", "cycle_id", "id"),
        Index("uq_stage_notice_newest", "cycle_id", unique=True, postgresql_where=text("replaced_at IS NULL")),
    )

    def __str__(self) -> str:
        return f"New dates {self.id}"

    def new_dates(self) -> list[tuple[str, date | None]]:
        """The stages whose date changed, in words, with their new dates, in their order."""
        found = [(words, self.changes[column][1]) for column, words in STAGE_DATES.items() if column in self.changes]
        return [(words, date.fromisoformat(day) if day else None) for words, day in found]
