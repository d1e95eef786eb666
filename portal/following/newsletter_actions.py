"""Keeping a listing's newsletters, and beginning, changing and ending subscriptions to them.

A subscription begins when the link that was mailed to the address is used.  Sending issues is done elsewhere, from
the list that staff download; it carries an address for each line that ends this subscription by one POST (RFC 8058).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, exists

from portal.accounts.models import Person
from portal.catalogue.models import Opportunity
from portal.catalogue.refusals import judged
from portal.core import audit
from portal.core.db import db
from portal.core.tokens import hashed, new_token
from portal.following import newsletter_queries as queries
from portal.following.newsletter_models import (
    NAMED_ONCE,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionRequest,
)
from portal.messaging.actions import valid_address, write
from portal.messaging.rendering import absolute_url

UNCONFIRMED_FOR = timedelta(days=7)
TAKEN = {NAMED_ONCE: ("name", "This listing has a newsletter of that name. Choose another.")}
ALL = 0  # in a link: all newsletters of the listing; no row has this number


def add_newsletter(opportunity: Opportunity, *, name: str, frequency: str, by: Person) -> Newsletter:
    """A new newsletter of a listing; people can subscribe at once where the listing is public.  Raises Refused."""
    made = Newsletter(opportunity_id=opportunity.id, name=name, frequency=frequency)
    with judged(TAKEN):
        db.session.add(made)
    audit.record(by, "newsletter.added", opportunity, name=name, frequency=frequency)
    return made


def update_newsletter(newsletter: Newsletter, *, name: str, frequency: str, by: Person) -> None:
    """Change its name and how often it appears; subscriptions stay.  Raises Refused."""
    before = {"name": newsletter.name, "frequency": newsletter.frequency}
    after = {"name": name, "frequency": frequency}
    with judged(TAKEN):
        newsletter.name, newsletter.frequency = name, frequency
    changes = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    audit.record(by, "newsletter.changed", newsletter.opportunity, name=name, changes=changes)


def remove_newsletter(newsletter: Newsletter, *, by: Person) -> None:
    """Take a newsletter away with all subscriptions to it; whoever subscribes to nothing else is forgotten."""
    opportunity, count = newsletter.opportunity, queries.count_of(newsletter)
    audit.record(by, "newsletter.removed", opportunity, name=newsletter.name, subscribers=count)
    db.session.execute(delete(Newsletter).where(Newsletter.id == newsletter.id))
    db.session.expunge(newsletter)
    idle = ~exists().where(Subscription.subscriber_id == Subscriber.id)
    db.session.execute(delete(Subscriber).where(Subscriber.opportunity_id == opportunity.id, idle))


def ask(
    opportunity: Opportunity,
    *,
    given_name: str,
    family_name: str,
    email: str,
    newsletters: Iterable[int],
    now: datetime,
) -> None:
    """Ask an address by mail whether it wants these newsletters.

    In: ids; those of other listings are left out.  Whoever asks learns nothing about the address: it gets the same
    mail in any case, and what it subscribes to already changes only when the link is used.  Raises InvalidAddress.
    """
    token = new_token()
    known = {each.id: each for each in queries.of_listing(opportunity.id)}
    chosen = sorted(set(newsletters) & known.keys())
    asked = SubscriptionRequest(
        opportunity_id=opportunity.id, email=valid_address(email), given_name=given_name, family_name=family_name,
        newsletter_ids=chosen, token_hash=hashed(token), created_at=now,
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    write(
        "newsletter_confirm",
        to=("", asked.email),
        about=asked,
        opportunity=opportunity,
        newsletters=[known[key] for key in chosen],
        confirm_url=absolute_url("newsletters.confirm", token=token),
    )


def confirm(asked: SubscriptionRequest, *, now: datetime) -> Subscriber | None:
    """The link in the mail was used: add what was asked for, under the names that were given.

    In: the request, held.  Out: the subscriber; None where none of the newsletters is there any more.
    """
    known = {each.id: each for each in queries.of_listing(asked.opportunity_id)}
    wanted = [key for key in asked.newsletter_ids if key in known]
    subscriber = queries.subscriber_of(asked.opportunity_id, asked.email)
    if wanted and subscriber is None:
        subscriber = Subscriber(opportunity_id=asked.opportunity_id, email=asked.email, created_at=now)
        db.session.add(subscriber)
    if subscriber is not None and wanted:
        subscriber.given_name, subscriber.family_name = asked.given_name, asked.family_name
        has = {each.newsletter_id for each in subscriber.subscriptions}
        subscriber.subscriptions += [Subscription(newsletter_id=key, at=now) for key in wanted if key not in has]
        db.session.flush()
        _tell_started(subscriber, [known[each.newsletter_id] for each in subscriber.subscriptions])
    db.session.delete(asked)
    return subscriber if wanted else None


def _tell_started(subscriber: Subscriber, newsletters: list[Newsletter]) -> None:
    """The mail that has the subscriber's own page, by which to change or end it."""
    write(
        "newsletter_started",
        to=(f"{subscriber.given_name} {subscriber.family_name}", subscriber.email),
        about=subscriber,
        unsubscribe_url=stop_address(subscriber, ALL),
        opportunity=subscriber.opportunity,
        newsletters=newsletters,
        choices_url=own_address(subscriber),
    )


