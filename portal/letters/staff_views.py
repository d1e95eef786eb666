"""The coordinator's side of letters: all requests of a cycle, uploads for writers, reminders, addresses."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications.models import Application
from portal.applications.queries import by_id, cycle_by_id
from portal.catalogue import refusals
from portal.catalogue.models import Cycle
from portal.core.access import guard
from portal.core.clock import now
from portal.letters import asking, planning, queries, staff_queries
from portal.letters.forms import CorrectForm
from portal.letters.intake import blame, take_in
from portal.letters.models import LetterRequest
from portal.letters.refusals import Refused
from portal.letters.rules import cycle_deadline, deadline, plan_of, why_no_upload, why_over
from portal.letters.staff_forms import OverrideForm, UploadForm
from portal.letters.status import Sender

bp = Blueprint("letters_staff", __name__, url_prefix="/manage")


@bp.get("/cycles/<int:cycle_id>/letters")
@guard("letters.manage", cycle=cycle_by_id)
def overview(cycle: Cycle) -> str:
    """Who is waited for, whose letter is here, whose mail came back; filter and page are in the address."""
    plan = plan_of(cycle.id)
    if plan is None:
        return render_template("letters_staff/none.html", cycle=cycle)
    show = request.args.get("show", "")
    show = show if show in staff_queries.SHOWN else ""
    after, before = request.args.get("after", ""), request.args.get("before", "")
    present = now()
    rows = staff_queries.page(cycle, show, by=current_user, now=present, after=after, before="" if after else before)
    requests = [row[0] for row in rows.rows]
    return render_template(
        "letters_staff/overview.html", cycle=cycle, plan=plan, requests=requests, page=rows, show=show,
        views=_views(cycle, show), arrived=queries.delivered(requests), due_at=cycle_deadline(plan, cycle),
        due={one.id: deadline(plan, one.application) for one in requests},
        over={one.id: why_over(one.application, present) for one in requests},
        no_reminder={one.id: asking.why_no_reminder(one, plan, present) for one in requests},
    )  # fmt: skip


def _views(cycle: Cycle, show: str) -> list[tuple[str, str, int | None, bool]]:
    """What can be shown, each with its number."""
    tally = staff_queries.counts(cycle, by=current_user, now=now())
    found: list[tuple[str, str, int | None, bool]] = []
    for key, (label, _) in staff_queries.SHOWN.items():
        found.append((label, url_for(".overview", cycle_id=cycle.id, show=key or None), tally[key], key == show))
    return found


@bp.post("/recommenders/<int:recommender_id>/remind")
@guard("recommender.manage", recommender=queries.request_by_id)
def remind(recommender: LetterRequest) -> ResponseReturnValue:
    """Send a reminder, if one may go."""
    try:
        asking.remind(recommender, by=current_user._get_current_object(), now=now())
    except Refused as refused:
        abort(409, refused.reason)
    flash(f"We reminded {recommender.writer_name}.|They can be reminded again in two days.")
    return redirect(url_for("reports.application", application_id=recommender.application_id, _anchor="letters"), 303)


@bp.route("/recommenders/<int:recommender_id>/address", methods=["GET", "POST"])
@guard("recommender.manage", recommender=queries.request_by_id)
def correct(recommender: LetterRequest) -> ResponseReturnValue:
    """The right address of a writer whose mail came back."""
    form = CorrectForm(data={"name": recommender.writer_name, "address": recommender.writer_address})
    if form.validate_on_submit():
        try:
            who = current_user._get_current_object()
            asking.correct(recommender, name=form.name.data or "", address=form.address.data or "", by=who, now=now())
        except Refused as refused:
            blame(form, refused)
        else:
            flash(f"We wrote to {recommender.writer_name} again.|Their old link opens nothing any more.")
            return _back(recommender.application_id)
    page = render_template(
        "letters_staff/correct.html", form=form, asked=recommender, application=recommender.application
    )
    return page, 422 if form.errors or form.form_errors else 200


@bp.route("/recommenders/<int:recommender_id>/upload", methods=["GET", "POST"])
@guard("recommender.manage", recommender=queries.request_by_id)
def upload(recommender: LetterRequest) -> ResponseReturnValue:
    """A letter that reached the staff another way: who sent it and how is recorded."""
    closed = why_no_upload(recommender.application, now())
    if closed and request.method == "GET":
        abort(409, closed)
    form = UploadForm(data={"sender": recommender.writer_name})
    name, by = form.sender.data or "", current_user._get_current_object()
    if form.validate_on_submit() and take_in(
        recommender, form, sender=Sender.STAFF, name=name, person=by, how=form.way.data
    ):
        flash("The letter is here.|That you uploaded it stands in the audit trail and beside the letter.")
        return _back(recommender.application_id)
    page = render_template(
        "letters_staff/upload.html", form=form, asked=recommender, application=recommender.application
    )
    return page, 422 if form.errors or form.form_errors else 200


def _back(application_id: int) -> ResponseReturnValue:
    return redirect(url_for("reports.application", application_id=application_id, _anchor="letters"), 303)


@bp.route("/applications/<int:application_id>/letters/override", methods=["GET", "POST"])
@guard("letters.override", application=by_id)
def override(application: Application) -> ResponseReturnValue:
    """Start the review of an application without the letters it waits for, with a reason."""
    form = OverrideForm()
    if form.validate_on_submit():
        try:
            planning.override(application, reason=form.reason.data or "", by=current_user, now=now())
        except refusals.Refused as refused:
            form.reason.errors = list(refused.errors.values())
        else:
            flash("Review can start.|Your reason stands in the audit trail. Letters that arrive later are added.")
            return _back(application.id)
    page = render_template("letters_staff/override.html", form=form, application=application)
    return page, 422 if form.errors else 200
