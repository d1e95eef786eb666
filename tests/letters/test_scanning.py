"""Files of letters and the virus scanner: the real daemon from upload to block, what was sent before there was one."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal.applications.scan_states import ScanState
from portal.applications.status import Status
from portal.core import storage
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.core.scanner import Scanner, Verdict
from portal.letters import queries, scan_jobs, scanning
from portal.letters.models import LetterEvent
from portal.letters.status import By, State
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.letters.test_asking import mails
from tests.letters.test_staff import asked
from tests.letters.test_writing import PDF, Desk, token_in, upload
from tests.page_client import PageClient
from tests.scanners import CLAMD, SIGNATURE, ScannerServer, clamd, eicar, server

INFECTED = PDF.replace(b"%PDF-1.4\n", b"%PDF-1.4\n%" + eicar() + b"\n")


@pytest.fixture
def fake(app: Flask) -> Iterator[ScannerServer]:
    """A scanner that works."""
    with server() as found:
        app.extensions["scanner"] = Scanner(found.address, seconds=2)
        yield found
        del app.extensions["scanner"]


def read(client: PageClient, path: str) -> bytes | None:
    """The bytes under an address, or None where there is nothing for this person."""
    client._forget_last_request()
    answer = client.raw.get(path)
    assert answer.status_code in {200, 404}
    return answer.get_data() if answer.status_code == 200 else None


@pytest.mark.skipif(CLAMD is None, reason="clamd is not installed; .ci/run installs it")
def test_the_real_scanner_from_the_writers_page_to_the_reviewers(app: Flask, client: PageClient, here: Here) -> None:
    desk = Desk(client, asked(here))
    application = desk.request.application
    with clamd(most_megabytes=1) as path:
        app.extensions["scanner"] = Scanner(path, seconds=20)
        try:
            desk.send(file=upload(INFECTED, "bad.pdf"))
            [bad] = desk.letters()
            scan_jobs.scan(bad.id)
            assert desk.state is State.OPENED
            [bad] = desk.letters()
            assert (bad.scan_state, bad.scan_signature) == (ScanState.BLOCKED, f"{SIGNATURE}.UNOFFICIAL")
            [told] = mails("letter_blocked")
            assert SIGNATURE not in told.text_body + told.html_body
            # Made here, since the test client leaves what it spools of so large a file open.
            large = made.letter_file(desk.request, PDF + b"x" * 1_100_000, "large.pdf", scan_state=ScanState.CHECKING)
            assert list(scan_jobs.look_at_all([ScanState.CHECKING])) == [ScanState.TOO_LARGE]
            [refused] = [one for one in desk.letters() if one.filename == "large.pdf"]
            assert refused.scan_state is ScanState.TOO_LARGE
            assert (large.id, desk.request.letter) == (refused.id, None)
            desk.token = token_in(told)
            desk.send(file=upload(PDF, "good.pdf"))
            good = desk.letters()[-1]
            client.sign_in(here.coordinator)
            where = f"/applications/{application.id}/letters"
            assert read(client, f"{where}/{good.id}") is None  # not before it is known to be safe
            scan_jobs.scan(good.id)
            assert read(client, f"{where}/{good.id}") == PDF
            assert read(client, f"{where}/{bad.id}") is None
        finally:
            del app.extensions["scanner"]
    assert desk.state is State.RECEIVED
    blocked = db.session.scalars(db.select(Event.facts).where(Event.verb == "letter.blocked").order_by(Event.id)).all()
    assert [one["signature"] for one in blocked] == [f"{SIGNATURE}.UNOFFICIAL", ""]


@pytest.mark.skipif(CLAMD is None, reason="clamd is not installed; .ci/run installs it")
def test_a_scanner_that_goes_away_is_asked_again(app: Flask, client: PageClient, here: Here) -> None:
    desk = Desk(client, asked(here))
    with clamd() as path:
        app.extensions["scanner"] = Scanner(path, seconds=5)
    try:
        desk.send(file=upload())
        [letter] = desk.letters()
        scan_jobs.scan(letter.id)
        [letter] = desk.letters()
        assert (letter.scan_state, letter.scan_tries) == (ScanState.CHECKING, 1)
        with clamd() as path:
            app.extensions["scanner"] = Scanner(path, seconds=20)
            scan_jobs.scan(letter.id)
        assert desk.letters()[0].scan_state is ScanState.SAFE
    finally:
        del app.extensions["scanner"]


def test_rescan_checks_letters_that_came_before_the_scanner(
    app: Flask, client: PageClient, here: Here, request: pytest.FixtureRequest
) -> None:
    good, bad, typed = (Desk(client, asked(here)) for _ in range(3))
    good.send(file=upload())
    bad.send(file=upload(INFECTED))
    typed.send(body="Typed")
    client.sign_in(here.coordinator)
    path = f"/applications/{good.request.application_id}/letters/{good.letters()[0].id}"
    assert read(client, path) == PDF  # nothing scans here
    request.getfixturevalue("fake")
    assert read(client, path) is None
    assert queries.unsettled()[ScanState.NOT_SCANNED][0] == 2
    assert "2 files" in client.sign_in(factories.admin()).get("/admin").text
    run = app.test_cli_runner()
    done = run.invoke(args=["rescan"])
    assert done.output.split() == "2 files checked. blocked: 1, safe to open: 1".split()
    assert [one.letters()[0].scan_state for one in (good, bad)] == [ScanState.SAFE, ScanState.BLOCKED]
    assert (good.state, bad.state, typed.state) == (State.RECEIVED, State.OPENED, State.RECEIVED)
    assert len(mails("letter_blocked")) == 1
    client.sign_in(here.coordinator)
    assert read(client, path) == PDF
    again = run.invoke(args=["rescan", "--all"])
    assert again.output.split() == "2 files checked. blocked: 1, safe to open: 1".split()
    assert len(mails("letter_blocked")) == 1


def test_a_false_alarm_is_taken_back_unless_something_else_came_of_it(
    fake: ScannerServer, client: PageClient, here: Here
) -> None:
    counts, declined = Desk(client, asked(here)), Desk(client, asked(here))
    for desk in (counts, declined):
        desk.send(file=upload())
        scanning.settle(desk.letters()[0], Verdict("False.Alarm"), now=now())
        db.session.commit()
        assert desk.state is State.OPENED
    declined.client.post(declined.path("/decline"))
    assert list(scan_jobs.look_at_all([ScanState.BLOCKED])) == [ScanState.SAFE, ScanState.SAFE]
    assert (counts.state, declined.state) == (State.RECEIVED, State.DECLINED)
    last = db.session.scalars(
        db.select(LetterEvent).where(LetterEvent.request_id == counts.request.id).order_by(LetterEvent.id.desc())
    ).first()
    assert last is not None
    assert (last.source, last.target, last.by) == (State.OPENED, State.RECEIVED, By.PORTAL)


def test_a_letter_without_bytes_is_left_as_it_is(fake: ScannerServer, here: Here) -> None:
    application = factories.application(here.cycle, factories.person(), status=Status.ELIGIBLE)
    request = made.request(application, state=State.RECEIVED)
    letter = made.letter_file(request, PDF, scan_state=ScanState.CHECKING, received_at=now() - timedelta(hours=1))
    assert letter.storage_key is not None
    storage.delete(letter.storage_key)
    assert scan_jobs.look_at(letter.id, [ScanState.CHECKING]) is None
    assert letter.scan_state is ScanState.CHECKING
