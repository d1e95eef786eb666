"""Kinds of mail: switched off on the account's page, by the link in a mail, and by one click of a mail program."""

import pytest
from sqlalchemy import select

from portal.accounts.models import Person
from portal.core import audit
from portal.core.db import db
from portal.messaging.actions import write_if_wanted
from portal.messaging.kinds import ALWAYS, KINDS, kind_of, read_stop_token, stop_token
from portal.messaging.models import Message
from tests import factories
from tests.page_client import PageClient

REMINDERS = KINDS[0]


@pytest.fixture
def person(context: None) -> Person:
    return factories.person()


def test_choosing_on_the_page(client: PageClient, person: Person) -> None:
    account = client.sign_in(person).get("/account")
    page = account.click("Choose which mails you get")
    assert page.path == "/account/mail"
    assert page.form(button="Save")["wanted"] == [kind.key for kind in KINDS]
    for words in (*ALWAYS, *(kind.says for kind in KINDS)):
        assert words in page.text
    page = page.submit(button="Save", wanted=["progress"])
    assert page.flashes == ["Your choice is saved. It holds from the next mail on."]
    assert person.mail_off == ["reminders"]
    assert page.form(button="Save")["wanted"] == "progress"
    line = db.session.scalars(select(audit.Event).where(audit.Event.verb == "person.mail_chosen")).one()
    assert line.facts == {"before": [], "off": ["reminders"]}
    page.submit(button="Save")
    assert db.session.query(audit.Event).where(audit.Event.verb == "person.mail_chosen").count() == 1
    assert client.post("/account/mail", {"wanted": "everything"}).status == 422
    assert person.mail_off == ["reminders"]


def test_the_link_in_a_mail_asks_and_its_button_stops(client: PageClient, person: Person) -> None:
    path = f"/mail/stop/{stop_token(person.id, REMINDERS)}"
    page = client.get(path)  # by a mail scanner, for instance, or somebody who is signed out
    assert (page.status, page.one("//h1")) == (200, "Stop these mails")
    assert person.mail_off == []
    page = page.submit(button="Stop these mails")
    assert page.one("//h1") == "These mails are stopped"
    assert person.mail_off == ["reminders"]
    assert client.get(path).one("//h1") == "These mails are stopped"


def test_one_click_needs_neither_session_nor_token_of_a_form(client: PageClient, person: Person) -> None:
    path = f"/mail/stop/{stop_token(person.id, REMINDERS)}"
    for _ in range(2):
        answer = client.raw.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    db.session.expire_all()
    assert person.mail_off == ["reminders"]


@pytest.mark.parametrize("token", ["", "x", "WzEsInJlbWluZGVycyJd", "a.b", "é"])
def test_a_token_of_ours_alone_stops_anything(client: PageClient, person: Person, token: str) -> None:
    assert client.raw.get(f"/mail/stop/{token}").status_code == 404
    client._forget_last_request()
    assert client.raw.post(f"/mail/stop/{token}").status_code == 404
    good = stop_token(person.id, REMINDERS)
    assert read_stop_token(good) == (person.id, REMINDERS)
    assert read_stop_token(good[:-1]) is None
    assert read_stop_token(good.swapcase()) is None


def test_a_person_who_is_gone_gets_the_page_that_says_so(client: PageClient, person: Person) -> None:
    assert client.get(f"/mail/stop/{stop_token(2**40, REMINDERS)}").status == 404


def test_nothing_is_written_to_whom_it_is_switched_off(context: None) -> None:
    cycle = factories.cycle()
    words = {"invited_by": "Ines", "link": "http://localhost/", "valid_words": "one day"}
    off = factories.person(mail_off=[kind.key for kind in KINDS])
    assert kind_of("invitation") is None
    always = write_if_wanted("invitation", to=off, about=cycle, **words)
    assert always is not None
    assert always.headers == {}
    for kind in KINDS:
        for template in kind.templates:
            assert kind_of(template) is kind
            assert write_if_wanted(template, to=off, about=cycle) is None
    assert db.session.query(Message).count() == 1
