"""Giving out receipts, and checking them."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from flask import current_app
from sqlalchemy import delete

from portal.applications.models import Application
from portal.config import Settings
from portal.core import storage
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.receipts import codes, queries
from portal.receipts.content import content_of, fingerprint
from portal.receipts.models import Receipt, ReceiptContent
from portal.receipts.paper import pdf

MAKE_PDF = "receipts.make_pdf"


def signing_key() -> str:
    """The key of the deployment: its own, or the one of everything else that is signed."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.receipt_key or settings.secret_key


def issue(application: Application, *, submitted_at: datetime) -> Receipt:
    """Give out the receipt of what the application holds now, in the transaction that submits it.

    In: an application with a reference, held by this transaction.  Out: the receipt; a job makes its PDF.
    """
    assert application.reference is not None
    number = queries.newest_number(application.reference) + 1
    content = content_of(application, number=number, submitted_at=submitted_at)
    digest = fingerprint(content)
    receipt = Receipt(
        application_id=application.id,
        cycle_id=application.cycle_id,
        reference=application.reference,
        number=number,
        submitted_at=submitted_at,
        digest=digest,
        code=codes.sign(signing_key(), reference=application.reference, number=number, digest=digest),
    )
    receipt.held = ReceiptContent(application_id=application.id, content=content)
    db.session.add(receipt)
    db.session.flush()
    enqueue(MAKE_PDF, receipt_id=receipt.id)
    return receipt


def keep_pdf(held: ReceiptContent, *, check_url: str) -> str | None:
    """Make the PDF of a receipt and store it, once.  Out: the key of what was stored, None where there is one already.

    Raises StorageDown.
    """
    if held.storage_key is not None:
        return None
    receipt = held.receipt
    made = pdf(held.content, code=codes.full(receipt.reference, receipt.code), digest=receipt.digest, url=check_url)
    stored = storage.put(BytesIO(made))
    held.storage_key, held.size, receipt.pdf_sha256 = stored.key, stored.size, stored.sha256
    return stored.key


@dataclass(frozen=True)
class Checked:
    """A receipt that is genuine: nothing in it tells who applied or what they answered."""

    receipt: Receipt
    is_latest: bool


def check_code(typed: str, reference: str = "") -> Checked | None:
    """The receipt that a code belongs to, if it signs what is on record.

    In: the whole code, or its last part and the reference.  Out: None for a wrong code, and for a record that was
    changed behind the portal's back, since the code no longer signs it.
    """
    return _checked(queries.by_code(*codes.split(typed, reference)))


def check_pdf(sha256: str) -> Checked | None:
    """The receipt whose PDF has this SHA-256: the file as we made it, to the last byte."""
    return _checked(queries.by_pdf(sha256))


def _checked(receipt: Receipt | None) -> Checked | None:
    if receipt is None or not codes.matches(
        signing_key(), receipt.code, reference=receipt.reference, number=receipt.number, digest=receipt.digest
    ):
        return None
    return Checked(receipt, receipt.number == queries.newest_number(receipt.reference))


def forget(application_id: int) -> list[str]:
    """Delete what the receipts of an application hold; reference, time, fingerprint and code stay.

    Out: the keys of the PDFs, to be deleted from the store once this commits.
    """
    gone = delete(ReceiptContent).where(ReceiptContent.application_id == application_id)
    return [key for key in db.session.scalars(gone.returning(ReceiptContent.storage_key)) if key is not None]
