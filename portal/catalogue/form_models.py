"""Forms and rubrics as rows: a cycle's form has versions; a version has sections; a section has questions.

A published version is frozen: the database refuses changes to its sections and questions (see the migration).  A
question keeps its `key` across versions, so that an answer finds its question again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core.db import HasId, Model


class Form(HasId, Model):
    """One version of a cycle's form; the highest published number is the one people start with."""

    __tablename__ = "form"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[Publication] = mapped_column(default=Publication.DRAFT)
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")

    cycle: Mapped[Cycle] = relationship()
    sections: Mapped[list["Section"]] = relationship(
        back_populates="form", order_by="Section.position", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published', 'archived')", name="state"),
        CheckConstraint("(state = 'draft') = (published_at IS NULL)", name="published_at"),
        UniqueConstraint("cycle_id", "number"),
        Index("uq_form_one_draft", "cycle_id", unique=True, postgresql_where=text("state = 'draft'")),
    )

    def __str__(self) -> str:
        return f"Version {self.number}"

    @property
    def questions(self) -> list["Question"]:
        """All questions in the order people meet them."""
        return [question for section in self.sections for question in section.questions]


class Section(HasId, Model):
    """A page of the form, saved by itself.

    `on_invitation` marks one that is asked later: it is no part of the first submission, and is filled in by those
    whom a coordinator invites to complete it.
    """

    __tablename__ = "section"

    form_id: Mapped[int] = mapped_column(ForeignKey("form.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    intro: Mapped[str] = mapped_column(server_default="")
    on_invitation: Mapped[bool] = mapped_column(server_default="false", default=False)

    form: Mapped[Form] = relationship(back_populates="sections")
    questions: Mapped[list["Question"]] = relationship(
        back_populates="section", order_by="Question.position", cascade="all, delete-orphan"
    )

    def __str__(self) -> str:
        return self.title


class Question(HasId, Model):
    """One question.  `kind` names its class in `catalogue.fields.KINDS`, `settings` holds what that class knows.

    `in_queue` marks the one whose answer titles the application in staff lists.  `condition` is empty where everybody
    is asked; else it says which earlier answer shows the question: `{"key": …, "values": […]}`, see `conditions`.
    `profile_field` names what of a person's profile fills the answer in at first, see `profile_fields`; mostly empty.
    """

    __tablename__ = "question"

    section_id: Mapped[int] = mapped_column(ForeignKey("section.id", ondelete="CASCADE"), index=True)
    key: Mapped[str]
    position: Mapped[int]
    kind: Mapped[str]
    label: Mapped[str]
    help: Mapped[str] = mapped_column(server_default="")
    required: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    for_reviewers: Mapped[bool] = mapped_column(default=True)
    identifies: Mapped[bool] = mapped_column(default=False)
    in_queue: Mapped[bool] = mapped_column(default=False)
    condition: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    profile_field: Mapped[str] = mapped_column(server_default="")

    section: Mapped[Section] = relationship(back_populates="questions")

    __table_args__ = (
        CheckConstraint("key ~ '^[a-z][a-z0-9_]{0,40}$'", name="key"),
        CheckConstraint("condition = '{}' OR condition ? 'key' AND condition ? 'values'", name="condition"),
    )

    def __str__(self) -> str:
        return self.label


class Criterion(HasId, Model):
    """One line of a cycle's rubric.  Weights are whole percents that add up to 100 before the cycle is published."""

    __tablename__ = "criterion"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    label: Mapped[str]
    help: Mapped[str] = mapped_column(server_default="")
    weight: Mapped[int]
    anchors: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))

    __table_args__ = (CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),)

    def __str__(self) -> str:
        return self.label
