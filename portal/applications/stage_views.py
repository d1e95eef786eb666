"""The coordinators' page of new dates: what is promised now, the new dates and the note, and which mails go."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications import stage_actions, stages
from portal.applications.queries import cycle_by_id
from portal.applications.staff_blueprint import bp
from portal.applications.staff_forms import DatesForm
from portal.catalogue.models import Cycle
from portal.catalogue.refusals import ChangedMeanwhile
from portal.core.access import guard
from portal.core.clock import now
from portal.core.text import plural

Page = str | tuple[str, int] | Response
UNCHANGED = "Change a date: all of them are as they were."
PASSED = "Choose today or a later day: a new date cannot be over already."
MOVED = "The list of people, or a date, changed while you had this page open. Check again what will go out."


@bp.route("/cycles/<int:cycle_id>/new-dates", methods=["GET", "POST"])
@guard("cycle.advance", cycle=cycle_by_id)
def new_dates(cycle: Cycle) -> Page:
    """Choose the dates and write the note; the check page leads back here with what was typed."""
    form = DatesForm(obj=cycle)
    if "change" in request.form or not form.validate_on_submit():
        return _page(cycle, form)
    if not stage_actions.changes_in(cycle, form.dates()):
        form.form_errors.append(UNCHANGED)
        return _page(cycle, form)
    if not _are_to_come(cycle, form):
        return _page(cycle, form)
    return _check_page(cycle, form)


@bp.post("/cycles/<int:cycle_id>/new-dates/set")
@guard("cycle.advance", cycle=cycle_by_id)
def set_new_dates(cycle: Cycle) -> Page:
    """Do what the check page said; where that no longer holds, show it again."""
    form = DatesForm()
    if not form.validate() or not _are_to_come(cycle, form):
        return _page(cycle, form)
    try:
        made = stage_actions.set_dates(
            cycle, form.dates(), note=form.note.data or "", seen=form.seen.data or "",
            by=current_user._get_current_object(), now=now(),
        )  # fmt: skip
    except ChangedMeanwhile:
        form.form_errors.append(MOVED)
        return _check_page(cycle, form)
    if made is None:
        flash("The dates are as they were.|They had been set already, and nothing was sent now.")
    else:
        mails = f"{plural(len(made.to_tell), 'email')} on the way." if made.to_tell else "No email went."
        flash(f"New dates set.|Applicants read them on their page. {mails}")
    return redirect(url_for(".new_dates", cycle_id=cycle.id), 303)


def _are_to_come(cycle: Cycle, form: DatesForm) -> bool:
    """Whether no new date is over already; the fields of those that are say so."""
    today, dates = stages.day_of(now()), form.dates()
    over = [name for name in stage_actions.changes_in(cycle, dates) if (day := dates[name]) and day < today]
    for name in over:
        form[name].errors = [PASSED]
    return not over


def _page(cycle: Cycle, form: DatesForm) -> Page:
    page = render_template(
        "applications_staff/new_dates.html", cycle=cycle, opportunity=cycle.opportunity, form=form,
        labels=stages.LABELS, history=stages.history_of(cycle),
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _check_page(cycle: Cycle, form: DatesForm) -> Page:
    changes = stage_actions.changes_in(cycle, form.dates())
    found = stage_actions.audience(cycle, changes)
    form.seen.data = found.mark(form.dates(), form.note.data or "")
    page = render_template(
        "applications_staff/new_dates_check.html", cycle=cycle, opportunity=cycle.opportunity, form=form,
        changes=changes, labels=stages.LABELS, audience=found,
    )  # fmt: skip
    return page, 422 if form.errors else 200
