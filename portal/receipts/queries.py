"""Reading receipts: of an application, by what somebody typed, by a PDF's own fingerprint."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core.db import db
from portal.receipts.codes import plain
from portal.receipts.models import Receipt, ReceiptContent

AT_ONCE = 100
_LISTING = joinedload(Receipt.cycle, innerjoin=True).joinedload(Cycle.opportunity, innerjoin=True)


def application_by_id(application_id: int) -> Application | None:
    """An application with its listing: what the rule asks about."""
    return db.session.scalar(
        select(Application)
        .where(Application.id == application_id)
        .options(joinedload(Application.cycle).joinedload(Cycle.opportunity), joinedload(Application.person))
    )


def of_application(application_id: int) -> Sequence[Receipt]:
    """All receipts of an application, the latest first, with what each holds."""
    return db.session.scalars(
        select(Receipt)
        .where(Receipt.application_id == application_id)
        .order_by(Receipt.number.desc())
        .options(_LISTING, joinedload(Receipt.held))
    ).all()


def newest_of(application_id: int) -> Receipt | None:
    """The latest receipt of an application; none for what was submitted before there were receipts."""
    query = select(Receipt).where(Receipt.application_id == application_id)
    return db.session.scalar(query.order_by(Receipt.number.desc()).limit(1))


def by_code(reference: str, code: str) -> Receipt | None:
    """The receipt of a plain reference and code; both must be right."""
    found = db.session.scalars(select(Receipt).where(Receipt.code == code).options(_LISTING))
    return next((receipt for receipt in found if plain(receipt.reference) == reference), None)


def by_pdf(sha256: str) -> Receipt | None:
    """The receipt whose PDF, as we made it, has this SHA-256."""
    return db.session.scalar(select(Receipt).where(Receipt.pdf_sha256 == sha256).options(_LISTING))


def newest_number(reference: str) -> int:
    """How many submissions there were under a reference."""
    return db.session.scalar(select(func.max(Receipt.number)).where(Receipt.reference == reference)) or 0


def held(receipt_id: int) -> ReceiptContent | None:
    """What a receipt holds, with the receipt, held until the transaction ends; None once it was purged."""
    return db.session.scalar(
        select(ReceiptContent)
        .where(ReceiptContent.receipt_id == receipt_id)
        .options(joinedload(ReceiptContent.receipt, innerjoin=True))
        .with_for_update(of=ReceiptContent)
        .execution_options(populate_existing=True)
    )


def without_pdf(before: datetime) -> Sequence[int]:
    """Ids of receipts submitted before that moment whose PDF was never made."""
    query = select(ReceiptContent.receipt_id).join(ReceiptContent.receipt)
    waiting = query.where(ReceiptContent.storage_key.is_(None), Receipt.submitted_at < before)
    return db.session.scalars(waiting.order_by(ReceiptContent.receipt_id).limit(AT_ONCE)).all()
