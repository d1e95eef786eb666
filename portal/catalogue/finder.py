"""The finder's choices, facets and pages, computed in memory over the snapshot of the catalogue.

A set of listings is one integer whose bits are positions in the finder's order, so that a count per facet value is
two operations whatever the number of listings.  Values of one facet widen (or), facets narrow (and).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, reduce
from itertools import islice
from operator import and_, or_
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from portal.catalogue.opening import Window, moments, window
from portal.catalogue.search import Hits, tidy
from portal.catalogue.snapshot import Catalogue, Intake, Listing
from portal.catalogue.status import Audience, Kind, Opening, Place, TimeBucket, time_bucket

PAGE_SIZE = 10
MOST_CLOSING = 3
CLOSING_SOON_DAYS = 30
LAST_PAGE = 10_000

_ORDER = {
    Opening.CLOSING: 0,
    Opening.OPEN: 0,
    Opening.ROLLING: 1,
    Opening.UPCOMING: 2,
    Opening.CLOSED: 3,
    Opening.NONE: 4,
}

# Facet to its heading and its values with their words, in the order of the page.
FACETS: dict[str, tuple[str, dict[str, str]]] = {
    "kind": ("Kind", {kind.value: kind.label for kind in Kind}),
    "who": ("Who can apply", {audience.value: audience.label for audience in Audience}),
    "time": ("Time", {bucket.value: bucket.label for bucket in TimeBucket}),
    "place": ("Place", {place.value: place.label for place in Place}),
    "pay": ("Pay", {"paid": "Paid or with a stipend", "unpaid": "Not paid"}),
    "open": ("Applications", {"now": "Open now", "soon": "Opening soon"}),
}


@dataclass(frozen=True)
class Choices:
    """What somebody asked the finder for; unknown values of a facet are left out, a broken page number means 1."""

    q: str = ""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    page: int = 1

    @classmethod
    def read(cls, args: MultiDict[str, str]) -> "Choices":
        chosen = {}
        for name, (_, values) in FACETS.items():
            asked = set(args.getlist(name))
            if asked:
                chosen[name] = tuple(value for value in values if value in asked)
        page = args.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        return cls(tidy(args.get("q", "")), {k: v for k, v in chosen.items() if v}, min(max(number, 1), LAST_PAGE))

    @property
    def active(self) -> list[tuple[str, str]]:
        """The chosen values as (facet, value)."""
        return [(name, value) for name, values in self.facets.items() for value in values]

    def without(self, name: str, value: str) -> "Choices":
        """The same, from page 1, without one value of a facet."""
        left = tuple(one for one in self.facets[name] if one != value)
        facets = {key: values for key, values in self.facets.items() if key != name}
        return replace(self, facets=facets | {name: left} if left else facets, page=1)

    def without_words(self) -> "Choices":
        return replace(self, q="", page=1)

    def on_page(self, page: int) -> "Choices":
        return replace(self, page=page)

    @property
    def query(self) -> str:
        """The choices as the query string of a URL, empty where there are none."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [(name, value) for name in FACETS for value in self.facets.get(name, ())]
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return urlencode(pairs)


