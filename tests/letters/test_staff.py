"""The coordinator's side: the plan, the overview, uploads, the shortlist, what review waits for; jobs and scanning."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from flask import Flask

from portal.applications.scan_states import ScanState
from portal.applications.status import Status
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.core.scanner import ScannerDown, TooLargeToScan, Verdict
from portal.letters import asking, jobs, scan_jobs, staff_queries
from portal.letters.models import Letter, LetterOverride, LetterPlan, LetterRequest
from portal.letters.refusals import Refused
from portal.letters.status import Mode, Sender, State
from portal.messaging.models import Message
from portal.review.models import Assignment
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.letters.test_asking import mails
from tests.letters.test_writing import PDF, Desk, stand, upload
from tests.page_client import PageClient
from tests.queries import count_queries


@pytest.fixture
def staff(client: PageClient, here: Here) -> PageClient:
    return client.sign_in(here.coordinator)


def test_a_plan_is_made_changed_and_audited(staff: PageClient, here: Here) -> None:
    db.session.delete(here.plan)
    db.session.commit()
    page = staff.get(f"/admin/cycles/{here.cycle.id}").click("Letters")
    page = page.submit(
        button="Save letters",
        mode="before_review",
        wanted="3",
        quorum="2",
        guidance="Be **frank**.",
        question_1="Good?",
    )
    assert page.flashes == ["Letters saved. Requests that were made already keep the words that they were made with."]
    plan = db.session.get_one(LetterPlan, here.cycle.id)
    assert (plan.mode, plan.wanted, plan.quorum, plan.questions) == (Mode.BEFORE_REVIEW, 3, 2, ["Good?"])
    assert plan.waiver_words.startswith("I give up my right to read this letter.")
    [event] = db.session.scalars(db.select(Event).where(Event.verb == "letter-plan.changed"))
    assert event.facts["changes"]["wanted"] == [2, 3]
    wrong = page.submit(button="Save letters", quorum="4", wanted="6")
    assert wrong.status == 422
    assert wrong.errors == ["Enter a whole number from 1 to 5 for “Letters for each applicant”."]
    wrong = page.submit(button="Save letters", quorum="4", wanted="3")
    assert wrong.errors == ["Ask for at most as many letters before review as each applicant needs."]
    stale = page.submit(button="Save letters", wanted="2", version="0")
    assert stale.status == 409
    assert "Someone else saved first." in stale.text


def test_a_plan_without_letters_says_who_was_asked_already(staff: PageClient, here: Here) -> None:
    path = f"/admin/cycles/{here.cycle.id}/letters"
    made.request(here.draft)
    made.request(here.draft, state=State.BOUNCED)
    for state in (State.RECEIVED, State.DECLINED, State.NAMED, State.CANCELLED):
        made.request(here.draft, state=state)
    page = staff.get(path).submit(button="Save letters", mode="none")
    assert page.flashes == [
        "Letters saved. 2 people were asked and did not answer yet. We did not write to them: their links say that no "
        "letter is needed."
    ]
    page = staff.get(path).submit(button="Save letters", mode="before_review")
    assert page.flashes[0].endswith("keep the words that they were made with.")


def test_a_plan_is_nobody_elses(client: PageClient, here: Here) -> None:
    for who in (here.applicant, here.reviewer, factories.coordinator(factories.unit())):
        client.sign_in(who)
        assert client.get(f"/admin/cycles/{here.cycle.id}/letters").status == 404
        assert client.get(f"/manage/cycles/{here.cycle.id}/letters").status == 404


def asked(here: Here, state: State = State.ASKED, **fields: object) -> LetterRequest:
    application = factories.application(here.cycle, factories.person(), status=Status.ELIGIBLE)
    return made.request(application, state=state, **fields)


def test_the_overview_filters_by_what_became_of_each(staff: PageClient, here: Here) -> None:
    for state, name in ((State.ASKED, "Ada"), (State.BOUNCED, "Bo"), (State.RECEIVED, "Cy"), (State.DECLINED, "Di")):
        asked(here, state, name=name)
    made.request(here.draft, "Nobody sees a draft's")
    path = f"/manage/cycles/{here.cycle.id}/letters"

    def writers(query: str = "") -> list[str]:
        return staff.get(path + query).all("//tbody/tr/td[1]/text()")

    assert writers() == ["Ada", "Bo", "Cy", "Di"]
    assert writers("?show=waiting") == ["Ada"]
    assert writers("?show=overdue") == []
    assert writers("?show=bounced") == ["Bo"]
    assert writers("?show=received") == ["Cy"]
    assert writers("?show=nonsense") == writers()
    here.plan.due_at = now() - timedelta(minutes=1)
    page = staff.get(f"{path}?show=overdue")
    assert page.all("//tbody/tr/td[2]") == ["Overdue"]
    assert page.all("//ul[@class='views']//a") == [
        "All 4", "Waiting 1", "Overdue 1", "Received 1", "Bounced 1", "Declined 1", "Named 0",
    ]  # fmt: skip


DECIDED = [Status.DECIDED, Status.OFFERED, Status.WAITLISTED, Status.NOT_SELECTED]


@pytest.mark.parametrize("status", [Status.PANEL, *DECIDED])
def test_after_a_decision_nobody_is_waited_for(staff: PageClient, here: Here, status: Status) -> None:
    here.plan.due_at = now() - timedelta(minutes=1)
    waits = status is Status.PANEL
    one, back = asked(here, name="Ada"), asked(here, State.BOUNCED, name="Bo")
    for request in (one, back):
        stand(request.application, status)
    path = f"/manage/cycles/{here.cycle.id}/letters"
    page = staff.get(path)
    n = 1 if waits else 0
    assert page.all("//ul[@class='views']//a")[:3] == ["All 2", f"Waiting {n}", f"Overdue {n}"]
    assert page.all("//tbody/tr/td[2]") == ["Overdue" if waits else "Not waited for", "Bounced"]
    for query in ("waiting", "overdue"):
        assert len(staff.get(f"{path}?show={query}").all("//tbody/tr")) == n
    file = staff.get(f"/manage/applications/{one.application_id}")
    says = "Review of this application is over, so its letters stay as they are."
    assert (says in file.text) is not waits
    assert (file.all("//a[starts-with(., 'Upload a letter')]") != []) is waits
    upload_page = staff.get(f"/manage/recommenders/{one.id}/upload")
    assert upload_page.status == (200 if waits else 409)
    assert (says in upload_page.text) is not waits
    hint = "take the application back to the panel first."
    assert (hint in upload_page.text) is (status is Status.DECIDED)
    assert staff.post(f"/manage/recommenders/{one.id}/remind").status == 409, "it was due already"
    correct = staff.get(f"/manage/recommenders/{back.id}/address").submit("/address", address="bo@hospital.example")
    assert (says in " ".join(correct.errors)) is not waits


def test_a_decision_while_the_staff_upload_keeps_what_they_typed(staff: PageClient, here: Here) -> None:
    request = asked(here)
    page = staff.get(f"/manage/recommenders/{request.id}/upload")
    stand(request.application, Status.DECIDED)
    refused = page.submit("/upload", body="She is the best I have known.")
    assert refused.status == 422
    assert refused.errors[0].startswith("Review of this application is over, so its letters stay as they are.")
    assert refused.form("/upload")["body"].strip() == "She is the best I have known."
    assert db.session.query(Letter).count() == 0
    stand(request.application, Status.PANEL)
    assert refused.submit("/upload").flashes[0].startswith("The letter is here.")
    assert db.session.query(Letter).count() == 1


def test_the_overview_pages_and_costs_the_same_for_any_number(staff: PageClient, here: Here, app: Flask) -> None:
    path, counted = f"/manage/cycles/{here.cycle.id}/letters", []
    for number in (1, 60):
        for n in range(number):
            asked(here, name=f"Writer {n}")
        staff.get(path)
        with count_queries(app) as found:
            page = staff.get(path)
        counted.append(len(found))
    assert len(page.all("//tbody/tr")) == 50
    assert len(page.click("Next").all("//tbody/tr")) == 11
    assert counted[0] == counted[1]


def test_the_staff_upload_for_a_writer_and_who_sent_it_is_kept(staff: PageClient, here: Here) -> None:
    request = asked(here)
    staff.get(f"/manage/applications/{request.application_id}")  # its form is kept from here on, and the page read once
    path = f"/manage/recommenders/{request.id}/upload"
    page = staff.get(path)
    refused = page.submit("/upload", sender="")
    assert (refused.status, refused.errors) == (422, ["Write who sent the letter to you."])
    assert page.submit("/upload", body="").errors == ["Choose a file, or type the letter."]
    bad = staff.post(path, {"sender": "T", "way": "Post", "file": upload(b"no", "a.pdf")}, multipart=True)
    assert bad.errors[0].startswith("Replace a.pdf: a letter is PDF or Word (.docx).")
    fields = {"sender": "His secretary", "way": "Post", "file": upload()}
    page = staff.post(path, fields, multipart=True).follow()
    assert page.flashes[0].startswith("The letter is here.")
    assert "from His secretary (post)" in page.text
    [letter] = db.session.scalars(db.select(Letter))
    assert (letter.sent_by, letter.person_id, letter.how) == (Sender.STAFF, here.coordinator.id, "Post")
    db.session.expire_all()
    assert request.state is State.RECEIVED
    [event] = db.session.scalars(db.select(Event).where(Event.verb == "letter.received"))
    assert (event.actor_id, event.facts["sender"]) == (here.coordinator.id, "staff")
    assert "the staff of Winickoff Scholars Program uploaded your letter" in mails("letter_thanks")[0].text_body


def test_the_staff_remind_and_correct(staff: PageClient, here: Here) -> None:
    request = asked(here)
    page = staff.get(f"/manage/applications/{request.application_id}").submit("/remind")
    assert page.flashes == [f"We reminded {request.writer_name}. They can be reminded again in two days."]
    assert staff.post(f"/manage/recommenders/{request.id}/remind").status == 409
    bounced = asked(here, State.BOUNCED)
    page = staff.get(f"/manage/recommenders/{bounced.id}/address").submit("/address", address="new@hospital.example")
    assert page.flashes[0].endswith("again. Their old link opens nothing any more.")
    assert mails("letter_requested")[0].to_address == "new@hospital.example"


def test_review_waits_for_the_quorum_unless_a_coordinator_says_why_not(staff: PageClient, here: Here) -> None:
    here.plan.quorum = 1
    request = asked(here)
    application = request.application
    waits = f"{application} waits for letters: 0 of 1 letter needed before review."
    path = f"/manage/applications/{application.id}"
    page = staff.get(path)
    assert waits in page.text
    refused = staff.post(f"{path}/move", {"target": "in_review", "status": "eligible"})
    assert refused.status == 409
    assert waits in refused.text
    refused = staff.post(f"{path}/assignments", {"reviewers": str(here.reviewer.id)})
    assert refused.errors == [waits]
    many = staff.get(f"/manage/cycles/{here.cycle.id}/move?id={application.id}&target=in_review")
    assert "1 application will wait" in many.text
    staff.post(f"/manage/cycles/{here.cycle.id}/move", {"id": str(application.id), "target": "in_review"})
    db.session.expire_all()
    assert application.status is Status.ELIGIBLE
    page = page.click("Start review without them")
    assert page.submit("/override", reason=" ").errors == ["Say why review starts without the letters."]
    page = page.submit("/override", reason="The writer is ill.")
    assert page.flashes[0].startswith("Review can start.")
    assert "Review starts without the letters: The writer is ill." in page.text
    [event] = db.session.scalars(db.select(Event).where(Event.verb == "letters.overridden"))
    assert (event.actor_id, event.facts) == (here.coordinator.id, {"reason": "The writer is ill."})
    assert staff.post(f"{path}/move", {"target": "in_review", "status": "eligible"}).status == 303
    db.session.expire_all()
    assert application.status is Status.IN_REVIEW
    assert db.session.scalar(db.select(LetterOverride.person_id)) == here.coordinator.id


def test_review_starts_by_itself_once_enough_letters_are_there(staff: PageClient, here: Here) -> None:
    here.plan.quorum = 1
    request = asked(here, State.RECEIVED)
    made.letter(request)
    path = f"/manage/applications/{request.application_id}"
    assert staff.post(f"{path}/assignments", {"reviewers": str(here.reviewer.id)}).status == 303
    assert staff.post(f"{path}/move", {"target": "in_review", "status": "eligible"}).status == 303
    assert db.session.scalar(db.select(db.func.count()).select_from(Assignment)) == 1


def test_writers_are_reminded_once_in_the_last_three_days(here: Here) -> None:
    here.plan.due_at = now() + timedelta(days=2)
    long_ago, lately = now() - timedelta(days=9), now() - timedelta(hours=30)
    due = asked(here, asked_at=long_ago)
    asked(here, asked_at=lately)  # within three days of the deadline already
    asked(here, asked_at=long_ago, reminders=3, reminded_at=long_ago)
    asked(here, State.RECEIVED, asked_at=long_ago)
    jobs.remind_before_deadline(0)
    jobs.remind_before_deadline(0)
    assert [mail.to_address for mail in mails("letter_reminder")] == [due.writer_address]
    assert due.reminders == 1


@pytest.mark.parametrize("status", [Status.DECIDED, Status.NOT_SELECTED, Status.WITHDRAWN])
def test_no_mail_goes_to_writers_once_review_is_over(status: Status, staff: PageClient, here: Here) -> None:
    here.plan.due_at = now() + timedelta(days=2)
    waits = asked(here, asked_at=now() - timedelta(days=9))
    bounced = made.request(waits.application, state=State.BOUNCED)
    assert asking.why_no_reminder(waits, here.plan, now()) == ""
    stand(waits.application, status)
    jobs.remind_before_deadline(0)
    assert staff.post(f"/manage/recommenders/{waits.id}/remind").status == 409
    page = staff.post(f"/manage/recommenders/{bounced.id}/address", {"name": "T", "address": "new@hospital.example"})
    over = "The applicant withdrew" if status is Status.WITHDRAWN else "Review of this application is over"
    assert (page.status, len(page.errors), page.errors[0].startswith(over)) == (422, 1, True)
    assert mails("letter_reminder") + mails("letter_requested") == []


def deferred(task: str) -> list[dict[str, object]]:
    rows = db.session.scalars(
        db.text("SELECT args FROM procrastinate_jobs WHERE task_name = :t ORDER BY id"), {"t": task}
    )
    return list(rows)


def test_the_weekly_list_goes_to_each_address_once_and_can_be_stopped(here: Here, client: PageClient) -> None:
    long_ago = now() - timedelta(days=9)
    one = asked(here, asked_at=long_ago, writer_address="ada@hospital.example")
    two = asked(here, asked_at=long_ago, writer_address="ADA@hospital.example")
    asked(here, asked_at=now(), writer_address="new@hospital.example")
    asked(here, State.RECEIVED, asked_at=long_ago)
    jobs.weekly_digest(0)
    assert [str(row["address"]).lower() for row in deferred(jobs.WRITE_DIGEST)] == ["ada@hospital.example"]
    jobs.write_digest("ada@hospital.example")
    [mail] = mails("letter_digest")
    assert mail.subject == "2 letters wait for you"
    for request in (one, two):
        assert request.application.person.full_name in mail.text_body
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail.headers["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
    assert client.get(address).status == 200
    client.raw.post(address, data={"List-Unsubscribe": "One-Click"})
    client._forget_last_request()
    db.session.execute(db.text("DELETE FROM procrastinate_jobs"))
    jobs.weekly_digest(0)
    jobs.write_digest("ada@hospital.example")
    assert deferred(jobs.WRITE_DIGEST) == []
    assert len(mails("letter_digest")) == 1
    page = client.get("/recommend/" + mail.text_body.split("/recommend/")[1].split("\n")[0])
    assert "2 letters wait for you." in page.text


class Scanner:
    """A scanner that says what it is told to."""

    says: Verdict | Exception = Verdict()

    def scan(self, chunks: Iterable[bytes]) -> Verdict:
        assert b"".join(chunks) == PDF
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def clamd(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Scanner:
    made_up = Scanner()
    monkeypatch.setitem(app.extensions, "scanner", made_up)
    return made_up


@pytest.mark.parametrize(
    ("says", "state", "request_state"),
    [
        (Verdict(), ScanState.SAFE, State.RECEIVED),
        (Verdict("Eicar"), ScanState.BLOCKED, State.OPENED),
        (TooLargeToScan(), ScanState.TOO_LARGE, State.OPENED),
        (ScannerDown("no"), ScanState.CHECKING, State.RECEIVED),
    ],
)
def test_a_file_is_looked_at_before_anybody_opens_it(
    says: Verdict | Exception, state: ScanState, request_state: State, clamd: Scanner, client: PageClient, here: Here
) -> None:
    clamd.says = says
    desk = Desk(client, asked(here))
    desk.send(file=upload())
    [letter] = desk.letters()
    assert letter.scan_state is ScanState.CHECKING
    client.sign_in(here.coordinator)
    path = f"/applications/{desk.request.application_id}/letters/{letter.id}"
    assert client.get(path).status == 404
    assert "Checking for viruses" in client.get(f"/manage/applications/{desk.request.application_id}").text
    [job] = deferred("letters.scan")
    assert job == {"letter_id": letter.id}
    scan_jobs.scan(letter.id)
    [letter] = desk.letters()
    assert letter.scan_state is state
    assert desk.state is request_state
    assert client.raw.get(path).status_code == (200 if state is ScanState.SAFE else 404)
    client._forget_last_request()
    told = mails("letter_blocked")
    assert len(told) == (request_state is State.OPENED)
    assert len(deferred("letters.scan")) == (2 if state is ScanState.CHECKING else 1)
    if told:
        client.sign_out()
        token = told[0].text_body.split("/recommend/")[1].split("/")[0]
        assert "Send your letter" in client.get(f"/recommend/{token}/{desk.request.id}").text


def test_a_typed_letter_needs_no_scanner_and_a_forgotten_file_gets_a_new_job(
    clamd: Scanner, client: PageClient, here: Here, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(client, asked(here))
    desk.send(body="Typed")
    assert deferred("letters.scan") == []
    old = made.letter_file(desk.request, PDF, scan_state=ScanState.CHECKING, received_at=now() - timedelta(hours=1))
    scan_jobs.sweep_scans(0)
    assert deferred("letters.scan") == [{"letter_id": old.id}]
    db.session.execute(db.text("DELETE FROM procrastinate_jobs"))
    monkeypatch.delitem(app.extensions, "scanner")
    scan_jobs.sweep_scans(0)
    assert old.scan_state is ScanState.NOT_SCANNED
    old.scan_state = ScanState.CHECKING
    db.session.commit()
    scan_jobs.scan(old.id)
    db.session.expire_all()
    assert old.scan_state is ScanState.NOT_SCANNED


def test_mail_about_letters_reaches_applicants_as_messages_of_their_own(here: Here, client: PageClient) -> None:
    Desk(client, asked(here)).send(body="Good")
    [mail] = mails("letter_received")
    assert isinstance(mail, Message)
    client.sign_in(db.session.get_one(type(here.applicant), mail.person_id))
    assert "The letter by Tobias Ferreira has arrived" in client.get("/applications").text


def test_staff_see_no_requests_of_the_team_they_are_in(client: PageClient, here: Here) -> None:
    one = factories.application(here.cycle, factories.person("Ren", "Nakagawa"), status=Status.SUBMITTED)
    made.request(one, "Tobias Ferreira")
    path = f"/manage/cycles/{here.cycle.id}/letters"
    assert "Tobias Ferreira" in client.sign_in(here.coordinator).get(path).text
    factories.member(one, here.coordinator, left=True)
    db.session.commit()
    seen = client.get(path).text
    assert "Tobias Ferreira" not in seen
    assert set(staff_queries.counts(here.cycle, by=here.coordinator, now=now()).values()) == {0}


def test_nobody_of_a_team_writes_for_it_by_the_address_of_their_account(here: Here) -> None:
    factories.member(
        here.draft, factories.person("Ren", "Nakagawa", email="ren@account.example"), email="r@work.example"
    )
    for address in ("ren@account.example", "r@work.example"):
        with pytest.raises(Refused, match="somebody in your team"):
            asking.ask(here.draft, name="Ren", address=address, waived=True, by=here.applicant, now=now())
