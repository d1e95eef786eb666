"""What coordinators may do to applications."""

from typing import Any

from portal.accounts.rules import coordinates
from portal.applications.extension_models import Extension
from portal.applications.models import Application
from portal.applications.revision_models import ChangeRequest
from portal.applications.rules import coordinate_application
from portal.catalogue.models import Cycle
from portal.core.access import rule

rule("application.move")(coordinate_application)
rule("note.write")(coordinate_application)


@rule("cycle.advance")
def advance_cycle(user: Any, cycle: Cycle) -> bool:
    """Moving several applications of a cycle at once: coordinators of its listing."""
    return coordinates(user, cycle.opportunity)


rule("extension.grant")(advance_cycle)


@rule("change-request.manage")
def manage_change_request(user: Any, request: tuple[ChangeRequest, Application]) -> bool:
    """Whoever coordinates the application that it is about."""
    return bool(coordinate_application(user, request[1]))


@rule("extension.revoke")
def revoke_extension(user: Any, extension: Extension) -> bool:
    """Coordinators of the listing, except for themselves."""
    return extension.person_id != user.id and coordinates(user, extension.cycle.opportunity)
