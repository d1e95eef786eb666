"""Sections asked later, only of those invited: what they are no part of before, and all that an invitation does."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import actions, change_requests, jobs, revision_actions, revisions
from portal.applications.models import Application
from portal.applications.refusals import AskedLater, Incomplete, WrongStep
from portal.applications.revision_models import ChangeRequest
from portal.applications.saving import save_section
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.transfer import NotAnswers, import_answers
from portal.catalogue.frozen import frozen
from portal.catalogue.refusals import Refused
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.review import actions as reviewing
from tests import factories
from tests.applications.conftest import complete_now, name_of, pdf, section_path
from tests.page_client import Page, PageClient

pytestmark = pytest.mark.usefixtures("in_december")
OPENED, CLOSES = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 8, 5, tzinfo=UTC)
DUE = datetime(2026, 12, 20, 22, tzinfo=UTC)  # Sun, Dec 20, 5:00 pm in Boston
DAY = {"key": "half_day", "kind": "short_text", "label": "Which half-day?", "profile_field": "organization"}
PLAN = {"key": "plan", "kind": "file", "label": "The plan", "required": False}
REPORT = {"key": "report", "kind": "long_text", "label": "What came of it?"}
LATER = [("Schedule", [DAY, PLAN]), ("Report at the end", [REPORT])]
SCHEDULE, END = 2, 3  # places of the two sections in the form
CLOSED = "“Schedule” is asked later, only of those invited to complete it. We write to you if you are."


@pytest.fixture
def draft(context: None, person: Person) -> Application:
    """A draft with all that is asked at once, in a form that asks two sections later; the deadline is in a while."""
    dates: dict[str, Any] = {"opens_at": OPENED, "closes_at": now() + timedelta(days=2)}
    cycle = factories.cycle(form=False, edits_until_deadline=False, **dates)
    titles = [title for title, _ in LATER]
    factories.published_form(cycle, [*factories.DEFAULT_QUESTIONS, *LATER], later=titles)
    made = factories.application(cycle, person)
    complete_now(made)
    db.session.commit()
    return made


@pytest.fixture
def submitted(draft: Application) -> Application:
    made = actions.submit(draft, by=draft.person, now=now())
    db.session.commit()
    return made


@pytest.fixture
def staff(draft: Application) -> Person:
    return factories.coordinator(draft.cycle.opportunity)


def invited(application: Application, *places: int, by: Person, **fields: Any) -> ChangeRequest:
    ids = [application.form.sections[place].id for place in places or (SCHEDULE,)]
    given: dict[str, Any] = {"section_ids": ids, "reason": "An opening fits.", "due_at": DUE, "by": by, "now": now()}
    made = change_requests.invite(application, **given | fields)
    db.session.commit()
    return made


def badges(page: Page) -> list[str]:
    return page.all("//ol[contains(@class, 'tasks')]/li//span[@class='status']")


def complete(client: PageClient, application: Application, **answers: Any) -> Page:
    """Complete the schedule on its page and submit it, as the person invited."""
    client.sign_in(application.person).post(f"/applications/{application.id}/edit")
    answers = answers or {"half_day": "Tuesday morning"}
    named = {name_of(application, key): value for key, value in answers.items()}
    client.get(section_path(application, SCHEDULE)).submit(button="Save and go", **named)
    return client.get(f"/applications/{application.id}/check").submit(button="Submit")


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.template == template).order_by(Message.id)))


# before anybody asks


def test_a_section_asked_later_is_no_part_of_the_first_submission(client: PageClient, draft: Application) -> None:
    assert [section.title for section in frozen(draft.form).sections][SCHEDULE:] == ["Schedule", "Report at the end"]
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}")
    assert badges(page) == ["Complete", "Complete", "Ready"]
    assert "Asked later, only of those invited: Schedule; Report at the end." in page.text
    assert "2 of 2 sections complete" in client.get("/applications").text
    check = client.get(f"/applications/{draft.id}/check")
    assert "Schedule" not in check.text
    done = check.submit(button="Submit application")
    assert done.flashes[0].startswith("Submitted.")
    assert "Which half-day?" not in done.text
    assert "Asked later, only of those invited: Schedule; Report at the end. We write to you if you are." in done.text
    assert "half-day" not in client.get(f"/applications/{draft.id}/receipt").text
    assert "half_day" not in str(revisions.contents(draft))


@pytest.mark.parametrize("is_submitted", [False, True])
def test_nobody_writes_in_it_before(client: PageClient, draft: Application, staff: Person, is_submitted: bool) -> None:
    if is_submitted:  # and something else is unlocked
        actions.submit(draft, by=draft.person, now=now())
        change_requests.ask(
            draft, section_ids=[draft.form.sections[0].id], reason="Why", due_at=DUE, by=staff, now=now()
        )
        revision_actions.reopen(draft, by=draft.person, now=now())
    client.sign_in(draft.person)
    path, name, plan = section_path(draft, SCHEDULE), name_of(draft, "half_day"), name_of(draft, "plan")
    seen = client.get(path)
    assert (seen.status, seen.one("//h1")) == (409, "This section is asked later")
    assert CLOSED in seen.text
    sent = client.post(path, {name: "Tuesday morning", "seen": ""})
    assert sent.status == 409
    assert CLOSED in sent.text
    assert "What you had typed" in sent.text
    assert "Tuesday morning" in sent.text
    script = {"X-Requested-With": "fetch", "Accept": "application/json"}
    saved = client.post(f"{path}/autosave", {name: "Tuesday morning", "seen": f"{name[1:]}:-"}, headers=script)
    assert (saved.status, saved.response.json["reason"]) == (409, CLOSED)
    upload = {plan: (BytesIO(pdf()), "plan.pdf")}
    for address in (path, f"{path}/files/{plan[1:]}"):
        assert client.post(address, dict(upload), multipart=True, headers=script).status == 409
        upload = {plan: (BytesIO(pdf()), "plan.pdf")}
    assert client.get(f"{path}/files/{plan[1:]}", headers=script).status == 409
    with pytest.raises(AskedLater):
        save_section(
            draft, frozen(draft.form).sections[SCHEDULE], by=draft.person, now=now(), typed={}, uploads={}, seen=None
        )
    db.session.expire_all()
    assert "half_day" not in draft.values
    assert {each.question_key for each in draft.documents} == {"cv"}


def test_an_edit_before_the_deadline_leaves_it_closed(client: PageClient, submitted: Application) -> None:
    submitted.cycle.edits_until_deadline = True
    db.session.commit()
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}").submit("/edit", button="Change your")
    assert badges(page)[:2] == ["As submitted", "As submitted"]
    assert len(badges(page)) == 3
    assert client.get(section_path(submitted)).status == 200
    assert client.get(section_path(submitted, SCHEDULE)).status == 409


def test_answers_that_are_brought_in_are_refused_whole(draft: Application) -> None:
    brought = {"title": "Another title", "half_day": "Tuesday morning"}
    with pytest.raises(NotAnswers, match="“Schedule” of Draft"):
        import_answers(draft, brought, by=draft.person, now=now())
    db.session.expire_all()
    assert draft.values["title"] == "Waiting-room stories"


# invited


def test_an_invitation_and_its_answer(client: PageClient, submitted: Application, staff: Person) -> None:
    page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}").click("Ask for changes, or invite")
    assert page.all("//form[@aria-labelledby='ask']//label")[:2] == ["About the project", "Documents"]
    assert "Schedule" not in page.one("//form[@aria-labelledby='ask']")
    empty = page.submit("/invitation", follow=False)
    assert empty.status == 422
    assert empty.errors == [
        "Choose at least one section to complete.",
        "Write why you invite them, or what to look out for.",
        "Choose the day and time until which they can complete it.",
    ]
    key = str(submitted.form.sections[SCHEDULE].id)
    page = page.submit("/invitation", later=key, words="An opening fits.", invited_until="2026-12-20T17:00")
    assert page.flashes == ["Invited. We wrote to the applicant."]
    assert "Invited to complete Due Sun, Dec 20, 5:00 pm ET." in page.text
    (mail,) = mails("invited_to_complete")
    assert mail.subject == "Invited to complete by Sun, Dec 20, 5:00 pm ET: Schedule"
    assert "invites you to complete more of your application" in mail.text_body
    assert "An opening fits." in mail.html_body
    assert "hange" not in mail.subject + mail.text_body.partition("--")[0]
    assert mails("changes_requested") == []

    client.sign_in(submitted.person)
    assert "Complete your" in client.get("/applications").one("//section[@aria-labelledby='todo']//a")
    own = client.get(f"/applications/{submitted.id}")
    assert "Which half-day?" not in own.text  # nothing is unanswered before they begin
    tasks = own.submit("/edit", button="Complete your application")
    assert tasks.one("//h1") == "Complete your application"
    assert badges(tasks) == ["Fixed", "Fixed", "Invited, due Dec 20", "Not yet"]
    assert "Asked later, only of those invited: Report at the end." in tasks.text
    assert client.get(section_path(submitted)).status == 409
    assert client.get(section_path(submitted, END)).status == 409
    check = client.get(f"/applications/{submitted.id}/check")
    assert check.errors[0] == "Answer “Which half-day?”"
    assert check.all("//a[starts-with(., 'Change ')]") == ["Change Schedule"]
    assert client.post(f"/applications/{submitted.id}/submit").status == 422
    with pytest.raises(Incomplete):
        revision_actions.submit_again(submitted, by=submitted.person, now=now())
    done = complete(client, submitted)
    assert done.flashes == ["Submitted. What you completed is part of your application now. We emailed you a receipt."]
    assert "Tuesday morning" in done.text
    assert [each.number for each in revisions.all_of(submitted.id)] == [1, 2]
    assert submitted.given_section_ids == [submitted.form.sections[SCHEDULE].id]
    assert "Tuesday morning" in client.get(f"/applications/{submitted.id}/receipt").text
    assert mails("application_revised")[0].subject == f"We received what you completed in {submitted.reference}"
    assert mails("changes_submitted")[0].to_address == staff.email
    assert "What is new: Which half-day?." in mails("changes_submitted")[0].text_body
    assert client.get(section_path(submitted, SCHEDULE)).status == 409  # fixed again
    verbs = set(db.session.scalars(select(audit.Event.verb)))
    assert {"application.invited", "application.revised"} <= verbs
    assert "application.changes_asked" not in verbs


def test_once_answered_it_is_read_like_any_other(client: PageClient, submitted: Application, staff: Person) -> None:
    reviewer = factories.reviewer(submitted.cycle.opportunity)
    for target in (Status.ELIGIBLE, Status.IN_REVIEW):
        actions.move(submitted, target, by=staff, now=now())
    [assignment] = reviewing.assign(submitted, reviewers=[reviewer.id], by=staff, now=now())
    invited(submitted, by=staff)
    client.sign_in(submitted.person).post(f"/applications/{submitted.id}/edit")
    named = {name_of(submitted, "half_day"): "Friday noon", name_of(submitted, "plan"): (BytesIO(pdf()), "plan.pdf")}
    client.get(section_path(submitted, SCHEDULE)).submit(button="Save and go", **named)

    def readers() -> list[str]:
        found = [client.sign_in(reviewer).get(f"/review/{assignment.id}").text]
        client.sign_in(staff)
        path = f"/applications/{submitted.id}"
        found += [client.get(each).text for each in (path, f"/manage{path}")]
        path = f"/manage/cycles/{submitted.cycle_id}/export.csv"
        return [*found, client.raw.get(path).get_data(as_text=True)]

    for text in readers():
        assert "Waiting-room stories" in text
        assert "Friday noon" not in text
        assert "plan.pdf" not in text
    client.sign_in(submitted.person).get(f"/applications/{submitted.id}/check").submit(button="Submit")
    for text in readers():
        assert "Friday noon" in text
        assert "plan.pdf" in text
    assert "Report at the end" not in client.get(f"/manage/applications/{submitted.id}").text
    page = client.get(f"/manage/applications/{submitted.id}/changes")  # it can be corrected as the others can
    assert "Schedule" in page.one("//form[@aria-labelledby='ask']")
    assert "Schedule" not in page.one("//form[@aria-labelledby='invite']")


def test_when_the_date_passes_it_stays_unanswered(client: PageClient, submitted: Application, staff: Person) -> None:
    invited(submitted, by=staff)
    client.sign_in(submitted.person).post(f"/applications/{submitted.id}/edit")
    tab = client.get(section_path(submitted, SCHEDULE))
    tab.submit(button="Save and go", **{name_of(submitted, "half_day"): "Begun"})
    with time_machine.travel(DUE + timedelta(hours=1), tick=False):
        client.sign_in(submitted.person)
        typed = tab.form(button="Save and go") | {
            name_of(submitted, "half_day"): "Too late",
            "csrf_token": client.token(),
        }
        late = client.post(section_path(submitted, SCHEDULE), typed)
        assert late.status == 409
        assert "You were invited to complete more of it by Sun, Dec 20, 5:00 pm ET" in late.text
        assert client.post(f"/applications/{submitted.id}/submit").status == 409
        db.session.commit()
        jobs.drop_late_edits(0)
        db.session.expire_all()
        assert "half_day" not in submitted.values
        assert submitted.given_section_ids == []
        own = client.get(f"/applications/{submitted.id}")
        assert "You were invited to complete more by Sun, Dec 20, 5:00 pm ET. That date has passed" in own.text
        assert "Which half-day?" not in own.text
        page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}")
        assert "Not completed It was due Sun, Dec 20, 5:00 pm ET." in page.text
        page = page.click("Give more time").submit("/more-time", more_until="2026-12-24T17:00")
        assert mails("changes_extended")[0].subject.startswith("You have until Thu, Dec 24, 5:00 pm ET to complete")
        complete(client, submitted)
        assert submitted.values["half_day"] == "Tuesday morning"


def test_what_was_filled_in_is_dropped_and_can_be_filled_in_again(
    client: PageClient, submitted: Application, staff: Person
) -> None:
    request = invited(submitted, by=staff)
    client.sign_in(submitted.person).post(f"/applications/{submitted.id}/edit")
    client.get(section_path(submitted, SCHEDULE)).submit(
        button="Save and go", **{name_of(submitted, "half_day"): "Thursday"}
    )
    page = client.get(f"/applications/{submitted.id}").click("Drop what you filled in")
    assert page.one("//h1") == "Drop what you filled in"
    assert "Thursday" in page.text
    page.submit("/edit/stop", button="Drop what you filled in")
    db.session.expire_all()
    assert "half_day" not in submitted.values
    assert request.is_open
    complete(client, submitted)
    assert submitted.values["half_day"] == "Tuesday morning"


def test_an_invitation_is_taken_back(client: PageClient, submitted: Application, staff: Person) -> None:
    request = invited(submitted, by=staff)
    revision_actions.reopen(submitted, by=submitted.person, now=now())
    page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}/changes")
    page = page.submit("/cancel", button="Take the invitation back")
    assert page.flashes == ["Invitation taken back. We wrote to the applicant."]
    assert request.cancelled_at == now()
    assert mails("changes_cancelled")[0].subject == f"Nothing more is needed any more: {submitted.reference}"
    assert "The invitation to complete more of" in mails("changes_cancelled")[0].html_body
    assert client.sign_in(submitted.person).get(section_path(submitted, SCHEDULE)).status == 409


def test_what_one_cannot_be_invited_to(client: PageClient, submitted: Application, staff: Person) -> None:
    first = submitted.form.sections[0].id
    for fields, field in (({"section_ids": [first]}, "later"), ({"due_at": now()}, "invited_until")):
        with pytest.raises(Refused) as refused:
            invited(submitted, by=staff, **fields)
        assert list(refused.value.errors) == [field]
    ids = [submitted.form.sections[SCHEDULE].id]
    with pytest.raises(Refused):
        change_requests.ask(submitted, section_ids=ids, reason="Why", due_at=DUE, by=staff, now=now())
    invited(submitted, by=staff)
    with pytest.raises(Refused, match="Someone else asked"):
        invited(submitted, END, by=staff)
    path = f"/manage/applications/{submitted.id}/invitation"
    for who in (submitted.person, factories.reviewer(submitted.cycle.opportunity), factories.person()):
        assert client.sign_in(who).post(path).status in {403, 404}


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.NOT_SELECTED, Status.WAITLISTED, Status.DECIDED])
def test_not_once_it_is_over_or_decided_in_private(client: PageClient, draft: Application, status: Status) -> None:
    other = factories.application(draft.cycle, factories.person(), status=status)
    who = factories.coordinator(draft.cycle.opportunity)
    with pytest.raises(WrongStep):
        invited(other, by=who)
    assert client.sign_in(who).post(f"/manage/applications/{other.id}/invitation").status == 409
    assert [part.section.title for part in sheet(other)] == ["About the project", "Documents"]
