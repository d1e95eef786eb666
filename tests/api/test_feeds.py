"""Feeds for machines: typed JSON, RSS, calendars, the sitemap, and what caches are told."""

import json
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import fromstring

import pytest
import time_machine
from icalendar import Calendar

from portal.catalogue.models import Page
from portal.catalogue.status import Audience, Kind, Place, Publication
from portal.core.clock import now
from portal.core.db import db
from tests import factories

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
DEADLINE = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def listings(context):
    """One open, one rolling, one upcoming, one closed, one without dates, one draft; by their slugs."""
    unit = factories.unit(name="Division of Medicine")
    one = factories.opportunity(
        unit,
        slug="open",
        title="Open <&> one",
        kind=Kind.POSITION,
        pay_low=210_000,
        pay_high=260_000,
        fte=1,
        is_paid=True,
        places=[Place.ONLINE, Place.MAIN_CAMPUS],
        audiences=[Audience.TEAMS],
        sample_fields=["fte"],
        about="About **it**.",
    )
    factories.cycle(one, form=False, closes_at=DEADLINE, sample_fields=["closes_at"], name="Spring 2027")
    factories.cycle(factories.opportunity(slug="rolling", half_days=None), form=False, closes_at=None)
    upcoming = {"opens_at": NOW + timedelta(days=9), "closes_at": NOW + timedelta(days=60)}
    factories.cycle(factories.opportunity(slug="upcoming"), form=False, **upcoming)
    closed = {"opens_at": NOW - timedelta(days=60), "closes_at": NOW - timedelta(days=9)}
    factories.cycle(factories.opportunity(slug="closed"), form=False, **closed)
    factories.opportunity(slug="undated")
    draft = factories.opportunity(slug="draft", state=Publication.DRAFT, published_at=None)
    factories.cycle(draft, form=False)
    return one


def feed(client, path, **options):
    db.session.commit()
    response = client.raw.get(path, **options)
    assert response.status_code == 200, response.status
    return response


def test_the_json_feed_is_typed(client, listings):
    response = feed(client, "/opportunities.json")
    assert response.mimetype == "application/feed+json"
    found = json.loads(response.data)
    assert found["version"] == "https://jsonfeed.org/version/1.1"
    assert found["home_page_url"] == "http://localhost/"
    assert found["feed_url"] == "http://localhost/opportunities.json"
    by_slug = {item["url"].rpartition("/")[2]: item for item in found["items"]}
    assert list(by_slug) == ["open", "rolling", "upcoming", "closed", "undated"]
    item = by_slug["open"]
    assert (item["id"], item["title"]) == ("http://localhost/opportunities/open", "Open <&> one")
    assert item["content_html"].endswith("<p>About <strong>it</strong>.</p>\n")
    assert item["date_published"] == "2026-11-23T14:00:00+00:00"
    typed = item["_opportunity"]
    del typed["about"]
    assert typed == {
        "kind": "position",
        "state": "closing",
        "opens_at": "2026-10-24T14:00:00+00:00",
        "closes_at": "2026-12-08T04:59:00+00:00",
        "starts_on": None,
        "seats": 6,
        "half_days": 1.0,
        "time": "One half-day a week",
        "length": "three months",
        "length_months": None,
        "is_paid": True,
        "money": "$210,000 to $260,000 a year",
        "stipend": None,
        "pay": {"low": 210000.0, "high": 260000.0, "per": "year"},
        "fte": 1.0,
        "places": ["main-campus", "online"],
        "place": "Main campus, Online",
        "audiences": ["teams"],
        "audience": "Whole teams",
        "unit": "Division of Medicine",
        "organisation": "Test Hospital",
        "sites": [],
        "contact": {"name": "Ines Calloway-Brandt", "email": "scholars@example.org"},
        "questions_url": "http://localhost/opportunities/open/questions",
        "sample_fields": ["closes_at", "fte"],
    }
    states = {slug: item["_opportunity"]["state"] for slug, item in by_slug.items()}
    assert states["rolling"] == "rolling"
    assert (states["upcoming"], states["closed"], states["undated"]) == ("upcoming", "closed", "none")
    assert by_slug["rolling"]["_opportunity"]["half_days"] is None
    assert by_slug["undated"]["_opportunity"]["opens_at"] is None


def test_rss_has_what_is_open_or_will_open(client, listings):
    response = feed(client, "/opportunities.rss")
    assert response.mimetype == "application/rss+xml"
    channel = fromstring(response.data).find("channel")
    items = channel.findall("item")
    assert [item.findtext("link") for item in items] == [
        f"http://localhost/opportunities/{slug}" for slug in ("open", "rolling", "upcoming")
    ]
    assert items[0].findtext("title") == "Open <&> one"
    assert items[0].findtext("pubDate") == "Mon, 23 Nov 2026 14:00:00 +0000"
    ends = [item.findtext("description").removeprefix("Half-days for a project of your own. ") for item in items]
    assert ends == [
        "Open; closes Tuesday, December 8, 2026, 04:59 UTC.",
        "Open; applications are read as they arrive.",
        "Opens Wednesday, December 2, 2026, 14:00 UTC.",
    ]
    assert channel.find("{http://www.w3.org/2005/Atom}link").get("href") == "http://localhost/opportunities.rss"


