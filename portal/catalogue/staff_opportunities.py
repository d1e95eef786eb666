"""Staff pages of listings: the list, making one, its fields, when it is public, what was done to it."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import actions, staff_queries
from portal.catalogue.forms import NewOpportunityForm, OpportunityForm, ScheduleForm
from portal.catalogue.inputs import portal_zone
from portal.catalogue.models import Opportunity
from portal.catalogue.readiness import listing_checks
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_history import line_of
from portal.catalogue.staff_pages import (
    Page,
    areas,
    attempt,
    chosen,
    code,
    conflict,
    cursors,
    list_page,
    listing_page,
    neighbours,
)
from portal.catalogue.status import Kind, Publication
from portal.core import clock
from portal.core.access import guard, require
from portal.core.facts import Telling


@bp.get("/opportunities")
@guard("opportunity.manage")
def opportunities() -> str:
    """The listings one manages."""
    filters = chosen(state=Publication, kind=Kind)
    return list_page(
        "opportunities.html",
        "Listings",
        staff_queries.opportunities(current_user, **filters, **cursors()),
        chosen=filters,
        units=staff_queries.all_units(),
        counts=staff_queries.counts_by_state(current_user),
        kinds=Kind,
    )


@bp.route("/opportunities/new", methods=["GET", "POST"])
@guard("opportunity.create")
def new_opportunity() -> Page | Response:
    """Make a draft, then go on to its fields."""
    form = NewOpportunityForm()
    units = {unit.id: unit for unit in staff_queries.units_open_to(current_user)}
    form.offer(units.values())
    made: list[Opportunity] = []
    if form.validate_on_submit():
        facts: dict[str, Any] = {"kind": Kind(form.kind.data), "title": form.title.data, "slug": form.slug.data or ""}
        unit = units[form.unit_id.data]
        sent, is_first = form.sent(by=current_user)
        if not is_first or attempt(
            form, lambda: made.append(actions.create_opportunity(unit, by=current_user, **facts))
        ):
            if made:
                sent.location = url_for(".opportunity", opportunity_id=made[0].id)
            flash("Draft created.|Fill in what people need to know, then publish it.")
            return redirect(sent.location, 303)
    return render_template("catalogue_staff/opportunity_new.html", form=form, areas=areas("Listings")), code(form)


@bp.route("/opportunities/<int:opportunity_id>", methods=["GET", "POST"])
@guard("opportunity.manage", opportunity=Opportunity)
def opportunity(opportunity: Opportunity) -> Page | Response:
    """All fields of a listing."""
    sites = staff_queries.all_sites()
    form = _form(opportunity, sites)

    def save() -> None:
        actions.update_opportunity(opportunity, by=current_user, version=form.seen, **form.columns(sites))

    if form.validate_on_submit() and attempt(form, save):
        public = opportunity.state is Publication.PUBLISHED
        flash("Listing saved.|" + ("People see the change now." if public else "People do not see it yet."))
        return redirect(url_for(".opportunity", opportunity_id=opportunity.id), 303)
    return _listing(opportunity, form, sites), code(form)


def _form(opportunity: Opportunity, sites: Any, **options: Any) -> OpportunityForm:
    form = OpportunityForm(obj=opportunity, **options)
    form.offer(staff_queries.units_open_to(current_user, also=opportunity.unit_id), sites, opportunity)
    return form


def _listing(opportunity: Opportunity, form: OpportunityForm, sites: Any) -> str:
    return listing_page(
        "opportunity.html",
        opportunity,
        "Listing",
        form=form,
        conflict=conflict(form, opportunity, lambda: _form(opportunity, sites, formdata=None)),
        checks=listing_checks(opportunity),
    )


def _act(opportunity: Opportunity, action: Callable[..., Any], words: str) -> Page | Response:
    """Do one thing to a listing; where it cannot be done, show its fields with what is missing."""
    sites = staff_queries.all_sites()
    form = _form(opportunity, sites, formdata=None)
    if attempt(form, lambda: action(opportunity, by=current_user)):
        flash(words)
        return redirect(url_for(".opportunity", opportunity_id=opportunity.id), 303)
    return _listing(opportunity, form, sites), code(form)


@bp.post("/opportunities/<int:opportunity_id>/publish")
@guard("opportunity.publish", opportunity=Opportunity)
def publish_opportunity(opportunity: Opportunity) -> Page | Response:
    """Make a listing public."""
    return _act(opportunity, actions.publish, "Listing published.|People find it now.")


@bp.post("/opportunities/<int:opportunity_id>/unpublish")
@guard("opportunity.publish", opportunity=Opportunity)
def unpublish_opportunity(opportunity: Opportunity) -> Page | Response:
    """Back to a draft."""
    return _act(opportunity, actions.unpublish, "Listing unpublished.|Only staff see it now.")


@bp.post("/opportunities/<int:opportunity_id>/archive")
@guard("opportunity.publish", opportunity=Opportunity)
def archive_opportunity(opportunity: Opportunity) -> Page | Response:
    """Put a listing away."""
    return _act(opportunity, actions.archive, "Listing archived.|You find it under Archived in the list.")


@bp.route("/opportunities/<int:opportunity_id>/schedule", methods=["GET", "POST"])
@guard("opportunity.publish", opportunity=Opportunity)
def schedule_opportunity(opportunity: Opportunity) -> Page | Response:
    """Choose when a draft becomes public."""
    form = ScheduleForm(data={"at": opportunity.publish_at})
    at = form.at.data
    if (
        form.validate_on_submit()
        and at
        and attempt(form, lambda: actions.schedule(opportunity, by=current_user, at=at))
    ):
        flash("Listing scheduled.|It becomes public at that time by itself. You can change or cancel this until then.")
        return redirect(url_for(".opportunity", opportunity_id=opportunity.id), 303)
    checks = listing_checks(opportunity)
    return listing_page("schedule.html", opportunity, "Listing", form=form, checks=checks), code(form)


@bp.post("/opportunities/<int:opportunity_id>/duplicate")
@guard("opportunity.manage", opportunity=Opportunity)
def duplicate_opportunity(opportunity: Opportunity) -> Page | Response:
    """A draft like this listing."""
    require(current_user, "opportunity.create", opportunity.unit)
    sites = staff_queries.all_sites()
    form = _form(opportunity, sites, formdata=None)
    made: list[Opportunity] = []
    if attempt(form, lambda: made.append(actions.duplicate(opportunity, by=current_user))):
        flash("Copy made.|It is a draft. Change its title and address, and set the dates of its cycle.")
        return redirect(url_for(".opportunity", opportunity_id=made[0].id), 303)
    return _listing(opportunity, form, sites), code(form)


@bp.get("/opportunities/<int:opportunity_id>/history")
@guard("opportunity.manage", opportunity=Opportunity)
def history(opportunity: Opportunity) -> str:
    """What was done to a listing, its cycles and forms."""
    found = staff_queries.history(opportunity, **cursors())
    telling = Telling(portal_zone(), clock.now().date())
    lines = [line_of(row[0], telling) for row in found.rows]
    return listing_page("history.html", opportunity, "History", lines=lines, **neighbours(found))
