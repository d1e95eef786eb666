"""What people follow, and what they have been told of it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.catalogue.models import Opportunity
from portal.core.db import HasId, Model


class Follow(HasId, Model):
    """A listing or a search that somebody follows: a person with an account, or an address that was confirmed.

    `query` is a search as the finder's URL has it.  `by_mail` asks for a mail when the listing opens, or when a
    listing that the search finds opens.  Mail goes only where `confirmed_at` is set: at once for a person, whose
    address is confirmed, else when the link that was mailed to the address is used.  `token_hash` is that link's.
    """

    __tablename__ = "follow"

    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(CITEXT)
    opportunity_id: Mapped[int | None] = mapped_column(ForeignKey("opportunity.id", ondelete="CASCADE"))
    query: Mapped[str | None]
    name: Mapped[str] = mapped_column(server_default="")
    by_mail: Mapped[bool] = mapped_column(default=False)
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship()
    opportunity: Mapped[Opportunity | None] = relationship()

    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, email) = 1", name="who"),
        CheckConstraint("num_nonnulls(opportunity_id, query) = 1", name="what"),
        CheckConstraint("person_id IS NULL OR confirmed_at IS NOT NULL", name="confirmed"),
        CheckConstraint("email IS NULL OR by_mail", name="by_mail"),
        CheckConstraint("query IS NULL OR name <> ''", name="name"),
        UniqueConstraint(
            "person_id", "email", "opportunity_id", "query", name="uq_follow_once", postgresql_nulls_not_distinct=True
        ),
        Index(
            "ix_follow_opportunity",
            "opportunity_id",
            "id",
            postgresql_where=text("by_mail AND confirmed_at IS NOT NULL"),
        ),
        Index(
            "ix_follow_search",
            "id",
            postgresql_where=text("query IS NOT NULL AND by_mail AND confirmed_at IS NOT NULL"),
        ),
        Index("ix_follow_unconfirmed", "created_at", postgresql_where=text("confirmed_at IS NULL")),
    )

    def __str__(self) -> str:
        return self.name or str(self.opportunity)

    @property
    def addressee(self) -> Person | tuple[str, str]:
        """Whom mail goes to, as `messaging.actions.write` takes it."""
        return self.person or ("", self.email or "")


class FollowNotice(Model):
    """That somebody was told of a cycle, so that they are told of it once."""

    __tablename__ = "follow_notice"

    follow_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("follow.id", ondelete="CASCADE"), primary_key=True)
    cycle_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("cycle.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    told_at: Mapped[datetime]
