"""Test applications: filled in like any other, and in no list, figure, export, mail or count but the tester's own."""

import csv
import io
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine

from portal.accounts.models import Person
from portal.accounts.status import Role
from portal.applications import queries
from portal.applications.models import Application, ApplicationTally
from portal.applications.status import Status
from portal.catalogue.form_models import Form
from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.reports import figures
from portal.review.models import ReviewSummary
from portal.review.rules import applies_too
from portal.review.staff_queries import candidates
from portal.selection import queries as selection
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.page_client import PageClient


@pytest.fixture
def cycle(context: None) -> Cycle:
    return factories.cycle(factories.opportunity(title="Winickoff Scholars"), code="WIN-27")


@pytest.fixture
def tester(cycle: Cycle) -> Person:
    return factories.coordinator(cycle.opportunity)


def form_of(cycle: Cycle) -> Form:
    return db.session.scalars(sa.select(Form).where(Form.cycle_id == cycle.id).order_by(Form.number.desc())).first()


def begin(client: PageClient, cycle: Cycle, tester: Person) -> Application:
    """A complete test application of the tester's, begun on the builder's page."""
    page = client.sign_in(tester).get(f"/admin/cycles/{cycle.id}/form").submit(button="as an applicant")
    assert page.status == 200
    assert page.flashes == [
        "This is how an applicant meets the form. Fill it in, submit it, then delete it. It counts nowhere."
    ]
    made = db.session.scalars(sa.select(Application).where(Application.is_test).order_by(Application.id.desc())).first()
    assert made is not None
    assert page.path == f"/applications/{made.id}"
    return made


def submitted_test(client: PageClient, cycle: Cycle, tester: Person) -> Application:
    made = begin(client, cycle, tester)
    complete_now(made)
    db.session.commit()
    page = client.get(f"/applications/{made.id}/check").submit(button="Submit application")
    assert page.flashes[0].startswith("Submitted.")
    return made


MARK = "Test application. Only you see it, and it counts nowhere."


def test_staff_meet_every_page_marked_and_the_mail_is_theirs(client: PageClient, cycle: Cycle, tester: Person) -> None:
    made = begin(client, cycle, tester)
    for path in (f"/applications/{made.id}", section_path(made), f"/applications/{made.id}/check"):
        assert MARK in client.get(path).text
    page = client.get(section_path(made)).submit(button="Save and continue", **{name_of(made, "title"): "Stories"})
    assert made.values == {"title": "Stories"}
    assert page.status == 200
    complete = [answer for answer in made.answers if answer.question_key == "title"]
    made.answers.remove(complete[0])
    complete_now(made)
    db.session.commit()
    page = client.get(f"/applications/{made.id}/check").submit(button="Submit application")
    assert made.reference == "WIN-27-T001"
    assert MARK in page.text
    mail = db.session.scalars(sa.select(Message).where(Message.thing_id == made.id)).one()
    assert (mail.to_address, mail.subject) == (tester.email, "Test: We received your application WIN-27-T001")
    assert mail.text_body.startswith("This is about a test application. Only you get this mail")
    assert "This is about a test application" in mail.html_body
    assert MARK in client.get(f"/applications/{made.id}/withdraw").text
    assert (cycle.last_number, cycle.last_test_number) == (0, 1)


def test_a_second_test_and_a_real_application_stand_beside_it(client: PageClient, cycle: Cycle, tester: Person) -> None:
    first, second = begin(client, cycle, tester), begin(client, cycle, tester)
    assert first.id != second.id
    client.post(f"/applications/start/{cycle.id}").follow()
    real = queries.in_cycle(tester.id, cycle.id)
    assert real is not None
    assert not real.is_test
    assert client.post(f"/applications/start/{cycle.id}").location == f"/applications/{real.id}"
    assert MARK not in client.get(f"/applications/{real.id}").text
    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        factories.application(cycle, tester)
    page = client.get("/applications")
    assert page.all("//h2") == ["One thing needs you", "Drafts", "Test applications", "Messages"]
    assert len(page.all("//a[starts-with(., 'Test: ')]")) == 2


