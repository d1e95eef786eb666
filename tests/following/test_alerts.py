"""Being told by mail: with an account or by a confirmed address, each of each cycle once, ended by one click."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.catalogue.models import Opportunity
from portal.catalogue.status import Publication
from portal.core.clock import now
from portal.core.db import db
from portal.following import actions, jobs
from portal.following.models import Follow, FollowNotice
from portal.messaging.models import Message
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries

ADDRESS = "ana@example.org"


@pytest.fixture
def closed(context: None) -> Opportunity:
    """A listing whose last cycle has closed."""
    listing = factories.opportunity(title="Uganda scholars", slug="uganda")
    factories.cycle(listing, form=False, opens_at=now() - timedelta(days=90), closes_at=now() - timedelta(days=30))
    return listing


def opens(listing: Opportunity, **fields: object) -> None:
    factories.cycle(listing, form=False, **({"opens_at": now() - timedelta(minutes=1)} | fields))


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).where(Message.template == template).order_by(Message.id)))


def link(message: Message, part: str) -> str:
    return next(word for word in message.text_body.split() if part in word).removeprefix("http://localhost")


def confirmed(client: PageClient, listing: Opportunity) -> None:
    """Ask for mail to an address, and use the link."""
    client.get(f"/alerts/openings/{listing.id}").submit("/alerts/openings", email=ADDRESS)
    client.get(link(mails("follow_confirm")[-1], "/alerts/confirm/")).submit(button="Yes, email me")


def test_an_address_is_asked_first_and_told_once_a_cycle(client: PageClient, closed: Opportunity) -> None:
    page = client.get("/opportunities/uganda").click("Email me when it opens")
    wrong = page.submit("/alerts/openings", email="ana@")
    assert (wrong.status, wrong.errors) == (422, ["Check the email address. It looks like ana@example.org."])
    assert wrong.form("/alerts/openings")["email"] == "ana@"
    sent = wrong.submit("/alerts/openings", email=ADDRESS)
    assert sent.one("//h1") == "Check your mail"
    [ask] = mails("follow_confirm")
    assert (ask.to_address, ask.subject) == (ADDRESS, "Confirm: email you when Uganda scholars opens?")

    opens(closed)
    jobs.tell_openings.func(timestamp=0)
    assert mails("follow_opened") == []  # nobody has confirmed

    there = link(ask, "/alerts/confirm/")
    client.get(there)
    assert db.session.scalar(sa.select(Follow.confirmed_at)) is None  # a mail scanner opens links too
    done = client.get(there).submit(button="Yes, email me")
    assert done.flashes == ["We email you when Uganda scholars opens. Each mail has a link that ends it."]
    assert client.get(there).status == 404
    assert client.get(there).one("//h1") == "This link has ended"

    jobs.tell_openings.func(timestamp=0)
    jobs.tell_openings.func(timestamp=0)
    [told] = mails("follow_opened")
    assert (told.to_address, told.subject) == (ADDRESS, "Uganda scholars is open")
    assert told.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    opens(closed, name="Another round")
    jobs.tell_openings.func(timestamp=0)
    assert len(mails("follow_opened")) == 2


def test_one_click_ends_it_without_a_session_or_a_token_of_one(client: PageClient, closed: Opportunity) -> None:
    confirmed(client, closed)
    opens(closed)
    jobs.tell_openings.func(timestamp=0)
    [told] = mails("follow_opened")
    address = told.headers["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
    assert client.get(address).one("//h1") == "Stop these mails"
    assert db.session.scalar(sa.select(sa.func.count(Follow.id))) == 1  # looking ends nothing
    stranger = client.app.test_client()
    answer = stranger.post(address, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert db.session.scalar(sa.select(sa.func.count(Follow.id))) == 0
    assert stranger.post(address).status_code == 200  # again is no error
    opens(closed, name="Another round")
    jobs.tell_openings.func(timestamp=0)
    assert len(mails("follow_opened")) == 1


def test_the_button_of_the_page_ends_it_too(client: PageClient, closed: Opportunity) -> None:
    confirmed(client, closed)
    opens(closed)
    jobs.tell_openings.func(timestamp=0)
    page = client.get(link(mails("follow_opened")[0], "/alerts/stop/"))
    assert (
        page.submit(button="Stop these mails").text.count("We do not write to you about Uganda scholars any more.") == 1
    )


def test_a_token_of_something_else_ends_nothing(client: PageClient, closed: Opportunity) -> None:
    confirmed(client, closed)
    assert client.app.test_client().post("/alerts/stop/MQ.wrong").status_code == 200
    assert db.session.scalar(sa.select(sa.func.count(Follow.id))) == 1
    assert client.get("/alerts/confirm/nothing").status == 404


def test_asking_twice_is_answered_alike_and_says_so_by_mail(client: PageClient, closed: Opportunity) -> None:
    ask = f"/alerts/openings/{closed.id}"
    first = client.get(ask).submit("/alerts/openings", email=ADDRESS)
    again = client.get(ask).submit("/alerts/openings", email=ADDRESS.upper())
    one, two = mails("follow_confirm")
    assert client.get(link(one, "/alerts/confirm/")).status == 404  # the newer link is the one that works
    client.get(link(two, "/alerts/confirm/")).submit(button="Yes, email me")
    third = client.get(ask).submit("/alerts/openings", email=ADDRESS)
    assert first.text == third.text
    assert again.status == 200
    assert "It was set already" in mails("follow_confirm")[-1].text_body
    assert db.session.scalar(sa.select(sa.func.count(Follow.id))) == 1


def test_an_unconfirmed_address_is_forgotten_after_a_week(client: PageClient, closed: Opportunity) -> None:
    client.get(f"/alerts/openings/{closed.id}").submit("/alerts/openings", email=ADDRESS)
    follow = db.session.scalars(sa.select(Follow)).one()
    jobs.forget_unconfirmed.func(timestamp=0)
    assert db.session.scalar(sa.select(sa.func.count(Follow.id))) == 1
    follow.created_at = now() - timedelta(days=7, minutes=1)
    db.session.flush()
    jobs.forget_unconfirmed.func(timestamp=0)
    assert db.session.scalar(sa.select(sa.func.count(Follow.id))) == 0


def test_a_person_is_told_without_a_link_and_keeps_the_listing(client: PageClient, closed: Opportunity) -> None:
    maren = factories.person()
    client.sign_in(maren)
    page = client.get("/opportunities/uganda").submit(button="Email me when it opens")
    assert page.flashes == ["We email you when Uganda scholars opens next. You find it under Saved too."]
    assert page.all("//a[@href='/saved']") == ["Saved, with email"]
    opens(closed)
    jobs.tell_openings.func(timestamp=0)
    [told] = mails("follow_opened")
    assert told.person_id == maren.id
    client.app.test_client().post(told.headers["List-Unsubscribe"].strip("<>").removeprefix("http://localhost"))
    [kept] = db.session.scalars(sa.select(Follow))
    assert kept.by_mail is False  # the mail ended, the listing stays saved


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, 1),
        ({"closes_at": None}, 1),
        ({"opens_at": now() + timedelta(days=1), "closes_at": now() + timedelta(days=9)}, 0),
        ({"opens_at": now() - timedelta(days=9), "closes_at": now() - timedelta(days=1)}, 0),
        ({"state": Publication.DRAFT}, 0),
    ],
)
def test_only_what_takes_applications_is_told(
    client: PageClient, closed: Opportunity, change: dict[str, object], told: int
) -> None:
    confirmed(client, closed)
    opens(closed, **change)
    jobs.tell_openings.func(timestamp=0)
    assert len(mails("follow_opened")) == told


def test_a_listing_taken_back_is_not_told(client: PageClient, closed: Opportunity) -> None:
    confirmed(client, closed)
    opens(closed)
    closed.state = Publication.ARCHIVED
    db.session.flush()
    jobs.tell_openings.func(timestamp=0)
    assert mails("follow_opened") == []
    assert client.get(f"/alerts/openings/{closed.id}").status in {303, 404}


def test_asking_is_throttled(throttled: Callable[[], PageClient], closed: Opportunity) -> None:
    ask, browser = f"/alerts/openings/{closed.id}", throttled()
    statuses = [browser.get(ask).submit("/alerts/openings", email=ADDRESS).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_telling_many_is_a_fixed_number_of_questions_a_mail(app: Flask, context: None, closed: Opportunity) -> None:
    opens(closed)

    def told(n: int) -> int:
        for _ in range(n):
            actions.keep_listing(closed, by=factories.person(), now=now()).by_mail = True
        db.session.execute(sa.delete(FollowNotice))
        db.session.commit()
        with count_queries(app) as queries:
            sent = actions.tell_openings(now())
        db.session.execute(sa.delete(Follow))
        assert sent == n
        return len(queries)

    few, many = told(2), told(12)
    assert (many - few) / 10 <= 4  # the notice, the message, its job, and where the job goes
