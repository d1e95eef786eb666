"""Newsletters of a listing, who subscribes to which, and who was asked by mail whether they want to."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Opportunity
from portal.core.db import HasId, Model

NAMED_ONCE = "uq_newsletter_name"


class Newsletter(HasId, Model):
    """Something that appears again and again and that people can subscribe to; `frequency` is in words."""

    __tablename__ = "newsletter"

    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(CITEXT)
    frequency: Mapped[str]

    opportunity: Mapped[Opportunity] = relationship()

    __table_args__ = (
        UniqueConstraint("opportunity_id", "name", name=NAMED_ONCE),
        CheckConstraint("name <> ''", name="name"),
    )

    def __str__(self) -> str:
        return self.name


class Subscriber(HasId, Model):
    """A confirmed address that subscribes to newsletters of a listing: there is none without a subscription."""

    __tablename__ = "subscriber"

    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(CITEXT, index=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    created_at: Mapped[datetime]

    opportunity: Mapped[Opportunity] = relationship()
    subscriptions: Mapped[list["Subscription"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    __table_args__ = (UniqueConstraint("opportunity_id", "email", name="uq_subscriber_email"),)

    def __str__(self) -> str:
        return self.email


class Subscription(Model):
    """That somebody subscribes to a newsletter, since when."""

    __tablename__ = "subscription"

    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True
    )
    newsletter_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("newsletter.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime]


class SubscriptionRequest(HasId, Model):
    """What somebody asked for in the name of an address, until its link is used or a week has passed.

    Nothing of it holds before: another person may have typed the address.
    """

    __tablename__ = "subscription_request"

    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(CITEXT, index=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    newsletter_ids: Mapped[Any] = mapped_column(JSONB)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(index=True)

    opportunity: Mapped[Opportunity] = relationship()
