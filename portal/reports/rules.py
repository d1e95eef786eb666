"""Who reads the queue and the figures: coordinators, of the listings they coordinate."""

from typing import Any

from portal.accounts.rules import coordinates, scope
from portal.accounts.status import Role
from portal.applications.rules import coordinate_application
from portal.catalogue.models import Cycle
from portal.core.access import rule
from portal.reports.files import File


@rule("queue.enter")
def enter_queue(user: Any, _thing: object) -> bool:
    """Whoever coordinates anything has a list of cycles, which holds only their own."""
    return bool(scope(user, Role.COORDINATOR))


@rule("queue.read")
def read_queue(user: Any, cycle: Cycle | None) -> bool:
    """The applications of a cycle, as a list or a file, are for whoever coordinates its listing; none without one."""
    return cycle is not None and coordinates(user, cycle.opportunity)


@rule("report.read")
def read_report(user: Any, cycle: Cycle) -> bool:
    return coordinates(user, cycle.opportunity)


@rule("file.read")
def read_file(user: Any, file: File) -> bool:
    """The staff's page of an application: whoever coordinates its listing, once it was submitted."""
    return bool(coordinate_application(user, file.application))