def test_the_calendar_has_each_deadline(client, listings):
    response = feed(client, "/opportunities.ics")
    assert response.mimetype == "text/calendar"
    events = Calendar.from_ical(response.data).walk("VEVENT")
    by_url = {str(event["url"]).rpartition("/")[2]: event for event in events}
    assert set(by_url) == {"open", "upcoming", "closed"}
    event = by_url["open"]
    assert event["dtstart"].dt == DEADLINE
    assert event["summary"] == "Applications close: Open <&> one (sample date)"
    assert event["uid"] == f"cycle-{listings.cycles[0].id}@localhost"
    assert by_url["closed"]["summary"].startswith("Applications close: Scholars program")


def test_the_calendar_of_one_listing(client, listings):
    response = feed(client, "/opportunities/open.ics")
    assert response.headers["Content-Disposition"] == "attachment; filename=deadline.ics"
    assert len(Calendar.from_ical(response.data).walk("VEVENT")) == 1
    for slug in ("rolling", "undated", "draft", "no-such"):
        assert client.raw.get(f"/opportunities/{slug}.ics").status_code == 404
    page = client.get("/opportunities/open")
    assert page.all("//a[contains(@href, '.ics')]/@href") == ["/opportunities/open.ics"]
    assert client.get("/opportunities/rolling").all("//a[contains(@href, '.ics')]") == []


def test_the_sitemap_lists_public_pages(client, listings):
    site = factories.site(slug="harborside")
    factories.site(slug="hidden", state=Publication.DRAFT)
    db.session.add(Page(slug="why-here", title="Why here", body="x", updated_at=now()))
    db.session.flush()
    response = feed(client, "/sitemap.xml")
    assert response.mimetype == "application/xml"
    found = [url.findtext(f"{SITEMAP}loc").removeprefix("http://localhost") for url in fromstring(response.data)]
    assert set(found) == {
        *("/", "/sites", f"/sites/{site.slug}", "/pages/why-here"),
        *(f"/opportunities/{slug}" for slug in ("open", "rolling", "upcoming", "closed", "undated")),
    }
    changed = {url.findtext(f"{SITEMAP}lastmod") for url in fromstring(response.data)}
    assert changed == {None, "2026-11-23T14:00:00+00:00"}
    for path in found:
        assert client.get(path).status == 200


def test_robots_read_public_pages_only(client):
    lines = feed(client, "/robots.txt").get_data(as_text=True).splitlines()
    assert lines[0] == "User-agent: *"
    assert lines[-1] == "Sitemap: http://localhost/sitemap.xml"
    assert {"Disallow: /manage", "Disallow: /admin", "Disallow: /review", "Disallow: /applications"} <= set(lines)


FEEDS = ["/opportunities.json", "/opportunities.rss", "/opportunities.ics", "/opportunities/open.ics", "/sitemap.xml"]


@pytest.mark.parametrize("path", FEEDS)
def test_caches_ask_again_and_hear_of_changes(client, listings, path):
    first = feed(client, path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in first.headers
    again = client.raw.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    listings.title, listings.updated_at = "Another title", NOW + timedelta(minutes=1)
    listings.cycles[0].closes_at = DEADLINE + timedelta(days=1)
    db.session.commit()
    assert client.raw.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_last_modified_follows_edits_and_the_clock(client, listings, frozen):
    first = feed(client, "/opportunities.json")
    assert first.headers["Last-Modified"] == "Mon, 23 Nov 2026 14:00:00 GMT"
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.raw.get("/opportunities.json", headers=since).status_code == 304
    frozen.move_to(DEADLINE + timedelta(seconds=1))
    later = feed(client, "/opportunities.json", headers=since)  # nobody edited it, but applications closed
    assert later.headers["Last-Modified"] == "Tue, 08 Dec 2026 04:59:00 GMT"


def test_feeds_of_nothing(client):
    for path in [*FEEDS[:3], "/sitemap.xml"]:
        feed(client, path)
    assert json.loads(feed(client, "/opportunities.json").data)["items"] == []


def test_without_a_base_url_addresses_follow_the_host(client, app, monkeypatch):
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update={"base_url": ""}))
    found = json.loads(feed(client, "/opportunities.json", base_url="https://elsewhere.example").data)
    assert found["feed_url"] == "https://elsewhere.example/opportunities.json"
