"""Subscribing to newsletters: chosen one by one, confirmed by the address, changed and ended by one's own link."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.accounts.models import Person
from portal.catalogue.models import Opportunity
from portal.catalogue.status import Kind, Publication
from portal.core.clock import now
from portal.core.db import db
from portal.core.spreadsheets import BOM
from portal.following import jobs
from portal.following import newsletter_actions as actions
from portal.following.newsletter_models import Newsletter, Subscriber, Subscription, SubscriptionRequest
from portal.messaging.models import Message
from portal.privacy.actions import close_account
from portal.privacy.own_data import everything
from tests import factories
from tests.page_client import Page, PageClient
from tests.queries import count_queries

ADDRESS = "ana@example.org"


@pytest.fixture
def listing(context: None) -> Opportunity:
    """A public listing with three newsletters."""
    made = factories.opportunity(kind=Kind.EVENT, title="Newsletters", slug="newsletters")
    for name, often in (("The Quarterly", "quarterly"), ("The Weekly", "weekly"), ("The Brain", "quarterly")):
        actions.add_newsletter(made, name=name, frequency=often, by=factories.admin())
    db.session.commit()
    return made


@pytest.fixture
def coordinator(listing: Opportunity) -> Person:
    return factories.coordinator(listing.unit)


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).where(Message.template == template).order_by(Message.id)))


def link(message: Message, part: str) -> str:
    return next(word for word in message.text_body.split() if part in word).removeprefix("http://localhost")


def key(name: str) -> str:
    return str(db.session.scalars(sa.select(Newsletter.id).where(Newsletter.name == name)).one())


def ask(client: PageClient, listing: Opportunity, *names: str, **typed: str) -> Page:
    fields = {"given_name": "Ana", "family_name": "Quispe", "email": ADDRESS} | typed
    page = client.get(f"/newsletters/{listing.id}")
    return page.submit(button="Send the link", newsletters=[key(name) for name in names], **fields)


def subscribe(client: PageClient, listing: Opportunity, *names: str, **typed: str) -> Page:
    """Ask, and use the link.  Out: the subscriber's own page."""
    ask(client, listing, *names, **typed)
    return client.get(link(mails("newsletter_confirm")[-1], "/newsletters/confirm/")).submit(button="Yes, subscribe")


def chosen(email: str = ADDRESS) -> set[str]:
    db.session.expire_all()
    query = sa.select(Newsletter.name).join(Subscription).join(Subscriber).where(Subscriber.email == email)
    return set(db.session.scalars(query))


# subscribing


def test_it_begins_when_the_address_itself_says_so(client: PageClient, listing: Opportunity) -> None:
    page = client.get("/opportunities/newsletters")
    assert "The Quarterly, quarterly" in page.text
    page = page.click("Choose newsletters")
    wrong = page.submit(button="Send the link", given_name="Ana", email="ana@")
    assert wrong.status == 422
    assert wrong.errors == [
        "Tick at least one newsletter.",
        "Enter your last name.",
        "Check the email address. It looks like ana@example.org.",
    ]
    sent = ask(client, listing, "The Quarterly", "The Brain")
    assert sent.one("//h1") == "Check your mail"
    [mail] = mails("newsletter_confirm")
    assert (mail.to_address, mail.to_name) == (ADDRESS, "")  # a stranger's words are in no mail
    assert "Quispe" not in mail.text_body + mail.html_body
    there = link(mail, "/newsletters/confirm/")
    assert client.get(there).all("//main//li") == ["The Quarterly", "The Brain"]
    assert chosen() == set()  # a mail scanner opens links too
    own = client.get(there).submit(button="Yes, subscribe")
    assert own.one("//h1") == "Your subscription"
    assert chosen() == {"The Quarterly", "The Brain"}
    assert client.get(there).status == 404
    [started] = mails("newsletter_started")
    assert started.to_name == "Ana Quispe"
    assert started.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert client.get(link(started, "/newsletters/mine/")).one("//h1") == "Your subscription"


def test_nobody_learns_or_changes_what_an_address_subscribes_to(client: PageClient, listing: Opportunity) -> None:
    subscribe(client, listing, "The Quarterly")
    client = PageClient(client.app)
    known = ask(client, listing, "The Weekly", given_name="Some", family_name="Body")
    fresh = ask(client, listing, "The Weekly", email="nobody@example.org")
    assert known.text.replace(ADDRESS, "") == fresh.text.replace("nobody@example.org", "")
    first, second = mails("newsletter_confirm")[-2:]
    assert first.subject == second.subject
    assert chosen() == {"The Quarterly"}
    subscriber = db.session.scalars(sa.select(Subscriber)).one()
    assert (subscriber.given_name, subscriber.family_name) == ("Ana", "Quispe")
    client.get(link(first, "/newsletters/confirm/")).submit(button="Yes, subscribe")
    assert chosen() == {"The Quarterly", "The Weekly"}


