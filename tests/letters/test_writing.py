"""The writer's side: a link without an account, sending, replacing, taking back, declining, assistants, what ends."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from portal.applications.extension_actions import grant
from portal.applications.models import Application, StatusEvent
from portal.applications.status import Status
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.letters import asking, jobs, writing
from portal.letters.models import Letter, LetterEvent, LetterLink, LetterRequest
from portal.letters.status import Mode, Sender, State
from portal.messaging.models import Message
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.page_client import Page, PageClient

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" + (
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 3 3]>>endobj\ntrailer<</Root 1 0 R>>\n"
)


def upload(content: bytes = PDF, name: str = "letter.pdf") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(db.select(Message).where(Message.template == template).order_by(Message.id)))


def token_in(message: Message) -> str:
    return message.text_body.split("/recommend/")[1].split("\n")[0].removeprefix("assist/").split("/")[0]


class Desk:
    """A writer with a link, in front of a request."""

    def __init__(self, client: PageClient, request: LetterRequest) -> None:
        self.client, self.request = client, request
        self.token = made.link(request)

    def path(self, rest: str = "") -> str:
        return f"/recommend/{self.token}/{self.request.id}{rest}"

    def page(self) -> Page:
        return self.client.get(self.path())

    def send(self, **fields: Any) -> Page:
        return self.client.post(self.path("/letter"), fields, multipart=True).follow()

    def letters(self) -> list[Letter]:
        db.session.expire_all()
        query = db.select(Letter).where(Letter.request_id == self.request.id).order_by(Letter.number)
        return list(db.session.scalars(query))

    @property
    def state(self) -> State:
        db.session.expire_all()
        return self.request.state


@pytest.fixture
def desk(client: PageClient, here: Here) -> Desk:
    return Desk(client, made.request(here.draft, relation="mentor since 2023"))


def stand(application: Application, status: Status) -> None:
    """Put an application where it did not get by its steps."""
    db.session.execute(
        db.text("UPDATE application SET status = :status, submitted_at = now(), reference = 'X-' || id WHERE id = :id"),
        {"status": status.value, "id": application.id},
    )
    db.session.expire_all()


def test_the_page_says_who_asks_for_what_by_when_and_what_was_waived(desk: Desk, here: Here) -> None:
    here.plan.guidance = "Tell us about **teaching**."
    text = desk.page().text
    assert "Maren Okafor-Lind applies to Winickoff Scholars Program and names you" in text
    assert "(mentor since 2023)" in text
    assert "Maren Okafor-Lind gave up the right to read your letter. Only staff and reviewers" in text
    assert "Tell us about teaching" in text
    assert "days left" in text
    kept = made.request(here.draft, waived=False)
    assert "kept the right to read your letter." in Desk(desk.client, kept).page().text


def test_looking_at_a_link_acts_on_nothing_and_a_person_on_the_page_counts_as_opened(desk: Desk) -> None:
    for _ in range(3):
        assert desk.page().status == 200
        assert desk.client.raw.head(desk.path()).status_code == 200
        assert desk.client.get(f"/recommend/{desk.token}").status == 200
    assert (desk.state, desk.request.opened_at) == (State.ASKED, None)
    assert desk.client.post(desk.path("/opened")).status == 204
    assert desk.state is State.OPENED
    first = desk.request.opened_at
    assert first is not None
    assert desk.client.post(desk.path("/opened")).status == 204
    db.session.expire_all()
    assert desk.request.opened_at == first
    assert "data-opened" not in desk.page().response.get_data(as_text=True)


def test_no_link_is_guessed(desk: Desk, here: Here) -> None:
    wrong = desk.client.get(f"/recommend/{'x' * 43}/{desk.request.id}")
    assert wrong.status == 404
    assert "This link does not work" in wrong.text
    assert desk.client.get(f"/recommend/assist/{desk.token}").status == 404


def test_a_link_opens_what_went_to_the_same_address_and_nothing_else(desk: Desk, here: Here) -> None:
    same = made.request(
        factories.application(here.cycle, factories.person("Pieter", "Vantongeren")),
        writer_address=desk.request.writer_address.upper(),
    )
    other = made.request(factories.application(here.cycle, factories.person("Ana", "Quispe")))
    page = desk.client.get(f"/recommend/{desk.token}")
    assert "2 letters wait for you." in page.text
    assert "Pieter Vantongeren" in page.text
    assert "Ana Quispe" not in page.text
    assert "Pieter Vantongeren" in page.click("Pieter Vantongeren").text
    assert desk.client.get(f"/recommend/{desk.token}/{same.id}").status == 200
    assert desk.client.get(f"/recommend/{desk.token}/{other.id}").status == 404
    assert desk.client.post(f"/recommend/{desk.token}/{other.id}/decline").status == 404
    assert other.state is State.ASKED
    assert "Pieter Vantongeren" in desk.page().text
    desk.send(body="Good.")
    page = desk.client.get(f"/recommend/{desk.token}")
    assert "1 letter waits for you." in page.text
    assert page.all("//li[.//a[contains(., 'Maren')]]//*[@class='status']") == ["Received"]


def test_what_was_declined_or_is_closed_does_not_wait(desk: Desk, here: Here) -> None:
    address = desk.request.writer_address
    for name, state, status in (
        ("Ada", State.DECLINED, Status.SUBMITTED), ("Bo", State.ASKED, Status.NOT_SELECTED),
        ("Cy", State.OPENED, Status.SUBMITTED), ("Di", State.BOUNCED, Status.SUBMITTED),
    ):  # fmt: skip
        application = factories.application(here.cycle, factories.person(name, "X"), status=Status.SUBMITTED)
        made.request(application, state=state, writer_address=address)
        stand(application, status)
    page = desk.client.get(f"/recommend/{desk.token}")
    assert "3 letters wait for you." in page.text
    over = page.all("//h2[.='Sent or over']/following-sibling::ul/li")
    assert [(row.split()[0], row.split()[-1]) for row in over] == [("Bo", "sent"), ("Ada", "Declined")]
    others = desk.page().all("//div[h2='Also waiting for you']//li/div/a")
    assert [name.split()[0] for name in others] == ["Di", "Cy"]


def test_a_typed_letter_arrives_with_ratings(desk: Desk, here: Here) -> None:
    page = desk.page().submit("/letter", body="She is  good.\r\nVery.\0", rating_1="5", rating_2="")
    assert page.flashes == ["Your letter has arrived. You can replace it or take it back until review starts."]
    [letter] = desk.letters()
    assert (letter.body, letter.number, letter.media_type) == ("She is  good.\nVery.", 1, "text/plain")
    assert (letter.sent_by, letter.sender_name) == (Sender.WRITER, "Tobias Ferreira")
    assert letter.ratings == [["How does she compare?", 5]]
    assert desk.state is State.RECEIVED
    [told] = mails("letter_received")
    assert told.person_id == here.applicant.id
    assert "She is" not in told.text_body
    [thanks] = mails("letter_thanks")
    assert thanks.to_address == desk.request.writer_address
    assert desk.client.get(f"/recommend/{token_in(thanks)}/{desk.request.id}").status == 200
    events = db.session.scalars(db.select(LetterEvent.target).order_by(LetterEvent.id)).all()
    assert events == [State.RECEIVED]


def test_a_file_is_stored_and_looked_at(desk: Desk) -> None:
    page = desk.send(file=upload(name="Ferreira/../letter\u202efdp.exe"))
    assert page.flashes[0].startswith("Your letter has arrived.")
    [letter] = desk.letters()
    assert (letter.filename, letter.media_type, letter.pages) == ("letterfdp.exe.pdf", "application/pdf", 1)
    assert letter.storage_key is not None
    assert storage.read(letter.storage_key) == PDF
    assert letter.size == len(PDF)


def word(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", "wordprocessingml.document.main+xml")
        archive.writestr(name, "x")
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"", "a.pdf", "Replace a.pdf: it is empty. Take PDF or Word (.docx), up to 20 MB."),
        (b"hello", "a.pdf", "Replace a.pdf: a letter is PDF or Word (.docx). Take PDF or Word (.docx), up to 20 MB."),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a.png", "Replace a.png: a letter is PDF or Word (.docx)."),
        (b"%PDF-1.4 broken", "a.pdf", "Replace a.pdf: it cannot be opened."),
        (word("word/vbaProject.bin"), "a.docx", "Replace a.docx: a letter is PDF or Word (.docx)."),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(40), "a.docx", "Replace a.docx: it has a password."),
    ],
)
def test_a_file_that_cannot_be_taken_says_what_to_do_and_typed_text_stays(
    content: bytes, name: str, error: str, desk: Desk
) -> None:
    page = desk.send(file=upload(content, name), body="My text", rating_1="4")
    assert page.status == 422
    assert page.errors[0].startswith(error)
    form = page.form("/letter")
    assert (form["body"].strip(), form["rating_1"]) == ("My text", "4")
    assert desk.letters() == []
    assert desk.state is State.ASKED


def test_a_word_file_is_taken(desk: Desk) -> None:
    assert desk.send(file=upload(word("word/document.xml"), "a.docx")).status == 200
    assert desk.letters()[0].filename == "a.docx"


def test_nothing_sent_and_too_much_sent_are_said(desk: Desk) -> None:
    assert desk.send(body=" ").errors == ["Choose a file, or type the letter."]
    page = desk.send(body="x" * 20_001)
    assert page.errors == ["Shorten “Or type the letter here” by 1 character: 20,000 fit."]
    assert desk.letters() == []


def test_a_store_that_is_down_loses_no_typed_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise storage.StorageDown("no")

    monkeypatch.setattr(storage, "put", down)
    page = desk.send(file=upload(), body="My text")
    assert page.errors == ["Send it again in a few minutes: the file could not be stored."]
    assert page.form("/letter")["body"].strip() == "My text"
    assert desk.state is State.ASKED


def test_a_letter_is_replaced_and_its_versions_are_kept(desk: Desk) -> None:
    desk.send(body="First")
    page = desk.page()
    assert "Replace your letter" in page.text
    page.submit("/letter", body="Second")
    assert [(one.number, one.body) for one in desk.letters()] == [(1, "First"), (2, "Second")]
    assert desk.request.letter is not None
    assert desk.request.letter.body == "Second"
    assert len(mails("letter_received")) == 1  # the applicant hears of the first alone


def test_a_letter_is_taken_back_until_review_opens(desk: Desk, here: Here, client: PageClient) -> None:
    desk.send(body="First")
    page = desk.page().submit("/take-back")
    assert page.flashes == ["Your letter is taken back. Nobody reads it. You can send another one below."]
    assert desk.state is State.OPENED
    [letter] = desk.letters()
    assert letter.taken_back_at is not None
    stand(here.draft, Status.IN_REVIEW)
    client.sign_in(here.coordinator)
    assert client.get(f"/applications/{here.draft.id}/letters/{letter.id}").status == 404
    client.sign_out()
    desk.send(body="Late, but before the deadline")
    assert desk.state is State.RECEIVED  # a first letter is taken while reviewers read
    page = desk.page()
    assert "Reviewers read this application now, so its letters stay as they are." in page.text
    for act in ("take-back", "letter"):
        refused = desk.client.post(desk.path(f"/{act}"), {"body": "Third"})
        assert refused.status in {409, 422}
        assert refused.errors == ["Reviewers read this application now, so its letters stay as they are."]
    assert [one.body for one in desk.letters()] == ["First", "Late, but before the deadline"]


OVER = "Review of this application is over, so its letters stay as they are."
READING = "Reviewers read this application now, so its letters stay as they are."


@pytest.mark.parametrize("status", [Status.DECIDED, Status.OFFERED, Status.NOT_SELECTED, Status.WAITLISTED])
def test_nothing_is_taken_after_the_decision(status: Status, desk: Desk, here: Here) -> None:
    stand(here.draft, status)
    page = desk.send(body="Too late")
    assert page.errors == [READING if status is Status.DECIDED else OVER]
    assert desk.letters() == []


def test_a_writer_reads_nothing_of_a_decision_before_its_letter(desk: Desk, here: Here) -> None:
    """A letter that is there stands as while reviewers read it; whoever is on the wait-list stays there."""
    desk.send(body="First")
    stand(here.draft, Status.PANEL)
    before = desk.page().text
    assert READING in before
    stand(here.draft, Status.DECIDED)
    assert desk.page().text == before
    stand(here.draft, Status.WAITLISTED)
    before = desk.page().text
    assert OVER in before
    moves = [Status.PANEL, Status.DECIDED, Status.WAITLISTED, Status.DECIDED]
    here.draft.events += [StatusEvent(at=now(), target=target) for target in moves]
    stand(here.draft, Status.DECIDED)
    assert desk.page().text == before


def test_nor_does_who_has_not_written_in_time(desk: Desk, here: Here) -> None:
    here.plan.due_at = now() - timedelta(minutes=1)
    stand(here.draft, Status.PANEL)
    before = desk.page().text
    assert "Letters for this application were due on" in before
    stand(here.draft, Status.DECIDED)
    assert desk.page().text == before


def test_after_the_deadline_the_page_says_when_it_was_and_whom_to_write_to(desk: Desk, here: Here) -> None:
    form = desk.page()
    here.plan.due_at = now() - timedelta(minutes=1)
    page = form.submit("/letter", body="Late")
    assert page.status == 422
    assert page.errors[0].startswith("Letters for this application were due on ")
    assert "Write to Ines Calloway-Brandt at scholars@example.org if you still want to send one." in desk.page().text
    assert desk.letters() == []


def test_declining_takes_one_click_and_its_reason_is_for_staff(desk: Desk, here: Here) -> None:
    page = desk.page().submit("/decline", reason="I hardly know her")
    assert page.flashes[0].startswith("You declined.")
    assert (desk.state, desk.request.decline_reason) == (State.DECLINED, "I hardly know her")
    [told] = mails("letter_declined")
    assert told.person_id == here.applicant.id
    assert "hardly" not in told.text_body + told.html_body + told.subject
    assert desk.client.post(desk.path("/decline")).status == 303  # twice is no error
    assert len(mails("letter_declined")) == 1
    assert desk.send(body="From another tab").errors == ["You declined. Say first that you can write after all."]
    page = desk.page().submit("/accept")
    assert page.flashes[0].startswith("Thank you: we wait for your letter again.")
    assert (desk.state, desk.request.decline_reason) == (State.OPENED, "")


def test_declining_with_a_letter_there_asks_to_take_it_back_first(desk: Desk) -> None:
    desk.send(body="Good")
    page = desk.client.post(desk.path("/decline"))
    assert (page.status, page.errors) == (409, ["Take your letter back before you decline."])
    assert desk.state is State.RECEIVED


def test_an_assistant_uploads_by_a_link_of_their_own_and_the_writer_confirms(desk: Desk, here: Here) -> None:
    page = desk.page().submit("/assistant", name="Lena Voss", address="lena@hospital.example")
    assert page.flashes == ["We wrote to Lena Voss. They can upload your letter. You confirm it here afterwards."]
    [mail] = mails("letter_assistant")
    assert mail.to_address == "lena@hospital.example"
    token = token_in(mail)
    assert desk.client.get(f"/recommend/{token}").status == 404
    assert desk.client.get(f"/recommend/{token}/{desk.request.id}").status == 404
    theirs = desk.client.get(f"/recommend/assist/{token}")
    assert "Tobias Ferreira asks you to upload their letter about Maren Okafor-Lind" in theirs.text
    assert "How does she compare?" not in theirs.text
    theirs = desk.client.post(f"/recommend/assist/{token}", {"file": upload()}, multipart=True).follow()
    assert theirs.flashes == ["The letter has arrived. We told Tobias Ferreira, who confirms it."]
    [letter] = desk.letters()
    assert (letter.sent_by, letter.sender_name, letter.confirmed_at) == (Sender.ASSISTANT, "Lena Voss", None)
    assert "Lena Voss uploaded your letter" in mails("letter_thanks")[0].text_body
    page = desk.page()
    assert "Lena Voss sent it for you." in page.text
    page = page.submit("/confirm", confirmed_2="4")
    assert page.flashes == ["You confirmed the letter. There is nothing left to do."]
    [letter] = desk.letters()
    assert letter.confirmed_at is not None
    assert letter.ratings == [["Would you work with her again?", 4]]


def test_an_assistants_link_ends_when_another_is_named_or_the_writer_ends_it(desk: Desk, here: Here) -> None:
    desk.page().submit("/assistant", name="Lena Voss", address="lena@hospital.example")
    desk.page().submit(button="Let them upload", name="Oskar Lind", address="oskar@hospital.example")
    first, second = mails("letter_assistant")
    assert desk.client.get(f"/recommend/assist/{token_in(first)}").status == 410
    assert desk.client.get(f"/recommend/assist/{token_in(second)}").status == 200
    desk.page().submit("/assistant/end")
    ended = desk.client.post(f"/recommend/assist/{token_in(second)}", {"body": "x"})
    assert ended.status == 410
    assert desk.letters() == []
    page = desk.page().submit(button="Let them upload", name="M", address=here.applicant.email)
    assert page.errors == ["Name somebody else: the applicant cannot upload a letter about themselves."]
    assert (
        desk.page().submit(button="Let them upload", name="", address="x").errors[0]
        == "Write the name of your assistant."
    )


def test_the_weekly_list_is_stopped_by_one_post_without_a_session(desk: Desk, app: Flask) -> None:
    page = desk.client.get(f"/recommend/{desk.token}/weekly")
    assert desk.request.writer_address in page.text
    answer = app.test_client().post(f"/recommend/{desk.token}/weekly", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "No more weekly lists" in page.submit("/weekly").text  # twice is no error
    stopped = db.session.execute(db.text("SELECT address FROM letter_digest_stop")).all()
    assert [row[0] for row in stopped] == [desk.request.writer_address]


def test_tokens_are_not_in_the_database(desk: Desk) -> None:
    for row in db.session.execute(db.select(LetterLink.token_hash, LetterLink.address)).all():
        assert desk.token not in row


def test_one_hundred_requests_to_one_writer_take_as_many_queries_as_one(desk: Desk, app: Flask, here: Here) -> None:
    from tests.queries import count_queries

    counted = []
    for number in (1, 6):
        for _ in range(number):
            made.request(
                factories.application(here.cycle, factories.person()), writer_address=desk.request.writer_address
            )
        desk.client.get(f"/recommend/{desk.token}")
        with count_queries(app) as found:
            assert desk.client.get(f"/recommend/{desk.token}").status == 200
        counted.append(len(found))
    assert counted[0] == counted[1]
    assert counted[0] <= 14


def test_no_browser_keeps_the_pages_of_a_link(desk: Desk) -> None:
    for path in (desk.path(), f"/recommend/{desk.token}", f"/recommend/{desk.token}/weekly"):
        answer = desk.client.get(path).response
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert desk.client.raw.get("/receipts").headers["Cache-Control"] == "private, no-cache"


def test_a_cycle_that_asks_for_no_letters_any_more_says_so(desk: Desk, here: Here) -> None:
    desk.page().submit("/assistant", name="Lena Voss", address="lena@hospital.example")
    assistant = f"/recommend/assist/{token_in(mails('letter_assistant')[0])}"
    here.plan.mode = Mode.NONE
    for path in (desk.path(), assistant):
        page = desk.client.get(path)
        assert page.status == 410
        assert "This program asks for no letters any more, so none is needed." in page.text
    for act in ("letter", "decline", "accept", "assistant", "confirm", "take-back"):
        assert (
            desk.client.post(desk.path(f"/{act}"), {"body": "x", "name": "x", "address": "x@y.example"}).status == 410
        )
    assert desk.state is State.ASKED
    assert "No letter waits for you." in desk.client.get(f"/recommend/{desk.token}").text


def test_whoever_declines_over_and_over_writes_to_the_coordinator(desk: Desk) -> None:
    for _ in range(3):
        desk.client.post(desk.path("/decline"))
        last = desk.client.post(desk.path("/accept")).follow()
    assert last.errors == ["You have declined 3 times. Write to the coordinator if you can write after all."]
    assert desk.state is State.DECLINED
    assert len(mails("letter_declined")) == 3


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW])
def test_the_applicant_is_told_what_they_can_do_while_they_can(
    status: Status, desk: Desk, here: Here, client: PageClient
) -> None:
    stand(here.draft, status)
    desk.client.post(desk.path("/decline"))
    [told] = mails("letter_declined")
    reading = status is Status.IN_REVIEW
    for body in (told.text_body, told.html_body):
        assert ("Ask somebody else" in body) is not reading
        assert ("Review of your application has begun" in body) is reading
    text = client.sign_in(here.applicant).get(f"/applications/{here.draft.id}/recommenders").text
    assert ("They cannot write this time. Ask somebody else." in text) is not reading
    assert ("The program decides what becomes of it" in text) is reading


def test_nobody_waits_for_letters_of_a_draft_whose_time_is_over(desk: Desk, here: Here) -> None:
    here.plan.due_at = now() + timedelta(days=2)
    desk.request.asked_at = now() - timedelta(days=9)
    assert "Send your letter" in desk.page().text
    here.cycle.closes_at = now() - timedelta(days=1)  # beyond the silent grace
    page = desk.page()
    assert "This application was not submitted in time, so no letter is needed." in page.text
    assert "if you still want to send one" not in page.text
    assert "No letter waits for you." in desk.client.get(f"/recommend/{desk.token}").text
    assert desk.send(body="x").errors == ["This application was not submitted in time, so no letter is needed."]
    jobs.remind_before_deadline(0)
    jobs.write_digest(desk.request.writer_address)
    assert mails("letter_reminder") + mails("letter_digest") == []
    grant(
        here.cycle, email=here.applicant.email, until=now() + timedelta(days=3), reason="Ill", by=here.coordinator,
        now=now(),
    )  # fmt: skip
    db.session.commit()
    db.session.expire_all()
    assert "Send your letter" in desk.page().text
    jobs.remind_before_deadline(0)
    assert len(mails("letter_reminder")) == 1


def test_an_ended_link_still_stops_the_weekly_list(desk: Desk, app: Flask, here: Here) -> None:
    asking.cancel(desk.request, by=here.applicant, now=now())
    db.session.commit()
    assert desk.page().status == 410
    answer = app.test_client().post(f"/recommend/{desk.token}/weekly", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert db.session.scalars(db.text("SELECT address FROM letter_digest_stop")).all() == [desk.request.writer_address]
    assert app.test_client().post(f"/recommend/{'x' * 43}/weekly").status_code == 404


@pytest.mark.parametrize(
    ("act", "error"),
    [
        ("take-back", "There is no letter to take back."),
        ("confirm", "There is no letter of an assistant to confirm."),
        ("decline", "Letters for this application were due on "),
        ("accept", "Letters for this application were due on "),
        ("assistant", "Letters for this application were due on "),
    ],
)
def test_what_cannot_be_done_any_more_says_why(act: str, error: str, desk: Desk, here: Here) -> None:
    here.plan.due_at = now() - timedelta(minutes=1)
    page = desk.client.post(desk.path(f"/{act}"), {"name": "Lena", "address": "lena@hospital.example"})
    assert page.status in {409, 422}
    assert [one[: len(error)] for one in page.errors] == [error]
    assert desk.state is State.ASKED


def test_a_letter_whose_row_is_refused_leaves_no_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    put = storage.put

    def remember(*args: Any, **options: Any) -> Any:
        stored = put(*args, **options)
        kept.append(stored.key)
        return stored

    monkeypatch.setattr(storage, "put", remember)
    nameless: Any = None
    sent = writing.Sent(sender=Sender.WRITER, name=nameless, stream=io.BytesIO(PDF), filename="a.pdf")
    with pytest.raises(IntegrityError), db.session.begin_nested():
        writing.deliver(desk.request, sent, now=now())
    assert [storage.exists(key) for key in kept] == [False]
    assert desk.letters() == []
