"""Rules of the house about routes: each says who may call it, is spelt like the others, and saves nothing on GET."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from portal.accounts.models import Person
from portal.accounts.rules import SECURITY_ROUTES
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.form_models import Form
from portal.catalogue.models import Page
from portal.core.access import rule_names
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.actions import write
from portal.review.models import Assignment
from portal.selection.models import LetterTemplate
from portal.selection.status import Outcome
from tests import factories
from tests.page_client import PageClient

# Open to everybody; whatever joins this list was meant to.
PUBLIC = {
    "accounts.check_mail",
    "api.deadlines",
    "api.json_feed",
    "api.listing_calendar",
    "api.robots",
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
    "receipts.check",
    "receipts.check_now",
    "pages.switch_theme",
}
# Open to whoever holds a token that was mailed to them; and to machines, whose request proves itself.
BY_TOKEN = {
    "applications.invitation",
    "endorsements.asked",
    "endorsements.confirm",
    "endorsements.decline",
    "endorsements.document",
    "following.confirm",
    "following.confirm_now",
    "following.stop",
    "mail_choices.stop",
    "newsletters.confirm",
    "newsletters.confirm_now",
    "newsletters.own",
    "newsletters.own_now",
    "newsletters.stop",
    "recommend.accept",
    "recommend.assist",
    "recommend.confirm",
    "recommend.decline",
    "recommend.end_assistant",
    "recommend.name_assistant",
    "recommend.opened",
    "recommend.read",
    "recommend.requests",
    "recommend.send",
    "recommend.show",
    "recommend.take_back",
    "recommend.upload",
    "recommend.weekly",
}
ASKING = {"receipts.check_now"}  # posts a code or a file to ask about it, and saves nothing
BY_MACHINE = {
    "api_bounces.bounce",
    "following.stop_now",
    "mail_choices.stop_now",
    "newsletters.stop_now",
    "recommend.stop_weekly",
}
NO_PAGE = "/html"  # the HTML part of a mail, shown in a frame
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
    named = {access(app, route.endpoint) for route in routes(app)} - {"public", "token", "machine", "signed-in", ""}
    assert named - rule_names() == set()


def test_the_public_routes_are_these(app: Flask) -> None:
    found = {route.endpoint for route in routes(app) if access(app, route.endpoint) == "public"}
    assert {endpoint for endpoint in found if endpoint not in SECURITY_ROUTES} == PUBLIC


def test_the_routes_by_token_and_by_machine_are_these(app: Flask) -> None:
    found = {route.endpoint: access(app, route.endpoint) for route in routes(app)}
    assert {endpoint for endpoint, said in found.items() if said == "token"} == BY_TOKEN
    assert {endpoint for endpoint, said in found.items() if said == "machine"} == BY_MACHINE
    assert [
        route.rule for route in routes(app) if route.endpoint in BY_MACHINE and route.methods != {"POST", "OPTIONS"}
    ] == []


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
        and route.endpoint not in {*SECURITY_ROUTES, *ASKING}
    ]
    assert wrong == []


def test_an_address_of_a_missing_route_is_an_error(app: Flask) -> None:
    assert app.url_build_error_handlers == []


@pytest.fixture
def people(context: None) -> dict[str, Person | None]:
    """One of each thing that a path can name, and somebody of each role who has to do with it."""
    unit = factories.unit()
    cycle = factories.cycle(factories.opportunity(unit, sites=[factories.site(unit)]))
    applicant, reviewer, coordinator = factories.person(), factories.reviewer(unit), factories.coordinator(unit)
    form = db.session.scalars(sa.select(Form)).one()
    application = Application(
        cycle=cycle,
        person=applicant,
        form=form,
        status=Status.IN_REVIEW,
        reference="AAA-27-0001",
        sort_name=applicant.sort_name,
        search_text=applicant.search_text,
        created_at=now(),
        submitted_at=now(),
        changed_at=now(),
    )
    db.session.add_all(
        [
            application,
            Page(slug="help", title="Help", body="Write to us.", updated_at=now()),
            Assignment(application=application, reviewer=reviewer, assigned_at=now()),
            LetterTemplate(outcome=Outcome.OFFER, subject="An offer", body="Dear {given_name}"),
            LetterTemplate(outcome=Outcome.WAITLIST, subject="The wait-list", body="Dear {given_name}"),
            LetterTemplate(outcome=Outcome.DECLINE, subject="Not selected", body="Dear {given_name}"),
        ]
    )
    db.session.flush()
    write("invitation", to=applicant, about=cycle, invited_by="Ines", link="http://localhost/", valid_words="one day")
    admin = factories.admin()
    db.session.commit()
    return {
        "visitor": None,
        "applicant": applicant,
        "reviewer": reviewer,
        "coordinator": coordinator,
        "admin": admin,
    }


def paths(app: Flask) -> Iterator[str]:
    """The paths that can be read; an argument `noun_id` is the id of the first row of that noun, if there is one."""
    for route in routes(app):
        if "GET" in (route.methods or ()):
            values = {name: value(name, route.rule) for name in route.arguments}
            if all(values.values()):
                yield re.sub(r"<(?:[^<>]*:)?([a-z_]+)>", lambda found, known=values: str(known[found[1]]), route.rule)


def value(name: str, path: str) -> object:
    if name == "to":
        return "dark"
    first = path.strip("/").split("/")[0]
    table = {"opportunities": "opportunity", "sites": "site", "pages": "page"}.get(first, "")
    column = "slug" if name == "slug" else "id"
    table = table if name == "slug" else name.removesuffix("_id")
    if table not in db.metadata.tables:
        return None
    return db.session.scalar(sa.text(f"SELECT {column} FROM {table} ORDER BY id LIMIT 1"))


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
    role: str, app: Flask, client: PageClient, people: dict[str, Person | None]
) -> None:
    person = people[role]
    before = contents()
    seen, broken, saved = set(), [], []
    for path in paths(app):
        if person is not None:
            client.sign_in(person)
        try:
            status = client.raw.get(path).status_code if path.endswith(NO_PAGE) else client.get(path).status
        except Exception as error:  # one broken page must not hide the others
            broken.append((path, repr(error)))
            db.session.rollback()
            continue
        seen.add(status)
        if status >= 500 and path != "/readyz":  # no worker reports in the tests
            broken.append((path, str(status)))
        if contents() != before:
            saved.append(path)
            before = contents()
    assert 200 in seen
    assert broken == []
    assert saved == []