def test_who_is_signed_in_finds_the_form_filled_in(client: PageClient, listing: Opportunity) -> None:
    person = factories.person("Ines", "Marrow")
    db.session.commit()
    form = client.sign_in(person).get(f"/newsletters/{listing.id}").form(button="Send the link")
    assert (form["given_name"], form["family_name"], form["email"]) == ("Ines", "Marrow", person.email)


def test_newsletters_of_another_listing_cannot_be_chosen(client: PageClient, listing: Opportunity) -> None:
    other = factories.opportunity(kind=Kind.EVENT)
    boss = factories.admin()
    foreign = actions.add_newsletter(other, name="Elsewhere", frequency="daily", by=boss)
    db.session.commit()
    page = client.get(f"/newsletters/{listing.id}")
    typed = {"given_name": "A", "family_name": "B", "email": ADDRESS}
    assert page.submit(button="Send the link", newsletters=[str(foreign.id)], **typed).status == 422
    actions.ask(listing, **typed, newsletters=[foreign.id], now=now())
    [asked] = db.session.scalars(sa.select(SubscriptionRequest))
    assert asked.newsletter_ids == []
    assert actions.confirm(asked, now=now()) is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Subscriber)) == 0


def test_without_newsletters_or_unpublished_there_is_no_form(client: PageClient, listing: Opportunity) -> None:
    bare = factories.opportunity(kind=Kind.EVENT)
    db.session.commit()
    assert client.get(f"/newsletters/{bare.id}").status == 404
    assert client.get(f"/newsletters/{listing.id}").status == 200
    listing.state = Publication.DRAFT
    db.session.commit()
    assert client.get(f"/newsletters/{listing.id}").status in {303, 404}


def test_requests_that_were_not_confirmed_are_forgotten(client: PageClient, listing: Opportunity) -> None:
    ask(client, listing, "The Weekly")
    jobs.forget_unconfirmed.func(timestamp=0)
    asked = db.session.scalars(sa.select(SubscriptionRequest)).one()
    asked.created_at = now() - timedelta(days=7, minutes=1)
    db.session.flush()
    jobs.forget_unconfirmed.func(timestamp=0)
    db.session.expire_all()
    assert db.session.scalars(sa.select(SubscriptionRequest)).all() == []
    assert client.get(link(mails("newsletter_confirm")[0], "/newsletters/confirm/")).status == 404


def test_mails_to_an_address_are_few(throttled: Callable[[], PageClient], listing: Opportunity) -> None:
    browser = throttled()
    answers = [ask(browser, listing, "The Weekly").status for _ in range(6)]
    assert answers == [200] * 5 + [429]
    assert len(mails("newsletter_confirm")) == 5


# changing and ending


def test_ones_own_page_changes_the_choice_and_ends_it(client: PageClient, listing: Opportunity) -> None:
    own = subscribe(client, listing, "The Quarterly", "The Weekly")
    changed = own.submit(button="Save my choice", newsletters=[key("The Brain"), key("The Weekly")])
    assert changed.flashes == ["Your choice is saved. It holds from the next issue on."]
    assert chosen() == {"The Brain", "The Weekly"}
    assert own.submit(button="Save my choice", newsletters=["999999"]).status == 422
    ended = own.submit(button="End the subscription")
    assert ended.one("//h1") == "The subscription has ended"
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    assert client.get(own.path).status == 404
    assert client.get("/newsletters/mine/made-up").status == 404


def test_ticking_nothing_ends_it_too(client: PageClient, listing: Opportunity) -> None:
    own = subscribe(client, listing, "The Weekly")
    assert own.submit(button="Save my choice", newsletters=None).one("//h1") == "The subscription has ended"
    assert db.session.scalars(sa.select(Subscriber)).all() == []


def stop_link(name: str) -> str:
    subscriber = db.session.scalars(sa.select(Subscriber)).one()
    with db.session.no_autoflush:
        return actions.stop_address(subscriber, int(key(name)) if name else actions.ALL).removeprefix(
            "http://localhost"
        )


