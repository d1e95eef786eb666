"""Who decides, writes letters and reads them."""

from typing import Any

from sqlalchemy import exists, select

from portal.accounts.rules import coordinates, is_admin, scope
from portal.accounts.status import Role
from portal.applications.models import Application
from portal.applications.rules import belongs, coordinate_application
from portal.catalogue.models import Cycle, Opportunity
from portal.core.access import rule
from portal.core.db import db
from portal.selection.models import Decision

rule("decision.write")(coordinate_application)
rule("decision.release")(coordinate_application)


@rule("decision.enter")
def enter_decisions(user: Any, _thing: object) -> bool:
    """Coordinators of anything, and admins."""
    return bool(scope(user, Role.COORDINATOR))


@rule("cycle.decide")
def decide_cycle(user: Any, cycle: Cycle) -> bool:
    """The board of a cycle and its letters: coordinators of the listing."""
    return coordinates(user, cycle.opportunity)


@rule("letter.edit")
def edit_letters(user: Any, opportunity: Opportunity) -> bool:
    """A listing's own letters: its coordinators."""
    return coordinates(user, opportunity)


@rule("letter.edit_defaults")
def edit_default_letters(user: Any, _thing: object) -> bool:
    """The letters every listing starts from: admins."""
    return is_admin(user)


@rule("letter.read")
def read_letter(user: Any, application: Any) -> bool:
    """A released letter: who applied, alone or as a team, and the coordinators of the listing."""
    if not isinstance(application, Application):  # a listing, when asked by the rule of editing
        return False
    if not belongs(user, application) and not coordinate_application(user, application):
        return False
    sent = exists().where(Decision.application_id == application.id, Decision.released_at.is_not(None))
    return bool(db.session.scalar(select(sent)))
