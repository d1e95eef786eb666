"""What somebody hostile tries: ids of others in every address, numbers and letters that no page expects."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_security import hash_password
from lxml import html
from werkzeug.routing import Rule

from portal.accounts.models import Person
from portal.accounts.status import Role
from portal.applications.actions import move
from portal.applications.change_requests import ask as ask_changes
from portal.applications.conversations import say
from portal.applications.extension_actions import grant
from portal.applications.models import Application, Note
from portal.applications.status import Status
from portal.applications.team_models import TeamComment
from portal.catalogue.models import Page, Unit
from portal.core.clock import now
from portal.core.db import db
from portal.following.actions import keep_listing
from portal.following.newsletter_actions import add_newsletter
from portal.letters.status import State
from portal.messaging.models import Message
from portal.privacy.actions import place_hold
from portal.privacy.copying import ask_for_copy
from portal.reports.filters import SORTS
from portal.review import actions as reviewing
from portal.selection import actions as deciding
from portal.selection.letters import Text
from portal.selection.status import Outcome
from tests import factories
from tests.letters import factories as letter_factories
from tests.page_client import PageClient

HIDDEN = {403, 404}
REFUSED = HIDDEN | {405, 409}  # where an application of one's own, submitted by now, stands in the address too
# A public listing, whoever asks; and what a token opens, which no id does.
VISITORS_TOO = {"following.ask", "newsletters.ask", "endorsements.document"}
ANYBODY = VISITORS_TOO | {
    "applications.start", "applications.start_now", "following.keep_listing", "following.keep_listing_now",
}  # fmt: skip


@dataclass
class Place:
    """A unit with one of each thing that an address can name, and somebody of each role."""

    unit: Unit
    ids: dict[str, int]
    people: dict[str, Person]
    application: Application
    draft: Application


def make_place() -> Place:
    unit = factories.unit()
    site = factories.site(unit)
    listing = factories.opportunity(unit, sites=[site])
    intake = factories.cycle(listing, takes_teams=True)
    people = {
        "applicant": factories.person("Pieter", "Vantongeren"),
        "reviewer": factories.reviewer(unit),
        "coordinator": factories.coordinator(unit),
    }
    application = factories.application(intake, people["applicant"], status=Status.SUBMITTED, answers={"title": "Mine"})
    document = factories.document(application)
    coordinator = people["coordinator"]
    move(application, Status.ELIGIBLE, by=coordinator, now=now())
    move(application, Status.IN_REVIEW, by=coordinator, now=now())
    [assignment] = reviewing.assign(application, reviewers=[people["reviewer"].id], by=coordinator, now=now())
    db.session.add(Note(application_id=application.id, author_id=coordinator.id, body="Private note", created_at=now()))
    message = db.session.scalars(sa.select(Message).where(Message.person_id == people["applicant"].id)).first()
    assert message is not None
    form = application.form
    section = form.sections[0]
    follow = keep_listing(listing, by=people["applicant"], now=now())
    newsletter = add_newsletter(listing, name="News", frequency="weekly", by=coordinator)
    copy = ask_for_copy(people["applicant"], now=now())
    hold = place_hold(intake, reason="Counsel", by=factories.admin(), now=now())
    text_page = Page(slug=f"page-{unit.id}", title="Help", body="Write to us.", updated_at=now())
    db.session.add(text_page)
    db.session.flush()
    letter_factories.plan(intake)
    recommender = letter_factories.request(application, state=State.RECEIVED)
    letter = letter_factories.letter(recommender)
    extension = grant(
        intake, email=people["applicant"].email, until=now() + timedelta(days=30), reason="Ill", by=coordinator,
        now=now(),
    )  # fmt: skip
    member = factories.member(application, factories.person("Ren", "Nakagawa"))
    comment = TeamComment(
        application_id=application.id, question_key="title", is_on_section=True, author_id=application.person_id,
        body="Private to the team", created_at=now(),
    )  # fmt: skip
    db.session.add(comment)
    db.session.flush()
    ids = {
        "member": member.id, "comment": comment.id,
        "unit": unit.id, "site": site.id, "opportunity": listing.id, "cycle": intake.id, "form": form.id,
        "section": section.id, "question": section.questions[0].id, "application": application.id,
        "document": document.id, "assignment": assignment.id, "message": message.id, "page": text_page.id,
        "follow": follow.id, "newsletter": newsletter.id, "copy": copy.id, "hold": hold.id,
        "person": people["applicant"].id, "membership": people["reviewer"].memberships[0].id,
        "extension": extension.id, "recommender": recommender.id, "letter": letter.id,
    }  # fmt: skip
    draft = factories.application(intake, factories.person("Ana", "Quispe"))
    asked = ask_changes(
        application, section_ids=[section.id], reason="Why", due_at=now() + timedelta(days=9), by=coordinator, now=now()
    )
    said = say(application, "A question", by=people["applicant"], now=now())
    ids |= {"request": asked.id, "conversation_message": said.id}
    return Place(unit, ids, people, application, draft)


@pytest.fixture
def here(context: None) -> Place:
    return make_place()


@pytest.fixture
def there(here: Place) -> Place:
    return make_place()


def routes(app: Flask) -> list[Rule]:
    """Our own routes with an id in them, in order; those that a token opens are nobody's who is signed in."""
    found = [route for route in app.url_map.iter_rules() if not route.endpoint.startswith("security.")]
    found = [route for route in found if "token" not in route.arguments]
    return sorted((route for route in found if "<int:" in route.rule), key=lambda route: route.rule)


