"""Who reads a receipt: those who apply.  Staff read the application itself; anybody checks a code."""

from typing import Any

from portal.applications.models import Application
from portal.applications.rules import belongs
from portal.core.access import rule


@rule("receipt.read")
def read_receipt(user: Any, application: Any) -> bool:
    """The applicant, or a member of the team, once it was submitted."""
    return isinstance(application, Application) and application.reference is not None and belongs(user, application)
