"""The people of a team besides its lead, what they wrote to each other, and who changed what in a draft."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, desc, text
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.core.db import HasId, Model

_IN_FORCE = text("ended_at IS NULL")


class Access(StrEnum):
    """What a member may do with the application; each includes those before it."""

    VIEW = "view"
    COMMENT = "comment"
    EDIT = "edit"

    @property
    def label(self) -> str:
        return {Access.VIEW: "Can read", Access.COMMENT: "Can read and comment", Access.EDIT: "Can edit"}[self]

    @property
    def comments(self) -> bool:
        return self is not Access.VIEW

    @property
    def writes(self) -> bool:
        return self is Access.EDIT


class TeamMember(HasId, Model):
    """Somebody asked into a team: invited by an address, joined with an account, gone again.

    The lead is not among them: that is `application.person_id`.  A row that has ended stays, since whoever was part of
    an application never works on it as staff.  `offered_at` is when the lead offered to hand over.
    """

    __tablename__ = "team_member"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    email: Mapped[str] = mapped_column(CITEXT)
    name: Mapped[str]
    duty: Mapped[str] = mapped_column(server_default="")
    access: Mapped[Access]
    invited_at: Mapped[datetime]
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    mails: Mapped[int] = mapped_column(server_default="1")
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    joined_at: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])

    __table_args__ = (
        CheckConstraint("access IN ('view', 'comment', 'edit')", name="access"),
        CheckConstraint("(person_id IS NULL) = (joined_at IS NULL)", name="joined"),
        CheckConstraint("token_hash IS NULL OR (joined_at IS NULL AND ended_at IS NULL)", name="token"),
        CheckConstraint("offered_at IS NULL OR (joined_at IS NOT NULL AND ended_at IS NULL)", name="offered"),
        Index(
            "uq_team_member_person",
            "application_id",
            "person_id",
            unique=True,
            postgresql_where=_IN_FORCE,
        ),
        Index("uq_team_member_email", "application_id", "email", unique=True, postgresql_where=_IN_FORCE),
        Index(
            "uq_team_member_offer",
            "application_id",
            unique=True,
            postgresql_where=text("offered_at IS NOT NULL AND ended_at IS NULL"),
        ),
        Index("ix_team_member_person", "person_id", "application_id"),
    )

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name of the account once there is one, else what the lead typed."""
        return self.person.full_name if self.person else self.name

    @property
    def is_in(self) -> bool:
        """Part of the team now."""
        return self.joined_at is not None and self.ended_at is None

    @property
    def is_asked(self) -> bool:
        """Invited, and not answered yet."""
        return self.joined_at is None and self.ended_at is None


class TeamComment(HasId, Model):
    """A comment of somebody of the team on a section or one of its questions; nobody else ever sees it.

    `question_key` ties it to a place in any version of the form: to the question, or with `is_on_section` to the
    section that has this question.
    """

    __tablename__ = "team_comment"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    question_key: Mapped[str]
    is_on_section: Mapped[bool]
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    body: Mapped[str]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    author: Mapped[Person] = relationship(foreign_keys=[author_id])
    resolved_by: Mapped[Person | None] = relationship(foreign_keys=[resolved_by_id])

    __table_args__ = (
        CheckConstraint("(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="resolved"),
        Index("ix_team_comment_application", "application_id", "id"),
    )

    def __str__(self) -> str:
        return f"Comment {self.id}"


class TeamChange(HasId, Model):
    """Somebody changed the answer to a question of a draft; the newest change of one person stands for its run."""

    __tablename__ = "team_change"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    question_key: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]

    person: Mapped[Person] = relationship()

    __table_args__ = (
        Index("uq_team_change_run", "application_id", "question_key", "person_id", unique=True),
        Index("ix_team_change_application", "application_id", desc("at")),
    )
