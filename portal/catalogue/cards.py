"""Listings as lists show them.  A row is drawn once for its words and kept until the catalogue changes: lists of ten
rows are the most asked-for pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from flask import current_app, url_for
from markupsafe import Markup

from portal.catalogue.finder import Index
from portal.catalogue.opening import Window, Words, describe
from portal.catalogue.snapshot import Catalogue, Intake, Listing
from portal.core.pages import zone


@dataclass(frozen=True, slots=True)
class Card:
    """A listing with its window in words; `is_sample_date` where the date of these is invented."""

    listing: Listing
    window: Window[Intake]
    words: Words
    is_sample_date: bool

    @classmethod
    def of(cls, listing: Listing, found: Window[Intake], at: datetime) -> "Card":
        """The card of a moment, in the reader's zone."""
        cycle = found.cycle if found.moment else None
        sample = cycle is not None and bool(cycle.sample_fields & {"opens_at", "closes_at"})
        return cls(listing, found, describe(found, at, zone()), sample)


def cards(at_index: Index, positions: Sequence[int], at: datetime) -> list[Card]:
    """The cards at these positions of the index."""
    return [Card.of(at_index.listings[i], at_index.windows[i], at) for i in positions]


def rows(
    catalogue: Catalogue, at_index: Index, positions: Sequence[int], at: datetime, *, pick: bool = False
) -> list[Markup]:
    """The listings at these positions as rows of a list; with `pick` each has a box to compare it with others."""
    return [
        catalogue.keep((card.listing.id, card.words, pick), lambda card=card: _row(card, pick))  # type: ignore[misc]
        for card in cards(at_index, positions, at)
    ]


def _row(card: Card, pick: bool) -> Markup:
    macros = current_app.jinja_env.get_template("components/opportunity_row.html").module
    base = url_for("catalogue.opportunity", slug="")
    return Markup(macros.opportunity_row(card, glyph, base, pick=pick))  # type: ignore[attr-defined]  # noqa: S704 - escaped by the macro


@lru_cache(maxsize=64)
def glyph(half_days: float | None) -> Markup:
    """The week glyph, drawn once for each number of half-days."""
    macros = current_app.jinja_env.get_template("components/week.html").module
    return Markup(macros.week(half_days))  # type: ignore[attr-defined]  # noqa: S704 - made of numbers