def path_of(route: Rule, ids: dict[str, int]) -> str:
    """The address of a route with these ids, by noun."""
    path = re.sub(r"<int:([a-z_]+)_id>", lambda found: str(ids[found[1]]), route.rule)
    return re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", path)


def ask(client: PageClient, path: str, route: Rule) -> Iterator[tuple[str, int, str]]:
    """Call a route by each of its methods.  Out: method, status, where it leads."""
    if "GET" in (route.methods or ()):
        answer = client.raw.get(path)
        yield "GET", answer.status_code, answer.headers.get("Location", "")
    if "POST" in (route.methods or ()):
        client._forget_last_request()
        answer = client.raw.post(path, data={"csrf_token": client.token()})
        yield "POST", answer.status_code, answer.headers.get("Location", "")
    client._forget_last_request()


@pytest.mark.parametrize("role", ["applicant", "reviewer", "coordinator"])
def test_ids_of_another_place_open_nothing(
    role: str, app: Flask, client: PageClient, here: Place, there: Place
) -> None:
    """Somebody of one unit tries every id of another, and of both mixed where an address holds two."""
    client.sign_in(here.people[role])
    open_doors = []
    for route in routes(app):
        if route.endpoint in ANYBODY:
            continue
        nouns = [name.removesuffix("_id") for name in route.arguments if name.endswith("_id")]
        mixed = [there.ids | {noun: here.ids[noun]} for noun in nouns] if len(nouns) > 1 else []
        for ids in [there.ids, *mixed]:
            for method, status, _ in ask(client, path_of(route, ids), route):
                if status not in (HIDDEN if ids is there.ids else REFUSED):
                    open_doors.append((method, path_of(route, ids), route.endpoint, status))
    assert open_doors == []


# What each role may open of its own place; everything else of it is closed to them.
PREFIXES = {
    "applicant": ("/applications/", "/saved/", "/account/data/"),
    "reviewer": (
        "/review/",
        "/applications/<int:application_id>/documents/<int:document_id>",
        "/applications/<int:application_id>/letters/<int:letter_id>",
    ),
    "coordinator": (
        "/manage/",
        "/admin/opportunities",
        "/admin/cycles",
        "/admin/forms",
        "/admin/sections",
        "/admin/newsletters",
    ),
}
COORDINATORS_TOO = {
    "applications.show", "applications.document", "applications.revisions",
    "catalogue_staff.question", "catalogue_staff.move_question",
    "catalogue_staff.ask_to_remove_question", "catalogue_staff.remove_question",
    "selection_letters.letter", "letters.letter",
}  # fmt: skip


