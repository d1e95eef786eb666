"""Receipts as people meet them: at submission, as a page, a mail and a PDF, and at the page that checks them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Person
from portal.applications.actions import erase, move
from portal.applications.models import Application
from portal.applications.status import Status
from portal.config import Settings
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.receipts import actions, codes, companion, jobs, queries
from portal.receipts.models import Receipt, ReceiptContent
from tests import factories
from tests.applications.conftest import complete_now
from tests.page_client import Page, PageClient
from tests.queries import count_queries


@pytest.fixture
def person(context: None) -> Person:
    return factories.person()


@pytest.fixture
def submitted(client: PageClient, person: Person) -> Application:
    """An application submitted by its own page at 7:42 am in the deployment's zone."""
    with time_machine.travel(datetime(2026, 12, 1, 12, 42, tzinfo=UTC), tick=False):
        draft = factories.application(by=person)
        complete_now(draft)
        client.sign_in(person).get(f"/applications/{draft.id}/check").submit("/submit")
    assert draft.status is Status.SUBMITTED
    client.sign_in(person)  # the session of that day is not one of today
    return draft


def receipt_of(application: Application) -> Receipt:
    found = queries.newest_of(application.id)
    assert found is not None
    return found


def code_of(application: Application) -> str:
    receipt = receipt_of(application)
    return codes.full(receipt.reference, receipt.code)


def submit_again(application: Application, title: str) -> Receipt:
    next(answer for answer in application.answers if answer.question_key == "title").value = title
    return actions.issue(application, submitted_at=now())


def check(client: PageClient, **typed: Any) -> Page:
    return client.get("/receipts").submit("/receipts", **typed)