def test_a_draft_version_and_a_cycle_that_is_not_open_can_be_tried(client: PageClient) -> None:
    cycle = factories.cycle(form=False, state=Publication.DRAFT, opens_at=None, closes_at=None)
    form = Form(cycle=cycle, number=1, state=Publication.DRAFT)
    db.session.add(form)
    db.session.flush()
    from portal.catalogue import form_actions

    section = form_actions.add_section(form, by=None, title="About the project")
    question = form_actions.add_question(section, by=None, kind="short_text", label="Project title")
    tester = factories.coordinator(cycle.opportunity)
    made = begin(client, cycle, tester)
    assert made.form_id == form.id
    page = client.get(f"/applications/{made.id}/sections/{section.id}")
    page = page.submit(button="Save and continue", **{f"q{question.id}": "Stories"})
    form_actions.update_question(question, by=tester, label="Title of your project")
    db.session.commit()
    assert "Title of your project" in client.get(f"/applications/{made.id}/check").text
    page = client.get(f"/applications/{made.id}/check").submit(button="Submit application")
    assert db.session.get_one(Application, made.id).status is Status.SUBMITTED
    other = factories.person()
    client.sign_in(other)
    assert client.post(f"/applications/start/{cycle.id}").status == 404


def test_only_who_manages_the_listing_starts_one(client: PageClient, cycle: Cycle) -> None:
    form = form_of(cycle)
    unit = cycle.opportunity.unit
    for who in (factories.person(), factories.reviewer(unit), factories.coordinator(factories.opportunity())):
        assert client.sign_in(who).post(f"/manage/forms/{form.id}/test-applications").status == 404
    client.sign_out()
    assert client.post(f"/manage/forms/{form.id}/test-applications").status == 303
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Application)) == 0
    for who in (factories.coordinator(unit), factories.admin()):
        assert client.sign_in(who).post(f"/manage/forms/{form.id}/test-applications").status == 303
    assert db.session.scalar(sa.select(sa.func.count()).where(Application.is_test)) == 2


def test_nobody_else_sees_it(client: PageClient, cycle: Cycle, tester: Person) -> None:
    made = submitted_test(client, cycle, tester)
    real = factories.application(cycle, status=Status.SUBMITTED)
    document = made.documents[0]
    other = factories.coordinator(cycle.opportunity)
    for who in (other, factories.admin(), factories.reviewer(cycle.opportunity)):
        client.sign_in(who)
        assert client.get(f"/applications/{made.id}").status == 404
        assert client.get(f"/applications/{made.id}/documents/{document.id}").status == 404
        assert client.get(f"/manage/applications/{made.id}").status == 404
        for path in ("move", "notes", "assignments"):
            assert client.post(f"/manage/applications/{made.id}/{path}", {"target": "eligible"}).status == 404
        assert made not in set(db.session.scalars(queries.visible_to(who)))
    client.sign_in(tester)
    assert client.get(f"/manage/applications/{made.id}").status == 404
    assert client.get(f"/manage/applications/{real.id}").status == 200
    assert made in set(db.session.scalars(queries.visible_to(tester)))


def lists(client: PageClient, cycle: Cycle, staff: Person) -> dict[str, Any]:
    """Every list and figure of a cycle as staff read it, in a form that can be compared."""
    db.session.expire_all()
    page = f"/manage/cycles/{cycle.id}"
    text = client.raw.get(f"{page}/export.csv").get_data().decode()
    board = selection.board(cycle, by=staff)
    ids = [row.id for row in db.session.scalars(sa.select(Application))]
    chosen = "&".join(f"id={key}" for key in ids)
    found = {name: client.get(path) for name, path in {
        "queue": page, "by score": f"{page}?sort=score", "search": f"{page}?q=calloway",
        "filtered": f"{page}?stage=submitted", "figures": f"{page}/figures", "board": f"{page}/decisions",
        "dashboard": "/manage", "cycles": "/manage/cycles", "moves": f"{page}/move?target=eligible&{chosen}",
        "assign": f"{page}/assign?{chosen}",
    }.items()}  # fmt: skip
    assert {name: page.status for name, page in found.items() if page.status != 200} == {}
    return {name: page.text for name, page in found.items()} | {
        "export": [line[0] for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))],
        "tally": {t.status: t.n for t in db.session.scalars(sa.select(ApplicationTally)) if t.n},
        "summaries": sorted(db.session.scalars(sa.select(ReviewSummary.application_id))),
        "submissions": figures.submissions([cycle], ZoneInfo("America/New_York")),
        "ranked": [row.application.id for row in board.rows],
        "total": board.total,
    }


@pytest.fixture
def one_minute() -> Iterator[None]:
    """Pages say as of which minute their figures are."""
    with time_machine.travel(now(), tick=False):
        yield


