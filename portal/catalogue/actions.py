"""What happens to listings: they are made, edited, published, scheduled, archived and duplicated."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.accounts.models import Person
from portal.catalogue.changes import apply
from portal.catalogue.copies import copy_cycle
from portal.catalogue.models import Opportunity, Unit
from portal.catalogue.names import free_slug
from portal.catalogue.readiness import gaps, listing_checks
from portal.catalogue.refusals import NotReady, Refused, judged, lock
from portal.catalogue.staff_queries import newest_cycle
from portal.catalogue.status import Kind, Publication
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db

JUDGEMENTS = {
    "uq_opportunity_slug": ("slug", "Another listing has this address. Choose a different one."),
    "ck_opportunity_position_pay_range": (
        "pay_low",
        "Give the pay range, from and to: a position cannot be public without it.",
    ),
    "ck_opportunity_pay_range": ("pay_high", "Enter a highest pay that is not below the lowest."),
    "ck_opportunity_half_days": ("half_days", "Enter 0 to 10 half-days a week."),
    "ck_opportunity_fte": ("fte", "Enter an FTE above 0 and up to 1."),
}
TEXTS = ("summary", "about", "eligibility", "selection", "next_steps")
COPIED = frozenset(
    {"unit_id", "kind", "half_days", "time_words", "length_words", "length_months", "money_words", "is_paid", "stipend"}
    | {"pay_low", "pay_high", "pay_period", "fte", "places", "place_words", "audiences", "audience_words", "keywords"}
    | {"contact_name", "contact_email", "contact_phone", "sample_fields", "retention_months", *TEXTS}
)


def create_opportunity(
    unit: Unit, *, by: Person | None, kind: Kind, title: str, slug: str = "", **values: Any
) -> Opportunity:
    """A new draft of a unit.

    In: any further column by name; without a slug one is made of the title.  Raises Refused where the slug is taken.
    """
    opportunity = Opportunity(unit_id=unit.id, kind=Kind(kind), created_at=now(), updated_at=now(), slug=slug, title="")
    for name in TEXTS:
        setattr(opportunity, name, "")
    apply(opportunity, values | {"title": title, "slug": slug or free_slug(title, taken_slugs())})
    with judged(JUDGEMENTS):
        db.session.add(opportunity)
    audit.record(by, "opportunity.created", opportunity, unit=unit.short_name, kind=opportunity.kind.label)
    return opportunity


def update_opportunity(
    opportunity: Opportunity, *, by: Person, version: int | None = None, **values: Any
) -> Opportunity:
    """Change a listing.

    In: columns (and `sites`, a list of rows) by name, and the version that the person had before them.  Raises
    ChangedMeanwhile, and Refused where the database or a published listing's own checks say no.
    """
    lock(opportunity, version)
    with judged(JUDGEMENTS):
        changes = apply(opportunity, values)
        if changes:
            opportunity.updated_at = now()
    if opportunity.state is Publication.PUBLISHED:
        errors = {check.field: check.missing for check in listing_checks(opportunity) if check.stops}
        if errors:
            raise Refused(errors)
    if changes:
        audit.record(by, "opportunity.changed", opportunity, changes=changes)
    return opportunity


def publish(opportunity: Opportunity, *, by: Person | None) -> Opportunity:
    """Make a listing public; `by` is None when its time has come.  Raises NotReady."""
    lock(opportunity, None)
    _refuse_gaps(opportunity)
    with judged(JUDGEMENTS):
        opportunity.state = Publication.PUBLISHED
        opportunity.published_at = opportunity.updated_at = now()
        opportunity.publish_at = None
    audit.record(by, "opportunity.published", opportunity)
    return opportunity


def schedule(opportunity: Opportunity, *, by: Person, at: datetime) -> Opportunity:
    """Have a draft become public at a time to come.  Raises Refused for one that has passed, and NotReady."""
    lock(opportunity, None)
    if at <= now():
        raise Refused({"at": "Choose a time that is still to come."})
    if opportunity.state is Publication.PUBLISHED:
        raise Refused({"at": "This listing is public already."})
    _refuse_gaps(opportunity)
    opportunity.state = Publication.DRAFT
    opportunity.publish_at = at
    audit.record(by, "opportunity.scheduled", opportunity, at=at.isoformat())
    return opportunity


def unpublish(opportunity: Opportunity, *, by: Person) -> Opportunity:
    """Take a listing out of the public pages, back to a draft; forget when it would have been published."""
    lock(opportunity, None)
    opportunity.state, opportunity.publish_at = Publication.DRAFT, None
    audit.record(by, "opportunity.unpublished", opportunity)
    return opportunity


def archive(opportunity: Opportunity, *, by: Person) -> Opportunity:
    """Put a listing away: neither public nor among the ones worked on; it can be published again."""
    lock(opportunity, None)
    opportunity.state, opportunity.publish_at = Publication.ARCHIVED, None
    audit.record(by, "opportunity.archived", opportunity)
    return opportunity


def duplicate(opportunity: Opportunity, *, by: Person) -> Opportunity:
    """A draft like a listing, with its latest cycle's form and rubric as drafts; the cycle has no dates yet."""
    copy = Opportunity(
        **{name: getattr(opportunity, name) for name in COPIED},
        title=f"{opportunity.title} (copy)",
        slug=free_slug(opportunity.slug, taken_slugs()),
        sites=list(opportunity.sites),
        created_at=now(),
        updated_at=now(),
    )
    db.session.add(copy)
    db.session.flush()
    if latest := newest_cycle(opportunity):
        copy_cycle(latest, to=copy)
    audit.record(by, "opportunity.duplicated", copy, source=opportunity.slug)
    return copy


def publish_due() -> int:
    """Publish every draft whose time has come; one that is not ready waits until it is.  Out: how many."""
    due = select(Opportunity).where(Opportunity.state == Publication.DRAFT, Opportunity.publish_at <= now())
    published = 0
    for opportunity in db.session.scalars(due.order_by(Opportunity.id).with_for_update(skip_locked=True)).all():
        if not gaps(listing_checks(opportunity)):
            publish(opportunity, by=None)
            published += 1
    return published


def taken_slugs() -> set[str]:
    """The addresses of all listings: some hundreds at most."""
    return set(db.session.scalars(select(Opportunity.slug)))


def _refuse_gaps(opportunity: Opportunity) -> None:
    missing = gaps(listing_checks(opportunity))
    if missing:
        raise NotReady(missing)
