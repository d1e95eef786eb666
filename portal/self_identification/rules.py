"""Who is asked, and who words the questions."""

from typing import Any

from portal.accounts.rules import is_admin
from portal.applications.models import Application
from portal.applications.rules import leads
from portal.core.access import Refusal, rule
from portal.self_identification import queries


@rule("application.self_identify")
def self_identify(user: Any, application: Application) -> bool | Refusal:
    """The applicant, once, after submitting, while the questions are switched on and nothing was reported yet."""
    if not leads(user, application):
        return False
    if application.submitted_at is None:
        return Refusal("These questions are asked once you have submitted your application.")
    if queries.is_due(application):
        return True
    return Refusal("You have sent them, or they are not asked now: these questions are asked once.")


@rule("self_identification.manage")
def manage(user: Any, _thing: object) -> bool:
    return is_admin(user)
