"""The published catalogue as plain values, read once and kept by each process until the catalogue's stamp changes.

Every request asks for the stamp (one row, one query); triggers give it a new value in the transaction of every change
of what is kept here, so that a change shows at once in all processes.  The stamp is read before the rows: rows newer
than their stamp are read again at the next request, rows older than it cannot be.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select

from portal.catalogue.models import (
    CatalogueStamp,
    Cycle,
    CycleDate,
    Opportunity,
    Site,
    Synonym,
    Unit,
    opportunity_site,
)
from portal.catalogue.status import Audience, Kind, Place, Publication
from portal.core.db import db
from portal.core.text import folded, number_word

_WORD = re.compile(r"[^\W_]+")

T = TypeVar("T")
MOST_KEPT = 5000


@dataclass(frozen=True, slots=True)
class Date:
    """A further date of an intake's calendar."""

    label: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Intake:
    """A cycle as the public reads it."""

    id: int
    opportunity_id: int
    name: str
    opens_at: datetime | None
    closes_at: datetime | None
    seats: int | None
    decisions_by: date | None
    starts_on: date | None
    minutes_to_apply: int | None
    sample_fields: frozenset[str]
    dates: tuple[Date, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteName:
    """A site as listings name it."""

    id: int
    slug: str
    name: str
    place: Place
    address: str
    is_sample: bool


@dataclass(frozen=True)
class Listing:
    """An opportunity with its intakes and sites, as the public reads it."""

    id: int
    slug: str
    unit_id: int
    unit_name: str
    organisation: str
    kind: Kind
    title: str
    summary: str
    about: str
    eligibility: str
    selection: str
    next_steps: str
    half_days: float | None
    time_words: str
    length_words: str
    length_months: Decimal | None
    money_words: str
    is_paid: bool | None
    stipend: Decimal | None
    pay_low: Decimal | None
    pay_high: Decimal | None
    pay_period: str
    fte: Decimal | None
    places: tuple[Place, ...]
    place_words: str
    audiences: tuple[Audience, ...]
    audience_words: str
    keywords: str
    contact_name: str
    contact_email: str
    contact_phone: str
    sample_fields: frozenset[str]
    state: Publication
    published_at: datetime | None
    updated_at: datetime
    cycles: tuple[Intake, ...]
    sites: tuple[SiteName, ...]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def tags(self) -> tuple[tuple[str, bool], ...]:
        """The plain facts below a row of the finder, each with whether it is a sample: its kind, who can apply, where,
        and what it pays."""
        sample = self.sample_fields
        facts = [(self.kind.label, False)]
        facts += [(audience.label, "audiences" in sample) for audience in self.audiences[:3]]
        facts.append((self.where, bool(sample & {"place_words", "places"})))
        pay = f"${self.stipend:,.0f} stipend" if self.stipend else self.money or ("Paid" if self.is_paid else "")
        facts.append((pay, bool(sample & ({"stipend"} if self.stipend else self.money_fields))))
        return tuple(fact for fact in facts if fact[0])

    @property
    def stated(self) -> tuple[str, ...]:
        """Its further texts."""
        words = (self.time_words, self.length_words, self.money_words, self.where, self.who)
        return *words, self.about, self.eligibility, self.selection

    @cached_property
    def who(self) -> str:
        """Who can apply, in the listing's own words or in those of the facets."""
        return self.audience_words or ", ".join(audience.label for audience in self.audiences)

    @cached_property
    def where(self) -> str:
        return self.place_words or ", ".join(place.label for place in self.places)

    @cached_property
    def money(self) -> str:
        """What it pays or costs, in the listing's own words or as a range in US dollars."""
        if self.money_words or self.pay_low is None or self.pay_high is None:
            return self.money_words
        return f"${self.pay_low:,.0f} to ${self.pay_high:,.0f} a {self.pay_period}"

    @cached_property
    def money_fields(self) -> frozenset[str]:
        """The fields that `money` is made of, some of which may be sample values."""
        return frozenset({"money_words"} if self.money_words else {"pay_low", "pay_high", "is_paid"})


@dataclass
class Catalogue:
    """All published listings under one stamp; `keep` holds what is computed from them, until the next stamp."""

    stamp: UUID
    listings: tuple[Listing, ...]
    synonyms: tuple[tuple[str, ...], ...]
    _kept: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def by_slug(self) -> dict[str, Listing]:
        return {listing.slug: listing for listing in self.listings}

    @cached_property
    def vocabulary(self) -> list[str]:
        """The words that a search finds, folded: those of the listings and of synonyms, which a misspelt word may have
        meant."""
        texts = [text for one in self.listings for text in (*(one.title, one.keywords, one.summary), *one.stated)]
        texts += [term for terms in self.synonyms for term in terms]
        return sorted({word for text in texts for word in _WORD.findall(folded(text)) if len(word) > 3})

    def keep(self, key: Any, make: Callable[[], T]) -> T:
        """What was made for this key before, or what `make` makes now."""
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept


_LISTING = (
    *(Opportunity.id, Opportunity.slug, Opportunity.unit_id, Opportunity.kind, Opportunity.title),
    *(Opportunity.summary, Opportunity.about, Opportunity.eligibility, Opportunity.selection, Opportunity.next_steps),
    *(Opportunity.half_days, Opportunity.time_words, Opportunity.length_words, Opportunity.length_months),
    *(Opportunity.money_words, Opportunity.is_paid, Opportunity.stipend, Opportunity.pay_low, Opportunity.pay_high),
    *(Opportunity.pay_period, Opportunity.fte, Opportunity.places, Opportunity.place_words, Opportunity.audiences),
    *(Opportunity.audience_words, Opportunity.keywords, Opportunity.contact_name, Opportunity.contact_email),
    *(Opportunity.contact_phone, Opportunity.sample_fields, Opportunity.state, Opportunity.published_at),
    *(Opportunity.updated_at, Unit.name.label("unit_name"), Unit.organisation),
)
_INTAKE = (
    *(Cycle.id, Cycle.opportunity_id, Cycle.name, Cycle.opens_at, Cycle.closes_at, Cycle.seats),
    *(Cycle.decisions_by, Cycle.starts_on, Cycle.minutes_to_apply, Cycle.sample_fields),
)
_SITE = (Site.id, Site.slug, Site.name, Site.place, Site.address, Site.is_sample)

_STAMP = select(CatalogueStamp.__table__.c.stamp)  # of the table, not the model: a third cheaper, and asked every time
_held: Catalogue | None = None


def current() -> Catalogue:
    """The published catalogue of this moment: one query when nothing has changed, six when something has."""
    global _held  # noqa: PLW0603 - one per process; a stamp is unique everywhere, so it cannot be another database's
    stamp = db.session.execute(_STAMP).scalar_one()
    held = _held
    if held is None or held.stamp != stamp:
        synonyms = db.session.execute(select(Synonym.terms).order_by(Synonym.id)).scalars()
        held = Catalogue(
            stamp,
            tuple(load(Opportunity.state == Publication.PUBLISHED, {Publication.PUBLISHED})),
            tuple(tuple(terms) for terms in synonyms),
        )
        _held = held
    return held


def preview(slug: str) -> Listing | None:
    """A listing in whatever state, with its drafts of cycles: for those who manage it."""
    found = load(Opportunity.slug == slug, {Publication.DRAFT, Publication.PUBLISHED})
    return next(iter(found), None)


def load(which: ColumnElement[bool], cycle_states: set[Publication]) -> Iterable[Listing]:
    """Listings with their cycles in these states, by title; four queries whatever their number."""
    rows = db.session.execute(
        select(*_LISTING).join(Unit).where(which).order_by(Opportunity.title, Opportunity.id)
    ).all()
    cycles = _cycles(which, cycle_states)
    sites = _sites(which)
    return [
        Listing(**_typed(row._mapping), cycles=tuple(cycles.get(row.id, ())), sites=tuple(sites.get(row.id, ())))
        for row in rows
    ]


def _typed(row: Any) -> dict[str, Any]:
    values = dict(row)
    values["half_days"] = None if values["half_days"] is None else float(values["half_days"])
    values["time_words"] = values["time_words"] or _time_in_words(values["half_days"])
    values["length_words"] = values["length_words"] or _length_in_words(values["length_months"])
    values["places"] = tuple(place for place in Place if place in values["places"])
    values["audiences"] = tuple(audience for audience in Audience if audience in values["audiences"])
    values["sample_fields"] = frozenset(values["sample_fields"])
    return values


def _time_in_words(half_days: float | None) -> str:
    """What a listing that gives its time only as a number says beside the week."""
    if half_days is None:
        return ""
    if half_days >= 10:
        return "Full-time"
    if half_days < 1:
        return "Less than one half-day a week"
    number = number_word(int(half_days)) if half_days.is_integer() else f"{half_days:g}"
    return f"{number} half-day{'' if half_days == 1 else 's'} a week"


def _length_in_words(months: Decimal | None) -> str:
    if months is None:
        return ""
    number = number_word(int(months)).lower() if months == int(months) else f"{months.normalize():f}"
    return f"for {number} month{'' if months == 1 else 's'}"


def _cycles(which: ColumnElement[bool], states: set[Publication]) -> dict[int, list[Intake]]:
    of_listing = select(Cycle.id).join(Opportunity).where(which, Cycle.state.in_(states))
    dates: dict[int, list[Date]] = {}
    for row in db.session.execute(
        select(CycleDate.cycle_id, CycleDate.label, CycleDate.starts_on, CycleDate.ends_on)
        .where(CycleDate.cycle_id.in_(of_listing))
        .order_by(CycleDate.starts_on, CycleDate.id)
    ):
        dates.setdefault(row.cycle_id, []).append(Date(row.label, row.starts_on, row.ends_on))
    found: dict[int, list[Intake]] = {}
    cycles = select(*_INTAKE).where(Cycle.id.in_(of_listing)).order_by(Cycle.opens_at, Cycle.id)
    for cycle in db.session.execute(cycles):
        values = dict(cycle._mapping) | {"sample_fields": frozenset(cycle.sample_fields)}
        found.setdefault(cycle.opportunity_id, []).append(Intake(**values, dates=tuple(dates.get(cycle.id, ()))))
    return found


def _sites(which: ColumnElement[bool]) -> dict[int, list[SiteName]]:
    found: dict[int, list[SiteName]] = {}
    for row in db.session.execute(
        select(opportunity_site.c.opportunity_id, *_SITE)
        .join(Site, Site.id == opportunity_site.c.site_id)
        .join(Opportunity, Opportunity.id == opportunity_site.c.opportunity_id)
        .where(which, Site.state == Publication.PUBLISHED)
        .order_by(Site.position, Site.id)
    ):
        found.setdefault(row.opportunity_id, []).append(SiteName(*row[1:]))
    return found
