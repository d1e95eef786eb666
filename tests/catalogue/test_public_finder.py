"""The finder: rows in order, facets with counts, chips, paging, comparing; all of it in the URL."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from werkzeug.datastructures import MultiDict

from portal.catalogue.finder import FACETS, PAGE_SIZE, Choices, find, make_index
from portal.catalogue.models import CycleDate
from portal.catalogue.search import Hits
from portal.catalogue.snapshot import current
from portal.catalogue.status import Audience, Kind, Place, Publication
from portal.core.clock import now
from portal.core.db import db
from tests import factories

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # Monday, 9:00 am ET
TITLES = "//ol[@class='opps']//h3"


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def listing(title, closes=None, opens=-30, *, cycle=True, **fields):
    """A published listing whose cycle opens and closes so many days from now; rolling without a closing day."""
    made = factories.opportunity(title=title, **fields)
    if cycle:
        at = now()
        factories.cycle(
            made,
            form=False,
            rubric=False,
            opens_at=at + timedelta(days=opens),
            closes_at=None if closes is None else at + timedelta(days=closes),
        )
    return made


def counts(page, name):
    """A facet's values with the numbers beside them."""
    values = page.all(f"//input[@name='{name}']/@value")
    return {value: int(page.one(f"//*[@id='n-{name}-{value}']")) for value in values}


def test_order_soonest_deadline_rolling_upcoming_closed_undated(client):
    listing("Undated", cycle=False)
    listing("Closed long ago", closes=-20)
    listing("Closed lately", closes=-2)
    listing("Opens later", opens=60, closes=90)
    listing("Opens first", opens=20, closes=99)
    listing("Rolling B")
    listing("Rolling A")
    listing("Closes last", closes=80)
    listing("Closes first", closes=5)
    page = client.get("/")
    assert page.all(TITLES) == [
        *("Closes first", "Closes last", "Rolling A", "Rolling B", "Opens first", "Opens later"),
        *("Closed lately", "Closed long ago", "Undated"),
    ]
    assert page.one("//h2[@id='all']") == "All opportunities"
    assert page.one("//*[@id='found']") == "9 results, soonest deadline first"
    assert page.title == "Find an opportunity - Primary Care Opportunities"


def test_a_row_says_time_title_tags_and_when(client):
    made = listing(
        "Winickoff Scholars Program",
        closes=14.5,
        summary="Three months of half-days.",
        audiences=[Audience.PHYSICIANS, Audience.NURSE_LEADERS],
        places=[Place.ONLINE],
        stipend=20_000,
    )
    page = client.get("/")
    row = "//li[@class='opp']"
    assert page.one(f"{row}/div[@class='time']") == "One half-day a weekthree months"
    assert page.one(f"{row}//h3/a/@href") == f"/opportunities/{made.slug}"
    assert page.all(f"{row}//ul[@class='meta']/li") == [
        *("Scholars program", "Physicians", "Nurse leaders", "Online", "$20,000 stipend")
    ]
    assert page.one(f"{row}//*[@class='status']") == "Closes Dec 7"
    assert page.one(f"{row}//time") == "Monday, 9:00 pm ET"
    assert page.one(f"{row}//time/@datetime") == "2026-12-08T02:00:00+00:00"
    assert len(page.all(f"{row}//time/@data-zone")) == 1


def test_sample_values_are_marked(client):
    made = listing("Marked", closes=5, sample_fields=["time_words"])
    plain = client.get("/")
    assert plain.all("//span[@class='tag']") == ["Sample"]
    db.session.refresh(made)
    made.cycles[0].sample_fields = ["closes_at"]
    assert client.get("/").all("//li[@class='opp']//span[@class='tag']") == ["Sample", "Sample date"]
    assert client.get("/").all("//ol[@class='closing']//span[@class='tag']") == ["Sample date"]


def test_a_row_says_what_is_paid_and_what_of_it_is_sample(client):
    made = listing("Post", places=[], money_words="", pay_low=None, pay_high=None, is_paid=None)
    facts = "//ul[@class='meta']/li"
    assert client.get("/").all(facts) == ["Scholars program", "Physicians"]
    made.is_paid = True
    assert client.get("/").all(facts)[-1] == "Paid"
    made.pay_low, made.pay_high, made.sample_fields = 115_000, 150_000, ["pay_low"]
    assert client.get("/").all(facts)[-1] == "$115,000 to $150,000 a year Sample"
    made.money_words, made.places, made.place_words = "Salaried", [Place.MAIN_CAMPUS], "At the main campus"
    made.sample_fields = ["places"]
    assert client.get("/").all(facts)[-2:] == ["At the main campus Sample", "Salaried"]


