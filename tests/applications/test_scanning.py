"""Files and the virus scanner: who may open what, while it is checked and afterwards; what happens when it is away."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal.applications import document_jobs, document_queries, scanning
from portal.applications.models import Application, Document, DocumentText
from portal.applications.rules import read_document
from portal.applications.scan_states import ScanState
from portal.applications.sheet import problems_of
from portal.applications.status import Status
from portal.core import audit, scanner, storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.scanner import Scanner, Verdict
from portal.messaging.models import Message
from portal.review import actions as reviewing
from tests import factories
from tests.applications.conftest import name_of, pdf, section_path
from tests.page_client import Page, PageClient
from tests.scanners import CLAMD, SIGNATURE, ScannerServer, clamd, eicar, server


@pytest.fixture
def fake(app: Flask) -> Iterator[ScannerServer]:
    """A scanner that works."""
    with server() as made:
        app.extensions["scanner"] = Scanner(made.address, seconds=2)
        yield made
        del app.extensions["scanner"]


def upload(client: PageClient, draft: Application, content: bytes, name: str = "cv.pdf") -> Page:
    page = client.sign_in(draft.person).get(section_path(draft, 1))
    return page.submit(button="Save and continue", **{name_of(draft, "cv"): (BytesIO(content), name)})


def given(draft: Application) -> Document:
    db.session.expire_all()
    return next(document for document in draft.documents if document.removed_at is None)


def jobs_of(task: str) -> list[tuple[int, datetime | None]]:
    rows = db.session.execute(
        sa.text("SELECT args, scheduled_at FROM procrastinate_jobs WHERE task_name = :task ORDER BY id"), {"task": task}
    )
    return [(row.args["document_id"], row.scheduled_at) for row in rows]


def infected() -> bytes:
    return pdf() + b"\n%" + eicar() + b"\n"


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).where(Message.template == template)))


def test_an_upload_waits_with_its_job(fake: ScannerServer, client: PageClient, draft: Application) -> None:
    upload(client, draft, pdf())
    document = given(draft)
    assert (document.scan_state, document.scanned_at) == (ScanState.CHECKING, None)
    assert jobs_of(scanning.SCAN) == [(document.id, None)]
    assert jobs_of(scanning.EXTRACT) == []
    page = client.get(section_path(draft, 1))
    assert "Checking for viruses" in page.text
    assert "You can go on and submit." in page.text


def test_a_safe_file_is_open_and_its_words_are_read(
    fake: ScannerServer, client: PageClient, draft: Application
) -> None:
    content = pdf(3)
    upload(client, draft, content)
    document_jobs.scan(given(draft).id)
    document = given(draft)
    assert fake.scans == [content]
    assert (document.scan_state, document.scan_signature) == (ScanState.SAFE, "")
    assert document.scanned_at is not None
    assert jobs_of(scanning.EXTRACT) == [(document.id, None)]
    assert "Safe to open" in client.get(section_path(draft, 1)).text
    document_jobs.scan(document.id)
    assert len(fake.scans) == 1


def test_a_blocked_file_is_no_answer_and_nobody_opens_it(
    fake: ScannerServer, client: PageClient, draft: Application
) -> None:
    upload(client, draft, infected(), "plan.pdf")
    assert "cv" not in problems_of(draft)
    document_jobs.scan(given(draft).id)
    document = given(draft)
    assert (document.scan_state, document.scan_signature) == (ScanState.BLOCKED, SIGNATURE)
    assert problems_of(draft)["cv"] == ["Upload a file for “Your CV”"]
    assert client.get(f"/applications/{draft.id}/documents/{document.id}").status == 404
    page = client.get(section_path(draft, 1))
    assert page.one("//*[@class='upload']/@data-tone") == "bad"
    assert "plan.pdf" in page.text
    assert "does not count as an answer. Make the file again on another computer" in page.text
    assert SIGNATURE not in page.text
    [mail] = mails("file_blocked")
    assert (mail.to_address, mail.subject) == (draft.person.email, "plan.pdf could not be accepted")
    assert "before you submit" in mail.text_body
    assert SIGNATURE not in mail.text_body + mail.html_body
    [line] = db.session.scalars(sa.select(audit.Event).where(audit.Event.verb == "document.blocked"))
    assert line.facts == {"application": draft.id, "signature": SIGNATURE}
    assert "plan.pdf" in client.get(f"/applications/{draft.id}/check").text


def test_another_file_takes_the_place_of_a_blocked_one(
    fake: ScannerServer, client: PageClient, draft: Application
) -> None:
    upload(client, draft, infected(), "plan.pdf")
    document_jobs.scan(given(draft).id)
    upload(client, draft, pdf(), "good.pdf")
    assert [one.filename for one in draft.documents if one.removed_at is None] == ["good.pdf"]
    page = client.get(section_path(draft, 1))
    assert "plan.pdf" not in page.text


def test_blocked_files_leave_room_for_others(fake: ScannerServer, client: PageClient) -> None:
    cycle = factories.cycle(form=False)
    asked = {"key": "cv", "kind": "file", "label": "Papers", "settings": {"max_files": 2}}
    factories.published_form(cycle, [("Nothing", [{"key": "a", "kind": "short_text", "label": "A"}]), ("F", [asked])])
    draft = factories.application(cycle, factories.person())
    upload(client, draft, infected(), "bad.pdf")
    document_jobs.scan(given(draft).id)
    upload(client, draft, pdf(), "one.pdf")
    upload(client, draft, pdf(), "two.pdf")
    db.session.expire_all()
    assert [one.filename for one in draft.documents if one.removed_at is None] == ["bad.pdf", "one.pdf", "two.pdf"]
    page = client.get(section_path(draft, 1)).submit(button="Remove bad.pdf")
    assert "bad.pdf" not in page.text


def test_a_file_found_out_after_submission(fake: ScannerServer, client: PageClient, complete: Application) -> None:
    """It was submitted while the scanner was slow: the applicant is told whom to write to."""
    document = given(complete)
    document.scan_state = ScanState.CHECKING
    db.session.commit()
    client.sign_in(complete.person).get(f"/applications/{complete.id}/check").submit("/submit")
    assert complete.status is Status.SUBMITTED
    document_jobs.scanning.settle(document, Verdict(SIGNATURE), now=now())
    [mail] = mails("file_blocked")
    assert "write to Ines Calloway-Brandt at scholars@example.org" in mail.text_body
    page = client.get(f"/applications/{complete.id}")
    assert "does not count as an answer" in page.text
    assert f"/documents/{document.id}" not in " ".join(page.all("//a/@href"))


STATES = [*ScanState]


@pytest.mark.parametrize("with_scanner", [True, False])
@pytest.mark.parametrize("state", STATES)
def test_who_opens_a_file_in_which_state(
    state: ScanState, with_scanner: bool, app: Flask, context: None, request: pytest.FixtureRequest
) -> None:
    if with_scanner:
        request.getfixturevalue("fake")
    application = factories.application(factories.cycle(), status=Status.IN_REVIEW)
    listing = application.cycle.opportunity
    coordinator, reviewer, stranger = factories.coordinator(listing), factories.reviewer(listing), factories.person()
    reviewing.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    document = factories.document(application)
    settle(document, state)
    open_to_others = state is ScanState.SAFE or (state is ScanState.NOT_SCANNED and not with_scanner)
    assert read_document(application.person, document) is (state is not ScanState.BLOCKED)
    assert read_document(coordinator, document) is open_to_others
    assert read_document(reviewer, document) is open_to_others
    assert read_document(stranger, document) is False


def settle(document: Document, state: ScanState) -> None:
    document.scan_state = state
    document.scanned_at = now() if state in {"safe", "blocked", "too_large"} else None
    document.scan_signature = SIGNATURE if state is ScanState.BLOCKED else ""
    db.session.commit()


WORDS = {
    ScanState.NOT_SCANNED: "Not checked for viruses, so it cannot be opened yet.",
    ScanState.CHECKING: "Being checked for viruses. It can be opened once it is safe.",
    ScanState.BLOCKED: "Blocked: the virus scanner found something in it.",
    ScanState.TOO_LARGE: "Too large for the virus scanner, so it cannot be opened.",
}


@pytest.mark.parametrize("state", WORDS)
def test_staff_and_reviewers_read_the_state_in_place_of_a_link(
    state: ScanState, fake: ScannerServer, client: PageClient
) -> None:
    application = factories.application(factories.cycle(), status=Status.IN_REVIEW)
    listing = application.cycle.opportunity
    coordinator, reviewer = factories.coordinator(listing), factories.reviewer(listing)
    [row] = reviewing.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    document = factories.document(application)
    file = f"/applications/{application.id}/documents/{document.id}"
    pages = (
        (coordinator, f"/manage/applications/{application.id}"),
        (coordinator, f"/manage/applications/{application.id}?view={document.id}"),
        (reviewer, f"/review/{row.id}?view={document.id}"),
        (reviewer, f"/review/{row.id}?view={document.id}&as=text"),
    )
    settle(document, ScanState.SAFE)
    for who, path in pages:
        page = client.sign_in(who).get(path)
        assert "okafor-lind-cv.pdf" in page.text
        assert client.raw.get(file).status_code == 200
    settle(document, state)
    for who, path in pages:
        page = client.sign_in(who).get(path)
        assert "okafor-lind-cv.pdf" in page.text
        assert WORDS[state] in page.text, path
        assert file not in page.response.get_data(as_text=True)
        assert client.get(file).status == 404


# a scanner that is away


def test_a_file_waits_while_the_scanner_is_down(fake: ScannerServer, client: PageClient, complete: Application) -> None:
    upload(client, complete, pdf(), "new.pdf")
    document = given(complete)
    fake.answer = lambda *_: b"no verdict\0"
    moment = now().replace(microsecond=0)
    waits = []
    with time_machine.travel(moment, tick=False):
        for _ in range(9):
            document_jobs.scan(document.id)
            waits.append((jobs_of(scanning.SCAN)[-1][1] or moment) - moment)
    assert waits == [timedelta(seconds=s) for s in (30, 60, 120, 240, 480, 960, 1800, 1800, 1800)]
    document = given(complete)
    assert (document.scan_state, document.scan_tries) == (ScanState.CHECKING, 9)
    client.get(f"/applications/{complete.id}/check").submit("/submit")
    assert complete.status is Status.SUBMITTED
    coordinator = factories.coordinator(complete.cycle.opportunity)
    page = client.sign_in(coordinator).get(f"/manage/applications/{complete.id}")
    assert WORDS[ScanState.CHECKING] in page.text
    fake.answer = lambda *_: b"stream: OK\0"
    document_jobs.scan(document.id)
    assert given(complete).scan_state is ScanState.SAFE


def test_a_file_waits_while_the_store_is_down(
    fake: ScannerServer, client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, draft, pdf())

    def down(key: str) -> Any:
        raise storage.StorageDown(key)

    monkeypatch.setattr(storage, "get", down)
    document_jobs.scan(given(draft).id)
    assert (given(draft).scan_state, given(draft).scan_tries) == (ScanState.CHECKING, 1)


def test_a_file_that_the_store_lost_is_said_to_be(fake: ScannerServer, client: PageClient, draft: Application) -> None:
    upload(client, draft, pdf())
    document = given(draft)
    storage.delete(document.storage_key)
    for _ in range(2):
        document_jobs.scan(document.id)
    assert given(draft).lost_at is not None
    assert problems_of(draft)["cv"] == ["Upload a file for “Your CV”"]
    page = client.get(section_path(draft, 1))
    assert "We lost this file, and it does not count as an answer. Upload it again." in page.text
    assert client.get(f"/applications/{draft.id}/documents/{document.id}").status == 404
    verbs = db.session.scalars(sa.select(audit.Event.verb).where(audit.Event.thing_type == "document")).all()
    assert verbs == ["document.lost"]
    page = client.sign_in(factories.admin()).get("/admin")
    assert "1 file lost" in page.text


def test_too_large_for_the_scanner_is_a_state_of_its_own(
    fake: ScannerServer, client: PageClient, draft: Application
) -> None:
    fake.limit = 100
    upload(client, draft, pdf())
    document_jobs.scan(given(draft).id)
    assert given(draft).scan_state is ScanState.TOO_LARGE
    assert "cv" not in problems_of(draft)
    page = client.get(section_path(draft, 1))
    assert "Too large to check" in page.text
    assert "Upload a smaller copy." in page.text
    assert mails("file_blocked") == []


def test_a_removed_file_is_not_scanned(fake: ScannerServer, client: PageClient, draft: Application) -> None:
    upload(client, draft, pdf())
    document = given(draft)
    document.removed_at = now()
    db.session.commit()
    document_jobs.scan(document.id)
    assert fake.scans == []
    assert document_jobs.look_at(10**9, [ScanState.CHECKING]) is None


def test_a_file_changed_while_it_was_scanned_keeps_its_state(
    fake: ScannerServer, client: PageClient, draft: Application
) -> None:
    upload(client, draft, pdf())
    document = given(draft)

    def meanwhile(*_: object) -> bytes:
        return b"stream: OK\0"

    fake.answer = meanwhile
    found = document_queries.held
    calls: list[int] = []

    def second_time_gone(document_id: int, states: Any) -> Document | None:
        calls.append(document_id)
        return found(document_id, states) if len(calls) == 1 else None

    document_jobs.document_queries.held = second_time_gone  # type: ignore[assignment]
    try:
        assert document_jobs.look_at(document.id, [ScanState.CHECKING]) is None
    finally:
        document_jobs.document_queries.held = found
    assert given(draft).scan_state is ScanState.CHECKING


def test_lost_jobs_are_given_again(fake: ScannerServer, client: PageClient, draft: Application) -> None:
    upload(client, draft, pdf())
    document = given(draft)
    with time_machine.travel(now() + timedelta(minutes=11)):
        document_jobs.sweep_scans(0)
        assert len(jobs_of(scanning.SCAN)) == 1
        db.session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'failed'"))
        document_jobs.sweep_scans(0)
        assert len(jobs_of(scanning.SCAN)) == 2
        document_jobs.scan(document.id)
        db.session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'failed'"))
        document_jobs.sweep_scans(0)
        assert len(jobs_of(scanning.SCAN)) == 2
        assert jobs_of(scanning.EXTRACT) == [(document.id, None)] * 2


# without a scanner


def test_without_a_scanner_files_are_open_at_once(client: PageClient, complete: Application) -> None:
    upload(client, complete, pdf(), "new.pdf")
    document = given(complete)
    assert document.scan_state is ScanState.NOT_SCANNED
    assert jobs_of(scanning.SCAN) == []
    assert jobs_of(scanning.EXTRACT) == [(document.id, None)]
    assert "Checking for viruses" not in client.get(section_path(complete, 1)).text


def test_a_scanner_taken_away_leaves_no_file_waiting(
    fake: ScannerServer, app: Flask, client: PageClient, draft: Application
) -> None:
    upload(client, draft, pdf())
    document = given(draft)
    found = app.extensions.pop("scanner")
    try:
        document_jobs.scan(document.id)
        assert given(draft).scan_state is ScanState.NOT_SCANNED
        assert jobs_of(scanning.EXTRACT) == [(document.id, None)]
        settle(document, ScanState.CHECKING)
        db.session.execute(sa.text("DELETE FROM procrastinate_jobs"))
        with time_machine.travel(now() + timedelta(minutes=11)):
            document_jobs.sweep_scans(0)
        assert given(draft).scan_state is ScanState.NOT_SCANNED
        assert document_jobs.look_at(document.id, [ScanState.NOT_SCANNED]) is None
    finally:
        app.extensions["scanner"] = found


# what admins see and do


def test_the_overview_says_how_the_scanner_stands(
    fake: ScannerServer, app: Flask, client: PageClient, draft: Application
) -> None:
    client.sign_in(factories.admin())
    assert "No file waits to be checked." in client.get("/admin").text
    document = factories.document(draft)
    assert "1 file never checked" in client.get("/admin").text
    settle(document, ScanState.CHECKING)
    assert "1 file being checked" in client.get("/admin").text
    document.uploaded_at = now() - timedelta(minutes=11)
    page = client.get("/admin")
    assert "1 file not checked" in page.text
    assert "The oldest waits for the virus scanner since" in page.text
    settle(document, ScanState.BLOCKED)
    assert "1 file blocked" in client.get("/admin").text
    settle(document, ScanState.TOO_LARGE)
    assert "1 file too large to check" in client.get("/admin").text
    found = app.extensions.pop("scanner")
    try:
        assert "Uploaded files are not checked for viruses. Set CLAMD_SOCKET" in client.get("/admin").text
    finally:
        app.extensions["scanner"] = found


def test_rescan_checks_what_came_before_the_scanner(
    app: Flask, client: PageClient, complete: Application, request: pytest.FixtureRequest
) -> None:
    run = app.test_cli_runner()
    refused = run.invoke(args=["rescan"])
    assert (refused.exit_code, refused.output) == (
        1,
        "Error: Set CLAMD_SOCKET first: there is no virus scanner to ask.\n",
    )
    fake: ScannerServer = request.getfixturevalue("fake")
    clean = given(complete)
    bad = factories.document(complete, content=infected(), filename="bad.pdf")
    large = factories.document(complete, content=pdf(9), filename="large.pdf")
    settle(large, ScanState.TOO_LARGE)
    safe = factories.document(complete, filename="safe.pdf")
    settle(safe, ScanState.SAFE)
    done = run.invoke(args=["rescan"])
    assert done.exit_code == 0, done.output
    assert done.output.split() == "3 files checked. blocked: 1, safe to open: 2".split()
    db.session.expire_all()
    assert [one.scan_state for one in (clean, bad, large)] == ["safe", "blocked", "safe"]
    assert len(fake.scans) == 3
    again = run.invoke(args=["rescan", "--all"])
    assert again.output.split() == "4 files checked. blocked: 1, safe to open: 3".split()
    assert len(mails("file_blocked")) == 1
    settle(clean, ScanState.NOT_SCANNED)
    app.extensions["scanner"] = Scanner("/nowhere/clamd.sock", seconds=1)
    stopped = run.invoke(args=["rescan"])
    assert stopped.exit_code == 1
    assert "Stopped after 0 files: it cannot be reached: No such file or directory." in " ".join(stopped.output.split())
    assert given(complete).scan_state is ScanState.NOT_SCANNED


def test_a_file_that_was_safe_and_is_not_loses_its_words(fake: ScannerServer, complete: Application) -> None:
    document = given(complete)
    settle(document, ScanState.SAFE)
    db.session.add(DocumentText(document_id=document.id, found="text", body="bad words", extracted_at=now()))
    db.session.commit()
    scanning.settle(document, Verdict(SIGNATURE), now=now())
    assert document_queries.text_of(document.id) is None


@pytest.mark.skipif(CLAMD is None, reason="clamd is not installed; .ci/run installs it")
def test_the_real_scanner_from_upload_to_block(app: Flask, client: PageClient, draft: Application) -> None:
    with clamd() as path:
        app.extensions["scanner"] = Scanner(path, seconds=20)
        try:
            upload(client, draft, pdf(), "good.pdf")
            document_jobs.scan(given(draft).id)
            assert given(draft).scan_state is ScanState.SAFE
            upload(client, draft, infected(), "bad.pdf")
            document_jobs.scan(given(draft).id)
            document = given(draft)
        finally:
            del app.extensions["scanner"]
    assert (document.filename, document.scan_state) == ("bad.pdf", ScanState.BLOCKED)
    assert document.scan_signature == f"{SIGNATURE}.UNOFFICIAL"
    assert scanner.configured() is None