@pytest.mark.usefixtures("one_minute")
def test_it_is_in_no_list_and_in_no_figure(client: PageClient, cycle: Cycle, tester: Person) -> None:
    staff = factories.coordinator(cycle.opportunity, email="second@example.org")
    client.sign_in(staff)
    before = lists(client, cycle, staff)
    tests = [begin(client, cycle, tester), submitted_test(client, cycle, tester)]
    client.sign_in(staff)
    after = lists(client, cycle, staff)
    assert after == before
    real = factories.application(cycle, factories.person("Maren", "Calloway"), status=Status.SUBMITTED)
    db.session.commit()
    client.sign_in(staff)
    with_real = lists(client, cycle, staff)
    assert {name for name in before if with_real[name] == before[name]} <= {"cycles"}
    assert with_real["export"] == ["Reference", real.reference]
    assert with_real["tally"] == {Status.SUBMITTED: 1}
    assert with_real["summaries"] == with_real["ranked"] == [real.id]
    for made in tests:
        client.sign_in(tester).get(f"/applications/{made.id}/delete").submit(button="Delete test application")
    client.sign_in(staff)
    assert lists(client, cycle, staff) == with_real


def test_undelivered_mail_of_a_test_is_on_no_dashboard(client: PageClient, cycle: Cycle, tester: Person) -> None:
    from portal.messaging.status import Delivery
    from portal.reports.queries import undelivered

    made, real = submitted_test(client, cycle, tester), factories.application(cycle, status=Status.SUBMITTED)
    for about in (made, real):
        db.session.execute(
            sa.insert(Message).values(
                template="application_received", to_address="a@example.org", to_name="A", subject="s", text_body="t",
                reply_to="", message_id=f"{about.id}@example.org",
                html_body="h", state=Delivery.FAILED, thing_type="application", thing_id=about.id, created_at=now(),
            )
        )  # fmt: skip
    assert [application.id for _, application in undelivered(tester)] == [real.id]


def test_a_tester_who_reviews_does_not_compete(client: PageClient, cycle: Cycle, tester: Person) -> None:
    factories.membership(tester, Role.REVIEWER, opportunity=cycle.opportunity)
    begin(client, cycle, tester)
    assert not applies_too(tester.id, cycle.id)
    assert [one.competes for one in candidates(cycle)] == [False]
    factories.application(cycle, tester)
    assert applies_too(tester.id, cycle.id)
    assert [one.competes for one in candidates(cycle)] == [True]


def test_the_tester_deletes_it_even_submitted_with_its_files(client: PageClient, cycle: Cycle, tester: Person) -> None:
    made = submitted_test(client, cycle, tester)
    key, made_id = made.documents[0].storage_key, made.id
    page = client.get(f"/applications/{made_id}").click("Delete it").submit(button="Delete test application")
    assert page.path == f"/admin/cycles/{cycle.id}/form"
    assert page.flashes == ["The test application is deleted. Its answers and files are gone."]
    assert db.session.get(Application, made_id) is None
    jobs = db.session.execute(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'applications.delete_files'")
    ).scalars()
    assert [job["keys"] for job in jobs] == [[key]]
    real = factories.application(cycle, tester, status=Status.SUBMITTED)
    assert client.post(f"/applications/{real.id}/delete").status == 409


def test_mail_about_something_of_a_test_goes_to_the_tester(client: PageClient, cycle: Cycle, tester: Person) -> None:
    from portal.messaging.actions import write
    from portal.selection.models import Decision
    from portal.selection.status import Outcome

    made, real = submitted_test(client, cycle, tester), factories.application(cycle, status=Status.SUBMITTED)
    for application, address in ((made, tester.email), (real, "writer@example.org")):
        about = Decision(
            application_id=application.id, outcome=Outcome.OFFER, subject="s", body="b", decided_at=now(),
            decided_by_id=tester.id,
        )  # fmt: skip
        db.session.add(about)
        db.session.flush()
        mail = write(
            "invitation", to=("Somebody", "writer@example.org"), about=about, invited_by="Ines",
            link="http://localhost/", valid_words="one day",
        )  # fmt: skip
        assert mail.to_address == address
        assert mail.subject.startswith("Test: ") is application.is_test


def test_a_reader_is_told_who_acted(client: PageClient, cycle: Cycle, tester: Person) -> None:
    made = begin(client, cycle, tester)
    event = db.session.scalars(sa.select(audit.Event).where(audit.Event.verb == "application.test_started")).one()
    assert (event.thing_id, event.actor_id, event.facts) == (made.id, tester.id, {"cycle": cycle.id, "version": 1})
