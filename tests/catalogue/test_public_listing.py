"""The listing page, its questions, and who may see a listing that is not public."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from portal.accounts.setup import Visitor
from portal.accounts.status import Role
from portal.catalogue import panel
from portal.catalogue.models import CycleDate, Opportunity
from portal.catalogue.queries import visible_to
from portal.catalogue.status import Audience, Kind, Place, Publication
from portal.core.access import can
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.page_client import PageClient

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # Monday, 9:00 am ET
DEADLINE = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)  # Mon, Dec 7, 11:59 pm ET
PANEL = "//aside[@id='apply']/div[@class='panel'][1]"

FORM = (
    ("About you", [{"key": "role", "kind": "choose_one", "label": "Your role", "settings": {"choices": ["MD", "RN"]}}]),
    (
        "Project",
        [
            {"key": "title", "kind": "short_text", "label": "Project title", "in_queue": True},
            {
                "key": "proposal",
                "kind": "long_text",
                "label": "Proposal",
                "help": "What you want to do.",
                "settings": {"max_words": 800},
            },
            {"key": "note", "kind": "long_text", "label": "Anything else", "required": False},
            {"key": "cv", "kind": "file", "label": "Your CV"},
        ],
    ),
)


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def listing(**fields):
    given = {
        name: fields.pop(name)
        for name in ("opens_at", "closes_at", "seats", "starts_on", "decisions_by")
        if name in fields
    }
    cycle_fields = {"closes_at": DEADLINE, "name": "Spring 2027", "form": False} | given | fields.pop("cycle", {})
    made = factories.opportunity(slug="winickoff-scholars", title="Winickoff Scholars Program", **fields)
    cycle = factories.cycle(made, **cycle_fields)
    factories.published_form(cycle, FORM)
    return made


def get(client, path="/opportunities/winickoff-scholars"):
    return client.get(path)


def facts(page):
    return dict(zip(page.all("//dl[@class='facts']//dt"), page.all("//dl[@class='facts']//dd"), strict=True))


def schema(page):
    found = page.all("//script[@type='application/ld+json']")
    return json.loads(found[0]) if found else None


def test_all_of_a_listing(client):
    unit = factories.unit(name="Division of Medicine")
    site = factories.site(unit, name="Harborside", slug="harborside")
    sample = factories.site(unit, name="Center (sample 1)", slug="center-1", is_sample=True)
    made = listing(
        of=unit,
        about="Set aside **one half-day**.",
        eligibility="- You practice here.",
        selection="Reviewers read.",
        next_steps="We write <b>soon</b>.",
        contact_phone="617-555-0142",
        sample_fields=["contact_name", "eligibility"],
        cycle={"minutes_to_apply": 45, "decisions_by": date(2027, 1, 22), "starts_on": date(2027, 3, 1)},
    )
    made.sites = [site, sample]
    db.session.add(
        CycleDate(
            cycle_id=made.cycles[0].id, label="Reviewers read", starts_on=date(2026, 12, 9), ends_on=date(2027, 1, 8)
        )
    )
    db.session.flush()
    page = get(client)
    assert page.title == "Winickoff Scholars Program - Primary Care Opportunities"
    assert page.one("//h1") == "Winickoff Scholars Program"
    assert facts(page) == {
        "Time": "One half-day a week, three months",
        "Who it is for": "Physicians",
        "Where": "Main campus",
        "Places": "6 in Spring 2027",
    }
    assert page.all("//div[@class='prose']//h2") == [
        *("About", "Eligibility Sample", "How people are chosen", "Dates: Spring 2027", "What the form asks"),
        *("What happens next", "Sites", "Questions"),
    ]
    assert page.one("//div[@class='prose']//strong") == "one half-day"
    assert "We write <b>soon</b>." in page.text
    assert page.all("//ol[@class='cycle']/li") == [
        "Oct 24Applications opened (done)",
        "Dec 7Applications close, 11:59 pm ET (current step)",
        "Dec 9 to Jan 8, 2027Reviewers read",
        "Jan 22, 2027Everyone has a decision letter by email",
        "Mar 1, 2027It begins",
    ]
    assert page.all("//ul[@class='checks'][1]/li")[:2] == [
        "About you, 1 question",
        "Project, 4 questions; files: Your CV",
    ]
    assert page.all("//div[@class='prose']//ul/li/a") == ["Harborside", "Center (sample 1)"]
    assert "Ines Calloway-Brandt Sample scholars@example.org or 617-555-0142" in page.text
    assert page.all("//a[starts-with(@href, 'tel:')]/@href") == ["tel:617-555-0142"]
    assert "Takes most people about 45 minutes." in page.one(PANEL)
    assert page.click("Harborside").one("//h1") == "Harborside"


def test_sample_dates_are_marked_each_or_all(client):
    made = listing()
    cycle = made.cycles[0]
    assert page_samples(get(client)) == []
    cycle.sample_fields = ["closes_at", "seats"]
    db.session.flush()
    page = get(client)
    assert page.one("//ol[@class='cycle']/li[2]//span[@class='tag']") == "Sample"
    assert facts(page)["Places"] == "6 in Spring 2027 Sample"
    assert page.one(f"{PANEL}//p[@class='deadline']") == "Monday, Dec 7 Sample"
    cycle.sample_fields = ["opens_at", "closes_at"]
    db.session.flush()
    page = get(client)
    assert page.one("//h2[@id='cycle']") == "Dates: Spring 2027 Sample dates"
    assert page.all("//ol[@class='cycle']//span[@class='tag']") == []


def page_samples(page):
    return page.all("//span[@class='tag']")


@pytest.mark.parametrize(
    ("opens", "closes", "at", "badge", "deadline", "words", "starts"),
    [
        (-30, DEADLINE, NOW, "14 days left", "Monday, Dec 7", "Closes at 11:59 pm ET", True),
        (
            -30,
            DEADLINE,
            DEADLINE - timedelta(hours=30),
            "30 hours left",
            "Monday, Dec 7",
            "Closes at 11:59 pm ET",
            True,
        ),
        (-30, DEADLINE + timedelta(days=30), NOW, "44 days left", "Wednesday, Jan 6, 2027", "Closes at", True),
        (-30, None, NOW, "Open", "No deadline", "Applications are read as they arrive.", True),
        (5, DEADLINE, NOW, "Opens Nov 28", "Saturday, Nov 28", "Opens at 9:00 am ET and closes Mon, Dec 7", False),
        (-30, DEADLINE, DEADLINE, "Closed", "Closed Monday, Dec 7", "Applications closed at 11:59 pm ET.", False),
    ],
)
def test_the_apply_panel(client, frozen, opens, closes, at, badge, deadline, words, starts):
    listing(opens_at=NOW + timedelta(days=opens), closes_at=closes)
    frozen.move_to(at)
    page = get(client)
    assert page.one(f"{PANEL}//*[@class='status']") == badge
    assert page.one(f"{PANEL}//p[@class='deadline']") == deadline
    assert words in page.one(PANEL)
    buttons = page.all("//form[contains(@action, '/applications/start/')]//button")
    assert buttons == (["Start application"] * 2 if starts else [])  # the panel, and the bar of small screens


def test_a_visitor_who_starts_signs_in_and_goes_on(client):
    made = listing()
    start = f"/applications/start/{made.cycles[0].id}"
    assert get(client).all(f"//form[@action='{start}']/@method") == ["get"] * 2
    page = client.get(start).follow()
    assert page.path == "/login"
    assert page.one("//form[1]//input[@name='next']/@value") == start
    assert "session had ended" not in page.text
    assert get(client.sign_in(factories.person())).all(f"//form[@action='{start}']/@method") == ["post"] * 2


@pytest.mark.parametrize(
    ("half_days", "months", "words"),
    [
        (Decimal("0.5"), None, "Less than one half-day a week"),
        (1, 1, "One half-day a week, for one month"),
        (Decimal("2.5"), Decimal("1.5"), "2.5 half-days a week, for 1.5 months"),
        (4, 12, "Four half-days a week, for 12 months"),
        (10, None, "Full-time"),
    ],
)
def test_time_given_as_numbers_only_is_put_in_words(client, half_days, months, words):
    listing(half_days=half_days, length_months=months, time_words="", length_words="")
    assert get(client).one("//dl/div[dt='Time']/dd").endswith(words)
    assert words.partition(",")[0] in client.get("/").one("//div[@class='time']")


def test_without_a_cycle_or_a_form_nothing_can_be_started(client):
    made = factories.opportunity(slug="newsletter", contact_name="", contact_email="")
    page = client.get("/opportunities/newsletter")
    assert page.one(f"{PANEL}//p[@class='deadline']") == "No dates yet"
    assert "Questions" not in page.all("//h2")
    assert page.all("//ol[@class='cycle']") == []
    made.contact_email = "news@example.org"
    factories.cycle(made, form=False, closes_at=None)
    page = client.get("/opportunities/newsletter")
    assert "The form is not ready yet. Write to news@example.org." in page.one(PANEL)
    assert client.get("/opportunities/newsletter/questions").one("//h2") == "The form is not ready yet"


def test_the_panel_shows_how_far_the_reader_has_come(client, monkeypatch):
    made = listing()
    someone = factories.person()
    expected = (someone.id, made.cycles[0].id)
    standings = {"draft": ("14 days left", "Continue application"), "submitted": ("You have applied", "Read it")}
    for state, (badge, label) in standings.items():
        provider = lambda person, cycle_id, state=state, label=label: (  # noqa: E731
            panel.Standing(state, "/applications/7", label, "3 of 5 sections done.")
            if (person.id, cycle_id) == expected
            else None
        )
        monkeypatch.setattr(panel, "_providers", [])
        panel.register(provider)
        panel.register(provider)
        assert len(panel._providers) == 1
        client.sign_out()
        assert "Start application" in get(client).text
        page = get(client.sign_in(someone))
        assert page.one(f"{PANEL}//*[@class='status']") == badge
        assert page.one(f"{PANEL}//a[contains(@class, 'btn')]") == label
        assert "3 of 5 sections done." in page.one(PANEL)
        assert "Start application" not in page.text
    assert "Start application" in get(client.sign_in(factories.person())).text


def test_questions_before_registering(client):
    listing()
    page = get(client).click("Read every question of the form")
    assert page.path == "/opportunities/winickoff-scholars/questions"
    assert page.title == "Questions: Winickoff Scholars Program - Primary Care Opportunities"
    assert "Winickoff Scholars Program, Spring 2027: 5 questions in 2 sections." in page.text
    assert page.all("//section[@class='answers']/h2") == ["1. About you", "2. Project"]
    assert page.all("//dt") == ["Your role", "Project title", "Proposal", "Anything else (optional)", "Your CV"]
    assert page.all("//dd//li") == ["MD", "RN"]
    assert page.all("//dd")[2] == "Long text, up to 800 words What you want to do."


def test_the_newest_published_form_is_shown(client):
    made = listing()
    assert "Your role" in get(client, "/opportunities/winickoff-scholars/questions").text
    factories.published_form(
        made.cycles[0], (("Only", [{"key": "one", "kind": "short_text", "label": "A new question"}]),), number=2
    )
    page = get(client, "/opportunities/winickoff-scholars/questions")
    assert page.all("//dt") == ["A new question"]


def test_related_listings_are_near(client):
    listing(kind=Kind.SCHOLARS)
    near = factories.opportunity(title="Another scholars program", kind=Kind.SCHOLARS)
    factories.cycle(near, form=False)
    for title, kind in (("A course", Kind.COURSE), ("A post", Kind.RESEARCH), ("Far", Kind.EVENT)):
        factories.opportunity(title=title, kind=kind, audiences=[Audience.PUBLIC], half_days=10)
    titles = get(client).all("//ol[@class='opps']//h3")
    assert len(titles) == 3
    assert titles[0] == "Another scholars program"
    assert "Winickoff Scholars Program" not in titles


def test_what_is_not_public_is_not_there(client):
    made = listing()
    paths = (
        "/opportunities/winickoff-scholars",
        "/opportunities/winickoff-scholars/questions",
        "/opportunities/winickoff-scholars.ics",
    )
    for path in paths:
        assert client.get(path).status == 200
    for state in (Publication.DRAFT, Publication.ARCHIVED):
        made.state = state
        made.published_at = None
        db.session.flush()
        elsewhere = factories.coordinator(factories.unit())
        for who in (None, factories.person(), factories.reviewer(made.unit), elsewhere):
            client.sign_in(who) if who else client.sign_out()
            for path in paths:
                assert client.get(path).status == 404, (state, who, path)
    assert client.get("/opportunities/no-such-listing").status == 404


def test_who_manages_a_listing_may_preview_it(client):
    made = listing(state=Publication.DRAFT, published_at=None, cycle={"state": Publication.DRAFT, "form": False})
    for who in (factories.admin(), factories.coordinator(made.unit), factories.coordinator(made)):
        page = get(client.sign_in(who))
        assert page.flashes == ["This listing is not public. Only people who manage it see this page."]
        assert page.one("//h2[@id='cycle']") == "Dates: Spring 2027"
        assert schema(page) is None
        assert get(client, "/opportunities/winickoff-scholars/questions").all("//dt")[0] == "Your role"


def test_visible_to_agrees_with_the_rule(context):
    units = [factories.unit(), factories.unit()]
    things = [
        factories.opportunity(unit, state=state, published_at=now() if state is Publication.PUBLISHED else None)
        for unit in units
        for state in Publication
    ]
    people = [
        Visitor(),
        factories.person(),
        factories.admin(),
        factories.coordinator(units[0]),
        factories.coordinator(things[4]),
        factories.reviewer(units[0]),
        factories.reviewer(things[0]),
    ]
    both = factories.coordinator(units[1])
    factories.membership(both, Role.COORDINATOR, opportunity=things[0])
    everything = db.session.query(Opportunity).all()
    for who in [*people, both]:
        seen = set(db.session.scalars(visible_to(who)))
        assert seen == {thing for thing in everything if can(who, "opportunity.read", thing)}


def test_markup_for_a_position(client):
    site = factories.site(name="Harborside", address="1 Harbor Street, Boston, MA")
    made = listing(
        kind=Kind.POSITION,
        pay_low=210_000,
        pay_high=260_000,
        is_paid=True,
        fte=1,
        about="Build a panel </script><script>alert(1)</script>",
    )
    made.sites = [site, factories.site(is_sample=True)]
    db.session.flush()
    page = get(client)
    assert facts(page)["Money"] == "$210,000 to $260,000 a year"
    found = schema(page)
    assert (found["@type"], found["title"]) == ("JobPosting", "Winickoff Scholars Program")
    assert found["url"] == "http://localhost/opportunities/winickoff-scholars"
    assert found["validThrough"] == "2026-12-08T04:59:00+00:00"
    assert found["datePosted"] == "2026-11-23T14:00:00+00:00"
    assert found["hiringOrganization"] == {"@type": "Organization", "name": "Test Hospital"}
    assert found["employmentType"] == "FULL_TIME"
    assert found["baseSalary"] == {
        "@type": "MonetaryAmount",
        "currency": "USD",
        "value": {"@type": "QuantitativeValue", "minValue": 210000.0, "maxValue": 260000.0, "unitText": "YEAR"},
    }
    assert found["jobLocation"] == [
        {
            "@type": "Place",
            "name": "Harborside",
            "address": {
                "@type": "PostalAddress",
                "streetAddress": "1 Harbor Street, Boston, MA",
                "addressCountry": "US",
            },
        }
    ]
    assert "<script>" not in found["description"]
    made.sample_fields = ["pay_low", "fte"]
    made.cycles[0].sample_fields = ["closes_at"]
    made.sites, made.pay_period = [], "session"
    db.session.flush()
    found = schema(get(client))
    assert {"baseSalary", "employmentType", "validThrough"} & set(found) == set()
    assert found["jobLocation"] == [
        {"@type": "Place", "name": "Test Hospital", "address": {"@type": "PostalAddress", "addressCountry": "US"}}
    ]
    made.sample_fields, made.fte = [], 0.5
    db.session.flush()
    found = schema(get(client))
    assert found["employmentType"] == "PART_TIME"
    assert "unitText" not in found["baseSalary"]["value"]


def test_markup_for_other_kinds(client):
    made = listing(kind=Kind.FELLOWSHIP, length_months=24, starts_on=date(2027, 3, 1))
    assert schema(get(client)) == {
        "@context": "https://schema.org",
        "@type": "EducationalOccupationalProgram",
        "name": "Winickoff Scholars Program",
        "description": "Half-days for a project of your own.",
        "url": "http://localhost/opportunities/winickoff-scholars",
        "provider": {
            "@type": "Organization",
            "name": "Test Hospital",
            "department": {"@type": "Organization", "name": made.unit.name},
        },
        "timeToComplete": "P24M",
        "maximumEnrollment": 6,
        "applicationStartDate": "2026-10-24T14:00:00+00:00",
        "applicationDeadline": "2026-12-08T04:59:00+00:00",
        "startDate": "2027-03-01",
    }
    made.kind, made.length_months = Kind.COURSE, None
    db.session.flush()
    assert schema(get(client))["@type"] == "Course"
    made.kind, made.places = Kind.EVENT, [Place.ONLINE]
    db.session.flush()
    found = schema(get(client))
    assert (found["@type"], found["startDate"], found["location"]) == (
        "Event",
        "2027-03-01",
        {"@type": "VirtualLocation"},
    )
    made.places = [Place.ABROAD]
    db.session.flush()
    assert schema(get(client))["location"] == {"@type": "Place", "name": "Abroad"}
    made.cycles[0].starts_on = None
    db.session.flush()
    assert schema(get(client)) is None
    made.kind, made.cycles[0].seats = Kind.TEACHING, None
    db.session.flush()
    assert "maximumEnrollment" not in schema(get(client))
    made.kind = Kind.PARTNERSHIP
    db.session.flush()
    assert schema(get(client)) is None


def test_hostile_text_stays_text(client):
    bad = "<img src=x onerror=alert(1)> \u202eRTL 😀 {{ 7*7 }}"
    listing(summary=bad, about=bad, eligibility=bad, selection=bad, next_steps=bad, time_words=bad, contact_name=bad)
    page = get(client)
    assert page.all("//img") == []
    assert "{{ 7*7 }}" in page.text
    assert client.get("/").all("//img") == []
    assert client.get("/opportunities/" + "x" * 10_000).status == 404


def test_what_is_drawn_once_for_visitors_is_nobody_elses_and_never_old(client: PageClient, context: None) -> None:
    listing = factories.opportunity(slug="kept", title="Kept for a minute")
    cycle = factories.cycle(listing)
    person = factories.person()
    db.session.commit()
    first = client.get("/opportunities/kept")
    assert client.get("/opportunities/kept").text == first.text
    client.sign_in(person)
    assert person.display_name in client.get("/opportunities/kept").text
    client.sign_out()
    assert person.display_name not in client.get("/opportunities/kept").text
    client.raw.set_cookie("theme", "dark")
    assert client.get("/opportunities/kept").tree.get("data-bs-theme") == "dark"
    client.raw.delete_cookie("theme")
    with client.raw.session_transaction() as stored:
        stored["_flashes"] = [("message", "Told once.|To you alone.")]
    assert client.get("/opportunities/kept").flashes == ["Told once. To you alone."]
    assert client.get("/opportunities/kept").flashes == []
    listing.title = "Another title"
    db.session.commit()
    assert client.get("/opportunities/kept").one("//h1") == "Another title"
    cycle.state = Publication.DRAFT
    db.session.commit()
    assert "No dates yet" in client.get("/opportunities/kept").text
    other = client.raw.get("/opportunities/kept", headers={"Host": "evil.example"})
    assert b"evil.example" not in client.raw.get("/opportunities/kept").data
    assert other.status_code == 200
