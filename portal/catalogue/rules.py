"""Who may read, make and change what is in the catalogue."""

from typing import Any

from portal.accounts.models import Person
from portal.accounts.rules import coordinates, is_admin, scope
from portal.accounts.status import Role
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Cycle, Opportunity, Page, Site, Unit
from portal.catalogue.status import Publication
from portal.core.access import rule


@rule("opportunity.read")
def read_opportunity(user: Person, opportunity: Opportunity | Unit | None) -> bool:
    """Everybody reads what is public; what is not, those who manage it."""
    if not isinstance(opportunity, Opportunity):  # `require` also asks about what `opportunity.create` is about
        return False
    return opportunity.state is Publication.PUBLISHED or coordinates(user, opportunity)


@rule("opportunity.manage")
def manage_opportunity(user: Person, opportunity: Opportunity | None) -> bool:
    """Admins everywhere, coordinators where they coordinate; without a listing: whether there can be any."""
    return bool(scope(user, Role.COORDINATOR)) if opportunity is None else coordinates(user, opportunity)


@rule("opportunity.create")
def create_opportunity(user: Person, unit: Unit | None) -> bool:
    """In a unit that one coordinates; without a unit: whether there is any."""
    held = scope(user, Role.COORDINATOR)
    return held.everywhere or (bool(held.units) if unit is None else unit.id in held.units)


@rule("opportunity.publish")
def publish_opportunity(user: Person, opportunity: Opportunity) -> bool:
    """Whoever manages a listing decides when it is public."""
    return coordinates(user, opportunity)


@rule("cycle.edit")
def edit_cycle(user: Person, cycle: Cycle) -> bool:
    return coordinates(user, cycle.opportunity)


@rule("form.edit")
def edit_form(user: Person, thing: Cycle | Form | Section | Question) -> bool:
    """The form of a cycle, one version of it, or a section or question of that."""
    if isinstance(thing, Question):
        thing = thing.section
    if isinstance(thing, Section):
        thing = thing.form
    cycle = thing.cycle if isinstance(thing, Form) else thing
    return coordinates(user, cycle.opportunity)


@rule("rubric.edit")
def edit_rubric(user: Person, cycle: Cycle) -> bool:
    return coordinates(user, cycle.opportunity)


@rule("form.override")
def override_form_check(user: Person, _thing: object) -> bool:
    """Publishing a form although it asks what may not be asked: an admin, with a reason that is kept."""
    return is_admin(user)


@rule("site.manage")
def manage_sites(user: Any, _site: Site | None) -> bool:
    return is_admin(user)


@rule("unit.manage")
def manage_units(user: Any, _unit: Unit | None) -> bool:
    return is_admin(user)


@rule("page.manage")
def manage_pages(user: Any, _page: Page | None) -> bool:
    return is_admin(user)
