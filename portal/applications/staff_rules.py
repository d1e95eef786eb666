"""What coordinators may do to applications."""

from typing import Any

from portal.accounts.rules import coordinates
from portal.applications.rules import coordinate_application
from portal.catalogue.models import Cycle
from portal.core.access import rule

rule("application.move")(coordinate_application)
rule("note.write")(coordinate_application)


@rule("cycle.advance")
def advance_cycle(user: Any, cycle: Cycle) -> bool:
    """Moving several applications of a cycle at once: coordinators of its listing."""
    return coordinates(user, cycle.opportunity)
