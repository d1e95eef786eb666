"""Receipts.  What proves a submission stays; what it held goes with the application."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Cycle
from portal.core.db import HasId, Model


class Receipt(HasId, Model):
    """One submission of one application: when, the fingerprint of what was submitted, and the code that signs it.

    It outlives the application: then nothing in it tells who applied.
    """

    __tablename__ = "receipt"

    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id", ondelete="SET NULL"))
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    reference: Mapped[str]
    number: Mapped[int]
    submitted_at: Mapped[datetime]
    digest: Mapped[str]
    code: Mapped[str]
    pdf_sha256: Mapped[str | None] = mapped_column(unique=True)

    cycle: Mapped[Cycle] = relationship()
    held: Mapped["ReceiptContent | None"] = relationship(back_populates="receipt", passive_deletes=True)

    __table_args__ = (
        UniqueConstraint("reference", "number", name="uq_receipt_number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{8}$'", name="code"),
        Index("ix_receipt_code", "code"),
        Index("ix_receipt_application", "application_id", "number"),
    )

    def __str__(self) -> str:
        return f"Receipt of {self.reference}"


class ReceiptContent(Model):
    """What was submitted, as the receipt shows it, and its PDF in the store; deleted with the application."""

    __tablename__ = "receipt_content"

    receipt_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("receipt.id", ondelete="CASCADE"), primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    content: Mapped[dict[str, Any]]
    storage_key: Mapped[str | None] = mapped_column(unique=True)
    size: Mapped[int | None] = mapped_column(BigInteger)

    receipt: Mapped[Receipt] = relationship(back_populates="held")

    __table_args__ = (CheckConstraint("(storage_key IS NULL) = (size IS NULL)", name="size"),)
