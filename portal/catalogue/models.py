"""Units, sites, pages, opportunities and their cycles.  Forms and rubrics are in `form_models`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.status import Audience, Kind, Place, Publication
from portal.core.db import Base, HasId, Model


def _one_of(column: str, values: type[Any]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Unit(HasId, Model):
    """An owner of listings; roles can be scoped to it."""

    __tablename__ = "unit"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    organisation: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class Site(HasId, Model):
    """A place of practice.  `is_sample` marks one whose facts an admin has still to fill in."""

    __tablename__ = "site"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    place: Mapped[Place]
    summary: Mapped[str]
    body: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    is_sample: Mapped[bool] = mapped_column(default=False)
    state: Mapped[Publication] = mapped_column(default=Publication.PUBLISHED)
    position: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")

    unit: Mapped[Unit] = relationship()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(_one_of("place", Place), name="place"),
        CheckConstraint(_one_of("state", Publication), name="state"),
    )

    def __str__(self) -> str:
        return self.name


class Page(HasId, Model):
    """A page of text that admins edit as Markdown: help, privacy, why here."""

    __tablename__ = "page"

    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    state: Mapped[Publication] = mapped_column(default=Publication.PUBLISHED)
    in_why_here: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (CheckConstraint(_one_of("state", Publication), name="state"),)

    def __str__(self) -> str:
        return self.title


class Synonym(HasId, Model):
    """Words that mean the same to the finder: PCP, primary care physician."""

    __tablename__ = "synonym"

    terms: Mapped[list[str]] = mapped_column(ARRAY(Text))

    def __str__(self) -> str:
        return ", ".join(self.terms)


class CatalogueStamp(HasId, Model):
    """The one row of it changes with each change of what the public reads; triggers write it (see the migration).

    A new random value each time, not a counter: a change rolled back must not leave its stamp to the next one.
    """

    __tablename__ = "catalogue_stamp"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    stamp: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))


opportunity_site = Table(
    "opportunity_site",
    Base.metadata,
    Column("opportunity_id", BigInteger, ForeignKey("opportunity.id", ondelete="CASCADE"), primary_key=True),
    Column("site_id", BigInteger, ForeignKey("site.id", ondelete="CASCADE"), primary_key=True, index=True),
)

_SEARCH = (
    "setweight(to_tsvector('english', portal_unaccent(title)), 'A') || "
    "setweight(to_tsvector('english', portal_unaccent(summary || ' ' || keywords)), 'B') || "
    "setweight(to_tsvector('english', portal_unaccent(time_words || ' ' || length_words || ' ' || money_words || ' ' "
    "|| place_words || ' ' || audience_words)), 'C') || "
    "setweight(to_tsvector('english', portal_unaccent(about || ' ' || eligibility || ' ' || selection)), 'D')"
)


class Opportunity(HasId, Model):
    """A public listing.  Words say what numbers cannot; an empty field is one the source does not state.

    `sample_fields` names the fields whose values are invented and shown with the mark "Sample".  Money is in US
    dollars; `half_days` are half-days of a week, 0 to 10.
    """

    __tablename__ = "opportunity"

    slug: Mapped[str] = mapped_column(unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    kind: Mapped[Kind]
    title: Mapped[str]
    summary: Mapped[str]
    about: Mapped[str]
    eligibility: Mapped[str]
    selection: Mapped[str]
    next_steps: Mapped[str]
    half_days: Mapped[Decimal | None] = mapped_column(Numeric(3, 1))
    time_words: Mapped[str] = mapped_column(server_default="")
    length_words: Mapped[str] = mapped_column(server_default="")
    length_months: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    money_words: Mapped[str] = mapped_column(server_default="")
    is_paid: Mapped[bool | None]
    stipend: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    pay_low: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    pay_high: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    pay_period: Mapped[str] = mapped_column(server_default="year")
    fte: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))
    places: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    place_words: Mapped[str] = mapped_column(server_default="")
    audiences: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    audience_words: Mapped[str] = mapped_column(server_default="")
    keywords: Mapped[str] = mapped_column(server_default="")
    retention_months: Mapped[int] = mapped_column(server_default="24")
    contact_name: Mapped[str] = mapped_column(server_default="")
    contact_email: Mapped[str] = mapped_column(server_default="")
    contact_phone: Mapped[str] = mapped_column(server_default="")
    sample_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    state: Mapped[Publication] = mapped_column(default=Publication.DRAFT)
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default="1")
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(_SEARCH, persisted=True), deferred=True)

    unit: Mapped[Unit] = relationship()
    sites: Mapped[list[Site]] = relationship(secondary=opportunity_site, order_by=Site.position)
    cycles: Mapped[list["Cycle"]] = relationship(back_populates="opportunity", order_by="Cycle.opens_at")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(_one_of("kind", Kind), name="kind"),
        CheckConstraint(_one_of("state", Publication), name="state"),
        CheckConstraint("half_days BETWEEN 0 AND 10", name="half_days"),
        CheckConstraint("pay_low <= pay_high", name="pay_range"),
        CheckConstraint("fte > 0 AND fte <= 1", name="fte"),
        CheckConstraint("retention_months BETWEEN 1 AND 120", name="retention"),
        CheckConstraint("pay_period IN ('year', 'month', 'week', 'hour', 'session')", name="pay_period"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_at"),
        CheckConstraint(
            "NOT (kind = 'position' AND state = 'published') OR (pay_low IS NOT NULL AND pay_high IS NOT NULL)",
            name="position_pay_range",
        ),
        CheckConstraint(
            "places <@ ARRAY[" + ", ".join(repr(str(place)) for place in Place) + "]::text[]", name="places"
        ),
        CheckConstraint(
            "audiences <@ ARRAY[" + ", ".join(repr(str(audience)) for audience in Audience) + "]::text[]",
            name="audiences",
        ),
        Index("ix_opportunity_search", "search", postgresql_using="gin"),
        Index("ix_opportunity_title", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}),
        Index("ix_opportunity_state", "state", "kind"),
        Index("ix_opportunity_by_title", "title", "id"),
        Index(
            "ix_opportunity_scheduled",
            "publish_at",
            postgresql_where=text("state = 'draft' AND publish_at IS NOT NULL"),
        ),
    )

    def __str__(self) -> str:
        return self.title

    def is_sample(self, field: str) -> bool:
        """Whether the value of a field is invented and must be shown with the mark "Sample"."""
        return field in self.sample_fields


class Cycle(HasId, Model):
    """One intake of an opportunity: its dates, seats, form and rubric.

    `closes_at` empty means rolling, which `is_rolling` says is meant: without one of them no cycle is published.
    `code` begins the references (`WIN-27-0042`); `last_number` is the last one
    given, `last_test_number` that of test applications (`WIN-27-T001`).  `grace_minutes` is silent: people are shown
    `closes_at`.  `endorser` says by whom applications are endorsed, in words that fit after "by"; the endorsement
    covers the sections with a question of `endorsement_keys`.  `eligibility_by` to `decisions_by` are the days by which
    applicants are promised each stage; `reviews_due_at` is for reviewers alone.
    """

    __tablename__ = "cycle"

    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id"), index=True)
    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    state: Mapped[Publication] = mapped_column(default=Publication.DRAFT)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    is_rolling: Mapped[bool] = mapped_column(server_default="false", default=False)
    grace_minutes: Mapped[int] = mapped_column(server_default="15")
    seats: Mapped[int | None]
    reviewers_each: Mapped[int] = mapped_column(server_default="2")
    reviews_due_at: Mapped[datetime | None]
    eligibility_by: Mapped[date | None]
    reviews_by: Mapped[date | None]
    meeting_by: Mapped[date | None]
    decisions_by: Mapped[date | None]
    starts_on: Mapped[date | None]
    minutes_to_apply: Mapped[int | None]
    edits_until_deadline: Mapped[bool | None]
    takes_teams: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    team_min: Mapped[int] = mapped_column(default=2, server_default="2")
    team_max: Mapped[int] = mapped_column(default=8, server_default="8")
    endorser: Mapped[str] = mapped_column(default="", server_default="")
    endorsement_wording: Mapped[str] = mapped_column(default="", server_default="")
    endorsement_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    endorsement_due_at: Mapped[datetime | None]
    endorsement_shown: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    last_number: Mapped[int] = mapped_column(server_default="0")
    last_test_number: Mapped[int] = mapped_column(server_default="0")
    sample_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default="1")

    opportunity: Mapped[Opportunity] = relationship(back_populates="cycles")
    dates: Mapped[list["CycleDate"]] = relationship(
        order_by="CycleDate.starts_on, CycleDate.id", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(_one_of("state", Publication), name="state"),
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint("NOT is_rolling OR closes_at IS NULL", name="rolling"),
        CheckConstraint(  # LEAST leaves out what is empty
            "eligibility_by <= LEAST(reviews_by, meeting_by, decisions_by)"
            " AND reviews_by <= LEAST(meeting_by, decisions_by) AND meeting_by <= decisions_by",
            name="stage_dates",
        ),
        CheckConstraint("grace_minutes BETWEEN 0 AND 1440", name="grace"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("team_min >= 1 AND team_min <= team_max AND team_max BETWEEN 2 AND 50", name="team_size"),
        CheckConstraint("endorser = '' OR endorsement_wording <> ''", name="endorsement_wording"),
        CheckConstraint("code ~ '^[A-Z]{2,8}-[0-9]{2}[A-Z]?$'", name="code"),
        CheckConstraint("state = 'draft' OR opens_at IS NOT NULL", name="opens_at"),
        UniqueConstraint("opportunity_id", "name"),
        Index("ix_cycle_window", "state", "closes_at"),
    )

    def __str__(self) -> str:
        return f"{self.opportunity.title}, {self.name}"

    @property
    def takes_edits(self) -> bool:
        """Whether a submitted application can be changed while the cycle is open: with a deadline unless it says no,
        rolling only if it says yes."""
        return self.closes_at is not None if self.edits_until_deadline is None else self.edits_until_deadline


class CycleDate(HasId, Model):
    """A further date of a cycle's public calendar: the selection meeting, the first half-day."""

    __tablename__ = "cycle_date"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id", ondelete="CASCADE"), index=True)
    label: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="span"),)

    def __str__(self) -> str:
        return self.label