def choose(subscriber: Subscriber, newsletters: Collection[int], *, now: datetime) -> bool:
    """Subscribe to these newsletters of the list and to no others.  Out: whether any is left; without one it ends."""
    wanted = set(newsletters) & {each.id for each in queries.of_listing(subscriber.opportunity_id)}
    for each in [each for each in subscriber.subscriptions if each.newsletter_id not in wanted]:
        subscriber.subscriptions.remove(each)
    has = {each.newsletter_id for each in subscriber.subscriptions}
    subscriber.subscriptions += [Subscription(newsletter_id=key, at=now) for key in sorted(wanted - has)]
    if not wanted:
        db.session.delete(subscriber)
    db.session.flush()
    return bool(wanted)


def stop(subscriber: Subscriber, newsletter_id: int, *, now: datetime) -> None:
    """End one subscription, or all for `ALL`; ending what has ended changes nothing."""
    left = {each.newsletter_id for each in subscriber.subscriptions} - {newsletter_id}
    choose(subscriber, set() if newsletter_id == ALL else left, now=now)


def forget_address(email: str) -> None:
    """Forget all that an address subscribes to or was asked about."""
    for model in (Subscriber, SubscriptionRequest):
        db.session.execute(delete(model).where(model.email == email))


def forget_unconfirmed(now: datetime) -> None:
    """Forget requests whose link was not used in time."""
    late = SubscriptionRequest.created_at < now - UNCONFIRMED_FOR
    db.session.execute(delete(SubscriptionRequest).where(late))


def own_token(subscriber: Subscriber) -> str:
    """What opens the subscriber's own page, until the subscription ends.

    Long enough to be left out of logs and of the mail log, which show none of 32 characters.
    """
    return str(_serializer("own").dumps(["own", subscriber.id]))


def own_address(subscriber: Subscriber) -> str:
    """The address of that page, for mails and for the list of staff; it needs no account."""
    return absolute_url("newsletters.own", token=own_token(subscriber))


def stop_address(subscriber: Subscriber, newsletter_id: int) -> str:
    """The address that ends this subscription and nothing else (all of the list for `ALL`)."""
    return absolute_url("newsletters.stop", token=_serializer("stop").dumps([subscriber.id, newsletter_id]))


def by_own_token(token: str) -> Subscriber | None:
    """Whose page it is; None for any other token, and once the subscription has ended."""
    pair = _read("own", token)
    return queries.held(pair[1]) if isinstance(pair, list) else None


def by_stop_token(token: str) -> tuple[Subscriber | None, int] | None:
    """Whom and which newsletter an address made by `stop_address` is about; None for any other token."""
    pair = _read("stop", token)
    return (queries.held(pair[0]), pair[1]) if isinstance(pair, list) else None


def _read(purpose: str, token: str) -> Any:
    try:
        return _serializer(purpose).loads(token)
    except BadSignature:
        return None


def _serializer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"newsletter-{purpose}")