def job_ids() -> list[int]:
    found = db.session.execute(sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'receipts.make_pdf'"))
    return [row.args["receipt_id"] for row in found]


def test_submitting_gives_out_a_receipt(submitted: Application, client: PageClient) -> None:
    receipt = receipt_of(submitted)
    assert receipt.number == 1
    assert receipt.submitted_at == submitted.submitted_at
    assert receipt.held is not None
    content = receipt.held.content
    assert content["applicant"] == "Maren Okafor-Lind"
    rows = {row["key"]: row for section in content["sections"] for row in section["rows"]}
    assert rows["title"] == {
        "key": "title", "label": "Project title", "value": "Waiting-room stories", "text": "Waiting-room stories",
        "files": [],
    }  # fmt: skip
    (document,) = submitted.documents
    assert [file["sha256"] for file in rows["cv"]["files"]] == [document.sha256]
    assert job_ids() == [receipt.id]
    [mail] = db.session.scalars(sa.select(Message).where(Message.template == "application_received"))
    for body in (mail.text_body, mail.html_body):
        assert f"{receipt.reference}-{receipt.code[:4]}-{receipt.code[4:]}" in body
        assert f"http://localhost/applications/{submitted.id}/receipt" in body
        assert "http://localhost/receipts" in body
        assert "7:42 am ET" in body
        assert "Waiting-room stories" not in body


def test_a_step_back_to_submitted_is_no_submission(submitted: Application) -> None:
    coordinator = factories.coordinator(submitted.cycle.opportunity)
    move(submitted, Status.ELIGIBLE, by=coordinator, now=now())
    move(submitted, Status.SUBMITTED, by=coordinator, now=now())
    assert len(queries.of_application(submitted.id)) == 1


def test_test_applications_get_none(client: PageClient, person: Person) -> None:
    trial = factories.application(by=person, is_test=True)
    companion.Receipts().revised(trial, object())
    draft = factories.application(by=factories.person(), is_test=True)
    move_event = type("Event", (), {"source": Status.DRAFT, "target": Status.SUBMITTED, "at": now()})()
    companion.Receipts().moved(draft, move_event)
    assert db.session.scalars(sa.select(Receipt)).all() == []


def test_the_page_of_a_receipt(submitted: Application, client: PageClient) -> None:
    page = client.get(f"/applications/{submitted.id}").click("Open your receipt")
    assert page.one("//h1") == f"Receipt {submitted.reference}"
    assert code_of(submitted) in page.text
    assert "7:42 am ET" in page.text
    assert "Listen to long-term patients." in page.text
    assert "okafor-lind-cv.pdf" in page.text
    assert "The PDF is being made. Reload this page in a minute." in page.text
    assert client.get(f"/applications/{submitted.id}/receipt.pdf").status == 404
    assert client.get(f"/applications/{submitted.id}/receipt?number=2").status == 404


def test_the_pdf_is_made_once_and_served_as_it_was_made(submitted: Application, client: PageClient) -> None:
    receipt = receipt_of(submitted)
    jobs.make_pdf(receipt.id)
    db.session.expire_all()
    held = receipt.held
    assert held is not None
    assert held.storage_key is not None
    first = storage.read(held.storage_key)
    jobs.make_pdf(receipt.id)
    jobs.make_pdf(10**9)
    db.session.expire_all()
    assert storage.read(held.storage_key) == first
    page = client.get(f"/applications/{submitted.id}").click("download it as a PDF")
    assert page.response.data == first
    assert page.response.headers["Content-Type"] == "application/pdf"
    assert page.response.headers["Content-Disposition"] == f'attachment; filename="{submitted.reference}-receipt.pdf"'
    assert page.response.headers["Cache-Control"] == "private, no-store"
    storage.delete(held.storage_key)
    page = client.get(f"/applications/{submitted.id}/receipt.pdf")
    assert (page.status, page.response.headers["Retry-After"]) == (503, "30")


def test_a_pdf_whose_row_cannot_be_written_leaves_no_bytes(
    submitted: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []
    put = storage.put
    monkeypatch.setattr(storage, "put", lambda stream: keys.append((stored := put(stream)).key) or stored)
    monkeypatch.setattr(db.session, "flush", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs.make_pdf(receipt_of(submitted).id)
    assert len(keys) == 1
    assert not storage.exists(keys[0])


def test_lost_jobs_are_given_again(submitted: Application) -> None:
    receipt = receipt_of(submitted)
    with time_machine.travel(receipt.submitted_at + timedelta(minutes=9)):
        jobs.sweep(0)
    assert job_ids() == [receipt.id]
    with time_machine.travel(receipt.submitted_at + timedelta(minutes=11)):
        jobs.sweep(0)
        assert job_ids() == [receipt.id] * 2
        jobs.make_pdf(receipt.id)
        jobs.sweep(0)
    assert job_ids() == [receipt.id] * 2


def test_nobody_else_reads_a_receipt(submitted: Application, client: PageClient) -> None:
    jobs.make_pdf(receipt_of(submitted).id)
    for who in (factories.person(), factories.coordinator(submitted.cycle.opportunity), factories.admin()):
        client.sign_in(who)
        for path in ("receipt", "receipt.pdf"):
            assert client.get(f"/applications/{submitted.id}/{path}").status == 404
    draft = factories.application(by=factories.person())
    client.sign_in(draft.person)
    assert client.get(f"/applications/{draft.id}/receipt").status == 404
    staff = client.sign_in(factories.coordinator(submitted.cycle.opportunity)).get(f"/applications/{submitted.id}")
    assert staff.status == 200
    assert "Your receipt" not in staff.text


def test_applications_of_before_there_were_receipts(client: PageClient) -> None:
    old = factories.application(status=Status.SUBMITTED)
    page = client.sign_in(old.person).get(f"/applications/{old.id}")
    assert "Your receipt" not in page.text
    assert client.get(f"/applications/{old.id}/receipt").status == 404


# checking


def test_anybody_checks_a_code(submitted: Application, client: PageClient) -> None:
    client.sign_out()
    code = code_of(submitted)
    for typed in (
        {"code": code},
        {"code": code.lower().replace("-", " ")},
        {"code": code[-9:], "reference": submitted.reference},
    ):
        page = check(client, **typed)
        assert page.one("//h2[@id='result']") == "This receipt is genuine"
        assert page.status == 200
    assert submitted.cycle.opportunity.title in page.text
    assert "7:42 am ET" in page.text
    assert "It is the latest submission of this application." in page.text
    assert receipt_of(submitted).digest[:8] in page.text
    for secret in ("Okafor", "Maren", "Waiting-room", "Listen to", "okafor-lind-cv"):
        assert secret not in page.response.get_data(as_text=True)


def test_a_link_brings_the_code_but_does_not_act(submitted: Application, client: PageClient) -> None:
    page = client.sign_out().get(f"/receipts?code={code_of(submitted)}")
    assert page.form("/receipts")["code"] == code_of(submitted)
    assert "genuine" not in page.text
    assert "This receipt is genuine" in page.submit("/receipts").text
    assert client.get("/receipts?code=" + "x" * 5000).status == 200


WRONG = ["Check the code: it belongs to no receipt of ours. It has the reference and two groups of four"]


def test_wrong_codes_fail(submitted: Application, client: PageClient) -> None:
    code = code_of(submitted)
    other = factories.application(status=Status.SUBMITTED)
    wrong = [
        {"code": code[:-1] + ("0" if code[-1] != "0" else "1")},
        {"code": code[-9:], "reference": other.reference},
        {"code": code[-9:]},
        {"code": f"{other.reference}{code[-10:]}"},
        {"code": submitted.reference},
        {"code": "'; DROP TABLE receipt; --"},
        {"code": "\0"},
    ]
    for typed in wrong:
        page = check(client.sign_out(), **typed)
        assert (page.status, page.errors) == (422, WRONG), typed
        assert page.title.startswith("Error: ")
    assert check(client, code="").errors == ["Enter the code of the receipt, or choose its PDF"]
    assert check(client, code="x" * 101).errors == ["Shorten this to 100 characters"]


@pytest.mark.parametrize("column", ["digest", "number", "reference"])
def test_a_record_changed_behind_the_portals_back_fails(
    column: str, submitted: Application, client: PageClient
) -> None:
    receipt = receipt_of(submitted)
    code = code_of(submitted)
    assert "This receipt is genuine" in check(client, code=code).text
    other = {"digest": "0" * 64, "number": 7, "reference": "OTHER-27-0001"}[column]
    setattr(receipt, column, other)
    typed = code if column != "reference" else f"OTHER-27-0001{code[-10:]}"
    assert check(client, code=typed).errors == WRONG


def test_the_pdf_is_checked_to_the_last_byte(submitted: Application, client: PageClient) -> None:
    receipt = receipt_of(submitted)
    jobs.make_pdf(receipt.id)
    pdf = client.get(f"/applications/{submitted.id}/receipt.pdf").response.data
    client.sign_out()
    page = check(client, pdf=(BytesIO(pdf), "receipt.pdf"))
    assert "This receipt is genuine" in page.text
    for altered in (pdf[:-1], pdf + b"\n", pdf.replace(b"Receipt", b"receipt", 1), b"x"):
        assert altered != pdf
        page = check(client, pdf=(BytesIO(altered), "receipt.pdf"))
        assert page.status == 422
        assert page.errors == [
            "This file is not one of our receipts as we made it: it was changed, or saved anew by another program"
        ]


def test_an_earlier_submission_is_said_to_be(submitted: Application, client: PageClient) -> None:
    first = code_of(submitted)
    receipt = submit_again(submitted, "Other stories")
    assert receipt.number == 2
    page = check(client, code=first)
    assert "This receipt is genuine" in page.text
    assert "The applicant changed the application and submitted it again later." in page.text
    second = code_of(submitted)
    assert second != first
    assert "It is the latest submission of this application." in check(client, code=second).text
    page = client.get(f"/applications/{submitted.id}/receipt")
    assert "Other stories" in page.text
    assert "Waiting-room stories" not in page.text
    page = client.get(f"/applications/{submitted.id}/receipt?number=1")
    assert "Waiting-room stories" in page.text
    assert "This is an earlier submission." in page.text
    jobs.make_pdf(receipt.id)
    page = client.get(f"/applications/{submitted.id}/receipt").click("Download as a PDF")
    assert page.response.headers["Content-Disposition"].endswith('-receipt-2.pdf"')


def test_the_companion_gives_one_for_each_submission(submitted: Application) -> None:
    revision = type("Revision", (), {"at": now()})()
    companion.Receipts().revised(submitted, revision)
    assert [receipt.number for receipt in queries.of_application(submitted.id)] == [2, 1]


def test_what_was_purged_is_still_genuine_and_tells_nothing(submitted: Application, client: PageClient) -> None:
    receipt = receipt_of(submitted)
    jobs.make_pdf(receipt.id)
    code, digest = code_of(submitted), receipt.digest
    actions.forget(submitted.id)
    assert client.get(f"/applications/{submitted.id}/receipt").status == 404
    assert db.session.scalars(sa.select(ReceiptContent)).all() == []
    assert "This receipt is genuine" in check(client, code=code).text
    db.session.expunge_all()
    db.session.execute(sa.delete(Application))
    left = db.session.scalars(sa.select(Receipt)).one()
    assert (left.application_id, left.digest) == (None, digest)
    assert "This receipt is genuine" in check(client.sign_out(), code=code).text


def test_erasing_an_application_takes_the_pdf_out_of_the_store(submitted: Application) -> None:
    application_id = submitted.id
    jobs.make_pdf(receipt_of(submitted).id)
    db.session.commit()
    db.session.expire_all()
    held = receipt_of(submitted).held
    assert held is not None
    key = held.storage_key
    erase(submitted)
    [args] = db.session.scalars(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'applications.delete_files'")
    )
    assert key in args["keys"]
    assert db.session.get(Application, application_id) is None
    assert db.session.scalars(sa.select(ReceiptContent)).all() == []


def test_deleting_an_application_takes_what_the_receipt_held(submitted: Application) -> None:
    db.session.commit()
    db.session.expunge_all()
    db.session.execute(sa.delete(Application))
    assert db.session.scalars(sa.select(ReceiptContent)).all() == []
    assert db.session.scalars(sa.select(Receipt.application_id)).all() == [None]


def test_two_receipts_of_one_number_are_refused(submitted: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "newest_number", lambda _: 0)
    with pytest.raises(IntegrityError, match="uq_receipt_number"):
        actions.issue(submitted, submitted_at=now())


@pytest.fixture
def own_key(app: Flask) -> Iterator[None]:
    settings: Settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"receipt_key": "r" * 40})
    yield
    app.config["SETTINGS"] = settings


def test_receipts_have_a_key_of_their_own(own_key: None, submitted: Application, client: PageClient) -> None:
    app = client.app
    code = code_of(submitted)
    settings: Settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"secret_key": "another-secret-key-" * 3})
    with app.app_context():
        assert actions.check_code(code) is not None
    app.config["SETTINGS"] = settings.model_copy(update={"receipt_key": "q" * 40})
    with app.app_context():
        assert actions.check_code(code) is None
    app.config["SETTINGS"] = settings


def test_guessing_is_slowed_down(throttled: Callable[[], PageClient]) -> None:
    browser = throttled()
    statuses = [check(browser, code=f"WIN-27-0042-{n:08d}").status for n in range(30)]
    assert set(statuses) == {422}
    assert check(browser, code="WIN-27-0042-0000-0031").status == 429


def test_pages_ask_few_questions(submitted: Application, client: PageClient, app: Flask) -> None:
    def count() -> int:
        with count_queries(app) as found:
            assert client.get(f"/applications/{submitted.id}/receipt").status == 200
        return len(found)

    submit_again(submitted, "Title")
    count()
    few = count()
    for n in range(5):
        submit_again(submitted, f"Title {n}")
    count()
    assert count() == few
