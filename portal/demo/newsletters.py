"""The newsletters of the demo, and some of its people who subscribe to them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from portal.accounts.models import Person
from portal.catalogue.models import Opportunity
from portal.core.clock import now
from portal.core.db import db
from portal.following.newsletter_models import Newsletter, Subscriber, Subscription

NEWSLETTERS = (
    ("DGIM newsletter", "quarterly"),
    ("Harvard Medicine magazine", "three a year"),
    ("Harvard Medicine News", "weekly"),
    ("On the Brain", "quarterly"),
)


def load(people: Sequence[Person]) -> None:
    """Four newsletters, and fourteen subscribers to one or more of them."""
    listing = db.session.scalars(select(Opportunity).where(Opportunity.slug == "newsletters")).one()
    made = [Newsletter(opportunity_id=listing.id, name=name, frequency=often) for name, often in NEWSLETTERS]
    db.session.add_all(made)
    db.session.flush()
    for place, person in enumerate(people[:14]):
        since = now() - timedelta(days=20 + 9 * place)
        chosen = [each for at, each in enumerate(made) if at == place % 4 or (place + at) % 3 == 0]
        db.session.add(
            Subscriber(
                opportunity_id=listing.id, email=person.email, given_name=person.given_name,
                family_name=person.family_name, created_at=since,
                subscriptions=[Subscription(newsletter_id=each.id, at=since) for each in chosen],
            )
        )  # fmt: skip
