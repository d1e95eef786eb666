"""Who asks for an endorsement, reads it, and plans it for a cycle.  Whoever is asked comes by a link instead."""

from typing import Any

from portal.accounts.rules import coordinates
from portal.applications.models import Application
from portal.applications.rules import belongs, edit_application, leads
from portal.applications.status import FINAL, Status
from portal.catalogue.models import Cycle
from portal.core.access import Refusal, rule
from portal.core.clock import now
from portal.endorsements.models import Endorsement
from portal.endorsements.status import WAITING


@rule("endorsement.read")
def read_endorsement(user: Any, application: Any) -> bool:
    """Those who apply, where the cycle wants an endorsement."""
    if not isinstance(application, Application):  # asked about a cycle, by the rule of planning
        return False
    return bool(application.cycle.endorser) and belongs(user, application)


@rule("endorsement.ask")
def ask_endorsement(user: Any, application: Application) -> bool | Refusal:
    """The lead names, reminds and replaces the person: in an open draft, and later until its own due date."""
    if not read_endorsement(user, application):
        return False
    if not leads(user, application):
        return Refusal(f"{application.person.full_name} leads the team and asks for the endorsement.")
    due = application.cycle.endorsement_due_at
    if application.status is not Status.DRAFT and due is not None and application.status not in FINAL and now() < due:
        return True
    return edit_application(user, application)


@rule("endorsement.plan")
def plan_endorsement(user: Any, cycle: Cycle) -> bool:
    """Coordinators of the listing say whether one is wanted, of whom and of what."""
    return coordinates(user, cycle.opportunity)


def can_answer(endorsement: Endorsement) -> bool:
    """Whether the person who was asked can confirm or decline now."""
    application = endorsement.application
    due = application.cycle.endorsement_due_at
    return endorsement.state in WAITING and application.status not in FINAL and (due is None or now() < due)
