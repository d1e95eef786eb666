"""The coordinator's side of reviewing: who reads which application, one by one and for many at once."""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications.models import Application
from portal.applications.queries import by_id, cycle_by_id
from portal.applications.staff_queries import chosen_in
from portal.catalogue.models import Cycle
from portal.core.access import guard
from portal.core.clock import now
from portal.core.text import plural
from portal.review import actions, rules, staff_queries  # noqa: F401 - registers the rules
from portal.review.forms import AssignForm, with_candidates

bp = Blueprint("review_staff", __name__, url_prefix="/manage")

Answer = str | Response | tuple[str, int]


@bp.post("/applications/<int:application_id>/assignments")
@guard("assignment.manage", application=by_id)
def assign(application: Application) -> Answer:
    """Give one application to reviewers; each of them gets one mail."""
    form = AssignForm()
    if not form.validate():
        return _choose(application.cycle, [application], form), 422
    try:
        made = actions.assign(application, reviewers=form.reviewers.data or [], by=current_user, now=now())
    except actions.CannotAssign as refused:
        form.reviewers.errors = refused.reasons
        return _choose(application.cycle, [application], form), 422
    names = " and ".join(str(row.reviewer) for row in made)
    told = f"{names} will review {application}.|We wrote to them."
    flash(told if made else "Nothing changed.|They review it already.")
    return redirect(url_for("reports.application", application_id=application.id), 303)


@bp.post("/applications/<int:application_id>/assignments/<int:assignment_id>/remove")
@guard("assignment.manage", application=by_id)
def remove(application: Application, assignment_id: int) -> Answer:
    """Take the application back from a reviewer who has not submitted."""
    assignment = staff_queries.of_application(application.id, assignment_id) or abort(404)
    name = str(assignment.reviewer)
    try:
        actions.unassign(assignment, by=current_user)
    except (actions.CannotUnassign, actions.ReviewClosed):
        abort(409, f"{name} has submitted a review of this application, so the assignment stays.")
    flash(f"{name} no longer reviews {application}.|The file is closed to them.")
    return redirect(url_for("reports.application", application_id=application.id), 303)


@bp.get("/cycles/<int:cycle_id>/assign")
@guard("cycle.assign", cycle=cycle_by_id)
def check_assignments(cycle: Cycle) -> Answer:
    """Choose reviewers for the applications chosen in the queue, then see who gets what and which mails go."""
    applications = chosen_in(cycle, request.args.getlist("id", type=int), by=current_user)
    form = AssignForm(request.args, meta={"csrf": False})
    if not form.validate() and "check" in request.args:
        return _choose(cycle, applications, form), 422
    if not form.reviewers.data:
        form.reviewers.errors = []
        return _choose(cycle, applications, form)
    return render_template(
        "review/assign_check.html", cycle=cycle, applications=applications,
        plan=actions.plan(applications, form.reviewers.data), chosen=form.reviewers.data,
    )  # fmt: skip


@bp.post("/cycles/<int:cycle_id>/assign")
@guard("cycle.assign", cycle=cycle_by_id)
def assign_many(cycle: Cycle) -> Answer:
    """Do what the check page said, as far as it still holds."""
    form = AssignForm()
    applications = chosen_in(cycle, request.form.getlist("id", type=int), by=current_user)
    if not form.validate() or not applications:
        return _choose(cycle, applications, form), 422
    made = actions.assign_all(applications, reviewers=form.reviewers.data or [], by=current_user, now=now())
    people = len({row.reviewer_id for row in made})
    if made:
        flash(f"{plural(len(made), 'assignment')} made.|We wrote to {plural(people, 'reviewer')}.")
    else:
        flash("Nothing changed.|These reviewers have these applications already, or cannot review them.")
    return redirect(url_for("reports.queue", cycle_id=cycle.id), 303)


def _choose(cycle: Cycle, applications: Sequence[Application], form: AssignForm) -> str:
    people = staff_queries.candidates(cycle)
    return render_template(
        "review/assign.html", cycle=cycle, applications=applications, form=with_candidates(form, people),
        competing=[one.person for one in people if one.competes],
    )  # fmt: skip
