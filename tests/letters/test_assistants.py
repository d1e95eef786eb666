"""Assistants who upload for writers: mail to them that comes back, and links that end while somebody types."""

import pytest

from portal.accounts.models import Person
from portal.core.clock import now
from portal.core.db import db
from portal.letters import writing
from portal.letters.models import LetterEvent, LetterLink
from portal.letters.refusals import Refused
from portal.letters.status import Sender, State
from portal.messaging import actions, bounces
from portal.messaging.models import Message
from portal.messaging.status import BounceKind
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.letters.test_asking import mails
from tests.letters.test_writing import Desk, token_in
from tests.page_client import PageClient

LENA = {"name": "Lena Voss", "address": "lena@hospital.example"}


@pytest.fixture
def desk(client: PageClient, here: Here) -> Desk:
    return Desk(client, made.request(here.draft))


def come_back(message: Message) -> None:
    actions.begin(message)
    actions.succeed(message)
    bounces.record(message.message_id, BounceKind.HARD, reason="550 no such user")
    db.session.commit()
    db.session.expire_all()


def test_the_writer_reads_what_was_sent_for_them_until_they_confirm_it(desk: Desk) -> None:
    def seen() -> tuple[bytes | None, bool]:
        desk.client._forget_last_request()
        answer = desk.client.raw.get(desk.path("/letter"))
        body = answer.get_data() if answer.status_code == 200 else None
        return body, "Read it" in desk.page().text

    assert seen() == (None, False)
    desk.page().submit("/assistant", **LENA)
    token = token_in(mails("letter_assistant")[0])
    desk.client.post(f"/recommend/assist/{token}", {"body": "By Lena"})
    assert seen() == (b"By Lena", True)
    assert (
        desk.client.get(f"/recommend/{token}/{desk.request.id}/letter").status == 404
    )  # never by the assistant's link
    desk.page().submit("/confirm")
    assert seen() == (None, False)
    writing.deliver(
        desk.request,
        writing.Sent(sender=Sender.STAFF, name="T", person=here_staff(), body="Handed over", how="Post"),
        now=now(),
    )
    assert seen() == (b"Handed over", True)
    desk.send(body="My own")
    assert seen() == (None, False)  # the link is passed on with our thanks


def here_staff() -> Person:
    return factories.coordinator(factories.unit())


def test_the_writer_is_told_that_their_assistants_mail_came_back_and_names_another(desk: Desk) -> None:
    desk.page().submit("/assistant", **LENA)
    [mail] = mails("letter_assistant")
    come_back(mail)
    assert desk.state is State.ASKED
    assert desk.client.get(f"/recommend/assist/{token_in(mail)}").status == 410
    [told] = mails("letter_assistant_bounced")
    assert (told.to_address, told.subject) == (desk.request.writer_address, "Our mail to Lena Voss came back")
    for body in (told.text_body, told.html_body):
        assert "Our mail to them at lena@hospital.example came back, so they have no link" in body
    page = desk.client.get(f"/recommend/{token_in(told)}/{desk.request.id}")
    assert "Our mail to Lena Voss (lena@hospital.example) came back" in page.text
    assert "can upload it. We wrote to them" not in page.text
    page = page.submit("/assistant", **LENA | {"address": "l.voss@hospital.example"})
    assert "came back" not in page.text
    assert "Lena Voss (l.voss@hospital.example) can upload it." in page.text
    [note] = db.session.scalars(db.select(LetterEvent.note).where(LetterEvent.note != ""))
    assert note == "The mail to Lena Voss came back."


def test_nobody_of_the_team_uploads_and_assistants_are_capped(desk: Desk, here: Here) -> None:
    factories.member(here.draft, factories.person(email="ren@account.example"), email="r@work.example")
    db.session.commit()
    for address in ("REN+x@account.example", "r@work.example"):
        page = desk.page().submit("/assistant", **LENA | {"address": address})
        assert page.errors == ["Name somebody else: this address is of somebody in the applicant's team."]
    for _ in range(writing.MOST_ASSISTANTS):
        desk.page().submit("/assistant", button="Let them upload", **LENA)
    page = desk.page().submit("/assistant", button="Let them upload", **LENA)
    assert page.errors == ["You have named 10 assistants, which is as often as we write to them."]
    assert len(mails("letter_assistant")) == 10


def test_mail_of_an_assistant_since_replaced_says_nothing(desk: Desk) -> None:
    desk.page().submit("/assistant", **LENA)
    desk.page().submit("/assistant", button="Let them upload", name="Oskar Lind", address="oskar@hospital.example")
    come_back(mails("letter_assistant")[0])
    assert mails("letter_assistant_bounced") == []
    page = desk.page()
    assert "came back" not in page.text
    assert "Oskar Lind (oskar@hospital.example) can upload it." in page.text


def test_an_assistant_sends_nothing_in_the_place_of_the_writers_own_or_confirmed_letter(desk: Desk) -> None:
    desk.page().submit("/assistant", **LENA)
    token = token_in(mails("letter_assistant")[0])
    desk.send(body="My own")
    ended = desk.client.post(f"/recommend/assist/{token}", {"body": "Another"})
    assert ended.status == 410
    assert "Tobias Ferreira has sent or confirmed the letter, so there is nothing to upload." in ended.text
    assert [one.body for one in desk.letters()] == ["My own"]
    desk.page().submit("/take-back")
    desk.page().submit("/assistant", **LENA)
    token = token_in(mails("letter_assistant")[1])
    desk.client.post(f"/recommend/assist/{token}", {"body": "By Lena"})
    assert desk.client.get(f"/recommend/assist/{token}").status == 200  # she can still put it right
    desk.page().submit("/confirm")
    assert desk.client.post(f"/recommend/assist/{token}", {"body": "After that"}).status == 410
    assert [one.body for one in desk.letters()] == ["My own", "By Lena"]


def test_a_link_that_ended_while_the_assistant_typed_sends_nothing(desk: Desk, here: Here) -> None:
    writing.name_assistant(desk.request, **LENA, now=now())
    first = db.session.scalars(db.select(LetterLink).where(LetterLink.is_assistant)).one()
    writing.name_assistant(desk.request, name="Oskar Lind", address="oskar@hospital.example", now=now())
    sent = writing.Sent(sender=Sender.ASSISTANT, name="Lena Voss", body="Late", link=first)
    with pytest.raises(Refused, match="Your link has ended since you opened the page: ask Tobias Ferreira"):
        writing.deliver(desk.request, sent, now=now())
    assert desk.letters() == []
