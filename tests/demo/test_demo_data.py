"""The demo data set: complete, the same for the same seed, with files that open; never mixed with others' data."""

import mailbox
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from rich.console import Console
from sqlalchemy import func, select

from portal import create_app
from portal.accounts.models import Person
from portal.applications.models import Answer, Application, ApplicationTally, Document
from portal.applications.status import Status
from portal.catalogue.form_models import Form
from portal.catalogue.models import Cycle, Opportunity, Site
from portal.catalogue.readiness import form_checks, gaps, sensitive_sentences
from portal.core import storage
from portal.core.db import db
from portal.demo import data
from portal.letters.models import Letter, LetterPlan, LetterRequest
from portal.letters.status import Mode, Sender, State
from portal.messaging.models import Message
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import AssignmentState
from tests.conftest import make_database, make_settings
from tests.page_client import PageClient

QUIET = Console(quiet=True)


def own_app(server_url: str, folder: Path, name: str) -> Flask:
    app = create_app(make_settings(make_database(server_url, name), folder))
    with app.app_context():
        upgrade(directory=str(Path(__file__).parents[2] / "migrations"))
    return app


@pytest.fixture(scope="module")
def demo(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = own_app(server_url, tmp_path_factory.mktemp("demo"), "portal_demo")
    with app.app_context():
        data.load(console=QUIET)
        yield app
        db.session.remove()
        db.engine.dispose()


def digest(app: Flask) -> list[Any]:
    with app.app_context():
        rows = db.session.execute(
            select(Person.email, Application.title, Application.status, Application.reference)
            .join(Application, Application.person_id == Person.id)
            .order_by(Application.id)
        ).all()
        scores = db.session.execute(select(Assignment.score).order_by(Assignment.id)).all()
        asked = select(LetterRequest.writer_name, LetterRequest.state, LetterRequest.waived, Letter.ratings)
        letters = db.session.execute(asked.outerjoin(LetterRequest.letters).order_by(LetterRequest.id, Letter.id)).all()
    return [*map(tuple, rows), *map(tuple, scores), *map(tuple, letters)]


def test_the_whole_fact_sheet_is_listed(demo: Flask) -> None:
    slugs = set(db.session.scalars(select(Opportunity.slug)))
    assert len(slugs) == 23
    assert {"winickoff-scholars", "advancing-teams", "newsletters", "junior-healthtech"} <= slugs
    assert db.session.scalar(select(func.count()).where(Opportunity.state == "published")) == 23


def test_each_program_has_a_form_that_could_be_published_anew(demo: Flask) -> None:
    """Newsletters alone have none: nobody applies to them."""
    forms = db.session.scalars(select(Form)).unique().all()
    assert {form.cycle.opportunity.slug for form in forms} == set(
        db.session.scalars(select(Opportunity.slug).where(Opportunity.slug != "newsletters"))
    )
    for form in forms:
        assert gaps(form_checks(form)) == sensitive_sentences(form) == [], form.cycle.opportunity.slug


def test_every_stage_holds_somebody(demo: Flask) -> None:
    found = Counter(db.session.scalars(select(Application.status)))
    assert set(found) == set(Status)
    assert db.session.scalar(select(func.count(Person.id))) == 119 + 4 + 7


def test_tallies_and_summaries_agree_with_the_rows(demo: Flask) -> None:
    counted = Counter(tuple(row) for row in db.session.execute(select(Application.cycle_id, Application.status)))
    kept = {(row.cycle_id, row.status): row.n for row in db.session.scalars(select(ApplicationTally)) if row.n}
    assert kept == dict(counted)
    means = dict(
        db.session.execute(
            select(Assignment.application_id, func.round(func.avg(Assignment.score), 2))
            .where(Assignment.state == AssignmentState.SUBMITTED)
            .group_by(Assignment.application_id)
        ).all()
    )
    assert means
    summaries = select(ReviewSummary.application_id, ReviewSummary.mean).where(ReviewSummary.mean.is_not(None))
    assert dict(db.session.execute(summaries).all()) == means


def test_files_open(demo: Flask) -> None:
    documents = db.session.scalars(select(Document).order_by(Document.id)).all()
    assert len(documents) > 100
    for document in documents[::20]:
        content = storage.read(document.storage_key)
        assert len(content) == document.size
        with pikepdf.open(BytesIO(content)) as pdf:
            assert len(pdf.pages) == document.pages == 2


def test_letters_stand_in_every_state_behind_links_that_work(demo: Flask) -> None:
    found = db.session.execute(select(LetterPlan.mode, LetterRequest.state, LetterRequest.waived).join(
        LetterRequest, LetterRequest.cycle_id == LetterPlan.cycle_id)).all()  # fmt: skip
    assert {row[1] for row in found} == set(State)
    assert {row[:2] for row in found} >= {(Mode.SHORTLIST, State.NAMED), (Mode.SHORTLIST, State.RECEIVED)}
    assert set(db.session.scalars(select(LetterPlan.mode))) == {Mode.NAMES, Mode.SHORTLIST, Mode.BEFORE_REVIEW}
    assert {row[2] for row in found if row[1] is State.RECEIVED} == {True, False}
    assert {one.sent_by for one in db.session.scalars(select(Letter))} == set(Sender)
    asked = db.session.scalars(select(LetterRequest).where(LetterRequest.by_staff)).all()
    assert {one.state for one in asked} == {State.NAMED, State.ASKED}
    for letter in db.session.scalars(select(Letter).where(Letter.storage_key.is_not(None))):
        with pikepdf.open(BytesIO(storage.read(letter.storage_key or ""))) as pdf:
            assert len(pdf.pages) == letter.pages == 1
    client = PageClient(demo)
    mails = db.session.execute(
        select(Message.text_body, LetterRequest.state).join(LetterRequest, LetterRequest.message_id == Message.id)
    ).all()
    for state in set(State) - {State.NAMED}:
        body = next(row[0] for row in mails if row[1] is state)
        path = "/recommend/" + body.split("/recommend/")[1].split()[0]
        assert client.get(path).status == (410 if state in {State.REPLACED, State.CANCELLED} else 200), state
    box = mailbox.Maildir(demo.config["SETTINGS"].data_dir / "mailbox", create=False)
    assert len(box) == sum(row[1] is not State.BOUNCED for row in mails)  # where the links of writers can be read
    assert all("/recommend/" in mail.as_string() for mail in box)


def test_a_report_of_voluntary_answers_can_be_read(demo: Flask) -> None:
    client = PageClient(demo)
    client.get("/login").submit("/login", email="admin@example.org", password=data.PASSWORD)
    page = client.get("/admin/self-identification")
    assert page.all("//*[@aria-labelledby='reports']//li/a") == [
        "Read the report of Winickoff Scholars Program, Winter 2027 cohort"
    ]
    report = page.click("Read the report of Winickoff Scholars Program, Winter 2027 cohort")
    assert len(report.all("//table")) == 3
    assert any(cell.partition(" to ")[1] for cell in report.all("//td"))


def test_loading_twice_changes_nothing(demo: Flask) -> None:
    before = digest(demo)
    data.load(console=QUIET)
    assert digest(demo) == before


def test_the_same_seed_makes_the_same_data(demo: Flask, server_url: str, tmp_path: Path) -> None:
    again = own_app(server_url, tmp_path, "portal_demo_again")
    with again.app_context():
        data.load(console=QUIET)
    assert digest(again) == digest(demo)
    with again.app_context():
        db.engine.dispose()


def test_a_large_cycle(demo: Flask) -> None:
    data.load_many(200, console=QUIET)
    cycle = db.session.scalars(select(Cycle).where(Cycle.name == "Large cycle of 200")).one()
    assert db.session.scalar(select(func.count()).where(Application.cycle_id == cycle.id)) == 200
    assert db.session.scalar(select(func.sum(ApplicationTally.n)).where(ApplicationTally.cycle_id == cycle.id)) == 200
    assert cycle.last_number == 200
    admin = db.session.scalars(select(Person).where(Person.email == "admin@example.org")).one()
    page = PageClient(demo).sign_in(admin).get(f"/manage/cycles/{cycle.id}")
    place = page.all("//thead/tr/*").index("Site") + 1
    places = page.all(f"//tbody/tr/*[{place}]")
    assert (len(places) > 20, "None" in places) == (True, False)
    answered = select(Application.id, Site.slug, Answer.value["slug"].astext).where(
        Application.cycle_id == cycle.id,
        Answer.application_id == Application.id,
        Answer.question_key == "practice_site",
    )
    rows = db.session.execute(answered.join(Site, Site.id == Application.site_id)).all()
    assert (len(rows), [row for row in rows if row[1] != row[2]]) == (200, [])


@pytest.mark.parametrize("account", ["admin", "coordinator", "reviewer", "applicant"])
def test_every_account_signs_in(demo: Flask, account: str) -> None:
    client = PageClient(demo)
    page = client.get("/login").submit("/login", email=f"{account}@example.org", password=data.PASSWORD)
    assert page.status == 200
    assert client.get("/account").status == 200


def test_other_peoples_data_is_left_alone(server_url: str, tmp_path: Path) -> None:
    app = own_app(server_url, tmp_path, "portal_not_demo")
    with app.app_context():
        db.session.execute(
            sa.insert(Person).values(
                given_name="A", family_name="B", sort_name="b, a", search_text="", email="someone@example.org",
                fs_uniquifier="x", active=True, created_at=func.now(),
            )
        )  # fmt: skip
        db.session.commit()
        with pytest.raises(data.NotEmpty):
            data.load(console=QUIET)
        assert db.session.scalar(select(func.count(Opportunity.id))) == 0
        db.session.remove()
        db.engine.dispose()
