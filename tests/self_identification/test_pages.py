"""Asked once, after submission, on a page of its own; and nowhere else to be seen."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.self_identification import actions, queries
from portal.self_identification.actions import DECLINED_WORDS
from portal.self_identification.models import SelfIdAnswer, SelfIdAsked, SelfIdReport
from tests import factories
from tests.page_client import PageClient

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    {"key": "q1", "label": "Which garden do you keep?", "choices": ["Zucchini-Marker", "Roses", "None"]},
    {"key": "q2", "label": "Do you sing?", "choices": ["Yes", "No"]},
]


def put_in_force(*, is_on: bool = True, by: Person | None = None) -> None:
    present = queries.wording()
    actions.put_in_force(
        is_on=is_on,
        intro="Voluntary.",
        questions=QUESTIONS,
        seen=present.id if present else 0,
        by=by or factories.admin(),
        now=now(),
    )


@pytest.fixture
def asked(client: PageClient) -> Application:
    """A submitted application whose applicant is signed in, while questions are in force."""
    put_in_force()
    made = factories.application(by=factories.person(), status=Status.SUBMITTED)
    client.sign_in(made.person)
    return made


def path(application: Application) -> str:
    return f"/applications/{application.id}/self-identification"


def kept() -> list[SelfIdAnswer]:
    return list(db.session.scalars(sa.select(SelfIdAnswer)))


def test_the_page_is_offered_after_submission_and_asked_once(client: PageClient, asked: Application) -> None:
    page = client.get(f"/applications/{asked.id}").click("Open the voluntary questions")
    assert page.all("//fieldset//legend") == ["Which garden do you keep?", "Do you sing?"]
    assert page.all("//fieldset[1]//label") == ["Zucchini-Marker", "Roses", "None", DECLINED_WORDS]
    assert page.tree.xpath("//input[@checked]") == []  # nothing is chosen beforehand
    done = page.submit("/self-identification", q1="Zucchini-Marker", q2="")
    assert done.flashes == ["Thank you. We do not ask again."]
    assert "voluntary questions" not in done.text
    again = client.get(path(asked))
    assert (again.status, again.one("//h1")) == (409, "You have answered already")
    assert "You answered these questions, or declined to, and we ask once." in again.text
    assert "There is nothing more to do." in again.text
    assert "Zucchini-Marker" not in again.text
    assert again.click("Open your application").path == f"/applications/{asked.id}"
    assert client.post(path(asked), {"q1": "Roses"}).one("//h1") == "You have answered already"
    assert [answer.choices for answer in kept()] == [{"q1": "Zucchini-Marker"}]


@pytest.mark.parametrize("sent", [{}, {"q1": "", "q2": ""}, {"q1": "Not offered", "q2": "<script>"}])
def test_declining_is_an_answer_like_the_others(client: PageClient, asked: Application, sent: dict[str, str]) -> None:
    done = client.get(path(asked)).submit("/self-identification", **sent)
    assert done.flashes == ["Thank you. We do not ask again."]
    assert [answer.choices for answer in kept()] == [{}]
    assert client.get(path(asked)).one("//h1") == "You have answered already"


def test_sent_twice_at_once_it_is_kept_once(asked: Application) -> None:
    actions.answer(asked, choices={"q1": "Roses"})
    actions.answer(asked, choices={"q1": "None"})
    assert [answer.choices for answer in kept()] == [{"q1": "Roses"}]


def test_only_the_applicant_of_a_submitted_application_is_asked(client: PageClient, asked: Application) -> None:
    assert client.get(path(asked)).status == 200
    for other in (factories.admin(), factories.coordinator(asked.cycle.opportunity)):
        client.sign_in(other)
        assert client.get(path(asked)).status == 403  # as they read the application; whether it was answered or not
        assert "voluntary questions" not in client.get(f"/applications/{asked.id}").text
    client.sign_in(factories.person())
    assert client.get(path(asked)).status == 404
    draft = factories.application(by=factories.person())
    client.sign_in(draft.person)
    assert "once you have submitted" in client.get(path(draft)).text


def test_switched_off_nobody_is_asked(client: PageClient, asked: Application) -> None:
    assert client.get(path(asked)).status == 200
    put_in_force(is_on=False)
    off = client.get(path(asked))
    assert (off.status, off.one("//h1")) == (403, "These questions are not asked")
    assert "voluntary questions" not in client.get(f"/applications/{asked.id}").text


def test_an_answer_names_no_person_no_application_and_no_time(asked: Application) -> None:
    actions.answer(asked, choices={"q1": "Roses"})
    columns = SelfIdAnswer.__table__.columns
    assert {column.name for column in columns} == {"subject", "cycle_id", "wording_id", "choices"}
    targets = {key.target_fullname for column in columns for key in column.foreign_keys}
    assert targets == {"cycle.id", "self_id_wording.id"}
    assert {column.name for column in SelfIdAsked.__table__.columns} == {"application_id"}
    [answer] = kept()
    assert answer.subject == actions.subject_of(asked.id)
    assert str(asked.id).encode() not in answer.subject
    told = db.session.scalars(sa.select(Event.verb).where(Event.thing_type.like("self_id%"))).all()
    assert told == ["self-identification.worded"]  # the audit trail does not say that, or when, somebody answered


def test_no_other_feature_can_read_what_was_said() -> None:
    """Only what deletes people's data, puts the application together or makes up the demo imports the package."""
    allowed = {"portal/__init__.py", "portal/privacy", "portal/demo"}
    readers = []
    for module in sorted((ROOT / "portal").rglob("*.py")):
        name = module.relative_to(ROOT).as_posix()
        if name.startswith(("portal/self_identification", *allowed)):
            continue
        for node in ast.walk(ast.parse(module.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            readers += [name for each in names if "self_identification" in each]
        readers += [name] if "self_id_answer" in module.read_text() else []
    assert readers == []


def pages_of(app: Flask, application: Application) -> Iterator[str]:
    """Every address that can be read, with the ids of this application and its cycle in it."""
    ids = {"application_id": application.id, "cycle_id": application.cycle_id, "to": "dark"}
    ids |= {"opportunity_id": application.cycle.opportunity_id, "person_id": application.person_id}
    ids |= {"form_id": application.form_id, "slug": application.cycle.opportunity.slug}
    for route in app.url_map.iter_rules():
        if "GET" in (route.methods or ()) and set(route.arguments) <= ids.keys():
            with app.test_request_context():
                yield app.url_map.bind("localhost").build(route.endpoint, {key: ids[key] for key in route.arguments})


def test_it_is_on_no_page_export_or_feed(app: Flask, client: PageClient, asked: Application) -> None:
    """Looked for by a word that only the answer holds; that it is kept, and where it shows, is shown first."""
    reviewer = factories.reviewer(asked.cycle.opportunity)
    coordinator, admin = factories.coordinator(asked.cycle.opportunity), factories.admin()
    questions = client.get(path(asked))
    assert "Zucchini-Marker" in questions.text
    questions.submit("/self-identification", q1="Zucchini-Marker", q2="Yes")
    assert [answer.choices for answer in kept()] == [{"q1": "Zucchini-Marker", "q2": "Yes"}]
    seen, found = 0, []
    for who in (asked.person, reviewer, coordinator, admin):
        client.sign_in(who)
        for address in pages_of(app, asked):
            client._forget_last_request()
            answer = client.raw.get(address)
            seen += answer.status_code == 200
            if b"Zucchini-Marker" in answer.data and not address.startswith("/admin/self-identification"):
                found.append((who.full_name, address))
    assert seen > 60
    assert found == []


@pytest.fixture
def over(client: PageClient) -> Cycle:
    """A cycle that closed eight days ago, with 22 roses, 10 others and 2 who declined; an admin is signed in."""
    put_in_force()
    cycle = factories.cycle(opens_at=now() - timedelta(days=60), closes_at=now() - timedelta(days=8))
    for choice in ["Roses"] * 22 + ["None"] * 10 + [""] * 2:
        one = factories.application(cycle, factories.person(), status=Status.SUBMITTED)
        actions.answer(one, choices={"q1": choice, "q2": "Yes"})
    client.sign_in(factories.admin())
    return cycle


def rows(page: object, place: int) -> list[str]:
    cells = page.all(f"(//table)[{place}]//tr[td]/*")  # type: ignore[attr-defined]
    return [" ".join(pair) for pair in zip(cells[::2], cells[1::2], strict=True)]


def test_a_closed_cycle_is_counted_once_and_stays_as_it_is(client: PageClient, over: Cycle) -> None:
    page = client.get("/admin/self-identification").submit("/reports/", button="Count this cycle")
    first = ["Zucchini-Marker Left out", "Roses 15 to 29", "None 5 to 19", f"{DECLINED_WORDS} Left out"]
    assert rows(page, 1) == first
    assert page.tree is not None  # words wrap beside the counts, so that no table scrolls on a telephone
    assert page.tree.xpath("//th[@scope='row'][not(contains(@class, 'wrap'))]") == []
    assert rows(page, 2) == ["Yes Left out", "No Left out", f"{DECLINED_WORDS} Left out"]  # all alike
    late = factories.application(over, factories.person(), status=Status.SUBMITTED)
    actions.answer(late, choices={"q1": "Zucchini-Marker", "q2": "No"})
    again = client.post(f"/admin/self-identification/reports/{over.id}").follow()
    assert again.flashes == ["This cycle was counted already. Its report stays as it is."]
    assert rows(again, 1) == first
    actions.forget([late.id])
    assert len(kept()) == 34


def test_too_few_who_answered_are_not_counted(client: PageClient, context: None) -> None:
    """Twelve people who all gave one answer, and four each of three."""
    put_in_force()
    cycle = factories.cycle(opens_at=now() - timedelta(days=60), closes_at=now() - timedelta(days=8))
    for choice in ["Yes", "No", ""] * 4:
        one = factories.application(cycle, factories.person(), status=Status.SUBMITTED)
        actions.answer(one, choices={"q1": "Roses", "q2": choice})
    client.sign_in(factories.admin())
    page = client.post(f"/admin/self-identification/reports/{cycle.id}").follow()
    for place, answers in enumerate((["Zucchini-Marker", "Roses", "None"], ["Yes", "No"]), 1):
        assert rows(page, place) == [f"{words} Left out" for words in (*answers, DECLINED_WORDS)]


def test_once_counted_nobody_is_asked_any_more(client: PageClient, over: Cycle) -> None:
    late = factories.application(over, factories.person(), status=Status.SUBMITTED)
    client.sign_in(late.person)
    assert client.get(path(late)).status == 200
    client.sign_in(factories.admin())
    client.post(f"/admin/self-identification/reports/{over.id}")
    client.sign_in(late.person)
    assert client.get(path(late)).status == 403


@pytest.mark.parametrize("closes", [timedelta(days=3), -timedelta(days=6), None])
def test_a_cycle_is_not_counted_while_answers_can_come(
    client: PageClient, over: Cycle, closes: timedelta | None
) -> None:
    over.closes_at = now() + closes if closes is not None else None
    db.session.commit()
    page = client.post(f"/admin/self-identification/reports/{over.id}").follow()
    assert page.flashes == ["This cycle cannot be counted yet. Wait until it has been closed for a week."]
    assert db.session.get(SelfIdReport, over.id) is None
    assert client.get(f"/admin/self-identification/reports/{over.id}").status == 404


def test_a_rolling_cycle_is_counted_once_it_is_put_away(client: PageClient, over: Cycle) -> None:
    over.closes_at, over.state = None, Publication.ARCHIVED
    db.session.commit()
    assert rows(client.post(f"/admin/self-identification/reports/{over.id}").follow(), 1)[1] == "Roses 15 to 29"


def test_the_admin_words_the_questions_and_each_wording_keeps_its_date(client: PageClient, context: None) -> None:
    client.sign_in(factories.admin())
    page = client.get("/admin/self-identification")
    assert page.form("/self-identification")["questions-0-label"] == "What is your gender?"
    wrong = page.submit(
        button="Put in force",
        **{"questions-0-choices": "One", "questions-1-choices": "A\nA", "questions-2-label": "", "intro": ""},
    )
    assert wrong.status == 422
    assert wrong.errors == [
        "Write the text above the questions.",
        "Write at least two choices, one a line.",
        "Remove the choice that stands there twice.",
        "Write the question that these choices answer.",
    ]
    page = wrong.submit(
        button="Put in force",
        intro="Voluntary.",
        is_on="y",
        **{
            "questions-0-choices": "One\nTwo",
            "questions-1-label": "",
            "questions-1-choices": "",
            "questions-2-choices": "",
        },
    )
    assert page.flashes == ["Saved. Applicants are asked in these words from now on."]
    none = page.submit(button="Put in force", **{"questions-0-label": "", "questions-0-choices": ""})
    assert none.errors == ["Write at least one question."]
    put_in_force()
    stale = page.submit(button="Put in force", intro="Mine")
    assert stale.status == 409
    assert stale.form("/self-identification")["intro"].strip() == "Mine"
    assert stale.errors == ["Someone else saved first. Theirs is the newest below; save again to keep yours."]
    assert stale.submit(button="Put in force", is_on=None).flashes == ["Saved. Nobody is asked."]
    assert [len(wording.questions) for wording in queries.wordings()] == [1, 2, 1]


def test_only_admins_see_the_pages(client: PageClient, over: Cycle) -> None:
    assert client.get("/admin/self-identification").status == 200
    client.post(f"/admin/self-identification/reports/{over.id}")
    client.sign_in(factories.coordinator(over.opportunity))
    assert client.get("/admin/self-identification").status == 404
    assert client.get(f"/admin/self-identification/reports/{over.id}").status == 404
    assert client.post(f"/admin/self-identification/reports/{over.id}").status == 404


def test_staff_who_try_a_form_are_not_asked_and_not_counted(client: PageClient, context: None) -> None:
    put_in_force()
    made = factories.application(by=factories.person(), status=Status.SUBMITTED)
    page = client.sign_in(made.person).get(f"/applications/{made.id}")
    assert "Open the voluntary questions" in page.text
    made.is_test = True
    db.session.commit()
    assert "Open the voluntary questions" not in client.get(f"/applications/{made.id}").text
    assert client.get(path(made)).status == 403
    assert client.post(path(made), {"q1": "Roses"}).status == 403
    assert kept() == []


def test_nothing_that_the_database_remembers_of_a_row_joins_answers_to_applications(context: None) -> None:
    """Transaction, command and place of a row: each answer shares them with all others of its cycle, or none."""
    put_in_force()
    cycle = factories.cycle()
    made = [factories.application(cycle, factories.person(), status=Status.SUBMITTED) for _ in range(6)]
    for application in made:
        with db.session.begin_nested():  # a transaction of its own, as PostgreSQL counts them
            actions.answer(application, choices={"q1": "Roses"})
    joined = db.session.execute(
        sa.text("SELECT a.application_id, b.subject FROM self_id_asked a JOIN self_id_answer b ON a.xmin = b.xmin")
    ).all()
    assert {row.application_id for row in joined} == {made[-1].id}  # all six answers are of the last one's
    assert {row.subject for row in joined} == {actions.subject_of(each.id) for each in made}
    places = db.session.scalars(sa.text("SELECT subject FROM self_id_answer ORDER BY ctid")).all()
    assert [bytes(one) for one in places] == sorted(actions.subject_of(each.id) for each in made)
    assert db.session.scalar(sa.text("SELECT count(DISTINCT cmin::text) FROM self_id_answer")) == 1


def test_another_secret_key_loses_no_answer_where_the_key_of_answers_is_kept(
    app: Flask, context: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the operations page says: with a new SECRET_KEY, the old one goes into SELF_IDENTIFICATION_KEY."""
    settings = app.config["SETTINGS"]
    before = actions.subject_of(7)
    new = settings.model_copy(update={"secret_key": "another-secret-key-" * 3})
    monkeypatch.setitem(app.config, "SETTINGS", new)
    assert actions.subject_of(7) != before
    kept = new.model_copy(update={"self_identification_key": settings.secret_key})
    monkeypatch.setitem(app.config, "SETTINGS", kept)
    assert actions.subject_of(7) == before
