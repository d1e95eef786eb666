"""The questions as worded on a day, what was answered, who was asked, and the one report of a cycle."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.catalogue.models import Cycle
from portal.core.db import HasId, Model


class SelfIdWording(HasId, Model):
    """What people are asked from a day on, and whether they are asked at all; the newest row holds.

    `questions` is a list of `{"key": …, "label": …, "choices": […]}`.  Rows are only ever added.
    """

    __tablename__ = "self_id_wording"

    is_on: Mapped[bool]
    intro: Mapped[str]
    questions: Mapped[list[Any]]
    published_at: Mapped[datetime]
    published_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))

    published_by: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return "Self-identification"


class SelfIdAnswer(Model):
    """What somebody chose.  It names no person, no application and no time.

    `subject` is a keyed hash of the application (see `actions.subject_of`): the key is not in the database, so that no
    query leads from an application to its answers.  `choices` maps a question's key to a choice; a question that was
    declined is left out.
    """

    __tablename__ = "self_id_answer"

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"), index=True)
    wording_id: Mapped[int] = mapped_column(ForeignKey("self_id_wording.id"))
    choices: Mapped[dict[str, Any]]

    __table_args__ = (CheckConstraint("length(subject) = 32", name="subject"),)


class SelfIdAsked(Model):
    """That an applicant has seen the page and sent it, whatever they chose: they are asked once."""

    __tablename__ = "self_id_asked"

    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )


class SelfIdReport(Model):
    """The counts of a closed cycle as they were published, once: later answers and deletions do not change it.

    Two reports about the same people could be subtracted from each other, so there is one.
    """

    __tablename__ = "self_id_report"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"), primary_key=True)
    made_at: Mapped[datetime]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    tables: Mapped[list[Any]]

    cycle: Mapped[Cycle] = relationship()

    def __str__(self) -> str:
        return str(self.cycle)
