"""Staff pages of listings through the real routes: the list, making, editing, publishing, scheduling, copying."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from portal.accounts.status import Role
from portal.catalogue import actions, jobs, staff_queries
from portal.catalogue.form_models import Criterion, Form
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.status import Kind, Publication
from portal.core.access import can
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from tests import factories as make
from tests.catalogue.counting import count_queries
from tests.page_client import PageClient

HOSTILE = ["x" * 10_000, "🩺" * 50, "مرحبا بالعالم", "a\0b", "<script>alert(1)</script>", "=HYPERLINK(1)"]


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    return client.sign_in(make.admin())


def verbs() -> list[str]:
    return list(db.session.scalars(sa.select(Event.verb).order_by(Event.id)))


def last_event() -> Event:
    event = db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(1)).first()
    assert event is not None
    return event


def fresh(thing: Any) -> Any:
    db.session.expire_all()
    return db.session.get(type(thing), thing.id)


def url(opportunity: Opportunity, rest: str = "") -> str:
    return f"/admin/opportunities/{opportunity.id}{rest}"


def test_who_manages_what_is_the_same_in_sql_and_in_the_rule(context: None) -> None:
    ours, theirs = make.unit(), make.unit()
    listings = [
        make.opportunity(unit, state=state, published_at=now()) for unit in (ours, theirs) for state in Publication
    ]
    people = [
        make.person(),
        make.admin(),
        make.coordinator(ours),
        make.coordinator(listings[4]),
        make.reviewer(ours),
    ]
    both = make.coordinator(theirs)
    make.membership(both, Role.COORDINATOR, opportunity=listings[0])
    seen = []
    for someone in [*people, both]:
        by_rule = {o.id for o in listings if can(someone, "opportunity.manage", o)}
        by_query = set(db.session.scalars(staff_queries.manageable_by(someone).with_only_columns(Opportunity.id)))
        assert by_query == by_rule
        seen.append(len(by_rule))
    assert seen == [0, 6, 3, 1, 0, 4]


def test_what_is_not_public_is_read_by_those_who_manage_it(context: None) -> None:
    draft = make.opportunity(state=Publication.DRAFT)
    assert not can(make.person(), "opportunity.read", draft)
    assert can(make.coordinator(draft), "opportunity.read", draft)
    draft.state = Publication.PUBLISHED
    assert can(make.person(), "opportunity.read", draft)


def test_a_coordinator_sees_and_opens_only_their_own(client: PageClient) -> None:
    ours = make.opportunity(title="Our own program")
    other = make.opportunity(title="Another program")
    client.sign_in(make.coordinator(ours.unit))
    assert client.get("/admin/opportunities").all("//tbody/tr/th") == ["Our own program"]
    assert client.get(url(ours)).status == 200
    for path in ("", "/history", "/cycles", "/schedule"):
        assert client.get(url(other, path)).status == 403
    assert client.post(url(other, "/publish")).status == 403
    other.state = Publication.DRAFT
    db.session.commit()
    assert client.get(url(other)).status == 404
    other.state = Publication.PUBLISHED
    assert client.get("/admin/units").status == 404
    client.sign_in(make.admin())
    assert client.get("/admin/opportunities").all("//tbody/tr/th") == ["Another program", "Our own program"]
    assert client.get("/admin/units").status == 200


def test_people_without_a_role_and_visitors_get_nowhere(client: PageClient) -> None:
    listing, draft = make.opportunity(), make.opportunity(state=Publication.DRAFT)
    assert client.get(url(listing)).status in {302, 303}
    client.sign_in(make.person())
    for path in ("/admin/opportunities", "/admin/opportunities/new", url(draft)):
        assert client.get(path).status == 404
    assert client.get(url(listing)).status == 403


def test_the_list_filters_and_searches(admin: PageClient) -> None:
    unit = make.unit()
    make.opportunity(unit, title="Alpha 100% course", kind=Kind.COURSE)
    make.opportunity(title="Beta fellowship", kind=Kind.FELLOWSHIP, state=Publication.DRAFT, publish_at=now())
    make.opportunity(title="Gamma gone", state=Publication.ARCHIVED)
    db.session.commit()

    def titles(query: str) -> list[str]:
        return admin.get(f"/admin/opportunities?{query}").all("//tbody/tr/th")

    assert titles("") == ["Alpha 100% course", "Beta fellowship"]
    assert titles("q=BETA") == ["Beta fellowship"]
    assert titles("q=100%25") == ["Alpha 100% course"]
    assert titles("q=%25%25") == []
    assert titles("q=a%00b") == []
    assert titles("state=archived") == ["Gamma gone"]
    assert titles("kind=course") == ["Alpha 100% course"]
    assert titles(f"unit={unit.id}") == ["Alpha 100% course"]
    assert titles("state=nonsense&kind=1&unit=99999999999999999999") == ["Alpha 100% course", "Beta fellowship"]
    assert "No listing matches" in admin.get("/admin/opportunities?q=zzz").text
    assert "Scheduled" in admin.get("/admin/opportunities").text


def test_the_list_pages_and_costs_the_same_for_any_number(admin: PageClient) -> None:
    unit = make.unit()
    costs = []
    admin.get("/admin/opportunities")
    for upto in (1, 3, 120):
        while db.session.scalar(sa.select(sa.func.count()).select_from(Opportunity)) < upto:
            make.cycle(make.opportunity(unit), form=False, rubric=False)
        db.session.commit()
        with count_queries() as counted:
            page = admin.get("/admin/opportunities")
        costs.append(counted.n)
        assert len(page.all("//tbody/tr")) == min(upto, 50)
    assert costs[0] == costs[1] == costs[2] <= 12
    second = page.click("Next")
    third = second.click("Next")
    assert [len(p.all("//tbody/tr")) for p in (second, third)] == [50, 20]
    assert third.click("Previous").all("//tbody/tr/th") == second.all("//tbody/tr/th")
    assert admin.get("/admin/opportunities?after=rubbish").status == 400


def test_a_new_listing(admin: PageClient) -> None:
    unit = make.unit(name="Division of tests")
    db.session.commit()
    page = admin.get("/admin/opportunities/new")
    page = page.submit(button="Create draft", title="  Łódź Scholars’ Program ", kind="scholars", unit_id=str(unit.id))
    assert page.flashes == ["Draft created. Fill in what people need to know, then publish it."]
    listing = db.session.scalars(sa.select(Opportunity)).one()
    assert (listing.title, listing.slug) == ("Łódź Scholars’ Program", "lodz-scholars-program")
    assert (listing.state, listing.kind) == (Publication.DRAFT, Kind.SCHOLARS)
    again = admin.get("/admin/opportunities/new").submit(
        button="Create draft", title="Łódź scholars program", kind="event"
    )
    assert again.status == 200
    assert again.form(button="Save listing")["slug"] == "lodz-scholars-program-2"
    assert verbs() == ["opportunity.created", "opportunity.created"]


def test_a_new_listing_that_is_wrong_keeps_what_was_typed(admin: PageClient) -> None:
    make.opportunity(slug="taken")
    db.session.commit()
    page = admin.get("/admin/opportunities/new")
    wrong = page.submit(button="Create draft", title="", slug="Not A Slug", unit_id="77777", kind="zoo")
    assert wrong.status == 422
    assert wrong.title.startswith("Error: ")
    assert wrong.errors == [
        "Write a title.",
        "Choose one of the list.",
        "Choose one of the list.",
        "Use small letters, digits and single dashes, such as global-scholars.",
    ]
    assert wrong.form(button="Create draft")["slug"] == "Not A Slug"
    taken = page.submit(button="Create draft", title="A title", slug="taken")
    assert (taken.status, taken.errors) == (422, ["Another listing has this address. Choose a different one."])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Opportunity)) == 1


def test_coordinators_make_listings_in_their_units_only(client: PageClient) -> None:
    mine, other = make.unit(name="My unit"), make.unit(name="Other unit")
    client.sign_in(make.coordinator(mine))
    page = client.get("/admin/opportunities/new")
    assert page.all("//select[@name='unit_id']/option") == ["My unit"]
    assert page.submit(button="Create draft", title="Sneaky", unit_id=str(other.id)).status == 422
    listing = make.opportunity(mine)
    db.session.commit()
    client.sign_in(make.coordinator(listing))
    assert client.get("/admin/opportunities/new").status == 404
    assert client.get(url(listing)).all("//button[contains(., 'Duplicate')]") == []
    assert client.post(url(listing, "/duplicate")).status == 404


def test_all_fields_are_saved(admin: PageClient) -> None:
    unit = make.unit()
    site = make.site(unit)
    listing = make.opportunity(unit, state=Publication.DRAFT, sample_fields=["stipend", "an_old_one"])
    db.session.commit()
    values = {
        "title": "Position at Harborside",
        "slug": "harborside-position",
        "kind": "position",
        "summary": "See patients.",
        "about": "## A day\n\n- *Clinic*",
        "half_days": "8.5",
        "time_words": "Most of the week",
        "length_months": "12",
        "is_paid": "yes",
        "stipend": "",
        "pay_low": "180000",
        "pay_high": "240000.50",
        "pay_period": "year",
        "fte": "0.8",
        "places": ["health-centers", "online"],
        "sites": [str(site.id)],
        "audiences": ["physicians"],
        "contact_email": "jobs@example.org",
        "sample_fields": ["pay_low", "an_old_one"],
    }
    page = admin.get(url(listing)).submit(button="Save listing", **values)
    assert page.flashes == ["Listing saved. People do not see it yet."]
    assert "A day" in page.all("//aside//h2")
    saved = fresh(listing)
    for name in ("title", "slug", "kind", "summary", "about", "time_words", "places", "audiences", "sample_fields"):
        assert getattr(saved, name) == values[name], name
    assert [float(saved.half_days), float(saved.pay_low), float(saved.pay_high), float(saved.fte)] == [
        8.5,
        180000.0,
        240000.5,
        0.8,
    ]
    assert (saved.is_paid, saved.stipend, [s.id for s in saved.sites]) == (True, None, [site.id])
    event = last_event()
    assert event.verb == "opportunity.changed"
    assert event.facts["changes"]["slug"] == [listing.slug, "harborside-position"] or event.facts["changes"]["slug"][1]
    assert event.facts["changes"]["sites"] == [[], [site.name]]
    before = saved.version
    page.submit(button="Save listing")
    assert fresh(listing).version == before
    history = admin.get(url(listing, "/history"))
    assert "Changed the listing" in history.text
    assert "Fte: empty → 0.8" in history.text


def test_numbers_and_text_out_of_bounds_are_named(admin: PageClient) -> None:
    listing = make.opportunity()
    db.session.commit()
    page = admin.get(url(listing))
    wrong = page.submit(
        button="Save listing",
        title="t" * 161,
        half_days="11",
        length_months="soon",
        pay_low="20",
        pay_high="10",
        fte="NaN",
        contact_email="nobody",
        places=["mars"],
        sites=["mars"],
    )
    assert wrong.status == 422
    assert wrong.errors == [
        "Shorten “Title” by 1 character: 160 fit.",
        "Enter a number from 0 to 10 for “Half-days a week”.",
        "Enter “Length in months” as a number in digits, such as 1200.50.",
        "Enter a highest pay that is not below the lowest.",
        "Enter “FTE” as a number in digits, such as 1200.50.",
        "Choose only from the list; mars is not in it.",
        "Choose only from the list.",
        "Write an email address such as name@example.org.",
    ]
    assert wrong.form(button="Save listing")["length_months"] == "soon"
    assert fresh(listing).title == listing.title


def test_amounts_are_read_as_people_write_them_and_shown_plainly(admin: PageClient) -> None:
    listing = make.opportunity(half_days=None)
    db.session.commit()
    page = admin.get(url(listing))
    assert page.one("//input[@name='pay_low']/@type") == "text"  # a number box drops a pasted comma without a word
    page.submit(
        button="Save listing", pay_low="$250,000", pay_high=" 300,000.50 ", half_days="1.0", length_months="12",
        fte="0.80",
    )  # fmt: skip
    saved = fresh(listing)
    numbers = [saved.pay_low, saved.pay_high, saved.half_days, saved.length_months, saved.fte]
    assert numbers == [Decimal(250_000), Decimal("300000.50"), 1, 12, Decimal("0.8")]
    typed = admin.get(url(listing)).form(button="Save listing")
    shown = [typed[name] for name in ("pay_low", "pay_high", "half_days", "length_months", "fte", "stipend")]
    assert shown == ["250,000", "300,000.5", "1", "12", "0.8", ""]
    version = saved.version
    admin.get(url(listing)).submit(button="Save listing")
    assert fresh(listing).version == version
    for wrong in ("1e3", "12,34", "NaN", "9" * 16, "²", "-"):
        page = admin.get(url(listing)).submit(button="Save listing", stipend=wrong)
        assert page.errors == ["Enter “Stipend, in dollars” as a number in digits, such as 1200.50."], wrong
        assert page.form(button="Save listing")["stipend"] == wrong


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_or_refused(admin: PageClient, text: str) -> None:
    listing = make.opportunity()
    db.session.commit()
    names = ("title", "summary", "about", "eligibility", "time_words", "keywords", "contact_name", "slug", "half_days")
    page = admin.get(url(listing)).submit(button="Save listing", **dict.fromkeys(names, text))
    assert page.status == 422
    assert page.submit(button="Save listing", slug="fine", half_days="1").status in {200, 422}
    assert admin.get(url(listing)).status == 200
    new = admin.get("/admin/opportunities/new").submit(button="Create draft", title=text)
    assert new.status in {200, 422}
    assert admin.get("/admin/opportunities").status == 200
    assert not admin.get(url(listing, "/history")).all("//script[not(@src)]")


def test_a_taken_address_is_a_form_error(admin: PageClient) -> None:
    make.opportunity(slug="taken")
    listing = make.opportunity()
    db.session.commit()
    page = admin.get(url(listing)).submit(button="Save listing", slug="taken", title="My typed title")
    assert (page.status, page.errors) == (422, ["Another listing has this address. Choose a different one."])
    assert page.form(button="Save listing")["title"] == "My typed title"


def test_two_people_editing_see_both_texts(admin: PageClient) -> None:
    listing = make.opportunity(title="As it was")
    db.session.commit()
    first, second = admin.get(url(listing)), admin.get(url(listing))
    assert first.submit(button="Save listing", title="Theirs", kind="course").status == 200
    page = second.submit(button="Save listing", title="Mine", summary="My summary")
    assert page.status == 409
    assert page.errors == [
        "Someone else saved first. What is saved now stands beside your text. Save again to keep yours."
    ]
    assert page.all("//section[@aria-label='Both versions']//div[1]//dd") == [
        "Theirs",
        "Course or coaching",
        "Half-days for a project of your own.",
    ]
    assert page.all("//section[@aria-label='Both versions']//div[2]//dd") == ["Mine", "Scholars program", "My summary"]
    assert fresh(listing).title == "Theirs"
    assert page.submit(button="Save listing").status == 200
    assert (fresh(listing).title, fresh(listing).kind) == ("Mine", Kind.SCHOLARS)
    assert first.submit(button="Save listing", version="rubbish").status == 409


def test_publishing_and_taking_back(admin: PageClient) -> None:
    listing = make.opportunity(state=Publication.DRAFT, published_at=None)
    db.session.commit()
    page = admin.get(url(listing)).submit(button="Publish listing")
    assert page.flashes == ["Listing published. People find it now."]
    assert fresh(listing).state is Publication.PUBLISHED
    page = page.submit(button="Unpublish listing")
    assert fresh(listing).state is Publication.DRAFT
    page.submit(button="Archive listing")
    assert fresh(listing).state is Publication.ARCHIVED
    assert admin.get(url(listing)).submit(button="Publish listing").status == 200
    assert verbs() == [
        "opportunity.published",
        "opportunity.unpublished",
        "opportunity.archived",
        "opportunity.published",
    ]


def test_a_position_without_a_pay_range_is_not_published(admin: PageClient) -> None:
    listing = make.opportunity(kind=Kind.POSITION, state=Publication.DRAFT, contact_email="", summary="")
    db.session.commit()
    page = admin.get(url(listing)).submit(button="Publish listing")
    assert page.status == 422
    assert page.errors == [
        "Write a summary of one or two sentences.",
        "Give an email address or phone number that people can write to or call.",
        "Give the pay range, from and to. Massachusetts asks for it in every job posting.",
    ]
    assert fresh(listing).state is Publication.DRAFT


def test_a_public_listing_does_not_become_a_position_without_pay(admin: PageClient) -> None:
    listing = make.opportunity()
    db.session.commit()
    page = admin.get(url(listing)).submit(button="Save listing", kind="position")
    assert page.status == 422
    assert page.errors == ["Give the pay range, from and to: a position cannot be public without it."]
    page = admin.get(url(listing)).submit(button="Save listing", summary="")
    assert (page.status, page.errors) == (422, ["Write a summary of one or two sentences."])
    page = admin.get(url(listing)).submit(button="Save listing", kind="position", pay_low="1", pay_high="2")
    assert page.flashes == ["Listing saved. People see the change now."]


@time_machine.travel(datetime(2026, 11, 23, 12, tzinfo=UTC), tick=False)
def test_scheduling(admin: PageClient) -> None:
    admin.sign_in(make.admin())  # at this time, whatever the clock of the machine says
    listing = make.opportunity(state=Publication.DRAFT, published_at=None)
    db.session.commit()
    page = admin.get(url(listing, "/schedule"))
    assert page.submit(button="Schedule listing", at="").errors == ["Choose a day and a time."]
    assert page.submit(button="Schedule listing", at="soon").errors == [
        "Choose a day and a time, such as Dec 7, 2026, 11:59 pm."
    ]
    past = page.submit(button="Schedule listing", at="2026-11-23T06:59")
    assert (past.status, past.errors) == (422, ["Choose a time that is still to come."])
    page = page.submit(button="Schedule listing", at="2026-11-24T09:00")
    assert "Becomes public on Tue, Nov 24, 9:00 am ET." in page.text
    assert fresh(listing).publish_at == datetime(2026, 11, 24, 14, tzinfo=UTC)
    page.submit(button="Cancel the schedule")
    assert fresh(listing).publish_at is None
    page.submit(button="Publish listing")
    again = admin.get(url(listing, "/schedule")).submit(button="Schedule listing", at="2026-11-24T09:00")
    assert again.errors == ["This listing is public already."]


def test_what_is_due_is_published_and_what_is_not_ready_waits(context: None) -> None:
    by = make.admin()
    due, later, unready = (make.opportunity(state=Publication.DRAFT, published_at=None) for _ in range(3))
    for listing, days in ((due, 1), (later, 3), (unready, 1)):
        actions.schedule(listing, by=by, at=now() + timedelta(days=days))
    unready.summary = ""
    with time_machine.travel(now() + timedelta(days=2)):
        jobs.publish_scheduled.func(timestamp=0)
        assert [o.state.value for o in (due, later, unready)] == ["published", "draft", "draft"]
        assert due.publish_at is None
        assert last_event().actor_name == "The portal"
        unready.summary = "Now it is ready."
        assert actions.publish_due() == 1
        assert unready.state is Publication.PUBLISHED


def test_an_overdue_listing_says_why_it_waits(admin: PageClient) -> None:
    listing = make.opportunity(state=Publication.DRAFT, summary="", publish_at=now() - timedelta(hours=1))
    db.session.commit()
    assert "It becomes public as soon as nothing is missing." in admin.get(url(listing)).text


def test_duplicating_brings_form_and_rubric_as_drafts(admin: PageClient) -> None:
    site = make.site()
    cycle = make.cycle(
        make.opportunity(title="Program", slug="program", sites=[site]), name="Spring 2027", code="WIN-27"
    )
    db.session.commit()
    page = admin.get(url(cycle.opportunity)).submit(button="Duplicate")
    assert page.flashes == ["Copy made. It is a draft. Change its title and address, and set the dates of its cycle."]
    copy = db.session.scalars(sa.select(Opportunity).where(Opportunity.slug == "program-2")).one()
    assert (copy.title, copy.state, [s.id for s in copy.sites]) == ("Program (copy)", Publication.DRAFT, [site.id])
    copied = db.session.scalars(sa.select(Cycle).where(Cycle.opportunity_id == copy.id)).one()
    assert (copied.name, copied.code, copied.state, copied.opens_at) == ("Spring 2027", "WIN-27A", "draft", None)
    form = db.session.scalars(sa.select(Form).where(Form.cycle_id == copied.id)).one()
    assert (form.number, form.state.value, [q.key for q in form.questions]) == (1, "draft", ["title", "proposal", "cv"])
    assert db.session.scalar(sa.select(sa.func.count()).where(Criterion.cycle_id == copied.id)) == 2


def test_the_actions_take_plain_words(context: None) -> None:
    unit = make.unit()
    made = actions.create_opportunity(unit, by=None, kind="course", title="A course", summary="Short", half_days=1)
    assert (made.slug, made.kind, made.kind.label) == ("a-course", Kind.COURSE, "Course or coaching")
    with pytest.raises(AttributeError):
        actions.create_opportunity(unit, by=None, kind=Kind.COURSE, title="A course", colour="red")
