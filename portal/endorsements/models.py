"""Endorsements and the links that were mailed for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, desc, text
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.applications.models import Application
from portal.core.db import HasId, Model
from portal.endorsements.status import State

_STATES = ", ".join(f"'{state}'" for state in State)


class Endorsement(HasId, Model):
    """One person asked to confirm a part of an application; `actions.move` alone changes the state.

    `facts` are the answers that were confirmed, as they were read, and `fingerprint` is their hash: another hash later
    says that they have changed.  `mails` counts what was sent to the person since they were asked, `told_at` is when
    they were asked again after a change, and empty while that mail is still to go.
    """

    __tablename__ = "endorsement"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    state: Mapped[State] = mapped_column(default=State.ASKED)
    name: Mapped[str]
    role: Mapped[str]
    email: Mapped[str] = mapped_column(CITEXT)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    mailed_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    typed_name: Mapped[str] = mapped_column(default="", server_default="")
    wording: Mapped[str] = mapped_column(default="", server_default="")
    fingerprint: Mapped[str] = mapped_column(default="", server_default="")
    facts: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    reason: Mapped[str] = mapped_column(default="", server_default="")

    application: Mapped[Application] = relationship()
    links: Mapped[list["EndorsementLink"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(
            "state NOT IN ('confirmed', 'reopened')"
            " OR (confirmed_at IS NOT NULL AND typed_name <> '' AND fingerprint <> '')",
            name="confirmed",
        ),
        CheckConstraint("state <> 'declined' OR reason <> ''", name="declined"),
        CheckConstraint("reminders BETWEEN 0 AND 3", name="reminders"),
        Index(
            "uq_endorsement_in_force",
            "application_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'confirmed', 'reopened')"),
        ),
        Index("ix_endorsement_application", "application_id", desc("id")),
    )

    def __str__(self) -> str:
        return f"Endorsement by {self.name}"


class EndorsementLink(HasId, Model):
    """A link in a mail, by the hash of its token.  All links of a request open the same page."""

    __tablename__ = "endorsement_link"

    endorsement_id: Mapped[int] = mapped_column(ForeignKey("endorsement.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
