"""Staff pages around the versions of a form: two of them compared, another listing's form copied, a new order."""

from flask import abort, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import form_actions, staff_queries
from portal.catalogue.differences import compare
from portal.catalogue.form_models import Form
from portal.catalogue.form_order import read_order, reorder
from portal.catalogue.frozen import frozen_all
from portal.catalogue.models import Cycle
from portal.catalogue.question_forms import CopyFormForm
from portal.catalogue.refusals import ChangedMeanwhile, Frozen, Refused
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_forms import form_page
from portal.catalogue.staff_pages import FROZEN, Page, attempt, code, listing_page
from portal.core.access import guard

MOVED_MEANWHILE = "Someone else changed this form at the same time. Read it as it is now, then move again."


@bp.get("/cycles/<int:cycle_id>/form/compare")
@guard("form.edit", cycle=staff_queries.cycle_by_id)
def compare_versions(cycle: Cycle) -> str:
    """Two versions of a cycle's form side by side in words: the last two, or those that the address names."""
    versions = staff_queries.versions_of(cycle)
    if len(versions) < 2:
        abort(404)
    numbers = sorted(_number(name, versions[1 - place].number) for place, name in enumerate(("old", "new")))
    by_number = {version.number: version for version in versions}
    old, new = (by_number.get(number) or abort(404) for number in numbers)
    whole = frozen_all([old, new])
    return listing_page(
        "form_compare.html",
        cycle.opportunity,
        "Application form",
        cycle=cycle,
        versions=versions,
        old=old,
        new=new,
        differences=compare(whole[old.id], whole[new.id]),
    )


def _number(name: str, usual: int) -> int:
    """The number of a version that the address names; one that no column holds is none."""
    number = request.args.get(name, usual, type=int)
    return number if 0 < number < 10_000 else abort(404)


@bp.route("/cycles/<int:cycle_id>/form/copy", methods=["GET", "POST"])
@guard("form.edit", cycle=staff_queries.cycle_by_id)
def copy_form(cycle: Cycle) -> Page | Response:
    """Start a draft from the form of another cycle that one manages."""
    newest = staff_queries.newest_form(cycle)
    draft = newest if newest is not None and newest.published_at is None and newest.questions else None
    form = CopyFormForm()
    form.offer(staff_queries.forms_to_copy(current_user, cycle), asks=draft is not None)
    if form.validate_on_submit():
        source = staff_queries.form_to_copy(form.cycle.data or 0) or abort(404)
        if attempt(form, lambda: form_actions.copy_form_from(cycle, source=source, by=current_user)):
            flash(f"The form of {source.cycle} is copied.|It is a draft here. Change what differs, then publish it.")
            return redirect(url_for(".cycle_form", cycle_id=cycle.id), 303)
    page = listing_page("form_copy.html", cycle.opportunity, "Application form", cycle=cycle, form=form, draft=draft)
    return page, code(form)


@bp.post("/forms/<int:form_id>/order")
@guard("form.edit", form=staff_queries.form_by_id)
def order_form(form: Form) -> Response | Page:
    """Put the sections and questions of a draft in the order sent: `s12 q3 q5 s13`."""
    try:
        reorder(form, read_order(request.form.get("order", "")), by=current_user)
    except (ValueError, ChangedMeanwhile):
        why = MOVED_MEANWHILE
    except Frozen:
        why = FROZEN
    except Refused as refused:
        why = " ".join(refused.errors.values())
    else:
        return redirect(url_for(".cycle_form", cycle_id=form.cycle_id), 303)
    return form_page(form.cycle, staff_queries.form_version(form.cycle, form.number), frozen=why), 409
