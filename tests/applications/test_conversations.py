"""Messages between applicants and coordinators: who sees them, who is told, which wait for an answer."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import conversation_staff_views, conversation_views, conversations
from portal.applications.conversation_models import ConversationMessage
from portal.applications.models import Application
from portal.applications.status import Status
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.review import actions as reviewing
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries


@pytest.fixture
def application(person: Person) -> Application:
    return factories.application(by=person, status=Status.SUBMITTED, answers={"title": "Waiting-room stories"})


@pytest.fixture
def coordinator(application: Application) -> Person:
    return factories.coordinator(application.cycle.opportunity)


def mails() -> list[Message]:
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def test_a_conversation(client: PageClient, application: Application, coordinator: Person) -> None:
    person = application.person
    page = client.sign_in(person).get(f"/applications/{application.id}").click("Messages with the coordinator")
    assert "Reviewers never see these." in page.text
    page = page.submit(button="Send message", body="May I add a page?")
    assert page.flashes == ["Your message is sent. We write to you when there is an answer."]
    assert page.all("//article//p[@class='as-typed']") == ["May I add a page?"]
    (told,) = mails()
    assert (told.template, told.to_address, told.reply_to) == (
        "message_to_staff", application.cycle.opportunity.contact_email, person.email,
    )  # fmt: skip
    assert "May I add a page?" in told.text_body

    dashboard = client.sign_in(coordinator).get("/manage")
    assert "1 message waits for an answer." in dashboard.text
    listed = dashboard.click("Read and answer")
    assert "1 conversation waits for an answer, the oldest first." in listed.text
    thread = listed.click(person.full_name)
    assert "New" in thread.all("//article//span[@class='status']")
    thread.submit(button="Send message", body="Yes, one page.")
    answered = mails()[1]
    assert (answered.template, answered.to_address, answered.reply_to) == (
        "message_to_applicant", person.email, "scholars@example.org",
    )  # fmt: skip
    assert "Yes, one page." in answered.text_body
    assert "Nothing waits for an answer" in client.get("/manage/conversations").text
    assert "Yes, one page." in client.get(f"/manage/applications/{application.id}").click("Read the conversation").text

    mine = client.sign_in(person).get("/applications")
    assert f"Read 1 new message about your {application.cycle.opportunity.title} application" in mine.text
    page = mine.click("Read 1 new message")
    page.submit("/conversation/read", button="Mark as read")
    assert "new message" not in client.get("/applications").text
    query = select(audit.Event).where(audit.Event.verb == "conversation.written").order_by(audit.Event.id)
    lines = db.session.scalars(query).all()
    assert [line.facts["by_staff"] for line in lines] == [False, True]


def test_opening_a_conversation_saves_nothing(
    client: PageClient, application: Application, coordinator: Person
) -> None:
    said = conversations.say(application, "Hello", by=application.person, now=now())
    client.sign_in(coordinator).get(f"/manage/messages/{said.id}")
    assert said.read_at is None
    page = client.get(f"/manage/messages/{said.id}").submit(button="No answer needed")
    assert page.flashes == ["Marked as read. It no longer waits for an answer."]
    db.session.expire_all()
    assert said.read_at is not None


def test_from_a_draft_staff_see_the_message_and_nothing_else(client: PageClient, person: Person) -> None:
    draft = factories.application(by=person, answers={"title": "Waiting-room stories", "proposal": "Secret plan"})
    draft.title = "Waiting-room stories"
    page = client.sign_in(person).get(f"/applications/{draft.id}").click("Messages with the coordinator")
    assert "nothing else of your draft" in page.text
    page.submit(button="Send message", body="Is my site eligible?")
    said = db.session.scalars(select(ConversationMessage)).one()
    client.sign_in(factories.coordinator(draft.cycle.opportunity))
    thread = client.get("/manage/conversations").click(person.full_name)
    assert "Is my site eligible?" in thread.text
    assert "Waiting-room stories" in thread.text
    assert "Secret plan" not in thread.text
    assert client.get(f"/manage/applications/{draft.id}").status == 404
    assert client.post(f"/manage/applications/{draft.id}/messages", {"body": "Hello"}).status == 404
    thread.submit(button="Send message", body="It is.")
    assert mails()[-1].to_address == person.email
    assert said.application_id == draft.id


def test_who_has_no_part_in_it_sees_nothing(client: PageClient, application: Application, coordinator: Person) -> None:
    said = conversations.say(application, "A private matter", by=application.person, now=now())
    reviewer = factories.reviewer(application.cycle.opportunity)
    [assignment] = reviewing.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    stranger, elsewhere = factories.person("Ada", "Nwosu"), factories.coordinator(factories.opportunity())
    for who in (reviewer, stranger, elsewhere):
        client.sign_in(who)
        for path in (f"/applications/{application.id}/conversation", f"/manage/messages/{said.id}"):
            assert client.get(path).status == 404
            assert client.post(path, {"body": "Hello"}).status == 404
    assert "A private matter" not in client.sign_in(elsewhere).get("/manage/conversations").text
    assert "A private matter" not in client.sign_in(reviewer).get(f"/review/{assignment.id}").text
    assert client.get("/manage/conversations").status == 404
    assert client.sign_in(coordinator).get(f"/applications/{application.id}/conversation").status == 404
    assert db.session.query(ConversationMessage).count() == 1


def test_a_coordinator_does_not_answer_themselves(client: PageClient, application: Application) -> None:
    both = factories.coordinator(application.cycle.opportunity)
    own = factories.application(application.cycle, both, status=Status.SUBMITTED)
    said = conversations.say(own, "About me", by=both, now=now())
    client.sign_in(both)
    assert "About me" not in client.get("/manage/conversations").text
    assert client.get(f"/manage/messages/{said.id}").status == 404


def test_without_an_address_of_the_listing_every_coordinator_is_told(
    application: Application, coordinator: Person
) -> None:
    application.cycle.opportunity.contact_email = ""
    other = factories.coordinator(application.cycle.opportunity.unit)
    conversations.say(application, "Hello", by=application.person, now=now())
    assert {mail.to_address for mail in mails()} == {coordinator.email, other.email}


def test_what_cannot_be_sent_is_kept_and_said(
    client: PageClient, application: Application, coordinator: Person
) -> None:
    page = client.sign_in(application.person).get(f"/applications/{application.id}/conversation")
    empty = page.submit(button="Send message", follow=False, body=" \r\n ")
    assert (empty.status, empty.errors) == (422, ["Write your message"])
    long = page.submit(button="Send message", follow=False, body="x" * 4003)
    assert long.errors == ["Shorten “Message” by 3 characters: 4,000 fit."]
    assert long.form(button="Send message")["body"].strip() == "x" * 4003
    said = conversations.say(application, "Hello", by=application.person, now=now())
    client.sign_in(coordinator)
    assert client.post(f"/manage/messages/{said.id}", {"body": ""}).status == 422
    refused = client.post(f"/manage/applications/{application.id}/messages", {"body": ""})
    assert (refused.status, refused.errors) == (422, ["Write your message"])
    assert client.post(f"/manage/applications/{application.id}/messages", {"body": "Dear Maren"}).status == 303
    assert db.session.query(ConversationMessage).count() == 2


def test_too_many_messages_are_refused(
    client: PageClient, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(conversation_views, "within", lambda *args: bool(asked.append(args)))
    page = client.sign_in(application.person).post(f"/applications/{application.id}/conversation", {"body": "Hello"})
    assert (page.status, page.one("//textarea[@name='body']")) == (429, "Hello")
    assert page.errors == ["You have sent 20 messages within an hour. Send this one later: it stands below."]
    assert asked == [("20 per hour", "conversation", str(application.person_id))]
    assert db.session.query(ConversationMessage).count() == 0


def test_too_many_messages_of_staff_are_refused_with_their_text(
    client: PageClient, application: Application, coordinator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = conversations.say(application, "Hello", by=application.person, now=now())
    db.session.commit()
    monkeypatch.setattr(conversation_staff_views, "within", lambda *_: False)
    client.sign_in(coordinator)
    for path in (f"/manage/messages/{said.id}", f"/manage/applications/{application.id}/messages"):
        page = client.post(path, {"body": "Dear Maren"})
        assert (page.status, page.one("//textarea[@name='body']")) == (429, "Dear Maren")
        assert page.errors == ["You have sent 200 messages within an hour. Send this one later: it stands below."]
    assert db.session.query(ConversationMessage).count() == 1


def test_the_list_costs_the_same_for_any_number(app: Flask, client: PageClient, coordinator: Person) -> None:
    cycle = factories.cycle(_listing(coordinator))
    client.sign_in(coordinator).get("/manage/conversations")
    counts = []
    for number in (1, 4):
        for _ in range(number):
            made = factories.application(cycle, factories.person())
            conversations.say(made, "Hello", by=made.person, now=now())
        db.session.commit()
        with count_queries(app) as found:
            page = client.get("/manage/conversations")
        counts.append(len(found))
    assert "5 conversations wait" in page.text
    assert counts[0] == counts[1] <= 6


def _listing(coordinator: Person) -> object:
    from portal.catalogue.models import Opportunity

    return db.session.get_one(Opportunity, coordinator.memberships[0].opportunity_id)


def test_coordinators_with_a_part_in_the_application_get_no_mail_of_it(
    application: Application, coordinator: Person
) -> None:
    listing = application.cycle.opportunity
    listing.contact_email = ""
    other = factories.coordinator(listing)
    factories.member(application, coordinator, left=True)
    conversations.say(application, "May I add a page?", by=application.person, now=now())
    assert [mail.to_address for mail in mails()] == [other.email]
