"""The applicant's receipt as a page and a PDF, and the page where anybody checks one."""

import hashlib
from collections.abc import Sequence
from typing import BinaryIO

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts.throttling import network, within
from portal.applications.models import Application
from portal.core import pages, storage
from portal.core.access import guard, public
from portal.receipts import (
    actions,
    codes,
    companion,  # noqa: F401 - adds receipts to applications
    queries,
    rules,  # noqa: F401 - the rule that the routes below name
)
from portal.receipts.content import grouped
from portal.receipts.forms import CheckForm
from portal.receipts.models import Receipt

bp = Blueprint("receipts", __name__)

TRIES = "30 per 10 minutes"
READ_BYTES = 256 * 1024
WRONG_CODE = "Check the code: it belongs to no receipt of ours. It has the reference and two groups of four"
WRONG_PDF = "This file is not one of our receipts as we made it: it was changed, or saved anew by another program"


@bp.get("/applications/<int:application_id>/receipt")
@guard("receipt.read", application=queries.application_by_id)
def show(application: Application) -> str:
    """The receipt of the last submission, or of the one that `?number=` names."""
    found = queries.of_application(application.id)
    return render_template(
        "receipts/receipt.html",
        application=application,
        receipt=(chosen := _chosen(found)),
        receipts=found,
        code=codes.full(chosen.reference, chosen.code),
        digest=grouped(chosen.digest),
    )


@bp.get("/applications/<int:application_id>/receipt.pdf")
@guard("receipt.read", application=queries.application_by_id)
def pdf(application: Application) -> ResponseReturnValue:
    """The PDF of a receipt as it was made; 404 while it is being made."""
    receipt = _chosen(queries.of_application(application.id))
    held = receipt.held
    if held is None or held.storage_key is None:
        abort(404)
    response = Response(storage.get(held.storage_key), mimetype="application/pdf")
    response.headers["Content-Length"] = str(held.size)
    name = f"{receipt.reference}-receipt{f'-{receipt.number}' if receipt.number > 1 else ''}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _chosen(found: Sequence[Receipt]) -> Receipt:
    """The receipt that the address names; the latest where it names none."""
    number = request.args.get("number", type=int)
    chosen = next((one for one in found if number is None or one.number == number), None)
    if chosen is None or chosen.held is None:
        abort(404)
    return chosen


@bp.get("/receipts")
@public
def check() -> str:
    """The form, with a code that the address brings; whoever follows a link presses the button."""
    return _page(CheckForm(formdata=None, code=request.args.get("code", "")[: codes.LONGEST]))


@bp.post("/receipts")
@public
def check_now() -> ResponseReturnValue:
    """What is known of the receipt: which listing, when, whether it is the latest; never a name or an answer."""
    form = CheckForm()
    if not within(TRIES, "receipts", network()):
        return render_template("errors/429.html", reason="", retry_after="10 minutes"), 429
    if not form.validate():
        return _page(form), 422
    checked = None
    if upload := form.pdf.data:
        checked = actions.check_pdf(_sha256(upload.stream))
        if checked is None:
            form.refuse("pdf", WRONG_PDF)
    elif not (form.code.data or "").strip():
        form.refuse("code", "Enter the code of the receipt, or choose its PDF")
    else:
        checked = actions.check_code(form.code.data or "", form.reference.data or "")
        if checked is None:
            form.refuse("code", WRONG_CODE)
    return (_page(form, checked), 200) if checked else (_page(form), 422)


def _page(form: CheckForm, checked: actions.Checked | None = None) -> str:
    return render_template(
        "receipts/check.html", form=form, checked=checked, digest=grouped(checked.receipt.digest) if checked else ""
    )


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(READ_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


@bp.errorhandler(storage.StorageError)
def store_down(error: storage.StorageError) -> ResponseReturnValue:
    """A PDF cannot be read at this moment."""
    current_app.logger.error("the PDF of a receipt cannot be read", exc_info=error)
    return pages.render_bare("errors/503.html"), 503, {"Retry-After": "30"}
