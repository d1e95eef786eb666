"""Plain steps and notes of coordinators, one by one and many at once."""

import pytest

from portal.accounts.models import Person
from portal.applications import staff_actions
from portal.applications.models import Application, Note
from portal.applications.refusals import WrongStep
from portal.applications.staff_queries import notes_of
from portal.applications.status import STEPS, By, Status, find_step, plain_steps, plain_steps_to
from portal.core.clock import now
from portal.core.db import db
from portal.letters.status import State
from portal.messaging.models import Message
from tests import factories
from tests.letters.factories import letter, plan, request
from tests.page_client import PageClient


@pytest.fixture
def eligible(context: None) -> Application:
    return factories.application(status=Status.ELIGIBLE)


@pytest.fixture
def staff(eligible: Application) -> Person:
    return factories.coordinator(eligible.cycle.opportunity)


def status(application: Application) -> Status:
    db.session.expire_all()
    return application.status


def mails(template: str) -> int:
    return len(db.session.scalars(db.select(Message).where(Message.template == template)).all())


def test_plain_steps_leave_decisions_to_their_own_pages() -> None:
    plain = [step for source in Status for step in plain_steps(source)]
    assert set(plain) == {step for target in Status for step in plain_steps_to(target)}
    assert set(plain) < set(STEPS)
    assert all(step.by is By.COORDINATOR and Status.DECIDED not in (step.source, step.target) for step in plain)
    assert plain_steps(Status.DECIDED) == []


def test_a_coordinator_moves_an_application(eligible: Application, staff: Person, client: PageClient) -> None:
    path = f"/manage/applications/{eligible.id}/move"
    page = client.sign_in(staff).post(path, {"target": "in_review", "status": "eligible"})
    assert (page.status, page.location) == (303, f"/manage/applications/{eligible.id}")
    assert status(eligible) is Status.IN_REVIEW
    assert mails("application_in_review") == 1
    page = client.post(path, {"target": "in_review", "status": "eligible"})
    assert page.status == 409
    assert "It is now: In review." in page.text
    assert mails("application_in_review") == 1


@pytest.mark.parametrize("target", ["decided", "offered", "withdrawn", "draft", "nonsense", ""])
def test_no_other_step_is_taken(eligible: Application, staff: Person, client: PageClient, target: str) -> None:
    page = client.sign_in(staff).post(f"/manage/applications/{eligible.id}/move", {"target": target})
    assert page.status == 409
    assert status(eligible) is Status.ELIGIBLE


def test_a_move_at_the_same_moment_is_noticed(eligible: Application, staff: Person) -> None:
    step = find_step(Status.IN_REVIEW, Status.PANEL)
    assert step is not None
    with pytest.raises(WrongStep):
        staff_actions.take_step(eligible, step, by=staff, now=now())


def test_strangers_move_and_note_nothing(eligible: Application, client: PageClient) -> None:
    for who in (factories.coordinator(factories.unit()), factories.reviewer(eligible.cycle.opportunity)):
        client.sign_in(who)
        assert client.post(f"/manage/applications/{eligible.id}/move", {"target": "panel"}).status == 404
        assert client.post(f"/manage/applications/{eligible.id}/notes", {"body": "x"}).status == 404
        assert client.get(f"/manage/cycles/{eligible.cycle_id}/move").status == 404
        assert client.post(f"/manage/cycles/{eligible.cycle_id}/move").status == 404
    client.sign_in(eligible.person)
    assert client.post(f"/manage/applications/{eligible.id}/notes", {"body": "x"}).status == 404
    assert status(eligible) is Status.ELIGIBLE


def test_many_move_after_a_check(eligible: Application, staff: Person, client: PageClient) -> None:
    other = factories.application(eligible.cycle, factories.person("Ren"), status=Status.ELIGIBLE)
    decided = factories.application(eligible.cycle, factories.person("Ada"), status=Status.DECIDED)
    ids = [eligible.id, other.id, decided.id]
    base = f"/manage/cycles/{eligible.cycle_id}/move"
    query = "&".join(f"id={key}" for key in ids)
    page = client.sign_in(staff).get(f"{base}?{query}")
    assert page.all("//select/option") == ["Submitted", "In review", "Panel"]
    assert page.one("//h1") == "Move to another stage"
    assert len(page.all("//section[@aria-labelledby='chosen']//li")) == 3
    page = client.get(f"{base}?{query}&target=in_review")
    assert "2 applications to In review, 2 emails. Nothing has happened yet." in page.text
    assert "1 application will stay" in page.text
    assert status(eligible) is Status.ELIGIBLE
    for _ in range(2):
        assert page.submit(base, button="Move 2 applications", follow=False).status == 303
    assert status(eligible) is Status.IN_REVIEW
    assert status(decided) is Status.DECIDED
    assert mails("application_in_review") == 2
    assert "No application is chosen" in client.get(base).text
    assert client.post(base, {"target": "panel"}).status == 400
    assert client.post(base, {"target": "decided", "id": [str(one) for one in ids]}).status == 303
    assert status(eligible) is Status.IN_REVIEW