def test_one_click_ends_one_newsletter_and_opening_the_link_none(
    app: Flask, client: PageClient, listing: Opportunity
) -> None:
    subscribe(client, listing, "The Quarterly", "The Weekly")
    with app.test_request_context():
        weekly, everything_ = stop_link("The Weekly"), stop_link("")
    assert "You subscribe to The Weekly." in client.get(weekly).text
    assert chosen() == {"The Quarterly", "The Weekly"}
    program = app.test_client()  # a mail program: no session, no token of a form
    assert program.post(weekly, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert chosen() == {"The Quarterly"}
    assert program.post(weekly, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.get(weekly).one("//h1") == "The subscription has ended"
    assert "You subscribe to The Quarterly." in client.get(everything_).text
    client.get(everything_).submit(button="End it")
    assert db.session.scalars(sa.select(Subscriber)).all() == []
    assert program.post(everything_).status_code == 200
    assert program.post("/newsletters/stop/made-up").status_code == 404


# staff


def test_staff_keep_the_newsletters_and_see_how_many_subscribe(
    client: PageClient, listing: Opportunity, coordinator: Person
) -> None:
    subscribe(client, listing, "The Quarterly", "The Weekly")
    subscribe(client, listing, "The Weekly", email="ben@example.org")
    page = client.sign_in(coordinator).get(f"/admin/opportunities/{listing.id}").click("Newsletters")
    assert page.all("//tbody/tr/td[2]") == ["1", "2", "0"]
    taken = page.submit(button="Add the newsletter", name="the weekly", frequency="daily")
    assert (taken.status, taken.errors) == (422, ["This listing has a newsletter of that name. Choose another."])
    page = taken.submit(button="Add the newsletter", name="The Yearly", frequency="once a year")
    assert page.flashes == ["The Yearly is added. People can subscribe to it on the listing's page."]
    page = page.click("The Weekly").submit(button="Save newsletter", name="The Monthly", frequency="monthly")
    assert chosen("ben@example.org") == {"The Monthly"}
    edit = page.click("The Monthly")
    kept = edit.submit(button="Remove newsletter")
    assert (kept.status, kept.errors) == (422, ["Tick this to remove the newsletter with its subscribers."])
    assert "Forget its 2 subscribers" in kept.text
    edit.submit(button="Remove newsletter", sure="y")
    assert (chosen(), chosen("ben@example.org")) == ({"The Quarterly"}, set())
    assert list(db.session.scalars(sa.select(Subscriber.email))) == [ADDRESS]
    history = client.get(f"/admin/opportunities/{listing.id}/history").text
    assert "Removed a newsletter" in history
    assert "Changed a newsletter" in history


def test_the_list_has_a_line_and_a_link_for_each_subscription_and_is_recorded(
    app: Flask, client: PageClient, listing: Opportunity, coordinator: Person, reads: list[Any]
) -> None:
    subscribe(client, listing, "The Quarterly", "The Weekly", given_name="=cmd|' /C calc'!A0")
    ask(client, listing, "The Weekly", email="never@example.org")
    answer = client.sign_in(coordinator).get(f"/admin/opportunities/{listing.id}/subscribers.csv").response
    text = answer.get_data(as_text=True)
    assert text.startswith(BOM)
    heads, *lines = csv.reader(io.StringIO(text.removeprefix(BOM)))
    assert heads[-1] == "List-Unsubscribe"
    assert [line[0] for line in lines] == ["The Quarterly", "The Weekly"]
    assert lines[0][1:4] == ["'=cmd|' /C calc'!A0", "Quispe", ADDRESS]
    assert "never@example.org" not in text
    assert answer.headers["Cache-Control"] == "no-store"
    assert reads == [(coordinator.id, "subscribers.exported", listing.id, {"count": 2})]
    program = app.test_client()
    assert program.post(lines[1][-1].removeprefix("http://localhost")).status_code == 200
    assert chosen() == {"The Quarterly"}
    assert client.get(lines[0][-2].removeprefix("http://localhost")).one("//h1") == "Your subscription"


def test_only_who_manages_the_listing_sees_subscribers(client: PageClient, listing: Opportunity) -> None:
    subscribe(client, listing, "The Weekly")
    for stranger in (factories.person(), factories.coordinator(factories.unit()), factories.reviewer(listing.unit)):
        client.sign_in(stranger)
        for path in (f"opportunities/{listing.id}/newsletters", f"opportunities/{listing.id}/subscribers.csv",
                     f"newsletters/{key('The Weekly')}"):  # fmt: skip
            assert client.get(f"/admin/{path}").status in {403, 404}
        assert client.post(f"/admin/newsletters/{key('The Weekly')}/remove", {"sure": "y"}).status in {403, 404}
    assert chosen() == {"The Weekly"}


def test_the_staff_page_asks_as_much_for_one_newsletter_as_for_thirty(
    client: PageClient, listing: Opportunity, coordinator: Person
) -> None:
    client.sign_in(coordinator)
    path = f"/admin/opportunities/{listing.id}/newsletters"
    client.get(path)
    with count_queries(client.app) as few:
        client.get(path)
    for number in range(30):
        actions.add_newsletter(listing, name=f"Number {number}", frequency="daily", by=coordinator)
    db.session.commit()
    with count_queries(client.app) as many:
        client.get(path)
    assert len(few) == len(many)


# one's own data


def test_a_copy_of_ones_data_has_it_and_closing_the_account_ends_it(client: PageClient, listing: Opportunity) -> None:
    person = factories.person(email=ADDRESS)
    db.session.commit()
    subscribe(client, listing, "The Weekly")
    ask(client, listing, "The Brain")
    subscribe(client, listing, "The Brain", email="other@example.org")
    [told] = everything(person)["newsletters"]
    assert (told["newsletters"], told["email"], told["last_name"]) == (["The Weekly"], ADDRESS, "Quispe")
    with client.app.test_request_context():
        close_account(person, now=now())
    db.session.commit()
    assert list(db.session.scalars(sa.select(Subscriber.email))) == ["other@example.org"]
    assert list(db.session.scalars(sa.select(SubscriptionRequest.email))) == []
