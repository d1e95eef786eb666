"""Who is asked, and who words the questions."""

from typing import Any

from portal.accounts.rules import is_admin
from portal.applications.models import Application
from portal.applications.refusals import Turned
from portal.applications.rules import leads
from portal.core.access import Refusal, rule
from portal.self_identification import queries


@rule("application.self_identify")
def self_identify(user: Any, application: Application) -> bool | Refusal:
    """The applicant, once, after submitting, while the questions are switched on and nothing was reported yet."""
    if not leads(user, application):
        return False
    if application.submitted_at is None:
        return _turned(application, "Not yet", "These questions are asked once you have submitted your application.")
    is_due, is_sent = queries.standing(application)
    if is_due:
        return True
    if is_sent:
        return _turned(
            application,
            "You have answered already",
            "You answered these questions, or declined to, and we ask once. What you chose is kept apart from your "
            "application and without a date, so nobody can look it up or change it. There is nothing more to do.",
            status=409,
        )
    return _turned(
        application,
        "These questions are not asked",
        "Nobody is asked them about this application at the moment. There is nothing to do, and it changes nothing "
        "about your application.",
    )


def _turned(application: Application, title: str, reason: str, status: int = 403) -> Turned:
    return Turned(reason, title=title, status=status, application_id=application.id)


@rule("self_identification.manage")
def manage(user: Any, _thing: object) -> bool:
    return is_admin(user)
