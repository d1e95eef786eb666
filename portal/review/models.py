"""Assignments, reviews with their scores, and the summary per application."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.core.db import HasId, Model
from portal.review.status import AssignmentState

_STATES = ", ".join(f"'{state}'" for state in AssignmentState)


class Assignment(HasId, Model):
    """One reviewer's place at one application, with the review itself: draft until submitted.

    `scores` maps criterion id (as text) to 1..5; `score` is their weighted mean, set when the review is submitted.
    A recusal keeps the row, empties scores and comments, and closes the file to the reviewer.
    `competes`, whether the reviewer applies in the same cycle, is known of what `queries.whole` read, and None else.
    """

    __tablename__ = "assignment"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    assigned_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    state: Mapped[AssignmentState] = mapped_column(default=AssignmentState.ASSIGNED)
    scores: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    comment: Mapped[str] = mapped_column(server_default="")
    score: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    saved_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    recusal_reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")

    application: Mapped[Application] = relationship()
    reviewer: Mapped[Person] = relationship(foreign_keys=[reviewer_id])
    competes: Mapped[bool | None] = query_expression()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name="submitted_at"),
        CheckConstraint("(state = 'submitted') = (score IS NOT NULL)", name="score"),
        CheckConstraint("score BETWEEN 1 AND 5", name="score_range"),
        CheckConstraint("state <> 'recused' OR (scores = '{}'::jsonb AND comment = '')", name="recused"),
        UniqueConstraint("application_id", "reviewer_id", name="uq_assignment_once"),
        Index("ix_assignment_reviewer", "reviewer_id", "state", "due_at", "id"),
    )

    def __str__(self) -> str:
        return f"Assignment {self.id}"


class ReviewSummary(Model):
    """The submitted scores of one application, as lists need them; `actions.summarise` alone writes them.

    Triggers on `application` make the row when it is submitted and keep `is_open` (it still waits for reviews), so
    that staff lists find every application here.  `rank` is the mean, 0 where there is none yet; `is_wide` says
    that reviewers are two points or more apart.
    """

    __tablename__ = "review_summary"

    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    is_open: Mapped[bool] = mapped_column(server_default=text("true"))
    assigned: Mapped[int] = mapped_column(server_default="0")
    submitted: Mapped[int] = mapped_column(server_default="0")
    mean: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    low: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    high: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    rank: Mapped[Decimal] = mapped_column(Numeric(4, 2), Computed("coalesce(mean, 0)", persisted=True))
    is_wide: Mapped[bool] = mapped_column(Computed("coalesce(high - low >= 2, false)", persisted=True))

    __table_args__ = (
        Index("ix_review_summary_by_rank", "cycle_id", "rank", "application_id"),
        Index(
            "ix_review_summary_by_assigned",
            "cycle_id",
            "assigned",
            "application_id",
            postgresql_where=text("is_open"),
        ),
        Index("ix_review_summary_wide", "cycle_id", "application_id", postgresql_where=text("is_wide")),
    )