@pytest.mark.parametrize("role", ["applicant", "reviewer", "coordinator"])
def test_a_role_opens_nothing_of_other_roles(role: str, app: Flask, client: PageClient, here: Place) -> None:
    """The applicant on staff pages of their own application, its reviewer on the coordinator's, and so on."""
    client.sign_in(here.people[role])
    open_doors = []
    for route in routes(app):
        theirs = route.rule.startswith(PREFIXES[role]) or (role == "coordinator" and route.endpoint in COORDINATORS_TOO)
        if (theirs and not (role == "coordinator" and "/default/" in route.rule)) or route.endpoint in ANYBODY:
            continue
        for method, status, _ in ask(client, path_of(route, here.ids), route):
            if status not in HIDDEN:
                open_doors.append((method, route.rule, route.endpoint, status))
    assert open_doors == []


@pytest.mark.parametrize("role", ["applicant", "reviewer", "coordinator"])
def test_pages_of_the_staff_are_hidden_from_others(role: str, app: Flask, client: PageClient, here: Place) -> None:
    """The pages without ids: each is open to whoever its rule says, and 404 to everybody else."""
    who = here.people[role]
    client.sign_in(who)
    open_pages = set()
    for route in app.url_map.iter_rules():
        if route.rule.startswith(("/admin", "/manage", "/review")) and "_id" not in route.rule:
            for _, status, _ in ask(client, path_of(route, {}), route):
                assert status in {200, 303, 404, 422}, route.rule
                if status != 404:
                    open_pages.add(route.endpoint)
    coordinating = {
        "applications_staff.list_conversations", "catalogue_staff.opportunities", "catalogue_staff.new_opportunity",
        "reports.dashboard", "reports.queues",
        "selection.decisions", "selection.letters",
    }  # fmt: skip
    assert open_pages == {
        "applicant": set(), "reviewer": {"reports.dashboard", "review.assignments"}, "coordinator": coordinating
    }[role]  # fmt: skip


def test_visitors_are_led_to_the_sign_in_page(app: Flask, client: PageClient, here: Place) -> None:
    wrong = []
    for route in routes(app):
        if route.endpoint in VISITORS_TOO:
            continue
        for method, status, target in ask(client, path_of(route, here.ids), route):
            if (status, target.partition("?")[0]) != (303, "/login"):
                wrong.append((method, route.rule, status, target))
    assert wrong == []


def test_nobody_of_the_staff_opens_a_draft(app: Flask, client: PageClient, here: Place) -> None:
    ids = here.ids | {"application": here.draft.id, "document": factories.document(here.draft).id}
    open_doors = []
    for who in (*here.people.values(), factories.admin()):
        client.sign_in(who)
        for route in routes(app):
            if "application_id" in route.arguments:
                for method, status, _ in ask(client, path_of(route, ids), route):
                    if status not in HIDDEN:
                        open_doors.append((who.role_label, method, route.rule, status))
    assert open_doors == []


LARGE = [str(2**63), str(10**30), "9" * 5000, "-1", "0"]


@pytest.mark.parametrize("number", LARGE, ids=["2**63", "10**30", "5,000 digits", "negative", "zero"])
def test_numbers_beyond_any_row_are_nothing(number: str, app: Flask, client: PageClient, here: Place) -> None:
    """In each place of each address, asked by whoever may open its other ids."""
    found = []
    admin = factories.admin()
    for who in (admin, here.people["applicant"], here.people["reviewer"]):
        client.sign_in(who)
        for route in routes(app):
            for noun in (name.removesuffix("_id") for name in route.arguments if name.endswith("_id")):
                path = path_of(route, here.ids | {noun: number})  # type: ignore[dict-item]
                for method, status, _ in ask(client, path, route):
                    if status not in REFUSED:
                        found.append((who.role_label, method, path[:90], status))
    assert found == []


def cursor(*values: object, raw: str = "") -> str:
    """A cursor as the portal writes them, of anything."""
    return base64.urlsafe_b64encode((raw or json.dumps(values)).encode()).decode().rstrip("=")


