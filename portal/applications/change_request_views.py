"""The coordinators' page on which they ask for changes or invite, give more time and take it back."""

from flask import abort, flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications import change_requests, queries
from portal.applications.models import Application
from portal.applications.refusals import WrongStep
from portal.applications.revision_models import ChangeRequest
from portal.applications.staff_blueprint import bp
from portal.applications.staff_forms import ChangesForm, InvitationForm, MoreTimeForm
from portal.catalogue.inputs import portal_zone
from portal.catalogue.staff_pages import attempt, code
from portal.core.access import guard
from portal.core.clock import now

Page = str | tuple[str, int] | Response
OVER = "The application has moved on, or the request was answered. Open it again to see where it is now."
TAKEN_BACK = "Request taken back.|We wrote to the applicant."


@bp.route("/applications/<int:application_id>/changes", methods=["GET", "POST"])
@guard("application.coordinate", application=queries.whole)
def ask_changes(application: Application) -> Page:
    """Choose sections, say what to change and until when; one email goes to the applicant."""
    if not change_requests.may_open(application):
        abort(409, f"Changes can be asked for until a decision is recorded. It is now: {application.status.label}.")
    form = ChangesForm()
    form.offer(change_requests.to_change(application))
    if form.validate_on_submit() and _try(
        form,
        lambda: change_requests.ask(
            application, section_ids=form.sections.data or [], reason=form.reason.data or "",
            due_at=form.due_at.data or now(), by=current_user._get_current_object(), now=now(),
        ),
    ):  # fmt: skip
        flash("Changes requested.|We wrote to the applicant.")
        return _back(application)
    return _page(application, form=form)


@bp.post("/applications/<int:application_id>/invitation")
@guard("application.coordinate", application=queries.whole)
def invite(application: Application) -> Page:
    """Invite to complete sections that are asked later; one email goes to the applicant."""
    if not change_requests.to_complete(application):
        abort(409, OVER)
    form = InvitationForm()
    form.offer(change_requests.to_complete(application), application.given_section_ids)
    if form.validate() and _try(
        form,
        lambda: change_requests.invite(
            application, section_ids=form.later.data or [], reason=form.words.data or "",
            due_at=form.invited_until.data or now(), by=current_user._get_current_object(), now=now(),
        ),
    ):  # fmt: skip
        flash("Invited.|We wrote to the applicant.")
        return _back(application)
    return _page(application, invitation=form)


def _page(
    application: Application,
    *,
    form: ChangesForm | None = None,
    invitation: InvitationForm | None = None,
    more: MoreTimeForm | None = None,
    asked: ChangeRequest | None = None,
) -> Page:
    """The page with the form that was sent, the others empty; `asked` is the request that it was about."""
    sent, standing = form or invitation or more, asked or application.change_request
    named = set(standing.section_ids) if standing else set()
    if form is None:
        form = ChangesForm(formdata=None)
        form.offer(change_requests.to_change(application))
    if invitation is None:
        invitation = InvitationForm(formdata=None)
        invitation.offer(change_requests.to_complete(application), application.given_section_ids)
    page = render_template(
        "applications_staff/ask_changes.html", application=application, form=form, invitation=invitation,
        zone=portal_zone(), open_request=standing, more=more or MoreTimeForm(formdata=None),
        sent=sent, titles=[each.title for each in queries.sections_of(application) if each.id in named],
        may_ask=bool(change_requests.to_change(application)),
        may_invite=bool(change_requests.to_complete(application)),
    )  # fmt: skip
    return page, code(sent)


def _back(application: Application) -> Response:
    return redirect(url_for("reports.application", application_id=application.id), 303)


def _try(form: ChangesForm | InvitationForm | MoreTimeForm, action: object) -> bool:
    try:
        return attempt(form, action)  # type: ignore[arg-type]
    except WrongStep:
        abort(409, OVER)


@bp.post("/change-requests/<int:request_id>/more-time")
@guard("change-request.manage", request=change_requests.open_request)
def give_more_time(request: tuple[ChangeRequest, Application]) -> Page:
    """A later date for a request or an invitation that is open."""
    asked, application = request
    form = MoreTimeForm()
    if form.validate() and _try(
        form,
        lambda: change_requests.extend(
            asked, application, due_at=form.more_until.data or now(), by=current_user._get_current_object(), now=now()
        ),
    ):
        flash("More time given.|We wrote to the applicant.")
        return _back(application)
    return _page(application, more=form, asked=asked)


@bp.post("/change-requests/<int:request_id>/cancel")
@guard("change-request.manage", request=change_requests.open_request)
def cancel_changes(request: tuple[ChangeRequest, Application]) -> Page:
    """Take a request or an invitation back."""
    asked, application = request
    try:
        change_requests.cancel(asked, application, by=current_user._get_current_object(), now=now())
    except WrongStep:
        abort(409, OVER)
    flash("Invitation taken back.|We wrote to the applicant." if asked.is_invitation else TAKEN_BACK)
    return _back(application)
