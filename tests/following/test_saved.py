"""Listings and searches that a person keeps."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.accounts.models import Person
from portal.catalogue.models import Opportunity
from portal.catalogue.status import Audience, Publication
from portal.core.clock import now
from portal.core.db import db
from portal.following import actions, jobs, queries
from portal.following.models import Follow
from portal.messaging.models import Message
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries


@pytest.fixture
def maren(client: PageClient) -> Person:
    person = factories.person()
    client.sign_in(person)
    return person


def listing(slug: str, **fields: object) -> Opportunity:
    made = factories.opportunity(slug=slug, title=slug.title(), **fields)
    factories.cycle(made, form=False)
    return made


def matches() -> list[Message]:
    return list(db.session.scalars(sa.select(Message).where(Message.template == "follow_matches")))


def test_a_listing_is_saved_shown_and_removed(client: PageClient, maren: Person) -> None:
    listing("teaching")
    page = client.get("/saved")
    assert page.one("//h2") == "Nothing saved yet"
    page = client.get("/opportunities/teaching").submit(button="Save listing")
    assert page.flashes == ["Teaching is saved. You find it under Saved."]
    page = client.get("/applications").click("Saved listings and searches")
    assert page.all("//h3") == ["Teaching"]
    page = page.submit("/mail", button="Email me when it opens again")  # it is open now
    assert page.flashes == ["We email you about Teaching. It stays under Saved."]
    jobs.tell_openings.func(timestamp=0)
    assert db.session.scalars(sa.select(Message)).all() == []  # what is open already is no news
    page = page.submit("/mail", button="Stop the email")
    assert page.flashes == ["No more mail about Teaching. It stays under Saved."]
    page = page.submit("/remove")
    assert page.flashes == ["Teaching is removed. We do not write to you about it."]
    assert page.one("//h2") == "Nothing saved yet"


def test_a_visitor_signs_in_and_lands_where_the_listing_is_saved(client: PageClient, context: None) -> None:
    made = listing("teaching")
    client.get("/opportunities/teaching")
    away = client.get(f"/saved/listings/{made.id}")
    assert (away.status, away.location) == (303, f"/login?next=/saved/listings/{made.id}")
    client.sign_in(factories.person())
    page = client.get(f"/saved/listings/{made.id}").submit(button="Save listing")
    assert page.flashes == ["Teaching is saved. You find it under Saved."]


def test_what_the_buttons_promise_is_true_of_the_listing(client: PageClient, maren: Person) -> None:
    def buttons(opportunity: Opportunity) -> list[str]:
        return client.get(f"/saved/listings/{opportunity.id}").all("//main//form//button")

    rolling = factories.opportunity(slug="rolling", title="Rolling")
    factories.cycle(rolling, form=False, closes_at=None)
    later = factories.opportunity(slug="later", title="Later")
    factories.cycle(later, form=False, opens_at=now() + timedelta(days=5), closes_at=now() + timedelta(days=9))
    assert buttons(listing("teaching")) == ["Save listing", "Save, and email me when it opens again"]
    assert buttons(later) == ["Save listing", "Save, and email me when it opens"]
    assert buttons(rolling) == ["Save listing"]
    for made in (later, rolling):
        client.get(f"/saved/listings/{made.id}").submit(button="Save listing")
    assert client.get("/saved").all("//form[contains(@action, '/mail')]//button") == [
        "Email me when it opens about Later"
    ]


def test_saving_twice_is_saving_once(client: PageClient, maren: Person) -> None:
    made = listing("teaching")
    for _ in range(2):
        client.get(f"/saved/listings/{made.id}").submit(button="Save, and email me")
    assert [follow.by_mail for follow in queries.of_person(maren.id)] == [True]


def test_what_is_not_public_cannot_be_saved_and_leaves_the_page(client: PageClient, maren: Person) -> None:
    made = listing("teaching")
    client.get("/opportunities/teaching").submit(button="Save listing")
    assert client.get("/saved").all("//h3") == ["Teaching"]
    made.state = Publication.ARCHIVED
    db.session.commit()
    assert client.get(f"/saved/listings/{made.id}").status == 404
    assert client.get("/saved").all("//h3") == []


def test_what_another_keeps_is_nobodys(client: PageClient, maren: Person) -> None:
    kept = actions.keep_listing(listing("teaching"), by=factories.person(), now=now())
    for act in ("mail", "remove"):
        assert client.post(f"/saved/{kept.id}/{act}").status == 404
    assert db.session.get(Follow, kept.id) is not None


def test_a_search_is_named_and_tells_of_what_opens(client: PageClient, maren: Person) -> None:
    listing("teaching", audiences=[Audience.TEAMS])
    page = client.get("/?q=teaching&who=teams&page=1").click("Save this search")
    assert page.form("/saved/searches")["name"] == "“teaching”, Whole teams"
    empty = page.submit("/saved/searches", name=" ")
    assert (empty.status, empty.errors) == (422, ["Give the search a name that you will recognize."])
    page = empty.submit("/saved/searches", name="Teaching for teams")
    assert page.flashes == ["“Teaching for teams” is saved. We email you when something new opens."]
    assert page.all("//ul[@class='rows']//a") == ["Teaching for teams"]
    assert page.all("//ul[@class='rows']//a/@href") == ["/?q=teaching&who=teams#all"]
    assert "“teaching”, Whole teams. One open now." in page.text

    jobs.tell_searches.func(timestamp=0)
    assert matches() == []  # it was there when the search was saved
    later = listing("teaching-more", audiences=[Audience.TEAMS], summary="Teaching in the evening.")
    listing("teaching-others", summary="Teaching, but not by teams.", audiences=[Audience.STUDENTS])
    db.session.commit()
    jobs.tell_searches.func(timestamp=0)
    jobs.tell_searches.func(timestamp=0)
    [told] = matches()
    assert told.subject == "1 new opening for “Teaching for teams”"
    assert f"http://localhost/opportunities/{later.slug}" in told.text_body
    assert "teaching-others" not in told.text_body
    assert told.headers["List-Unsubscribe"].startswith("<http://localhost/alerts/stop/")


def test_a_search_without_mail_tells_nothing_until_it_is_switched_on(client: PageClient, maren: Person) -> None:
    page = client.get("/saved/searches/new?open=now")
    page = page.submit("/saved/searches", name="Open now", by_mail=None)
    assert page.flashes == ["“Open now” is saved. We do not email you."]
    listing("early")
    db.session.commit()
    jobs.tell_searches.func(timestamp=0)
    assert matches() == []
    client.get("/saved").submit("/mail", button="Email me")
    jobs.tell_searches.func(timestamp=0)
    assert matches() == []  # early was open when the mail was switched on
    listing("late")
    db.session.commit()
    jobs.tell_searches.func(timestamp=0)
    assert [mail.subject for mail in matches()] == ["1 new opening for “Open now”"]


def test_the_same_search_is_kept_once_under_its_newest_name(client: PageClient, maren: Person) -> None:
    for name in ("First", "Second"):
        client.get("/saved/searches/new?q=teaching&page=7&nonsense=1").submit("/saved/searches", name=name)
    assert [(follow.name, follow.query) for follow in queries.of_person(maren.id)] == [("Second", "q=teaching")]


@pytest.mark.parametrize("name", ["<b>Bold</b>", "=1+1", "عربى 🙂", "a" * 121])
def test_names_are_kept_as_typed_or_refused(client: PageClient, maren: Person, name: str) -> None:
    page = client.get("/saved/searches/new?q=x").submit("/saved/searches", name=name)
    if len(name) > actions.LONGEST_NAME:
        assert (page.status, page.errors) == (422, ["Shorten the name to 120 characters."])
        assert page.form("/saved/searches")["name"] == name
    else:
        assert page.all("//ul[@class='rows']//b") == [name]


def test_broken_bytes_in_the_address_are_no_error(client: PageClient, maren: Person) -> None:
    assert client.get("/saved/searches/new?q=%ff%00&who=%F0").status == 200


def test_nobody_keeps_more_than_they_can_look_at(
    client: PageClient, maren: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_FOLLOWED", 1)
    monkeypatch.setattr(queries, "MOST_FOLLOWED", 1)
    client.get(f"/saved/listings/{listing('one').id}").submit(button="Save listing")
    page = client.get(f"/saved/listings/{listing('two').id}").submit(button="Save listing")
    assert page.flashes == ["You keep 1 things already. Remove one from your saved page first."]
    page = client.get("/saved/searches/new?q=x").submit("/saved/searches", name="Another")
    assert (page.status, page.errors) == (422, ["You keep 1 things already. Remove one first."])


def test_the_page_asks_the_same_number_of_questions_for_any_number(client: PageClient, maren: Person) -> None:
    def asked(n: int) -> int:
        for i in range(n):
            made = factories.opportunity()
            factories.cycle(made, form=False, closes_at=now() + timedelta(days=20 + i))
            actions.keep_listing(made, by=maren, now=now())
        db.session.commit()
        client.get("/saved")  # the catalogue is read again
        with count_queries(client.app) as queries_run:
            assert client.get("/saved").status == 200
        return len(queries_run)

    assert asked(1) == asked(20)
