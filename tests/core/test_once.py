"""A button that is pressed twice on a slow line: the second answer is that of the first, and nothing is there twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal.admin.jobs import forget_sent_forms
from portal.applications.conversation_models import ConversationMessage
from portal.applications.models import Application, Note
from portal.applications.status import Status
from portal.applications.team_models import TeamComment
from portal.catalogue.form_actions import new_form_version
from portal.catalogue.form_models import Question, Section
from portal.catalogue.models import Opportunity
from portal.core.clock import now
from portal.core.db import db
from portal.core.once import KEPT, Sent
from portal.messaging.models import Message
from tests import factories
from tests.page_client import Page, PageClient


def count(model: type) -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(model))
    return found or 0


def twice(page: Page, action: str, model: type, **typed: str) -> Page:
    """Send the form of a page twice as it stands: one row, and two answers that are the same.  Out: where they lead."""
    before = count(model)
    first = page.submit(action, follow=False, **typed)
    assert (first.status, count(model)) == (303, before + 1)
    second = page.submit(action, follow=False, **typed)
    assert (second.status, second.location, count(model)) == (303, first.location, before + 1)
    reached = second.follow()
    assert len(reached.flashes) >= 1
    return reached


@pytest.fixture
def submitted(context: None) -> Application:
    return factories.application(status=Status.SUBMITTED)


def test_a_note(client: PageClient, submitted: Application) -> None:
    staff = factories.coordinator(submitted.cycle.opportunity)
    page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}")
    reached = twice(page, "/notes", Note, body="Call her.")
    assert reached.text.count("Call her.") == 1
    page.submit("/notes", body="Call her again.")
    assert count(Note) == 2, "other words are another note, also from the page of before"
    client.get(f"/manage/applications/{submitted.id}").submit("/notes", body="Call her.")
    assert count(Note) == 3, "and so are the same words from a new page"


def test_what_was_refused_is_not_taken_for_sent(client: PageClient, submitted: Application) -> None:
    staff = factories.coordinator(submitted.cycle.opportunity)
    page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}")
    refused = page.submit("/notes", body="x" * 4001)
    assert (refused.status, count(Note), count(Sent)) == (422, 0, 0)
    assert refused.form("/notes")["once"] == page.form("/notes")["once"]
    twice(refused, "/notes", Note, body="x" * 4000)


def test_messages_of_both_sides(client: PageClient, submitted: Application) -> None:
    staff = factories.coordinator(submitted.cycle.opportunity)
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}/conversation")
    twice(page, "/conversation", ConversationMessage, body="May I add a page?")
    page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}")
    twice(page, "/messages", ConversationMessage, body="You may.")
    page = client.get(f"/manage/applications/{submitted.id}").click("Read the conversation")
    twice(page, "/messages/", ConversationMessage, body="Until Friday.")
    mails = sa.select(sa.func.count()).where(Message.template.in_(["message_to_applicant", "message_to_staff"]))
    assert db.session.scalar(mails) == 3


def test_a_comment_of_a_team(client: PageClient, context: None) -> None:
    draft = factories.application()
    draft.cycle.team_max = 4
    ren = factories.person("Ren")
    factories.member(draft, ren)
    section = draft.form.sections[0].id
    page = client.sign_in(ren).get(f"/applications/{draft.id}/team/read")
    typed = {f"s{section}-body": "Why?", f"s{section}-about": "0"}
    twice(page, f"/team/comments/{section}", TeamComment, **typed)


def test_a_listing(client: PageClient, context: None) -> None:
    factories.unit()
    page = client.sign_in(factories.admin()).get("/admin/opportunities/new")
    reached = twice(page, "/opportunities/new", Opportunity, title="Evening clinic fellowship")
    assert reached.one("//h1") == "Evening clinic fellowship"


def test_a_question_and_a_section_of_a_form(client: PageClient, context: None) -> None:
    draft = new_form_version(factories.cycle(), by=None)
    section = draft.sections[0].id
    client.sign_in(factories.admin())
    page = client.get(f"/admin/sections/{section}/questions/new")
    before = count(Question)
    answers = [page.submit("/questions/new", button="Save question", follow=False, label="Why here?") for _ in range(2)]
    assert count(Question) == before + 1
    (added,) = db.session.scalars(sa.select(Question).where(Question.label == "Why here?"))
    assert {answer.location for answer in answers} == {f"/admin/cycles/{draft.cycle_id}/form#question-{added.id}"}
    refused = page.submit("/questions/new", button="Save question", label="")
    assert refused.status == 422
    refused.submit("/questions/new", button="Save question", label="And then?")
    assert count(Question) == before + 2
    page = client.get(f"/admin/forms/{draft.id}/sections/new")
    before = count(Section)
    for _ in range(2):
        assert page.submit("/sections/new", follow=False, title="Afterwards").status == 303
    assert count(Section) == before + 1


def test_somebody_else_with_the_same_token_is_somebody_else(client: PageClient, submitted: Application) -> None:
    listing = submitted.cycle.opportunity
    page = client.sign_in(factories.coordinator(listing)).get(f"/manage/applications/{submitted.id}")
    sent = page.form("/notes") | {"body": "Seen."}
    page.submit("/notes", body="Seen.")
    client.sign_in(factories.coordinator(listing))
    del sent["csrf_token"]
    client.post(f"/manage/applications/{submitted.id}/notes", sent)
    assert count(Note) == 2


def test_what_was_sent_is_forgotten_after_a_day(client: PageClient, submitted: Application) -> None:
    staff = factories.coordinator(submitted.cycle.opportunity)
    client.sign_in(staff).get(f"/manage/applications/{submitted.id}").submit("/notes", body="Seen.")
    for ahead, left in ((KEPT - timedelta(minutes=1), 1), (KEPT + timedelta(minutes=1), 0)):
        with time_machine.travel(now() + ahead, tick=False):
            forget_sent_forms(0)
        assert count(Sent) == left


@pytest.fixture
def crowd(committed: Flask) -> tuple[Flask, list[PageClient], str, dict[str, str]]:
    """Four windows of one coordinator, with the same page in each."""
    with committed.app_context():
        application = factories.application(status=Status.SUBMITTED)
        staff = factories.coordinator(application.cycle.opportunity)
        db.session.commit()
        path = f"/manage/applications/{application.id}"
        clients = [PageClient(committed).sign_in(staff) for _ in range(4)]
    return committed, clients, path, {"body": "At once.", "once": "the-token-of-the-page"}


@pytest.mark.slow
def test_at_the_same_moment(crowd: tuple[Flask, list[PageClient], str, dict[str, str]]) -> None:
    app, clients, path, typed = crowd
    with app.app_context():
        before = count(Note)
    sent = [typed | {"csrf_token": client.token()} for client in clients]

    def press(n: int) -> tuple[int, str]:
        answer = clients[n].raw.post(f"{path}/notes", data=sent[n])
        return answer.status_code, answer.headers["Location"]

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(press, range(4)))
    assert answers == {(303, f"{path}#notes")}
    with app.app_context():
        assert count(Note) == before + 1
