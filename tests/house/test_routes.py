"""Rules of the house about routes: each says who may call it, is spelt like the others, and saves nothing on GET."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from portal.accounts.rules import SECURITY_ROUTES
from portal.core.access import rule_names
from portal.core.db import db
from tests import factories
from tests.page_client import PageClient

# Open to everybody; whatever joins this list was meant to.
PUBLIC = {
    "accounts.check_mail",
    "accounts.kept",
    "accounts.start",
    "api.calendar",
    "api.json_feed",
    "api.rss",
    "api.sitemap",
    "catalogue.compare",
    "catalogue.finder",
    "catalogue.opportunity",
    "catalogue.page",
    "catalogue.questions",
    "catalogue.site",
    "catalogue.sites",
    "health.healthz",
    "health.readyz",
    "pages.brand_css",
    "pages.switch_theme",
}
SEGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)?|<[a-z]+(\([^)]*\))?:[a-z_]+>(\.[a-z]+)?")


def access(app: Flask, endpoint: str) -> str:
    """What a route says of itself: a rule, `public` or `signed-in`; empty when it says nothing."""
    return str(getattr(app.view_functions[endpoint], "access_rule", "") or SECURITY_ROUTES.get(endpoint, ""))


def routes(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda route: route.rule)


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    silent = {route.endpoint: route.rule for route in routes(app) if not access(app, route.endpoint)}
    assert silent == {}


def test_every_rule_named_by_a_route_is_registered(app: Flask) -> None:
    named = {access(app, route.endpoint) for route in routes(app)} - {"public", "signed-in", ""}
    assert named - rule_names() == set()


def test_the_public_routes_are_these(app: Flask) -> None:
    found = {route.endpoint for route in routes(app) if access(app, route.endpoint) == "public"}
    assert {endpoint for endpoint in found if endpoint not in SECURITY_ROUTES} == PUBLIC


def test_the_routes_of_flask_security_are_all_judged(app: Flask) -> None:
    found = {route.endpoint for route in routes(app) if route.endpoint.startswith("security.")}
    assert found == set(SECURITY_ROUTES)


def test_every_path_is_typed_and_kebab_case(app: Flask) -> None:
    own = [route.rule for route in routes(app) if not route.endpoint.startswith("security.")]
    wrong = [path for path in own if not all(SEGMENT.fullmatch(part) for part in path.strip("/").split("/") if part)]
    assert wrong == []


def test_an_id_in_a_path_is_a_number(app: Flask) -> None:
    found = re.findall(r"<(\w+)(?:\([^)]*\))?:\w+_id>", " ".join(route.rule for route in routes(app)))
    assert set(found) <= {"int"}


def test_a_path_that_acts_is_not_also_read(app: Flask) -> None:
    """A rule's verb of reading never guards a route that only writes."""
    wrong = [
        route.rule
        for route in routes(app)
        if access(app, route.endpoint) == "public"
        and "POST" in (route.methods or ())
        and route.endpoint not in SECURITY_ROUTES
    ]
    assert wrong == []


def test_an_address_of_a_missing_route_is_an_error(app: Flask) -> None:
    assert app.url_build_error_handlers == []


@pytest.fixture
def world(context: None) -> dict[str, Any]:
    """One of each thing that a path can name, and somebody of each role."""
    unit = factories.unit()
    site = factories.site(unit)
    opportunity = factories.opportunity(unit)
    cycle = factories.cycle(opportunity)
    form = cycle.forms[0]
    return {
        "people": {
            "visitor": None,
            "applicant": factories.person(),
            "reviewer": factories.reviewer(unit),
            "coordinator": factories.coordinator(unit),
            "admin": factories.admin(),
        },
        "values": {
            "unit_id": unit.id,
            "site_id": site.id,
            "opportunity_id": opportunity.id,
            "cycle_id": cycle.id,
            "form_id": form.id,
        },
        "slugs": {"opportunities": opportunity.slug, "sites": site.slug},
    }


def paths(app: Flask, world: dict[str, Any]) -> Iterator[str]:
    """The paths that can be read, with arguments out of the world where it has them."""
    for route in routes(app):
        if "GET" not in (route.methods or ()):
            continue
        first = route.rule.strip("/").split("/")[0]
        known = dict(world["values"])
        if first in world["slugs"]:
            known["slug"] = world["slugs"][first]
        if route.arguments <= set(known):
            yield re.sub(r"<[^>]*?([a-z_]+)>", lambda found, known=known: str(known[found[1]]), route.rule)


def contents() -> dict[str, str]:
    """A fingerprint of every table but the audit trail, to which reads are written, and the job queue."""
    db.session.flush()
    tables = [table for table in db.metadata.sorted_tables if table.name != "audit_event"]
    return {
        table.name: db.session.scalar(
            sa.text(f"SELECT coalesce(md5(string_agg(t::text, '\n' ORDER BY t::text)), '') FROM {table.name} t")
        )
        for table in tables
    }


@pytest.mark.parametrize("role", ["visitor", "applicant", "reviewer", "coordinator", "admin"])
def test_reading_saves_nothing_and_breaks_nowhere(
    role: str, app: Flask, client: PageClient, world: dict[str, Any]
) -> None:
    person = world["people"][role]
    db.session.commit()
    before = contents()
    broken, saved = [], []
    for path in paths(app, world):
        if person is not None:
            client.sign_in(person)
        page = client.get(path)
        if page.status >= 500 and path != "/readyz":  # no worker reports in the tests
            broken.append((path, page.status))
        if contents() != before:
            saved.append(path)
            before = contents()
    assert broken == []
    assert saved == []