def test_after_a_move_it_is_told_who_moved_and_who_stayed_and_why(
    eligible: Application, staff: Person, client: PageClient
) -> None:
    cycle = eligible.cycle
    late, done, waits = (
        factories.application(cycle, factories.person(name), status=stage)
        for name, stage in (("Ren", Status.ELIGIBLE), ("Ada", Status.DECIDED), ("Bo", Status.ELIGIBLE))
    )
    plan(cycle, quorum=1)
    for one in (eligible, late):
        letter(request(one, state=State.RECEIVED))
    query = "&".join(f"id={one.id}" for one in (eligible, late, done, waits))
    page = client.sign_in(staff).get(f"/manage/cycles/{cycle.id}/move?{query}&target=in_review")
    staff_actions.take_steps([late], Status.IN_REVIEW, by=staff, now=now())  # a colleague is quicker
    db.session.commit()
    told = page.submit("/move", button="Move 2 applications")
    assert (told.path, told.one("//progress/@value"), told.one("//progress/@max")) == (
        f"/manage/cycles/{cycle.id}/moved", "1", "4",
    )  # fmt: skip
    assert told.one("//label[@for='moved']") == "1 of 4 applications moved to In review"
    assert told.all("//section[@aria-labelledby='there']//a") == [eligible.person.full_name]
    stayed = dict(line.split(": ", 1) for line in told.all("//section[@aria-labelledby='stayed']//li"))
    assert {name.split(",")[0]: why for name, why in stayed.items()} == {
        late.person.full_name: "It is there already.",
        done.person.full_name: "There is no step to In review from Decided.",
        waits.person.full_name: f"{waits} waits for letters: 0 of 1 letter needed before review.",
    }
    again = client.get(f"/manage/cycles/{cycle.id}/moved?id={waits.id}&moved={waits.id}&target=in_review")
    assert again.one("//label[@for='moved']") == "0 of 1 application moved to In review", "the address decides nothing"
    assert "No application is chosen" in client.get(f"/manage/cycles/{cycle.id}/moved?target=nowhere").text
    client.sign_in(factories.coordinator(factories.unit()))
    assert client.get(f"/manage/cycles/{cycle.id}/moved?id={waits.id}&target=in_review").status == 404


def test_where_all_move_the_list_says_so(eligible: Application, staff: Person, client: PageClient) -> None:
    page = client.sign_in(staff).get(f"/manage/cycles/{eligible.cycle_id}/move?id={eligible.id}&target=in_review")
    page = page.submit("/move", button="Move 1 application")
    assert page.path == f"/manage/cycles/{eligible.cycle_id}"
    assert page.flashes == ["1 application moved to: In review. That was all that you selected."]


@pytest.mark.parametrize("body", ["Called <b>him</b>", "🩺 שלום", "a\0b"])
def test_notes_are_kept_as_typed(eligible: Application, staff: Person, client: PageClient, body: str) -> None:
    path = f"/manage/applications/{eligible.id}/notes"
    page = client.sign_in(staff).post(path, {"body": body})
    assert (page.status, page.location) == (303, f"/manage/applications/{eligible.id}#notes")
    db.session.expire_all()
    assert [note.body for note in notes_of(eligible.id)] == [body.replace("\0", "")]


def test_a_note_needs_words_and_has_a_limit(eligible: Application, staff: Person, client: PageClient) -> None:
    path = f"/manage/applications/{eligible.id}/notes"
    assert client.sign_in(staff).post(path, {"body": " \0 "}).errors == ["Write the note"]
    page = client.post(path, {"body": "x" * 10_000})
    assert page.errors == ["Shorten the note by 6,000 characters"]
    assert page.one("//textarea").strip() == "x" * 10_000
    assert db.session.scalars(db.select(Note)).all() == []


def test_the_panels(eligible: Application, staff: Person, client: PageClient) -> None:
    from flask import render_template
    from flask_login import login_user

    staff_actions.write_note(eligible, "Called the applicant", by=staff, now=now())
    with client.app.test_request_context():
        login_user(staff)
        moves = render_template(
            "applications_staff/_moves_panel.html", application=eligible, moves=plain_steps(eligible.status)
        )
        notes = render_template(
            "applications_staff/_notes_panel.html", application=eligible, notes=notes_of(eligible.id)
        )  # fmt: skip
    assert "Start review and send email" in moves
    assert "Record decision" not in moves
    assert "Called the applicant" in notes
