"""Feeds for machines over the same snapshot as the pages: JSON Feed, RSS, calendars, the sitemap and robots.txt."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response, abort, current_app, json, request, url_for

from portal.api.deadlines import calendar_of
from portal.catalogue.finder import Index, index
from portal.catalogue.opening import Window
from portal.catalogue.queries import pages, sites
from portal.catalogue.snapshot import Catalogue, Intake, Listing, current
from portal.catalogue.status import Opening
from portal.core.access import public
from portal.core.branding import brand
from portal.core.clock import now
from portal.core.text import markdown

bp = Blueprint("api", __name__)

MAX_AGE_SECONDS = 300
NOT_FOR_ROBOTS = (
    "/account /admin /alerts/ /applications /compare /login /manage /newsletters/ /recommend /register /review /saved"
    " /theme/"
)
NO_OPENING = frozenset({Opening.CLOSED, Opening.NONE})


def address(endpoint: str, **values: Any) -> str:
    """The absolute address of a route: under BASE_URL where it is set, else under the host that was asked."""
    base: str = current_app.config["SETTINGS"].base_url or request.host_url
    return base.rstrip("/") + url_for(endpoint, **values)


def _answer(body: str | bytes, media_type: str, changed: datetime | None = None) -> Response:
    """A feed with what caches need; 304 to those who have it already."""
    response = Response(body, content_type=media_type)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_SECONDS
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    if changed is not None:
        response.last_modified = changed.replace(microsecond=0)
    response.make_conditional(request)
    return response


def _changed(catalogue: Catalogue, at_index: Index) -> datetime | None:
    """When the newest of all listings was edited, or one last opened or closed."""
    moments = [listing.updated_at for listing in catalogue.listings]
    if at_index.since is not None:
        moments.append(at_index.since)
    return max(moments, default=None)


@bp.get("/opportunities.json")
@public
def json_feed() -> Response:
    """All published listings as JSON Feed 1.1; `_opportunity` holds the typed fields."""
    catalogue = current()
    at_index = index(catalogue, now())
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": brand().name,
        "description": brand().tagline,
        "language": "en-US",
        "home_page_url": address("catalogue.finder"),
        "feed_url": address("api.json_feed"),
        "items": [_item(*pair) for pair in zip(at_index.listings, at_index.windows, strict=True)],
    }
    return _answer(json.dumps(feed, ensure_ascii=False), "application/feed+json", _changed(catalogue, at_index))


def _item(listing: Listing, found: Window[Intake]) -> dict[str, Any]:
    link = address("catalogue.opportunity", slug=listing.slug)
    return {
        "id": link,
        "url": link,
        "title": listing.title,
        "summary": listing.summary,
        "content_html": str(markdown(f"{listing.summary}\n\n{listing.about}")),
        "date_published": _iso(listing.published_at),
        "date_modified": _iso(listing.updated_at),
        "tags": [listing.kind.label, *(audience.label for audience in listing.audiences)],
        "_opportunity": _typed(listing, found),
    }


def _typed(listing: Listing, found: Window[Intake]) -> dict[str, Any]:
    cycle = found.cycle
    pay = {"low": _number(listing.pay_low), "high": _number(listing.pay_high), "per": listing.pay_period}
    return {
        "about": "Money is in US dollars; half_days is of a week; what is not stated is null.",
        "kind": listing.kind.value,
        "state": found.state.value,
        "opens_at": _iso(cycle.opens_at) if cycle else None,
        "closes_at": _iso(cycle.closes_at) if cycle else None,
        "starts_on": cycle.starts_on.isoformat() if cycle and cycle.starts_on else None,
        "seats": cycle.seats if cycle else None,
        "half_days": listing.half_days,
        "time": listing.time_words or None,
        "length": listing.length_words or None,
        "length_months": _number(listing.length_months),
        "is_paid": listing.is_paid,
        "money": listing.money or None,
        "stipend": _number(listing.stipend),
        "pay": pay if listing.pay_low is not None else None,
        "fte": _number(listing.fte),
        "places": [place.value for place in listing.places],
        "place": listing.where or None,
        "audiences": [audience.value for audience in listing.audiences],
        "audience": listing.who or None,
        "unit": listing.unit_name,
        "organisation": listing.organisation,
        "sites": [site.name for site in listing.sites],
        "contact": {"name": listing.contact_name or None, "email": listing.contact_email or None},
        "questions_url": address("catalogue.questions", slug=listing.slug),
        "sample_fields": sorted(listing.sample_fields | (cycle.sample_fields if cycle else frozenset())),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


@bp.get("/opportunities.rss")
@public
def rss() -> Response:
    """What is open or will open, as RSS 2.0."""
    catalogue = current()
    at_index = index(catalogue, now())
    feed = Element("rss", {"version": "2.0", "xmlns:atom": "http://www.w3.org/2005/Atom"})
    channel = SubElement(feed, "channel")
    for name, text in (
        ("title", brand().name),
        ("link", address("catalogue.finder")),
        ("description", brand().tagline),
        ("language", "en-us"),
    ):
        SubElement(channel, name).text = text
    SubElement(channel, "atom:link", {"href": address("api.rss"), "rel": "self", "type": "application/rss+xml"})
    for listing, found in zip(at_index.listings, at_index.windows, strict=True):
        if found.state not in NO_OPENING:
            _add_item(channel, listing, found)
    return _answer(_xml(feed), "application/rss+xml", _changed(catalogue, at_index))


def _add_item(channel: Element, listing: Listing, found: Window[Intake]) -> None:
    item = SubElement(channel, "item")
    link = address("catalogue.opportunity", slug=listing.slug)
    SubElement(item, "title").text = listing.title
    SubElement(item, "link").text = link
    SubElement(item, "guid", {"isPermaLink": "true"}).text = link
    SubElement(item, "description").text = f"{listing.summary} {_when(found)}"
    SubElement(item, "category").text = listing.kind.label
    if listing.published_at is not None:
        SubElement(item, "pubDate").text = format_datetime(listing.published_at)


def _when(found: Window[Intake]) -> str:
    """The window for readers anywhere: times in UTC, as no zone of theirs is known."""
    if found.moment is None:
        return "Open; applications are read as they arrive."
    moment = f"{found.moment:%A, %B} {found.moment.day}, {found.moment:%Y, %H:%M} UTC"
    return f"Opens {moment}." if found.state is Opening.UPCOMING else f"Open; closes {moment}."


@bp.get("/opportunities.ics")
@public
def deadlines() -> Response:
    """Every deadline of every published cycle, as a calendar to subscribe to."""
    catalogue = current()
    at_index = index(catalogue, now())
    body = calendar_of(brand().name, catalogue.listings, lambda slug: address("catalogue.opportunity", slug=slug))
    return _answer(body, "text/calendar; charset=utf-8", _changed(catalogue, at_index))


@bp.get("/opportunities/<string:slug>.ics")
@public
def listing_calendar(slug: str) -> Response:
    """The deadlines of one listing; 404 where it has none."""
    listing = current().by_slug.get(slug)
    if listing is None or all(cycle.closes_at is None for cycle in listing.cycles):
        abort(404)
    body = calendar_of(listing.title, [listing], lambda slug: address("catalogue.opportunity", slug=slug))
    response = _answer(body, "text/calendar; charset=utf-8", listing.updated_at)
    response.headers["Content-Disposition"] = "attachment; filename=deadline.ics"
    return response


@bp.get("/sitemap.xml")
@public
def sitemap() -> Response:
    """The addresses of all public pages."""
    catalogue = current()
    root = Element("urlset", {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"})
    _add_url(root, address("catalogue.finder"), max((one.updated_at for one in catalogue.listings), default=None))
    _add_url(root, address("catalogue.sites"))
    for listing in catalogue.listings:
        _add_url(root, address("catalogue.opportunity", slug=listing.slug), listing.updated_at)
    for site in sites():
        _add_url(root, address("catalogue.site", slug=site.slug))
    for page in pages():
        _add_url(root, address("catalogue.page", slug=page.slug), page.updated_at)
    return _answer(_xml(root), "application/xml")


def _add_url(root: Element, link: str, changed: datetime | None = None) -> None:
    url = SubElement(root, "url")
    SubElement(url, "loc").text = link
    if changed is not None:
        SubElement(url, "lastmod").text = changed.isoformat(timespec="seconds")


def _xml(root: Element) -> bytes:
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made


@bp.get("/robots.txt")
@public
def robots() -> Response:
    """What crawlers may read: the public pages."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS.split()),
        f"Sitemap: {address('api.sitemap')}",
    ]
    return _answer("\n".join(lines) + "\n", "text/plain; charset=utf-8")