def test_drafts_and_archived_listings_do_not_appear(client):
    shown = listing("Here", closes=5)
    hidden = listing("Not here", closes=5, state=Publication.DRAFT, published_at=None)
    archived = listing("Not here any more", closes=5, state=Publication.ARCHIVED)
    assert client.get("/").all(TITLES) == ["Here"]
    hidden.state, hidden.published_at, archived.state = Publication.PUBLISHED, now(), Publication.PUBLISHED
    db.session.flush()
    assert client.get("/").all(TITLES) == ["Here", "Not here", "Not here any more"]
    shown.cycles[0].state = Publication.ARCHIVED
    db.session.flush()
    assert client.get("/").all(TITLES) == ["Not here", "Not here any more", "Here"]


def test_closing_soon_shows_three_within_thirty_days(client):
    assert "Closing soon" not in client.get("/").text
    listing("Far", closes=31)
    assert "Closing soon" not in client.get("/").text
    for days in (25, 4, 11, 1):
        listing(f"In {days} days", closes=days)
    page = client.get("/")
    assert page.all("//ol[@class='closing']//a") == ["In 1 days", "In 4 days", "In 11 days"]
    assert page.all("//ol[@class='closing']//*[@class='day']") == ["Tuesday, Nov 24", "Friday, Nov 27", "Friday, Dec 4"]
    assert page.all("//ol[@class='closing']//*[@class='muted small']")[0] == "9:00 am ET. 24 hours left"


def test_facets_widen_within_and_narrow_across(client):
    listing("A", 3, kind=Kind.COURSE, audiences=[Audience.PHYSICIANS], places=[Place.ONLINE], is_paid=True)
    listing("B", 4, kind=Kind.TEACHING, audiences=[Audience.TEAMS], places=[Place.ONLINE], is_paid=False, half_days=3)
    listing("C", 5, kind=Kind.TEACHING, audiences=[Audience.PHYSICIANS], places=[Place.ABROAD, Place.ONLINE])
    listing("D", 6, kind=Kind.COURSE, audiences=[Audience.TEAMS], half_days=Decimal("0.5"), opens=2)
    page = client.get("/?kind=course")
    assert page.all(TITLES) == ["A", "D"]
    assert counts(page, "kind") == {"course": 2, "teaching": 2}  # its own facet is not narrowed by itself
    assert counts(page, "who") == {"physicians": 1, "teams": 1}
    assert counts(page, "place") == {"main-campus": 1, "online": 1, "abroad": 0}
    assert counts(page, "pay") == {"paid": 1, "unpaid": 0}
    assert counts(page, "open") == {"now": 1, "soon": 1}
    assert counts(page, "time") == {"hours": 1, "half-day": 1, "part": 0}
    assert client.get("/?kind=course&kind=teaching").all(TITLES) == ["A", "B", "C", "D"]
    assert client.get("/?kind=teaching&who=physicians").all(TITLES) == ["C"]
    assert client.get("/?place=abroad&place=main-campus&open=now").all(TITLES) == ["C"]
    assert client.get("/?open=soon").all(TITLES) == ["D"]
    assert client.get("/?pay=paid&pay=unpaid").all(TITLES) == ["A", "B"]
    assert client.get("/?time=part").all(TITLES) == ["B"]


def test_time_choices_link_with_counts_of_everything(client):
    listing("A", 3)
    listing("B", 3, half_days=10)
    listing("C", 3, half_days=None)
    page = client.get("/?time=full")
    assert page.all("//ul[@class='timepick']//a/@href") == [
        *("/?time=hours#all", "/?time=half-day#all", "/?time=part#all", "/?time=full#all"),
    ]
    numbers = page.all("//ul[@class='timepick']//*[@class='n']")
    assert numbers == ["0 opportunities", "1 opportunity", "0 opportunities", "1 opportunity"]
    assert page.all(TITLES) == ["B"]


