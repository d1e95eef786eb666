"""Finding newsletters, who subscribes to them, and whom a link is about."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.tokens import hashed
from portal.following.newsletter_models import Newsletter, Subscriber, Subscription, SubscriptionRequest


class Line(NamedTuple):
    """A subscription as the list of subscribers has it."""

    newsletter: Newsletter
    subscriber: Subscriber
    since: datetime


def of_listing(opportunity_id: int) -> Sequence[Newsletter]:
    """The newsletters of a listing, in the order in which they were added."""
    query = select(Newsletter).where(Newsletter.opportunity_id == opportunity_id).order_by(Newsletter.id)
    return db.session.scalars(query).all()


def counted(opportunity_id: int) -> list[tuple[Newsletter, int]]:
    """The same, each with how many subscribe to it."""
    query = (
        select(Newsletter, func.count(Subscription.subscriber_id))
        .outerjoin(Subscription, Subscription.newsletter_id == Newsletter.id)
        .where(Newsletter.opportunity_id == opportunity_id)
        .group_by(Newsletter.id)
        .order_by(Newsletter.id)
    )
    return [(newsletter, count) for newsletter, count in db.session.execute(query)]


def count_of(newsletter: Newsletter) -> int:
    """How many subscribe to a newsletter."""
    query = select(func.count()).select_from(Subscription).where(Subscription.newsletter_id == newsletter.id)
    return db.session.scalar(query) or 0


def lines(opportunity_id: int) -> Iterator[Line]:
    """Every subscription to a newsletter of a listing, by newsletter and name."""
    query = (
        select(Newsletter, Subscriber, Subscription.at)
        .join(Subscription, Subscription.newsletter_id == Newsletter.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Newsletter.opportunity_id == opportunity_id)
        .order_by(Newsletter.id, Subscriber.family_name, Subscriber.given_name, Subscriber.id)
    )
    return (Line(*row) for row in db.session.execute(query))


def subscriber_of(opportunity_id: int, email: str) -> Subscriber | None:
    """The subscriber of that address, held."""
    query = select(Subscriber).where(Subscriber.opportunity_id == opportunity_id, Subscriber.email == email)
    return db.session.scalar(query.with_for_update())


def held(subscriber_id: int) -> Subscriber | None:
    """A subscriber, held; None for one that has ended."""
    return db.session.scalar(select(Subscriber).where(Subscriber.id == subscriber_id).with_for_update())


def asked_by_token(token: str) -> SubscriptionRequest | None:
    """What a link to confirm is about, until it is used; held."""
    query = select(SubscriptionRequest).where(SubscriptionRequest.token_hash == hashed(token))
    return db.session.scalar(query.with_for_update())


def of_address(email: str) -> list[tuple[Subscriber, list[str]]]:
    """All that an address subscribes to: each list with the names of its newsletters."""
    found = db.session.scalars(select(Subscriber).where(Subscriber.email == email).order_by(Subscriber.id)).all()
    names = {one.id: one.name for each in found for one in of_listing(each.opportunity_id)}
    return [(each, [names[one.newsletter_id] for one in each.subscriptions]) for each in found]
