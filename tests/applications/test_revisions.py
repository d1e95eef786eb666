"""Changing what was submitted: what stands meanwhile, what is kept, what is shown to whom, and what is dropped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.accounts.models import Person
from portal.applications import actions, change_requests, jobs, revision_actions, revisions
from portal.applications.later import ASKED, EDITED
from portal.applications.models import Application, Document
from portal.applications.refusals import Incomplete, NoDraft, NotYours, Unchanged, WrongStep
from portal.applications.revision_changes import Contents, changes, pieces
from portal.applications.revision_models import ChangeRequest, Revision
from portal.applications.rules import unlocked
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.catalogue.frozen import frozen
from portal.catalogue.refusals import Refused
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.review import actions as reviewing
from tests import factories
from tests.applications.conftest import complete_now, name_of, pdf, section_path
from tests.page_client import PageClient
from tests.queries import count_queries

OPENED = datetime(2026, 11, 1, tzinfo=UTC)
CLOSES = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)  # Mon, Dec 7, 11:59 pm in Boston


@pytest.fixture
def in_time() -> Iterator[None]:
    with time_machine.travel("2026-12-01T15:00:00+00:00", tick=False):
        yield


@pytest.fixture
def submitted(in_time: None, person: Person) -> Application:
    """A whole application to a cycle that closes on December 7, submitted on December 1."""
    cycle = factories.cycle(opens_at=OPENED, closes_at=CLOSES)
    made = factories.application(cycle, person)
    complete_now(made)
    db.session.flush()
    return actions.submit(made, by=person, now=now())


def reopened(application: Application) -> Application:
    revision_actions.reopen(application, by=application.person, now=now())
    db.session.commit()
    return application


def answer(application: Application, key: str, value: Any) -> None:
    next(each for each in application.answers if each.question_key == key).value = value
    db.session.flush()


def asked(application: Application, place: int = 0, **fields: Any) -> ChangeRequest:
    given = {
        "section_ids": [application.form.sections[place].id], "reason": "Name the site",
        "due_at": now() + timedelta(days=5), "by": factories.coordinator(application.cycle.opportunity), "now": now(),
    }  # fmt: skip
    made = change_requests.ask(application, **given | fields)
    db.session.commit()
    return made


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.template == template).order_by(Message.id)))


# the journey


def test_what_was_submitted_stands_until_the_changes_are_submitted(client: PageClient, submitted: Application) -> None:
    person, coordinator = submitted.person, factories.coordinator(submitted.cycle.opportunity)
    submitted_at, reference = submitted.submitted_at, submitted.reference
    page = client.sign_in(person).get(f"/applications/{submitted.id}")
    assert "You can change your application until Mon, Dec 7, 11:59 pm ET" in page.text
    tasks = page.submit("/edit", button="Change your application")
    assert tasks.one("//h1") == "Change your application"
    assert "What you submitted on Tue, Dec 1, 10:00 am ET stands until you submit the changes." in tasks.text
    assert "What is not submitted by then is dropped." in tasks.text
    section = client.get(section_path(submitted))
    section.submit(button="Save and go", **{name_of(submitted, "title"): "Front-desk stories"})
    assert submitted.values["title"] == "Front-desk stories"
    assert "Submit the changes to your" in client.get("/applications").text

    client.sign_in(coordinator)
    for path in (f"/manage/applications/{submitted.id}", f"/applications/{submitted.id}"):
        seen = client.get(path).text
        assert "Waiting-room stories" in seen
        assert "Front-desk stories" not in seen
    assert "Front-desk" not in client.get(f"/manage/cycles/{submitted.cycle_id}").text
    export = client.raw.get(f"/manage/cycles/{submitted.cycle_id}/export.csv").get_data(as_text=True)
    assert "Waiting-room stories" in export
    assert "Front-desk" not in export

    check = client.sign_in(person).get(f"/applications/{submitted.id}/check")
    assert check.all("//section[@aria-labelledby='differences']//ins") == ["Front-desk"]
    done = check.submit(button="Submit the changes")
    assert done.flashes == [
        "Changes submitted. Your application is read as it is now. We emailed you what changed."
    ]  # fmt: skip
    assert (submitted.submitted_at, submitted.reference, submitted.status) == (
        submitted_at, reference, Status.SUBMITTED,
    )  # fmt: skip
    assert submitted.editing_since is None
    assert submitted.title == "Front-desk stories"
    assert [each.number for each in revisions.all_of(submitted.id)] == [1, 2]
    (mail,) = mails("application_revised")
    assert "What changed: Project title." in mail.text_body

    client.sign_in(coordinator)
    staff = client.get(f"/manage/applications/{submitted.id}")
    assert "Front-desk stories" in staff.text
    assert "Submitted 2 times, last on Tue, Dec 1, 10:00 am ET." in staff.text
    history = staff.click("What changed")
    assert history.all("//del") == ["Waiting-room"]
    assert history.all("//ins") == ["Front-desk"]
    verbs = set(db.session.scalars(select(audit.Event.verb)))
    assert {"application.reopened", "application.revised"} <= verbs


def test_reviewers_read_the_last_submission_and_its_files(client: PageClient, submitted: Application) -> None:
    person, coordinator = submitted.person, factories.coordinator(submitted.cycle.opportunity)
    reviewer = factories.reviewer(submitted.cycle.opportunity)
    for target in (Status.ELIGIBLE, Status.IN_REVIEW):
        actions.move(submitted, target, by=coordinator, now=now())
    [assignment] = reviewing.assign(submitted, reviewers=[reviewer.id], by=coordinator, now=now())
    old = submitted.documents[0]
    asked(submitted, place=1)
    reopened(submitted)
    client.sign_in(person)
    section = client.get(section_path(submitted, 1))
    upload = {name_of(submitted, "cv"): (BytesIO(pdf(3)), "new-cv.pdf")}
    section.submit(button="Save and go", **upload)
    db.session.expire_all()
    new = db.session.scalars(select(Document).where(Document.filename == "new-cv.pdf")).one()
    assert old.removed_at is not None

    def opens(who: Person, document: Document) -> int:
        client.sign_in(who)._forget_last_request()
        return client.raw.get(f"/applications/{submitted.id}/documents/{document.id}").status_code

    assert (opens(person, old), opens(person, new)) == (200, 200)
    for who in (reviewer, coordinator):
        assert (opens(who, old), opens(who, new)) == (200, 404)
    client.sign_in(reviewer)
    workspace = client.get(f"/review/{assignment.id}").text
    assert old.filename in workspace
    assert "new-cv.pdf" not in workspace

    with time_machine.travel(now() + timedelta(days=2), tick=False):
        jobs.sweep_removed(0)  # the file that was submitted is kept though it was replaced
    client.sign_in(person).get(f"/applications/{submitted.id}/check").submit(button="Submit the changes")
    assert (opens(reviewer, old), opens(reviewer, new)) == (404, 200)
    assert (opens(coordinator, old), opens(coordinator, new)) == (200, 200)
    with time_machine.travel(now() + timedelta(days=2), tick=False):
        jobs.sweep_removed(0)
    assert opens(coordinator, old) == 200


def test_dropping_the_changes_brings_back_what_was_submitted(client: PageClient, submitted: Application) -> None:
    before = revisions.contents(submitted)
    reopened(submitted)
    answer(submitted, "title", "Something else")
    submitted.answers.remove(next(each for each in submitted.answers if each.question_key == "proposal"))
    submitted.documents[0].removed_at = now()
    factories.document(submitted, filename="other.pdf")
    db.session.commit()
    assert revisions.contents(submitted) != before
    asked = client.sign_in(submitted.person).get(f"/applications/{submitted.id}").click("Drop the changes")
    assert asked.one("//h1") == "Drop the changes"
    assert "What you changed since is gone for good" in asked.text
    assert asked.all("//ins")[0] == "Something"
    assert revisions.contents(submitted) != before
    page = asked.submit("/edit/stop", button="Drop")
    assert page.flashes == ["Your changes are dropped. Your application is as you submitted it."]
    db.session.expire_all()
    assert revisions.contents(submitted) == before
    assert submitted.editing_since is None
    for act in (client.get, client.post):  # a second press finds nothing open
        assert act(f"/applications/{submitted.id}/edit/stop").status == 409


def test_a_draft_has_no_changes_to_drop(client: PageClient, draft: Application) -> None:
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/edit/stop")
    assert (page.status, page.location) == (302, f"/applications/{draft.id}")


def test_what_stands_can_be_read_while_it_is_changed(client: PageClient, submitted: Application) -> None:
    reopened(submitted)
    answer(submitted, "title", "Not submitted yet")
    db.session.commit()
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}").click("as submitted")
    assert "Waiting-room stories" in page.text
    assert "Not submitted yet" not in page.text
    assert "Your receipt" in page.text
    assert page.submit("/edit", button="Go on with the changes").one("//h1") == "Change your application"
    assert submitted.values["title"] == "Not submitted yet"


def test_a_request_for_changes_is_something_to_do(client: PageClient, submitted: Application) -> None:
    client.sign_in(submitted.person)
    idle = "You do not need to do anything now."
    assert idle in client.get(f"/applications/{submitted.id}").text
    asked(submitted)
    assert idle not in client.get(f"/applications/{submitted.id}").text


def test_nothing_changed_and_things_to_fix_are_said(client: PageClient, submitted: Application) -> None:
    reopened(submitted)
    client.sign_in(submitted.person)
    check = client.get(f"/applications/{submitted.id}/check")
    assert check.errors == ["Nothing differs from what you submitted. Change something, or drop the changes."]
    assert client.post(f"/applications/{submitted.id}/submit").status == 422
    with pytest.raises(Unchanged):
        revision_actions.submit_again(submitted, by=submitted.person, now=now())
    answer(submitted, "title", "")
    db.session.commit()
    page = client.post(f"/applications/{submitted.id}/submit")
    assert page.status == 422
    assert any("Project title" in error for error in page.errors)
    with pytest.raises(Incomplete):
        revision_actions.submit_again(submitted, by=submitted.person, now=now())
    assert len(revisions.all_of(submitted.id)) == 1


# until when


def test_edits_that_go_on_keep_no_late_one_from_being_dropped(
    submitted: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    late = factories.application(
        factories.cycle(opens_at=OPENED, closes_at=CLOSES + timedelta(minutes=1)), factories.person()
    )
    complete_now(late)
    db.session.flush()
    actions.submit(late, by=late.person, now=now())
    for each in (submitted, late):
        reopened(each)
    late.cycle.closes_at = now() - timedelta(days=1)
    db.session.commit()
    jobs.drop_late_edits(0)
    db.session.expire_all()
    assert (submitted.editing_since is None, late.editing_since is None) == (False, True)


def test_after_the_deadline_an_edit_that_was_not_submitted_is_dropped(
    client: PageClient, submitted: Application
) -> None:
    reopened(submitted)
    answer(submitted, "title", "Too late")
    db.session.commit()
    jobs.drop_late_edits(0)
    assert submitted.editing_since is not None  # in time still
    with time_machine.travel("2026-12-08T05:13:59+00:00", tick=False):
        assert client.sign_in(submitted.person).get(section_path(submitted)).status == 200
    with time_machine.travel("2026-12-08T05:14:00+00:00", tick=False):
        page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}")
        assert "did not submit the changes in time" in page.text
        assert "Waiting-room stories" in page.text
        assert "Too late" not in page.text
        assert client.get(section_path(submitted)).status == 409
        assert client.post(f"/applications/{submitted.id}/submit").status == 409
        with pytest.raises(NoDraft):
            revision_actions.submit_again(submitted, by=submitted.person, now=now())
        db.session.commit()
        jobs.drop_late_edits(0)
    db.session.expire_all()
    assert submitted.editing_since is None
    assert submitted.values["title"] == "Waiting-room stories"
    assert db.session.scalars(select(audit.Event).where(audit.Event.verb == "application.edit_dropped")).one()


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("setting", [None, True, False])
@pytest.mark.parametrize("closes", [CLOSES, None])
@pytest.mark.parametrize("is_asked", [False, True])
def test_what_is_unlocked(
    in_time: None, person: Person, status: Status, setting: bool | None, closes: datetime | None, is_asked: bool
) -> None:
    cycle = factories.cycle(opens_at=OPENED, closes_at=closes, edits_until_deadline=setting)
    application = factories.application(cycle, person, status=status)
    section = application.form.sections[0].id
    if is_asked and status is not Status.DRAFT:
        row = ChangeRequest(
            application_id=application.id, section_ids=[section], reason="Why", due_at=now() + timedelta(days=30),
            asked_by=factories.admin(), asked_at=now(),
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
    found = unlocked(person, application, now())
    stays = ASKED | {Status.DECIDED}  # which is private, and reads like the selection meeting
    takes = setting if setting is not None else closes is not None
    assert found.everything is (status is Status.DRAFT or (status in EDITED and takes))
    assert (section in found) is (found.everything or (is_asked and status in stays))
    assert not unlocked(factories.person(), application, now())
    late = unlocked(person, application, now() + timedelta(days=30, minutes=14))
    assert bool(late) is ((closes is None and found.everything) or (is_asked and status in stays))
    if closes is not None:
        assert not unlocked(person, application, now() + timedelta(days=30, minutes=15))


def test_a_fixed_application_cannot_be_reopened(client: PageClient, submitted: Application) -> None:
    submitted.cycle.edits_until_deadline = False
    db.session.commit()
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}")
    assert "/edit" not in " ".join(page.all("//form/@action"))
    assert client.post(f"/applications/{submitted.id}/edit").status == 409
    with pytest.raises(NoDraft):
        revision_actions.reopen(submitted, by=submitted.person, now=now())
    for act in (revision_actions.reopen, revision_actions.stop_editing, revision_actions.submit_again):
        with pytest.raises(NotYours):
            act(submitted, by=factories.person(), now=now())


def test_an_application_from_before_revisions_gets_its_first_on_reopening(in_time: None, person: Person) -> None:
    cycle = factories.cycle(opens_at=OPENED, closes_at=CLOSES)
    old = factories.application(cycle, person, status=Status.SUBMITTED, answers={"title": "Old"})
    document = factories.document(old)
    reopened(old)
    first = revisions.last(old.id)
    assert first is not None
    assert (first.number, first.at, first.answers) == (1, old.submitted_at, {"title": "Old"})
    assert document.submitted_at == old.submitted_at
    reopened(old)
    assert len(revisions.all_of(old.id)) == 1


def test_withdrawing_while_editing_keeps_what_was_submitted(submitted: Application) -> None:
    request = asked(submitted)
    reopened(submitted)
    answer(submitted, "title", "Never submitted")
    actions.withdraw(submitted, by=submitted.person, now=now())
    assert submitted.values["title"] == "Waiting-room stories"
    assert (submitted.status, submitted.editing_since) == (Status.WITHDRAWN, None)
    assert request.cancelled_at == now()


# changes requested


def test_only_the_sections_asked_for_are_unlocked_also_after_the_deadline(
    client: PageClient, submitted: Application
) -> None:
    coordinator = factories.coordinator(submitted.cycle.opportunity)
    with time_machine.travel("2026-12-09T15:00:00+00:00", tick=False):
        staff = client.sign_in(coordinator).get(f"/manage/applications/{submitted.id}").click("Ask for changes")
        section = submitted.form.sections[0]
        page = staff.submit(
            button="Ask for changes", sections=str(section.id), reason="Name the site", due_at="2026-12-14T17:00"
        )
        assert page.flashes == ["Changes requested. We wrote to the applicant."]
        assert "Changes requested Due Mon, Dec 14, 5:00 pm ET." in page.text
        (mail,) = mails("changes_requested")
        assert mail.to_address == submitted.person.email
        assert "Name the site" in mail.text_body
        assert "until Mon, Dec 14, 5:00 pm ET: About the project." in mail.text_body

        client.sign_in(submitted.person)
        assert "Make the changes requested in your" in client.get("/applications").text
        tasks = client.get(f"/applications/{submitted.id}").submit("/edit", button="Make the changes")
        assert tasks.all("//ol[contains(@class, 'tasks')]/li//span[@class='status']")[:2] == [
            "Changes requested", "Fixed",
        ]  # fmt: skip
        assert client.get(section_path(submitted, 1)).status == 409
        locked = client.post(section_path(submitted, 1), {"remove": submitted.documents[0].id, "seen": ""})
        assert locked.status == 409
        assert submitted.documents[0].removed_at is None
        section_page = client.get(section_path(submitted))
        section_page.submit(button="Save and go", **{name_of(submitted, "title"): "Stories at Chelsea"})
        client.get(f"/applications/{submitted.id}/check").submit(button="Submit the changes")
        (answered,) = mails("changes_submitted")
        assert answered.to_address == coordinator.email
        row = db.session.scalars(select(ChangeRequest)).one()
        assert row.answered_at == now()
        assert row.revision is not None
        assert row.revision.number == 2
        assert client.post(f"/applications/{submitted.id}/edit").status == 409  # locked again
        assert "Submitted Wed, Dec 9, 10:00 am ET" in client.get(f"/applications/{submitted.id}/revisions").text
    assert submitted.status is Status.SUBMITTED


def test_when_the_date_passes_both_are_told_honestly(client: PageClient, submitted: Application) -> None:
    asked(submitted, due_at=datetime(2026, 12, 20, 17, tzinfo=UTC))
    with time_machine.travel("2026-12-21T15:00:00+00:00", tick=False):
        page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}")
        assert "You were asked for changes by Sun, Dec 20, 12:00 pm ET. That date has passed" in page.text
        staff = client.sign_in(factories.coordinator(submitted.cycle.opportunity))
        assert (
            "Changes not submitted They were due Sun, Dec 20" in staff.get(f"/manage/applications/{submitted.id}").text
        )
        again = asked(submitted, due_at=now() + timedelta(days=3))  # a new request takes its place
        assert again.is_open
    assert len(db.session.scalars(select(ChangeRequest).where(ChangeRequest.cancelled_at.is_(None))).all()) == 1


def test_more_time_and_taking_back(client: PageClient, submitted: Application) -> None:
    coordinator = factories.coordinator(submitted.cycle.opportunity)
    request = asked(submitted, due_at=datetime(2026, 12, 14, 22, tzinfo=UTC))
    page = client.sign_in(coordinator).get(f"/manage/applications/{submitted.id}/changes")
    wrong = page.submit("/more-time", button="Give more time", follow=False, more_until="2026-12-13T17:00")
    assert wrong.status == 422
    assert wrong.errors == ["Choose a time after the present one that is still to come."]
    page.submit("/more-time", button="Give more time", more_until="2026-12-16T17:00")
    assert request.due_at == datetime(2026, 12, 16, 22, tzinfo=UTC)
    assert "until Wed, Dec 16, 5:00 pm ET" in mails("changes_extended")[0].text_body
    page.submit("/cancel", button="Take the request back")
    assert request.cancelled_at == now()
    assert len(mails("changes_cancelled")) == 1
    assert client.post(f"/manage/change-requests/{request.id}/cancel").status == 409
    assert (
        client.post(f"/manage/change-requests/{request.id}/more-time", {"more_until": "2027-01-01T10:00"}).status == 409
    )
    for who in (submitted.person, factories.reviewer(submitted.cycle.opportunity)):
        client.sign_in(who)
        assert client.get(f"/manage/applications/{submitted.id}/changes").status in {403, 404}
        assert client.post(f"/manage/change-requests/{request.id}/cancel").status in {403, 404}


def test_what_cannot_be_asked(client: PageClient, submitted: Application) -> None:
    coordinator = factories.coordinator(submitted.cycle.opportunity)
    for fields, field in (({"section_ids": [1]}, "sections"), ({"due_at": now()}, "due_at")):
        with pytest.raises(Refused) as refused:
            asked(submitted, **fields)
        assert list(refused.value.errors) == [field]
    asked(submitted)
    with pytest.raises(Refused, match="Someone else asked"):
        asked(submitted)
    actions.withdraw(submitted, by=submitted.person, now=now())
    with pytest.raises(WrongStep):
        asked(submitted)
    db.session.commit()
    assert client.sign_in(coordinator).get(f"/manage/applications/{submitted.id}/changes").status == 409
    assert len(mails("changes_requested")) == 1


# differences


@given(before=st.text(max_size=300), after=st.text(max_size=300))
def test_the_pieces_are_both_texts(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(piece.text for piece in found if piece.state != "new") == before
    assert "".join(piece.text for piece in found if piece.state != "gone") == after
    if before == after:
        assert {piece.state for piece in found} <= {"same"}


def test_words_are_compared_and_not_letters() -> None:
    found = pieces("Listen to long-term patients.", "Listen to long-term neighbors.")
    assert [(piece.state, piece.text) for piece in found] == [
        ("same", "Listen to long-term "), ("gone", "patients."), ("new", "neighbors."),
    ]  # fmt: skip
    long = "word " * 3000
    assert [piece.state for piece in pieces(long, long + "x")] == ["gone", "new"]


def test_files_and_empty_answers_are_compared_too(submitted: Application) -> None:
    form = frozen(submitted.form)
    file = {"id": 1, "question_key": "cv", "filename": "a.pdf", "size": 1, "sha256": "0" * 64}
    before = Contents({"title": "One", "proposal": ""}, [file])
    after = Contents({"title": "One"}, [file | {"id": 2, "sha256": "1" * 64}])
    (change,) = changes(form, before, after)
    assert (change.label, change.before, change.after) == ("Your CV", "a.pdf", "a.pdf")
    (gone,) = changes(form, before, Contents({}, [file]))
    assert (gone.label, gone.before, gone.after) == ("Project title", "One", "")


def test_reading_costs_nothing_while_nobody_edits(submitted: Application, client: PageClient) -> None:
    with count_queries(client.app) as none:
        assert revisions.as_submitted(submitted) is submitted
    assert none == []
    reopened(submitted)
    assert submitted.editing_since is not None
    with count_queries(client.app) as one:
        view = revisions.as_submitted(submitted)
    assert len(one) == 1
    assert view.reference == submitted.reference
    assert [part.problems for part in sheet(view)] == [[], []]


def test_a_revision_number_is_given_once(submitted: Application) -> None:
    db.session.add(
        Revision(
            application_id=submitted.id, number=1, at=now(), by_id=submitted.person_id, form_id=submitted.form_id,
            answers={}, documents=[],
        )
    )  # fmt: skip
    with pytest.raises(Exception, match="uq_application_revision_number"):
        db.session.flush()
    db.session.rollback()


# what is not unlocked


def test_files_of_sections_that_were_not_asked_for_stay(client: PageClient, submitted: Application) -> None:
    with time_machine.travel(CLOSES + timedelta(days=3), tick=False):
        request = asked(submitted)
        reopened(submitted)
        (cv,) = [each for each in submitted.documents if each.removed_at is None]
        client.sign_in(submitted.person)
        assert client.post(f"/applications/{submitted.id}/documents/{cv.id}/remove").status == 409
        sent = {name_of(submitted, "title"): "New title", "remove": str(cv.id), "to": "tasks"}
        client.post(section_path(submitted), sent)
        db.session.expire_all()
        assert cv.removed_at is None
        request.section_ids = [section.id for section in submitted.form.sections]
        db.session.commit()
        assert client.post(f"/applications/{submitted.id}/documents/{cv.id}/remove").status == 303
        db.session.expire_all()
        assert cv.removed_at is not None


@pytest.mark.parametrize("action", [revision_actions.reopen, revision_actions.submit_again])
def test_whoever_gave_the_lead_away_meanwhile_neither_edits_nor_submits(submitted: Application, action: Any) -> None:
    before, after = submitted.person, factories.person("Ren", "Nakagawa")
    factories.member(submitted, before)
    assert submitted.person_id == before.id
    db.session.execute(  # as another request does: this one read the row before
        update(Application).where(Application.id == submitted.id).values(person_id=after.id),
        execution_options={"synchronize_session": False},
    )
    with pytest.raises(NotYours):
        action(submitted, by=before, now=now())


@pytest.mark.parametrize("action", [actions.submit, actions.delete_draft])
def test_nor_submits_or_deletes_the_draft(in_time: None, person: Person, action: Any) -> None:
    made, after = factories.application(by=person), factories.person("Ren", "Nakagawa")
    complete_now(made)
    db.session.flush()
    assert made.person_id == person.id
    db.session.execute(
        update(Application).where(Application.id == made.id).values(person_id=after.id),
        execution_options={"synchronize_session": False},
    )
    at = {"now": now()} if action is actions.submit else {}
    with pytest.raises(NotYours):
        action(made, by=person, **at)
