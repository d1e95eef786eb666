"""Decisions and the templates of their letters."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.models import Opportunity
from portal.core.db import HasId, Model
from portal.selection.status import Outcome


class LetterTemplate(HasId, Model):
    """The letter for one outcome: a listing's own, or (without a listing) the one every listing starts from.

    Placeholders such as `{given_name}` are filled from the application; see `portal.selection.letters`.
    """

    __tablename__ = "letter_template"

    opportunity_id: Mapped[int | None] = mapped_column(ForeignKey("opportunity.id", ondelete="CASCADE"))
    outcome: Mapped[Outcome]
    subject: Mapped[str]
    body: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")

    opportunity: Mapped[Opportunity | None] = relationship()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("outcome IN ('offer', 'waitlist', 'decline')", name="outcome"),
        UniqueConstraint("opportunity_id", "outcome", postgresql_nulls_not_distinct=True),
    )

    def __str__(self) -> str:
        return f"{self.outcome.label} letter"


class Decision(HasId, Model):
    """One decision on one application; private to staff until its letter is released, then fixed.

    A new decision after a wait-list is a new row; the last one counts.
    """

    __tablename__ = "decision"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    outcome: Mapped[Outcome]
    subject: Mapped[str]
    body: Mapped[str]
    is_edited: Mapped[bool] = mapped_column(default=False)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")

    application: Mapped[Application] = relationship()
    decided_by: Mapped[Person] = relationship(foreign_keys=[decided_by_id])

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("outcome IN ('offer', 'waitlist', 'decline')", name="outcome"),
        CheckConstraint("(released_at IS NULL) = (released_by_id IS NULL)", name="released"),
        Index("uq_decision_one_open", "application_id", unique=True, postgresql_where=text("released_at IS NULL")),
        Index("ix_decision_application", "application_id", "id"),
    )

    def __str__(self) -> str:
        return self.outcome.label
