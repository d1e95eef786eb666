"""Later deadlines of single people."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.catalogue.models import Cycle
from portal.core.db import HasId, Model


class Extension(HasId, Model):
    """A later deadline of one person in one cycle, for a draft they have begun and for their letters.

    One at a time holds; one that was replaced or taken back keeps its row, with `revoked_at`.
    """

    __tablename__ = "extension"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    until: Mapped[datetime]
    reason: Mapped[str]
    granted_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    cycle: Mapped[Cycle] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    granted_by: Mapped[Person] = relationship(foreign_keys=[granted_by_id])

    __table_args__ = (
        CheckConstraint("until > granted_at", name="until"),
        CheckConstraint("revoked_at >= granted_at", name="revoked_at"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("uq_extension_one", "cycle_id", "person_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
        Index("ix_extension_cycle", "cycle_id", "id"),
    )

    def __str__(self) -> str:
        return f"Extension {self.id}"