@dataclass(frozen=True)
class Index:
    """All published listings in the finder's order with their windows, valid for a span of time, and the sets of each
    facet value."""

    listings: tuple[Listing, ...]
    windows: tuple[Window[Intake], ...]
    masks: Mapping[str, Mapping[str, int]]
    since: datetime | None
    until: datetime | None
    place_of: Mapping[int, int]

    def covers(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    @property
    def everything(self) -> int:
        return (1 << len(self.listings)) - 1

    def window_of(self, listing: Listing) -> Window[Intake]:
        return self.windows[self.place_of[listing.id]]

    def count(self, facet: str, value: str) -> int:
        """How many listings have a value, whatever else is chosen."""
        return self.masks[facet].get(value, 0).bit_count()


def index(catalogue: Catalogue, at: datetime) -> Index:
    """The index of this moment; made anew only when a listing opens, starts closing or closes."""
    kept: list[Index] = catalogue.keep("index", list)
    for made in kept:
        if made.covers(at):
            return made
    made = make_index(catalogue.listings, at)
    kept[:] = [made]
    return made


def make_index(listings: Sequence[Listing], at: datetime) -> Index:
    """Sort: soonest deadline, then rolling, then soonest opening, then closed, then without dates; by title within."""
    pairs = sorted(((listing, window(listing.cycles, at)) for listing in listings), key=_order)
    masks: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for position, (listing, found) in enumerate(pairs):
        for name, value in _values(listing, found):
            masks[name][value] = masks[name].get(value, 0) | 1 << position
    changes = sorted(moment for listing in listings for cycle in listing.cycles for moment in moments(cycle))
    return Index(
        tuple(listing for listing, _ in pairs),
        tuple(found for _, found in pairs),
        masks,
        since=max((moment for moment in changes if moment <= at), default=None),
        until=min((moment for moment in changes if moment > at), default=None),
        place_of={listing.id: position for position, (listing, _) in enumerate(pairs)},
    )


def _order(pair: tuple[Listing, Window[Intake]]) -> tuple[Any, ...]:
    listing, found = pair
    moment = found.moment.timestamp() if found.moment else 0.0
    return _ORDER[found.state], -moment if found.state is Opening.CLOSED else moment, listing.title, listing.id


def _values(listing: Listing, found: Window[Intake]) -> Iterator[tuple[str, str]]:
    yield "kind", listing.kind
    for audience in listing.audiences:
        yield "who", audience
    bucket = time_bucket(listing.half_days)
    if bucket:
        yield "time", bucket
    for place in listing.places:
        yield "place", place
    if listing.is_paid is not None:
        yield "pay", "paid" if listing.is_paid else "unpaid"
    if found.is_open:
        yield "open", "now"
    elif found.state is Opening.UPCOMING:
        yield "open", "soon"


# Thirty to forty of these stand on every page of the finder; in the template they cost a fifth of the page.
_BOX = Markup(
    '<div class="form-check"><input class="form-check-input" type="checkbox" id="{0}-{1}" name="{0}" value="{1}"{2}>'
    '<label class="form-check-label" for="{0}-{1}">{3} <span id="n-{0}-{1}" data-swap>'
)
_BOX_END = Markup("</span></label></div>\n")


@lru_cache(maxsize=256)
def _box(name: str, value: str, label: str, chosen: bool) -> Markup:
    return _BOX.format(name, value, Markup(" checked") if chosen else "", label)


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet: how many listings it would give beside the other facets' choices.

    `box` and `end` are its checkbox as HTML before and after that number.
    """

    value: str
    label: str
    count: int
    chosen: bool
    box: Markup
    end: Markup = _BOX_END


@dataclass(frozen=True)
class Found:
    """What the finder answers: positions in the index for one page, and what the page says around them."""

    total: int
    positions: tuple[int, ...]
    facets: tuple[tuple[str, str, tuple[Option, ...]], ...]
    page: int
    has_more: bool
    remedies: tuple[tuple[int, str, Choices], ...] = ()

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.positions) - 1


def find(catalogue_index: Index, choices: Choices, hits: Hits | None) -> Found:
    """One page of the listings that match the choices; with hits of a search only those, best match first."""
    by_words, chosen = _sets(catalogue_index, choices, hits)
    matching = reduce(and_, chosen.values(), by_words)
    total = matching.bit_count()
    page = min(choices.page, max(1, -(-total // PAGE_SIZE)))
    start = (page - 1) * PAGE_SIZE
    order = _ordered(catalogue_index, matching, hits)
    return Found(
        total,
        tuple(islice(order, start, start + PAGE_SIZE)),
        tuple(_facet(catalogue_index, name, choices, by_words, chosen) for name in FACETS),
        page,
        has_more=start + PAGE_SIZE < total,
        remedies=() if total else _remedies(catalogue_index, choices, by_words),
    )


def matches(catalogue_index: Index, choices: Choices, hits: Hits | None) -> list[int]:
    """Positions of all listings that match the choices, whatever the page, in the order of `find`."""
    by_words, chosen = _sets(catalogue_index, choices, hits)
    return list(_ordered(catalogue_index, reduce(and_, chosen.values(), by_words), hits))


def _sets(catalogue_index: Index, choices: Choices, hits: Hits | None) -> tuple[int, dict[str, int]]:
    """What the words find, and what the values chosen of each facet do."""
    by_words = catalogue_index.everything
    if hits is not None:
        by_words = reduce(or_, (1 << position for position in _ranked(catalogue_index, hits)), 0)
    return by_words, {name: _any(catalogue_index, name, values) for name, values in choices.facets.items()}


def _ranked(catalogue_index: Index, hits: Hits) -> list[int]:
    return [catalogue_index.place_of[one] for one in hits.ids if one in catalogue_index.place_of]


def _ordered(catalogue_index: Index, matching: int, hits: Hits | None) -> Iterator[int]:
    if hits is None:
        return _bits(matching)
    return (position for position in _ranked(catalogue_index, hits) if matching >> position & 1)


def _any(catalogue_index: Index, name: str, values: Sequence[str]) -> int:
    return reduce(or_, (catalogue_index.masks[name].get(value, 0) for value in values), 0)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _facet(
    catalogue_index: Index, name: str, choices: Choices, by_words: int, chosen: Mapping[str, int]
) -> tuple[str, str, tuple[Option, ...]]:
    """A facet with the values that any listing has, counted with the other facets' choices applied."""
    others = reduce(and_, (mask for other, mask in chosen.items() if other != name), by_words)
    heading, labels = FACETS[name]
    masks, on = catalogue_index.masks[name], choices.facets.get(name, ())
    options = tuple(
        Option(
            value, label, (masks.get(value, 0) & others).bit_count(), value in on, _box(name, value, label, value in on)
        )
        for value, label in labels.items()
        if value in masks or value in on
    )
    return name, heading, options


def _remedies(catalogue_index: Index, choices: Choices, by_words: int) -> tuple[tuple[int, str, Choices], ...]:
    """What to leave out where nothing matches: how many would, the words of the filter, the choices without it."""
    tries = [(FACETS[name][1][value], choices.without(name, value), by_words) for name, value in choices.active]
    if choices.q:
        tries.append((choices.q, choices.without_words(), catalogue_index.everything))
    found = []
    for label, other, base in tries:
        masks = (_any(catalogue_index, name, values) for name, values in other.facets.items())
        matching = reduce(and_, masks, base)
        if matching:
            found.append((matching.bit_count(), label, other))
    return tuple(sorted(found, key=lambda one: -one[0]))


def closing_soon(catalogue_index: Index, at: datetime) -> list[int]:
    """Positions of the next three deadlines within thirty days."""
    soon = []
    for position, found in enumerate(catalogue_index.windows[:MOST_CLOSING]):
        closes = found.moment if found.state in {Opening.OPEN, Opening.CLOSING} else None
        if closes is not None and (closes - at).days < CLOSING_SOON_DAYS:
            soon.append(position)
    return soon


def related(catalogue_index: Index, listing: Listing, most: int = 3) -> list[int]:
    """Positions of listings near to this one: of its kind, unit, audiences and time; open ones before closed ones."""

    def nearness(position: int) -> tuple[int, int]:
        other, found = catalogue_index.listings[position], catalogue_index.windows[position]
        score = 3 * (other.kind is listing.kind) + (other.unit_id == listing.unit_id)
        score += len(set(other.audiences) & set(listing.audiences))
        score += time_bucket(other.half_days) is time_bucket(listing.half_days)
        return -score + (0 if found.is_open else 2), position

    others = (i for i, other in enumerate(catalogue_index.listings) if other.id != listing.id)
    return sorted(others, key=nearness)[:most]