WORDS = {
    "NUL": "a\0b",
    "10,000 characters": "x" * 10_000,
    "markup": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "quotes": "'; DROP TABLE person; --",
    "patterns": "%_\\%",
    "odd digits": "²",
    "no number": "NaN",
    "signalling": "sNaN",
    "tiny": "1e-999999",
    "5,000 digits": "9" * 5000,
    "10**30": str(10**30),
    "half a pair": "\ud83d",
    "another direction": "\u202eabc\u2066",
    "a foreign page": "//evil.example/",
}
CURSORS = {
    "no base64": "%%%",
    "deep": cursor(raw="[" * 3000),
    "a time that is a number": cursor({"t": 5}, 1),
    "a time that is nothing": cursor({"t": None}, 1),
    "a number that is nothing": cursor({"d": None}, 1),
    "a number that is a list": cursor({"d": [1]}, 1),
    "a number that is a map": cursor({"d": {}}, 1),
    "a large number": cursor({"d": "1e999999999"}, 1),
    "a small number": cursor({"d": "1e-999999"}, 1),
    "half a pair": cursor("\ud83d", 1),
    "half a pair in an order of one text": cursor("\ud83d", "\ud83d"),
    "NUL": cursor("\0", 1),
    "a large id": cursor("a", 10**30),
    "a large id alone": cursor(10**30),
    "truth": cursor(True, True),
    "the first year": cursor({"t": "0001-01-01T00:00:00+14:00"}, 1),
    "the last year": cursor({"t": "9999-12-31T23:59:59-14:00"}, 1),
}
ARGUMENTS = (
    "q", "after", "before", "sort", "dir", "view", "page", "next", "state", "role", "who", "verb", "thing_type",
    "thing_id", "since", "until", "stage", "flag", "site", "reviewer", "reviewers", "low", "high", "id", "target",
    "outcome", "version", "unit", "kind", "open", "time", "place", "pay", "v", "check", "last",
)  # fmt: skip


def pages(app: Flask, ids: dict[str, int]) -> list[str]:
    """All addresses that can be read, with ids."""
    found = [route for route in app.url_map.iter_rules() if "GET" in (route.methods or ())]
    plain = [route for route in found if set(route.arguments) <= {*(f"{noun}_id" for noun in ids), "to", "outcome"}]
    return sorted({path_of(route, ids) for route in plain})


def broken(client: PageClient, path: str, **options: object) -> str:
    """What a server error says, or an empty string."""
    try:
        status = client.raw.get(path, **options).status_code
    except Exception as error:  # one broken page must not hide the others
        db.session.rollback()
        return repr(error)[:200]
    finally:
        client._forget_last_request()
    return str(status) if status >= 500 and not path.startswith("/readyz") else ""


@pytest.mark.parametrize("words", WORDS.values(), ids=list(WORDS))
def test_no_argument_breaks_a_page(words: str, app: Flask, client: PageClient, here: Place) -> None:
    typed = quote(words, safe="", errors="surrogatepass")
    query = "&".join(f"{name}={typed}" for name in ARGUMENTS if name not in {"after", "before"})
    admin = factories.admin()
    client.sign_in(admin)
    found = {path: broken(client, f"{path}?{query}") for path in pages(app, here.ids)}
    assert {path: error for path, error in found.items() if error} == {}


LISTS = (
    "/admin/people", "/admin/mail", "/admin/audit", "/admin/opportunities", "/admin/units", "/admin/sites",
    "/admin/pages", "/admin/opportunities/{opportunity}/history", "/manage/cycles", "/manage/decisions",
    "/manage/letters", "/manage/cycles/{cycle}/decisions", "/review",
    *(f"/manage/cycles/{{cycle}}?sort={sort}{more}" for sort in SORTS for more in ("", "&q=a")),
)  # fmt: skip


@pytest.mark.parametrize("edge", CURSORS.values(), ids=list(CURSORS))
def test_no_cursor_breaks_a_list(edge: str, client: PageClient, here: Place) -> None:
    admin = factories.admin()
    factories.membership(admin, Role.REVIEWER, unit=here.unit)
    client.sign_in(admin)
    found = {}
    for path in LISTS:
        for name in ("after", "before"):
            address = f"{path.format(**here.ids)}{'&' if '?' in path else '?'}{name}={quote(edge)}"
            if error := broken(client, address):
                found[path, name] = error
    assert found == {}


SLUGS = ("/opportunities/{}", "/opportunities/{}.ics", "/opportunities/{}/questions", "/pages/{}", "/sites/{}")


