"""Letters for a shortlist: whom the mails go to, writers whom the staff add, and the button that sends."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications.models import Application
from portal.applications.queries import by_id, cycle_by_id
from portal.applications.staff_queries import chosen_in
from portal.catalogue.models import Cycle
from portal.core.access import guard
from portal.core.clock import now
from portal.core.text import plural
from portal.letters import queries, shortlist, staff_queries
from portal.letters.intake import blame
from portal.letters.models import LetterRequest
from portal.letters.refusals import Refused
from portal.letters.rules import cycle_deadline, plan_of
from portal.letters.staff_forms import WriterForm

bp = Blueprint("letters_shortlist", __name__, url_prefix="/manage")


@bp.get("/cycles/<int:cycle_id>/letters/ask")
@guard("letters.manage", cycle=cycle_by_id)
def check(cycle: Cycle) -> ResponseReturnValue:
    """Each mail that would go: to people whom the chosen applicants named, and to those whom the staff added."""
    return _check(cycle, request.args.getlist("id", type=int))


def _check(cycle: Cycle, ids: list[int], problem: str = "") -> str:
    chosen = staff_queries.shortlist(chosen_in(cycle, ids, by=current_user))
    plan = plan_of(cycle.id)
    return render_template(
        "letters_staff/ask.html", cycle=cycle, chosen=chosen, problem=problem, plan=plan,
        mails=sum(len(one.requests) for one in chosen), due_at=cycle_deadline(plan, cycle) if plan else None,
        ids=[one.application.id for one in chosen],
    )  # fmt: skip


@bp.post("/cycles/<int:cycle_id>/letters/ask")
@guard("letters.manage", cycle=cycle_by_id)
def ask(cycle: Cycle) -> ResponseReturnValue:
    """Do what the check page said, as far as it still holds."""
    ids = request.form.getlist("id", type=int)
    applications = chosen_in(cycle, ids, by=current_user)
    if not applications or plan_of(cycle.id) is None:
        abort(400, "Select applications in the list, then check again who is asked.")
    try:
        sent = shortlist.ask_shortlist(applications, by=current_user._get_current_object(), now=now())
    except Refused as refused:
        return _check(cycle, ids, refused.reason), 409
    flash(f"{plural(len(sent), 'email')} on the way.|Each writer has a link of their own.")
    return redirect(url_for("letters_staff.overview", cycle_id=cycle.id), 303)


@bp.route("/applications/<int:application_id>/letters/add", methods=["GET", "POST"])
@guard("letters.add", application=by_id)
def add(application: Application) -> ResponseReturnValue:
    """A writer whom the staff ask themselves; the address carries which applications were chosen."""
    ids = request.args.getlist("id", type=int) or [application.id]
    form = WriterForm()
    if form.validate_on_submit() and _add(application, form):
        flash(f"{form.name.data} is added.|Nobody was written to. Check below, then send.")
        return redirect(url_for(".check", cycle_id=application.cycle_id, id=ids), 303)
    page = render_template(
        "letters_staff/add.html", form=form, application=application, ids=ids, plan=plan_of(application.cycle_id)
    )
    return page, 422 if form.errors or form.form_errors else 200


def _add(application: Application, form: WriterForm) -> bool:
    typed: dict[str, Any] = {name: form[name].data or "" for name in ("name", "address", "relation")}
    try:
        shortlist.add_writer(application, **typed, by=current_user._get_current_object(), now=now())
    except Refused as refused:
        blame(form, refused)
        return False
    return True


@bp.post("/recommenders/<int:recommender_id>/let-go")
@guard("recommender.manage", recommender=queries.request_by_id)
def let_go(recommender: LetterRequest) -> ResponseReturnValue:
    """Ask somebody no more whom the staff added; back to the check page where it was pressed there."""
    ids = request.args.getlist("id", type=int)
    application = recommender.application
    try:
        shortlist.let_go(recommender, by=current_user._get_current_object(), now=now())
    except Refused as refused:
        abort(409, refused.reason)
    flash(f"{recommender.writer_name} is not asked any more.|If we had written to them, we told them so.")
    if ids:
        return redirect(url_for(".check", cycle_id=application.cycle_id, id=ids), 303)
    return redirect(url_for("reports.application", application_id=application.id, _anchor="letters"), 303)
