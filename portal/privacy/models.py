"""Copies of people's data, holds that stop deleting, and the log of what was deleted because its time was over."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core.db import HasId, Model


class CopyState(StrEnum):
    """How far a copy is."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class DataCopy(HasId, Model):
    """A copy of all that a person's account holds, as a ZIP file; a job makes it and it is kept for some days.

    `done` of `total` files are in it so far.
    """

    __tablename__ = "data_copy"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    state: Mapped[CopyState] = mapped_column(default=CopyState.WAITING)
    asked_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    storage_key: Mapped[str | None] = mapped_column(unique=True)
    size: Mapped[int | None] = mapped_column(BigInteger)

    person: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'ready', 'failed')", name="state"),
        CheckConstraint("(state = 'ready') = (storage_key IS NOT NULL)", name="ready"),
        Index("uq_data_copy_one_waiting", "person_id", unique=True, postgresql_where=text("state = 'waiting'")),
        Index("ix_data_copy_person", "person_id", "id"),
        Index("ix_data_copy_age", "asked_at"),
    )

    def __str__(self) -> str:
        return f"Copy of {self.asked_at:%Y-%m-%d}"


class LegalHold(HasId, Model):
    """While it stands nothing of a cycle, of a person or of one application is deleted because its time is over."""

    __tablename__ = "legal_hold"

    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    reason: Mapped[str]
    placed_at: Mapped[datetime]
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    cycle: Mapped[Cycle | None] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    application: Mapped[Application | None] = relationship()
    placed_by: Mapped[Person] = relationship(foreign_keys=[placed_by_id])

    __table_args__ = (
        CheckConstraint("num_nonnulls(cycle_id, person_id, application_id) = 1", name="what"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted"),
        *(
            Index(f"uq_legal_hold_{noun}", f"{noun}_id", unique=True, postgresql_where=text("lifted_at IS NULL"))
            for noun in ("cycle", "person", "application")
        ),
    )

    def __str__(self) -> str:
        return str(self.cycle or self.application or self.person)


class Purge(HasId, Model):
    """One application that was deleted because its time was over.  It names nobody; rows are only ever added."""

    __tablename__ = "purge"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    reference: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str]
    ended_at: Mapped[datetime]
    purged_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]

    cycle: Mapped[Cycle] = relationship()

    def __str__(self) -> str:
        return self.reference or "Draft"
