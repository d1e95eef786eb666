"""A person's own data and the end of an account; the admin's page of what is kept, held and deleted."""

from datetime import timedelta

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from portal.accounts.actions import LastAdmin
from portal.accounts.throttling import within
from portal.core import audit, pages, storage
from portal.core.access import guard, signed_in
from portal.core.clock import now
from portal.privacy import (
    actions,
    copying,
    queries,
    rules,  # noqa: F401 - the rules that the routes below name
)
from portal.privacy.forms import CloseForm, HoldForm
from portal.privacy.models import CopyState, DataCopy, LegalHold

bp = Blueprint("privacy", __name__)

SOON = timedelta(days=30)
TRIES = "10 per 15 minutes"
COPIES = "10 per day"
"""Each copy is as large as all the files of a person."""


@bp.errorhandler(storage.StorageError)
def store_down(_error: storage.StorageError) -> ResponseReturnValue:
    """The copy cannot be read at this moment; nothing is wrong with it."""
    return pages.render_bare("errors/503.html"), 503, {"Retry-After": "30"}


@bp.get("/account/data")
@signed_in
def data() -> str:
    """What a person can do with their data: take a copy, close the account."""
    copies = queries.copies_of(current_user.id)
    waits = any(copy.state is CopyState.WAITING for copy in copies)
    return render_template("privacy/data.html", copies=copies, waits=waits, keep=copying.KEEP_COPY)


@bp.post("/account/data/copies")
@signed_in
def ask_for_copy() -> ResponseReturnValue:
    """Have a copy made; the page shows how far it is, and a mail says when it is ready."""
    if not within(COPIES, "data-copy", str(current_user.id)):
        abort(429)
    try:
        copying.ask_for_copy(current_user._get_current_object(), now=now())
    except copying.StillWaiting:
        flash("A copy is being made already.|This page shows how far it is.")
    else:
        flash("We are making your copy.|We email you when it is ready. You can leave this page.")
    return redirect(url_for(".data"), 303)


@bp.get("/account/data/copies/<int:copy_id>")
@guard("data-copy.read", copy=DataCopy)
def copy(copy: DataCopy) -> ResponseReturnValue:
    """The copy itself; that it was taken is recorded."""
    if copy.storage_key is None or copy.asked_at < now() - copying.KEEP_COPY:
        abort(404)
    chunks = storage.get(copy.storage_key)
    audit.record_read(current_user._get_current_object(), "data-copy.read", copy)
    response = Response(chunks, mimetype="application/zip")
    response.headers["Content-Length"] = str(copy.size)
    response.headers["Content-Disposition"] = f'attachment; filename="my-data-{copy.asked_at:%Y-%m-%d}.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.route("/account/close", methods=["GET", "POST"])
@signed_in
def close() -> ResponseReturnValue:
    """Says what is deleted and what is kept until when, then closes the account."""
    form = CloseForm()
    person = current_user._get_current_object()
    if form.is_submitted() and not within(TRIES, "close-account", str(person.id)):
        abort(429)
    if not form.validate_on_submit():
        return _close_page(form), 422 if form.errors else 200
    try:
        actions.close_account(person, now=now())
    except LastAdmin:
        return _close_page(form, "Make somebody else an admin first: the portal needs one who can sign in."), 409
    except actions.LeadsTeam as refused:
        names = " and ".join(each.cycle.opportunity.title for each in refused.applications)
        return _close_page(
            form, f"Others work with you on {names}. Hand over the lead first, or delete the draft."
        ), 409
    logout_user()
    session.clear()
    flash("Your account is closed.|We sent you a mail that says what is kept and until when.")
    response = redirect(url_for("catalogue.finder"), 303)
    response.headers["Clear-Site-Data"] = '"storage"'  # as at sign-out: answers kept on the device go too
    return response


def _close_page(form: CloseForm, refusal: str = "") -> str:
    if refusal:
        form.form_errors.append(refusal)
    return render_template(
        "privacy/close.html",
        form=form,
        drafts=queries.drafts_of(current_user.id),
        held=queries.drafts_of(current_user.id, held=True),
        kept=queries.kept_until(current_user.id),
    )


@bp.get("/admin/retention")
@guard("retention.manage")
def retention() -> str:
    """What is deleted next, what is held, and what was deleted."""
    return _retention_page(HoldForm())


@bp.post("/admin/retention/holds")
@guard("retention.manage")
def place_hold() -> ResponseReturnValue:
    """Keep something whatever its time."""
    form = HoldForm()
    if not form.validate():
        return _retention_page(form), 422
    thing = queries.named(form.name.data or "")
    if thing is None:
        form.name.errors = ["Check this: no application, cycle or person is called so."]
        return _retention_page(form), 422
    try:
        actions.place_hold(thing, reason=form.reason.data or "", by=current_user._get_current_object(), now=now())
    except actions.AlreadyHeld:
        form.name.errors = ["A hold stands on this already. See the list."]
        return _retention_page(form), 409
    flash(f"{thing} is held.|Nothing of it is deleted until you lift the hold.")
    return redirect(url_for(".retention"), 303)


@bp.post("/admin/retention/holds/<int:hold_id>/lift")
@guard("retention.manage", hold=LegalHold)
def lift_hold(hold: LegalHold) -> ResponseReturnValue:
    """Let time go on."""
    actions.lift_hold(hold, by=current_user._get_current_object(), now=now())
    flash("The hold is lifted.|What is over is deleted with the next run, early in the morning.")
    return redirect(url_for(".retention"), 303)


def _retention_page(form: HoldForm) -> str:
    at = now()
    found = queries.purges(after=request.args.get("after", ""), before=request.args.get("before", ""))
    return render_template(
        "privacy/retention.html",
        form=form,
        coming=queries.coming(at, at + SOON),
        holds=queries.holds(),
        purges=[row[0] for row in found.rows],
        previous_url=url_for(".retention", before=found.before) if found.before else "",
        next_url=url_for(".retention", after=found.after) if found.after else "",
    )
