"""What happens to units, sites and pages: they are made, edited, shown and put away."""

from typing import Any, TypeVar

from portal.accounts.models import Person
from portal.catalogue.changes import apply
from portal.catalogue.models import Page, Site, Unit
from portal.catalogue.refusals import judged, lock
from portal.catalogue.status import Publication
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db

Place = TypeVar("Place", Unit, Site, Page)
TAKEN = "This address is taken. Choose a different one."
JUDGEMENTS = {f"uq_{table}_slug": ("slug", TAKEN) for table in ("unit", "site", "page")}


def create_place(kind: type[Place], /, *, by: Person | None, **values: Any) -> Place:
    """A new unit, site or page; sites and pages are drafts until they are published.

    In: columns by name.  Raises Refused where the address is taken.
    """
    made = kind()
    if not isinstance(made, Unit):
        made.state = Publication.DRAFT
    if isinstance(made, Page):
        made.updated_at = now()
    apply(made, values)
    with judged(JUDGEMENTS):
        db.session.add(made)
    audit.record(by, f"{kind.__tablename__}.created", made)
    return made


def update_place(place: Place, /, *, by: Person, version: int | None = None, **values: Any) -> Place:
    """Change a unit, site or page.

    In: columns by name, and the version that the person had before them.  Raises ChangedMeanwhile and Refused.
    """
    lock(place, version)
    with judged(JUDGEMENTS):
        changes = apply(place, values)
        if changes and isinstance(place, Page):
            place.updated_at = now()
    if changes:
        audit.record(by, f"{place.__tablename__}.changed", place, changes=changes)
    return place


def set_state(place: Site | Page, state: Publication, *, by: Person) -> None:
    """Show a site or page to the public, or put it away."""
    lock(place, None)
    place.state = state
    audit.record(by, f"{place.__tablename__}.{state.value}", place)
