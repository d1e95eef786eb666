"""What a cycle wants to have endorsed: the coordinator's page."""

from flask import flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import staff_queries
from portal.catalogue.cycle_actions import update_cycle
from portal.catalogue.models import Cycle
from portal.catalogue.staff_pages import Page, attempt, code, conflict, listing_page
from portal.core.access import guard
from portal.endorsements.forms import PlanForm
from portal.endorsements.views import bp

__all__ = ["bp"]


@bp.route("/manage/cycles/<int:cycle_id>/endorsement", methods=["GET", "POST"])
@guard("endorsement.plan", cycle=staff_queries.cycle_by_id)
def plan(cycle: Cycle) -> Page | Response:
    """Whether an endorsement is wanted, of whom, of which sections, in which words, and by when."""
    form = _form(cycle)
    if form.validate_on_submit() and attempt(
        form, lambda: update_cycle(cycle, by=current_user, version=form.seen, **form.columns())
    ):
        wanted = "Applicants are asked for it from now on." if cycle.endorser else "Applicants are asked for none."
        flash(f"Endorsement saved.|{wanted}")
        return redirect(url_for("endorsements.plan", cycle_id=cycle.id), 303)
    page = listing_page(
        "endorsement.html",
        cycle.opportunity,
        "Dates and places",
        cycle=cycle,
        form=form,
        conflict=conflict(form, cycle, lambda: _form(cycle, shown_anew=True)),
    )
    return page, code(form)


def _form(cycle: Cycle, *, shown_anew: bool = False) -> PlanForm:
    form = PlanForm(obj=cycle, **({"formdata": None} if shown_anew else {}))
    form.offer(staff_queries.newest_form(cycle), list(cycle.endorsement_keys))
    return form
