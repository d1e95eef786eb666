"""The coordinators' page on which they ask for changes, give more time and take a request back."""

from flask import abort, flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications import change_requests, queries
from portal.applications.models import Application
from portal.applications.refusals import WrongStep
from portal.applications.revision_models import ChangeRequest
from portal.applications.rules import ASKED
from portal.applications.staff_blueprint import bp
from portal.applications.staff_forms import ChangesForm, MoreTimeForm
from portal.catalogue.inputs import portal_zone
from portal.catalogue.staff_pages import attempt, code
from portal.core.access import guard
from portal.core.clock import now

Page = str | tuple[str, int] | Response
OVER = "The application has moved on, or the request was answered. Open it again to see where it is now."


@bp.route("/applications/<int:application_id>/changes", methods=["GET", "POST"])
@guard("application.coordinate", application=queries.whole)
def ask_changes(application: Application) -> Page:
    """Choose sections, say what to change and until when; one email goes to the applicant."""
    if not change_requests.may_open(application):
        abort(409, f"Changes can be asked for until a decision is recorded. It is now: {application.status.label}.")
    form = ChangesForm()
    form.offer(queries.sections_of(application))
    if form.validate_on_submit() and _try(
        form,
        lambda: change_requests.ask(
            application, section_ids=form.sections.data or [], reason=form.reason.data or "",
            due_at=form.due_at.data or now(), by=current_user._get_current_object(), now=now(),
        ),
    ):  # fmt: skip
        flash("Changes requested.|We wrote to the applicant.")
        return redirect(url_for("reports.application", application_id=application.id), 303)
    page = render_template(
        "applications_staff/ask_changes.html", application=application, form=form, zone=portal_zone(),
        open_request=application.change_request, more=MoreTimeForm(formdata=None),
        may_ask=application.status in ASKED,
    )  # fmt: skip
    return page, code(form)


def _try(form: ChangesForm | MoreTimeForm, action: object) -> bool:
    try:
        return attempt(form, action)  # type: ignore[arg-type]
    except WrongStep:
        abort(409, OVER)


@bp.post("/change-requests/<int:request_id>/more-time")
@guard("change-request.manage", request=change_requests.open_request)
def give_more_time(request: tuple[ChangeRequest, Application]) -> Page:
    """A later date for a request that is open."""
    asked, application = request
    form = MoreTimeForm()
    if form.validate() and _try(
        form,
        lambda: change_requests.extend(
            asked, application, due_at=form.more_until.data or now(), by=current_user._get_current_object(), now=now()
        ),
    ):
        flash("More time given.|We wrote to the applicant.")
        return redirect(url_for("reports.application", application_id=application.id), 303)
    empty = ChangesForm(formdata=None)
    empty.offer(queries.sections_of(application))
    page = render_template(
        "applications_staff/ask_changes.html", application=application, form=empty, zone=portal_zone(),
        open_request=asked, more=form, may_ask=application.status in ASKED,
    )  # fmt: skip
    return page, 422


@bp.post("/change-requests/<int:request_id>/cancel")
@guard("change-request.manage", request=change_requests.open_request)
def cancel_changes(request: tuple[ChangeRequest, Application]) -> Page:
    """Take a request back."""
    asked, application = request
    try:
        change_requests.cancel(asked, application, by=current_user._get_current_object(), now=now())
    except WrongStep:
        abort(409, OVER)
    flash("Request taken back.|We wrote to the applicant.")
    return redirect(url_for("reports.application", application_id=application.id), 303)