def test_chips_take_one_filter_away(client):
    listing("A", 3, kind=Kind.COURSE)
    page = client.get("/?kind=course&who=physicians")
    assert page.one("//h2[@id='all']") == "Matching opportunities"
    assert page.one("//*[@id='found']") == "1 result"
    assert page.one("//*[@id='filters-on']") == "2 on"
    assert page.all("//ul[@class='chips']//a") == ["Course or coaching remove filter", "Physicians remove filter"]
    assert page.all("//ul[@class='chips']//a/@href") == ["/?who=physicians", "/?kind=course"]
    assert client.get("/?who=physicians").one("//h2[@id='all']") == "Opportunities for physicians"
    assert client.get("/?kind=course").one("//h2[@id='all']") == "Matching opportunities"
    assert client.get("/?who=physicians").title.startswith("Opportunities for physicians -")


def test_nothing_found_says_which_filter_to_take_away(client):
    listing("A", 3, places=[Place.ABROAD])
    listing("B", 3, kind=Kind.COURSE)
    listing("C", 3, kind=Kind.COURSE)
    page = client.get("/?kind=course&place=abroad")
    assert page.one("//*[@class='empty']/h3") == "No opportunity matches all of this"
    assert page.all("//div[@id='results']//li/a") == [
        "Two opportunities match without “Abroad”",
        "One opportunity matches without “Course or coaching”",
    ]
    assert page.click("Two opportunities match").all(TITLES) == ["B", "C"]
    assert page.click("See all opportunities").all(TITLES) == ["A", "B", "C"]


def test_nothing_published_at_all(client):
    page = client.get("/")
    assert page.one("//*[@class='empty']/p") == "New opportunities appear here as they are published."
    assert page.all("//*[@class='empty']/a") == []


def test_pages_of_ten(client):
    for n in range(23):
        listing(f"Listing {n:02}", closes=40 + n)
    first = client.get("/?who=physicians")
    assert first.all(TITLES) == [f"Listing {n:02}" for n in range(10)]
    assert "Showing 10 of 23" in first.text
    second = first.click("Show the next 10")
    assert second.all(TITLES) == [f"Listing {n:02}" for n in range(10, 20)]
    assert "Showing 11 to 20 of 23" in second.text
    assert second.title.startswith("Opportunities for physicians, page 2 -")
    third = second.click("Show the next 3")
    assert third.all(TITLES) == ["Listing 20", "Listing 21", "Listing 22"]
    assert "Show the next" not in third.text
    assert third.click("Show the 10 before").all(TITLES) == second.all(TITLES)
    assert client.get("/?page=99").all(TITLES) == third.all(TITLES)
    for broken in ("0", "-1", "x", "1e9", "²", "9" * 30, ""):
        assert client.get("/", query_string={"page": broken}).all(TITLES)[0].startswith("Listing"), broken


def test_unknown_filters_are_left_out(client):
    listing("A", 3)
    page = client.get("/?kind=nonsense&colour=red&who=physicians")
    assert page.all(TITLES) == ["A"]
    assert page.all("//ul[@class='chips']//a") == ["Physicians remove filter"]


def test_state_changes_with_the_clock_alone(client):
    with time_machine.travel(NOW, tick=False) as clock:
        listing("Opens tomorrow", opens=1, closes=40)
        assert client.get("/?open=soon").all(TITLES) == ["Opens tomorrow"]
        clock.move_to(NOW + timedelta(days=1))
        assert client.get("/?open=now").all(TITLES) == ["Opens tomorrow"]
        clock.move_to(NOW + timedelta(days=40))
        assert client.get("/?open=now").all(TITLES) == []
        clock.move_to(NOW)
        assert client.get("/?open=soon").all(TITLES) == ["Opens tomorrow"]


def test_changes_show_at_once(client):
    made = listing("Old title", closes=5)
    assert client.get("/").all(TITLES) == ["Old title"]
    before = current()
    assert current() is before
    made.title = "New title"
    db.session.flush()
    assert client.get("/").all(TITLES) == ["New title"]
    assert current().stamp != before.stamp
    cycle = made.cycles[0]
    stamp = current().stamp
    cycle.last_number += 1  # each submission counts it up; the public reads nothing of it
    db.session.flush()
    assert current().stamp == stamp
    db.session.add(CycleDate(cycle_id=cycle.id, label="Meeting", starts_on=now().date()))
    db.session.flush()
    assert [date.label for date in current().by_slug[made.slug].cycles[0].dates] == ["Meeting"]


