"""Staff pages of cycles: the list under a listing, the fields of one, its rubric."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import cycle_actions, staff_queries
from portal.catalogue.cycle_forms import CopyCycleForm, CycleForm, RubricForm
from portal.catalogue.inputs import portal_zone
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.readiness import Check, cycle_checks, rubric_checks
from portal.catalogue.shifting import Shift
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_pages import Page, attempt, blame, code, conflict, listing_page
from portal.core.access import guard


@bp.get("/opportunities/<int:opportunity_id>/cycles")
@guard("opportunity.manage", opportunity=Opportunity)
def cycles(opportunity: Opportunity) -> str:
    """The cycles of a listing."""
    return listing_page("cycles.html", opportunity, "Dates and places", cycles=staff_queries.cycles_of(opportunity))


@bp.route("/opportunities/<int:opportunity_id>/cycles/new", methods=["GET", "POST"])
@guard("opportunity.manage", opportunity=Opportunity)
def new_cycle(opportunity: Opportunity) -> Page | Response:
    """Make a draft cycle."""
    form = CycleForm()
    form.offer(None)
    made: list[Cycle] = []
    if form.validate_on_submit() and attempt(
        form, lambda: made.append(cycle_actions.create_cycle(opportunity, by=current_user, **form.columns()))
    ):
        flash("Cycle created.|Make its form and rubric next, then publish it.")
        return redirect(url_for(".cycle", cycle_id=made[0].id), 303)
    return listing_page("cycle_new.html", opportunity, "Dates and places", form=form), code(form)


@bp.route("/cycles/<int:cycle_id>", methods=["GET", "POST"])
@guard("cycle.edit", cycle=staff_queries.cycle_by_id)
def cycle(cycle: Cycle) -> Page | Response:
    """The fields of a cycle."""
    form = _form(cycle)
    if form.validate_on_submit() and attempt(
        form, lambda: cycle_actions.update_cycle(cycle, by=current_user, version=form.seen, **form.columns())
    ):
        flash("Cycle saved.|Dates show at once where the cycle is public.")
        return redirect(url_for(".cycle", cycle_id=cycle.id), 303)
    return _page(cycle, form), code(form)


def _form(cycle: Cycle, **options: Any) -> CycleForm:
    form = CycleForm(obj=cycle, **options)
    form.offer(cycle)
    return form


def _page(cycle: Cycle, form: CycleForm) -> str:
    return listing_page(
        "cycle.html",
        cycle.opportunity,
        "Dates and places",
        cycle=cycle,
        form=form,
        conflict=conflict(form, cycle, lambda: _form(cycle, formdata=None)),
        checks=checks_of(cycle),
    )


def checks_of(cycle: Cycle) -> list[Check]:
    """What a cycle needs before it is published."""
    return cycle_checks(
        cycle,
        newest=staff_queries.newest_form(cycle),
        has_published_form=staff_queries.has_published_form(cycle),
        rubric=staff_queries.criteria_of(cycle),
    )


def _act(cycle: Cycle, action: Callable[..., Any], words: str) -> Page | Response:
    form = _form(cycle, formdata=None)
    if attempt(form, lambda: action(cycle, by=current_user)):
        flash(words)
        return redirect(url_for(".cycle", cycle_id=cycle.id), 303)
    return _page(cycle, form), code(form)


@bp.post("/cycles/<int:cycle_id>/publish")
@guard("cycle.edit", cycle=staff_queries.cycle_by_id)
def publish_cycle(cycle: Cycle) -> Page | Response:
    """Let people apply from the opening on."""
    words = "Cycle published.|People can apply from the opening on, once the listing is public."
    return _act(cycle, cycle_actions.publish_cycle, words)


@bp.post("/cycles/<int:cycle_id>/archive")
@guard("cycle.edit", cycle=staff_queries.cycle_by_id)
def archive_cycle(cycle: Cycle) -> Page | Response:
    """Put a cycle away."""
    return _act(cycle, cycle_actions.archive_cycle, "Cycle archived.|Nobody can apply to it any more.")


@bp.route("/cycles/<int:cycle_id>/copy", methods=["GET", "POST"])
@guard("cycle.edit", cycle=staff_queries.cycle_by_id)
def copy_cycle(cycle: Cycle) -> Page | Response:
    """A later cycle like this one: by how much its dates move, shown before anything is made."""
    form = CopyCycleForm()
    right = form.validate_on_submit() if form.is_submitted() else True
    shift = form.shift(portal_zone(), cycle_actions.anchor_of(cycle, portal_zone()))
    made: list[Cycle] = []
    if form.is_submitted() and right and "preview" not in request.form:
        words = {"name": form.name.data or "", "code": form.code.data or ""}
        action = partial(cycle_actions.duplicate_cycle, cycle, by=current_user, shift=shift, **words)
        if attempt(form, lambda: made.append(action())):
            flash("Copy made.|It is a draft. Read its dates and its form, then publish it.")
            return redirect(url_for(".cycle", cycle_id=made[0].id), 303)
    dates = _shifted(cycle, form, shift)
    return listing_page(
        "cycle_copy.html", cycle.opportunity, "Dates and places", cycle=cycle, form=form, dates=dates
    ), code(form)


def _shifted(cycle: Cycle, form: CopyCycleForm, shift: Shift) -> list[tuple[str, Any, Any]]:
    """The dates of the copy; fills in a name and a code that fit them where none was typed."""
    try:
        name, short = cycle_actions.suggested(cycle, shift)
        found = cycle_actions.shifted_dates(cycle, shift)
    except OverflowError:
        blame(form, "n", "Choose a smaller number: the dates lie beyond the calendar.")
        return []
    form.name.data = form.name.data or name
    form.code.data = form.code.data or short
    return found


@bp.route("/cycles/<int:cycle_id>/rubric", methods=["GET", "POST"])
@guard("rubric.edit", cycle=staff_queries.cycle_by_id)
def rubric(cycle: Cycle) -> Page | Response:
    """All criteria of a cycle."""
    criteria = staff_queries.criteria_of(cycle)
    mark = cycle_actions.rubric_version(criteria)
    form = RubricForm.of(criteria, mark)
    if form.validate_on_submit() and attempt(
        form,
        lambda: cycle_actions.save_rubric(cycle, form.rows(), by=current_user, version=form.version.data or ""),
    ):
        flash("Rubric saved.|Reviewers see it once the cycle is public. It stays as it is from then on.")
        return redirect(url_for(".rubric", cycle_id=cycle.id), 303)
    page = listing_page(
        "rubric.html",
        cycle.opportunity,
        "Rubric",
        cycle=cycle,
        cycles=staff_queries.cycles_of(cycle.opportunity),
        form=form,
        conflict=conflict(form, mark, lambda: RubricForm.of(criteria, mark, formdata=None)),
        checks=rubric_checks(criteria, cycle),
        criteria=criteria,
    )
    return page, code(form)