@pytest.mark.parametrize("name", ["a%00b", "%ff%fe", "%ed%a0%bd", "x" * 10_000, "..%2f..%2fetc", "%E2%80%AE", "'--"])
def test_no_name_in_an_address_breaks_a_page(name: str, client: PageClient) -> None:
    assert {path: client.raw.get(path.format(name)).status_code for path in SLUGS} == dict.fromkeys(SLUGS, 404)


@pytest.mark.parametrize("name", ["a%00b", "%ff", "x" * 10_000, "\u2028"])
@pytest.mark.parametrize("path", ["/confirm-email/{}", "/reset-password/{}", "/kept/{}", "/static/{}", "/theme/{}"])
def test_no_token_breaks_a_page(path: str, name: str, client: PageClient) -> None:
    client.sign_in(factories.person())
    assert client.raw.get(path.format(name)).status_code in {303, 302, 404, 410}


def forms(client: PageClient, paths: list[str]) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Every POST form of these pages once: where it goes, what it holds, the fields that people type into."""
    seen = set()
    for path in paths:
        answer = client.raw.get(path)
        client._forget_last_request()
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        for form in html.fromstring(answer.get_data(as_text=True)).forms:
            target = (form.get("action") or path).partition("#")[0]
            typed = form.xpath(".//input[not(@type='file' or @type='submit')]/@name|.//textarea/@name|.//select/@name")
            names = sorted({name for name in typed if name != "csrf_token"})
            if form.method.upper() == "POST" and names and (target, *names) not in seen:
                seen.add((target, *names))
                yield target, dict(form.form_values()), names


@pytest.mark.parametrize("role", ["admin", "reviewer", "applicant"])
def test_no_field_breaks_a_form(
    role: str, app: Flask, client: PageClient, here: Place, connection: sa.Connection
) -> None:
    """Each of the words in all fields at once; then in each field alone, among right ones, one of them in turn."""
    who = factories.admin() if role == "admin" else here.people[role]
    who.password = hash_password("correct-horse-battery")
    client.sign_in(who)
    ids = here.ids
    if role == "applicant":
        draft = factories.application(factories.cycle(), who)
        ids = ids | {"application": draft.id, "section": draft.form.sections[0].id}
    typed = [words.encode("utf-8", "replace").decode() for words in WORDS.values()]
    turns, found = cycle(typed), {}
    for target, right, names in list(forms(client, pages(app, ids))):
        for words, chosen in [*((words, names) for words in typed), *((next(turns), [name]) for name in names)]:
            client.sign_in(who)
            if error := refused(client, target, right | dict.fromkeys(chosen, words), connection):
                found[target, words[:30], *chosen] = error
    assert found == {}


def refused(client: PageClient, target: str, data: dict[str, str], connection: sa.Connection) -> str:
    """Send a form and undo what it did.  Out: what a server error says, or an empty string."""
    client._forget_last_request()
    savepoint = connection.begin_nested()
    try:
        status = client.raw.post(target, data=data | {"csrf_token": client.token()}).status_code
    except Exception as error:  # one broken form must not hide the others
        return repr(error)[:300]
    finally:
        db.session.rollback()
        db.session.expire_all()
        if savepoint.is_active:
            savepoint.rollback()
    return str(status) if status >= 500 else ""


SECRET = "An offer that nobody but staff may know of"


def test_a_decision_is_nowhere_before_its_letter(app: Flask, client: PageClient, here: Place) -> None:
    """Not for the applicant, not for the reviewer; a page of the staff shows that it exists."""
    deciding.decide(
        here.application, outcome=Outcome.OFFER, letter=Text("Subject", SECRET), version=0,
        by=here.people["coordinator"], now=now(),
    )  # fmt: skip
    decision = f"/manage/applications/{here.application.id}/decision"
    assert SECRET in client.sign_in(here.people["coordinator"]).raw.get(decision).get_data(as_text=True)
    for role in ("applicant", "reviewer"):
        client.sign_in(here.people[role])
        for path in pages(app, here.ids):
            body = client.raw.get(path).get_data(as_text=True)
            client._forget_last_request()
            assert SECRET not in body, path
            assert "Private note" not in body, path
            assert "Letter sent" not in body, path
            assert not (path.startswith("/applications") and "offer" in body.casefold()), path