def test_what_is_kept_stays_bounded(context, monkeypatch):
    catalogue = current()
    assert catalogue.keep("a", lambda: 1) == catalogue.keep("a", lambda: 2) == 1
    monkeypatch.setattr("portal.catalogue.snapshot.MOST_KEPT", 1)
    assert catalogue.keep("b", lambda: 3) == 3
    assert catalogue.keep("a", lambda: 2) == 2


def test_few_queries_whatever_the_number_of_listings(client, connection):
    statements = []
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for number in (1, 30):
        for n in range(number):
            listing(f"Listing {number} {n}", closes=5)
        client.get("/")
        statements.clear()
        client.get("/?who=physicians&page=2")
        assert len([one for one in statements if "SAVEPOINT" not in one]) <= 2


def test_the_page_is_small(client):
    for n in range(40):
        listing(f"Listing {n:02}", closes=5 + n, summary="A sentence of about the usual length for a listing. " * 2)
    assert len(client.get("/").response.data) < 45_000


def test_compare_two_to_four(client):
    one = listing("First", closes=5, money_words="$20,000 stipend", sample_fields=["money_words"])
    two = listing("Second", half_days=10, time_words="Full-time", length_words="")
    page = client.get("/")
    assert set(page.all("//input[@name='id']/@value")) == {str(one.id), str(two.id)}
    assert page.one("//form[.//input[@name='id']]/@action") == "/compare"
    both = client.get(f"/compare?id={one.id}&id={two.id}")
    assert both.all("//thead//th") == ["First", "Second"]
    cells = {row[0]: row[1:] for row in (both.all(f"//tbody/tr[{n}]/*") for n in range(1, 20)) if row}
    assert cells["Time"] == ["One half-day a week, three months", "Full-time"]
    assert cells["Money"] == ["$20,000 stipend Sample", "Not stated"]
    assert cells["Applications"] == ["Closes Nov 28Saturday, 9:00 am ET", "OpenReviewed as they arrive"]


def test_compare_says_what_to_do_with_too_few_or_too_many(client):
    made = [listing(f"Listing {n}", closes=5) for n in range(5)]
    draft = listing("Draft", state=Publication.DRAFT, published_at=None)
    for query in ("", f"id={made[0].id}", f"id={made[0].id}&id={made[0].id}", f"id=x&id={draft.id}&id={made[0].id}"):
        page = client.get(f"/compare?{query}")
        assert page.one("//*[@class='empty']/h2") == "Choose two to four opportunities"
    page = client.get("/compare?" + "&".join(f"id={one.id}" for one in made))
    assert page.all("//thead//th") == ["Listing 0", "Listing 1", "Listing 2", "Listing 3"]
    assert "Left out: Listing 4." in page.text


WORDS = st.sampled_from([value for _, values in FACETS.values() for value in values] + ["nonsense"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(FACETS)), WORDS), max_size=6), st.permutations(range(8)))
def test_counts_are_what_choosing_gives(context, pairs, order):
    """A facet's number is what choosing that value instead of its facet's others gives."""
    for n in range(8 - len(current().listings)):
        kind, place = [Kind.COURSE, Kind.EVENT, Kind.TEACHING][n % 3], list(Place)[n % 5]
        who = list(Audience)[n % 3 : n % 3 + 2]
        listing(f"Listing {n}", [3, None, 20, -1][n % 4], kind=kind, audiences=who, places=[place])
    index = make_index(current().listings, now())
    choices = Choices.read(MultiDict(pairs))
    assert Choices.read(MultiDict(part.split("=") for part in choices.query.split("&") if part)) == choices
    hits = Hits(tuple(index.listings[i].id for i in order[:5]))
    for hit in (None, hits):
        found = find(index, choices, hit)
        assert found.total >= len(found.positions) == min(found.total, PAGE_SIZE)
        for name, _, options in found.facets:
            for option in options:
                alone = Choices(facets={**choices.facets, name: (option.value,)})
                assert find(index, alone, hit).total == option.count
        for count, _, other in found.remedies:
            assert find(index, other, hit if other.q == choices.q else None).total == count > 0
