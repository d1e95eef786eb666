"""The pages of decisions and letters, through the real routes; what an applicant must not see before the release."""

import pytest
from flask import Flask

from portal.accounts.status import Role
from portal.applications.status import Status
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.review import actions as reviewing
from portal.selection import queries
from portal.selection.models import Decision, LetterTemplate
from portal.selection.status import Outcome
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries
from tests.selection.conftest import Meeting, letters


def fresh(meeting: Meeting) -> None:
    db.session.expire_all()


def test_from_the_board_to_the_letter(meeting: Meeting, client: PageClient) -> None:
    page = client.sign_in(meeting.coordinator).get("/manage/decisions")
    assert page.all("//tbody/tr/td[contains(@class, 'num')]") == ["2", "4", "0", "0"]
    page = page.click(meeting.cycle.opportunity.title)
    assert page.all("//tbody//th/a") == ["Okafor-Lind, Maren", "Quispe, Ana Lucía", "Haddad, Yasmine", "Tamsin, Gareth"]
    assert page.all("//tbody/tr[not(@class)]/td[1]") == ["1", "2", "3", "No rank"]
    assert page.one("//tr[@class='cut']") == (
        "Cut line: 2 places 0 offers made, 2 places left. The gap here is 1.00 points."
    )
    page = page.click("Decide on Okafor-Lind, Maren")
    assert page.one("//input[@name='subject']/@value") == (
        f"Your application to {meeting.cycle.opportunity.title}: an offer"
    )
    page = page.click("Wait-list")
    assert "wait-list" in page.one("//input[@name='subject']/@value")
    page = page.submit("/decision", button="Save decision: Wait-list", body="Dear {given_name},\n\nwait *please*.")
    assert page.path == f"/manage/applications/{meeting.first.id}/decision/check"
    assert "Dear Maren," in page.text
    assert f"{meeting.first.person.full_name} <{meeting.first.person.email}>" in page.text
    assert letters() == []
    shown = page.one("//pre")
    page = page.submit("/release", button="Send wait-list letter")
    assert page.path == f"/manage/cycles/{meeting.cycle.id}/decisions"
    fresh(meeting)
    [mail] = letters()
    assert " ".join(mail.text_body.split()) == shown
    assert meeting.first.status is Status.WAITLISTED
    assert "Wait-list, decide again" in page.text
    assert client.get(f"/manage/applications/{meeting.first.id}/decision/check").status == 409


def test_double_release_sends_once(meeting: Meeting, client: PageClient) -> None:
    meeting.decide(meeting.first)
    page = client.sign_in(meeting.coordinator).get(f"/manage/applications/{meeting.first.id}/decision/check")
    page.submit("/release", button="Send offer letter")
    page = page.submit("/release", button="Send offer letter")
    assert page.flashes == ["This letter had gone already. Nothing was sent again."]
    assert len(letters()) == 1
    page = client.get(f"/manage/applications/{meeting.first.id}/decision")
    assert page.status == 409
    assert "that decision is fixed" in page.text
    assert (
        client.post(
            f"/manage/applications/{meeting.first.id}/decision",
            {"outcome": "decline", "subject": "s", "body": "b", "version": "0"},
        ).status
        == 409
    )


def test_a_letter_changed_since_it_was_read_is_not_sent(meeting: Meeting, client: PageClient) -> None:
    meeting.decide(meeting.first)
    read = client.sign_in(meeting.coordinator).get(f"/manage/applications/{meeting.first.id}/decision/check")
    client.get(f"/manage/applications/{meeting.first.id}/decision").submit(
        "/decision", button="Save decision: Offer", body="New words"
    )
    page = read.submit("/release", button="Send offer letter")
    assert page.status == 409
    assert letters() == []


def test_two_people_deciding(meeting: Meeting, client: PageClient) -> None:
    path = f"/manage/applications/{meeting.first.id}/decision"
    mine = client.sign_in(meeting.coordinator).get(path)
    client.get(f"{path}?outcome=decline").submit("/decision", button="Save decision: Decline", body="No, sorry")
    page = mine.submit("/decision", button="Save decision: Offer", body="Yes, welcome")
    assert page.status == 409
    assert "Yes, welcome" in page.text
    assert "No, sorry" in page.text
    page = client.get(path)
    assert "The decision is Decline" in page.text
    assert "No, sorry" in page.text
    assert "Saving changes it to Offer." in client.get(f"{path}?outcome=offer").text
    page = page.submit("/take-back", button="Take back decision")
    assert page.path == path
    fresh(meeting)
    assert meeting.first.status is Status.PANEL
    assert client.post(f"{path}/take-back").status == 409


def test_bulk_release_with_a_check_page(meeting: Meeting, client: PageClient) -> None:
    meeting.decide(meeting.first)
    meeting.decide(meeting.applications[1], Outcome.DECLINE)
    meeting.decide(meeting.applications[2], Outcome.DECLINE)
    path = f"/manage/cycles/{meeting.cycle.id}/decisions/release"
    page = client.sign_in(meeting.coordinator).get(path)
    assert "3 letters, one email each. Nothing has been sent yet." in page.text
    assert page.all("//h2") == ["Decline: 2 letters", "Offer: 1 letter"]
    assert letters() == []
    boxes = page.form(path)["letter"]
    done = page.submit(path, button="Send the letters chosen", letter=boxes[:2])
    assert done.flashes == ["2 letters sent. Each applicant can read their letter on their application's page too."]
    again = page.submit(path, button="Send the letters chosen", letter=[*boxes, "x", "1:", "١:1"])
    assert again.flashes[0].startswith("1 letter sent. 2 letters had gone already")
    assert len(letters()) == 3
    assert "No letter is waiting" in client.get(path).text


def test_an_applicant_sees_nothing_before_the_release(meeting: Meeting, client: PageClient) -> None:
    application = meeting.first
    meeting.decide(application)
    path = f"/applications/{application.id}"
    staff = client.sign_in(meeting.coordinator)
    assert "The decision is Offer" in staff.get(f"/manage{path}/decision").text
    assert staff.get(f"{path}/letter").status == 404
    client.sign_in(application.person)
    assert client.get(f"{path}/letter").status == 404
    for seen in ("/applications", path):
        text = client.get(seen).text
        assert "Selection meeting" in text
        assert "Decided" not in text
        assert "Offer" not in text
    for hidden in ("decision", "decision/check"):
        assert client.get(f"/manage{path}/{hidden}").status in {403, 404}
    meeting.release(application)
    db.session.commit()
    page = client.get(f"{path}/letter")
    assert page.all("//h1") == [f"About {meeting.cycle.opportunity.title}"]
    assert page.all("//article/p")[-1] == "A letter about Project 0."


def test_reading_a_released_letter_is_recorded_for_staff_only(
    meeting: Meeting, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, str]] = []
    monkeypatch.setattr(audit, "record_read", lambda actor, verb, thing, **_: read.append((str(actor), verb)))
    meeting.decide(meeting.first)
    meeting.release(meeting.first)
    path = f"/applications/{meeting.first.id}/letter"
    assert client.sign_in(meeting.first.person).get(path).status == 200
    assert read == []
    assert client.sign_in(meeting.coordinator).get(path).status == 200
    assert read == [("Ines Calloway-Brandt", "letter.read")]
    for who in (factories.person(), factories.reviewer(meeting.cycle.opportunity)):
        assert client.sign_in(who).get(path).status == 404


def test_strangers_and_reviewers_decide_nothing(meeting: Meeting, client: PageClient) -> None:
    base = f"/manage/applications/{meeting.first.id}/decision"
    board = f"/manage/cycles/{meeting.cycle.id}/decisions"
    assert client.sign_in(meeting.coordinator).get(board).status == 200
    assert client.get(base).status == 200
    for who in (factories.coordinator(factories.unit()), factories.reviewer(meeting.cycle.opportunity)):
        client.sign_in(who)
        for path in (board, f"{board}/release", base, f"{base}/check"):
            assert client.get(path).status == 404
        for path in (base, f"{base}/release", f"{base}/take-back", f"{board}/release"):
            assert client.post(path, {"outcome": "offer"}).status == 404
    assert client.sign_in(factories.person()).get("/manage/decisions").status == 404


def test_nobody_decides_on_their_own_application(meeting: Meeting, client: PageClient) -> None:
    factories.membership(meeting.first.person, Role.COORDINATOR, opportunity=meeting.cycle.opportunity)
    client.sign_in(meeting.first.person)
    board = client.get(f"/manage/cycles/{meeting.cycle.id}/decisions")
    assert "Decide on Quispe, Ana Lucía" in board.text
    assert "Decide on Okafor-Lind, Maren" not in board.text
    assert client.get(f"/manage/applications/{meeting.first.id}/decision").status in {403, 404}


def test_an_intake_without_decisions_says_so(context: None, client: PageClient) -> None:
    cycle = factories.cycle(seats=None)
    page = client.sign_in(factories.coordinator(cycle.opportunity)).get("/manage/decisions")
    assert "No applications to decide yet" in page.text
    assert "Nobody has applied to this cycle yet" in client.get(f"/manage/cycles/{cycle.id}/decisions").text


def test_more_offers_than_places_are_said(meeting: Meeting, client: PageClient) -> None:
    for application in meeting.applications[:3]:
        meeting.decide(application)
    meeting.release(meeting.first)
    page = client.sign_in(meeting.coordinator).get(f"/manage/cycles/{meeting.cycle.id}/decisions")
    assert "3 offers made, 1 offer more than places." in page.text
    assert "Check and send 2 letters" in page.text
    assert "1 application has no decision yet." in page.text


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("Dear {nmae}", "Replace {nmae} in the letter"),
        ("", "Write the letter"),
        ("x" * 30_000, "Shorten the letter by 10,000 characters"),
    ],
)
def test_letters_with_something_to_fix(meeting: Meeting, client: PageClient, body: str, error: str) -> None:
    path = f"/manage/applications/{meeting.first.id}/decision"
    page = client.sign_in(meeting.coordinator).get(path).submit("/decision", button="Save decision", body=body)
    assert page.status == 422
    assert len(page.errors) == 1
    assert page.errors[0].startswith(error)
    assert page.one("//textarea").strip() == body
    assert queries.open_decision(meeting.first.id) is None


def test_any_words_in_a_letter(meeting: Meeting, client: PageClient) -> None:
    path = f"/manage/applications/{meeting.first.id}/decision"
    page = client.sign_in(meeting.coordinator).get(path)
    page = page.submit(
        "/decision",
        button="Save decision",
        subject="נושא\r\nBcc: x@example.org",
        body="<script>alert(1)</script> 🩺\0 \\{x}",
    )
    assert page.status == 200
    found = queries.open_decision(meeting.first.id)
    assert found is not None
    assert found.subject == "נושא Bcc: x@example.org"
    assert found.body == "<script>alert(1)</script> 🩺 \\{x}"
    assert not page.all("//main//script")
    assert client.post(path, {"outcome": "maybe", "subject": "s", "body": "b", "version": "0"}).status == 400


def test_letters_of_a_listing_are_edited(meeting: Meeting, client: PageClient) -> None:
    listing = meeting.cycle.opportunity
    page = client.sign_in(meeting.coordinator).get("/manage/letters")
    assert "Every listing without its own" not in page.text
    page = page.click(f"Default, Offer, {listing.title}")
    assert "This listing uses the default letter." in page.text
    stale = page
    assert page.submit("", button="Save letter", body="Dear {nmae}").errors[0].startswith("Replace {nmae}")
    page = page.submit("", button="Save letter", body="Welcome to {opportunity}, {full_name}!")
    assert f"Welcome to {listing.title}, Sample Applicant, MD!" in page.text
    conflict = stale.submit("", button="Save letter", body="Mine")
    assert conflict.status == 409
    assert "Mine" in conflict.text
    assert "Welcome to {opportunity}" in conflict.text
    assert f"Its own, Offer, {listing.title}" in client.get("/manage/letters").all("//td/a")
    page = page.submit("/drop", button="Use the default letter again")
    assert "This listing uses the default letter." in page.text
    assert client.get("/manage/letters/default/offer").status == 404
    assert client.post("/manage/letters/default/offer").status == 404


def test_admins_edit_the_default(meeting: Meeting, client: PageClient) -> None:
    page = client.sign_in(factories.admin()).get("/manage/letters").click("The portal's text, Decline")
    page = page.submit("", button="Save letter", subject="A default", body="Words")
    assert "You have changed the default." in page.text
    assert "Edited default" in client.get("/manage/letters").text
    row = db.session.scalar(db.select(LetterTemplate))
    assert row is not None
    assert (row.opportunity_id, row.subject) == (None, "A default")
    page = page.submit("/drop", button="Use the default letter again")
    assert "This is the portal's own text." in page.text


def test_strangers_edit_no_letters(meeting: Meeting, client: PageClient) -> None:
    path = f"/manage/opportunities/{meeting.cycle.opportunity_id}/letters/offer"
    assert client.sign_in(meeting.coordinator).get(path).status == 200
    client.sign_in(factories.coordinator(factories.unit()))
    assert client.get(path).status == 404
    assert client.post(path).status == 404
    assert client.post(f"{path}/drop").status == 404
    assert client.sign_in(factories.reviewer(factories.unit())).get("/manage/letters").status == 404


def test_lists_have_pages(meeting: Meeting, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "BOARD_SIZE", 2)
    monkeypatch.setattr(queries, "PAGE_SIZE", 1)
    page = client.sign_in(meeting.coordinator).get(f"/manage/cycles/{meeting.cycle.id}/decisions").click("Next")
    assert page.all("//tbody/tr/td[1]") == ["3", "No rank"]
    assert page.click("Previous").all("//tbody/tr[not(@class)]/td[1]") == ["1", "2"]
    monkeypatch.setattr(queries, "BOARD_SIZE", 3)
    page = client.get(f"/manage/cycles/{meeting.cycle.id}/decisions").click("Next")
    assert page.all("//tbody/tr/td[1]") == ["No rank"]
    factories.membership(meeting.coordinator, Role.COORDINATOR, unit=meeting.cycle.opportunity.unit)
    other = factories.application(
        factories.cycle(factories.opportunity(meeting.cycle.opportunity.unit)), status=Status.PANEL
    )
    page = client.sign_in(meeting.coordinator).get("/manage/decisions")
    assert page.all("//tbody//th/a") == [other.cycle.opportunity.title]
    assert page.click("Next").click("Previous").path == "/manage/decisions"
    assert client.get("/manage/letters").click("Next").click("Previous").status == 200


def test_the_number_of_queries_does_not_grow(meeting: Meeting, client: PageClient, app: Flask) -> None:
    base = f"/manage/cycles/{meeting.cycle.id}/decisions"
    paths = ["/manage/decisions", base, f"{base}/release", "/manage/letters",
             f"/manage/applications/{meeting.first.id}/decision"]  # fmt: skip
    client.sign_in(meeting.coordinator)
    counts = []
    for rows in (0, 30):
        reviewer = factories.reviewer(meeting.cycle.opportunity)
        for _ in range(rows):
            application = factories.application(meeting.cycle, factories.person(), status=Status.PANEL)
            reviewing.assign(application, reviewers=[reviewer.id], by=meeting.coordinator, now=now())
            meeting.decide(application)
        db.session.commit()
        found = []
        for path in paths:
            client.get(path)
            with count_queries(app) as statements:
                assert client.get(path).status == 200
            found.append(len(statements))
        counts.append(found)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12


@pytest.mark.parametrize("state", ["none", "decided", "withdrawn", "sent"])
def test_the_panel(meeting: Meeting, client: PageClient, state: str) -> None:
    """The panel of the staff page of an application, rendered as that page includes it."""
    from flask import render_template
    from flask_login import login_user

    from portal.applications.actions import move

    if state != "none":
        meeting.decide(meeting.first)
    if state == "withdrawn":
        move(meeting.first, Status.WITHDRAWN, by=meeting.first.person, now=now())
    if state == "sent":
        meeting.release(meeting.first)
    with client.app.test_request_context():
        login_user(meeting.coordinator)
        html = render_template(
            "selection/_decision_panel.html", application=meeting.first, decision_panel=queries.panel(meeting.first)
        )
    words = {
        "none": "Not decided yet.",
        "decided": "Letter not sent",
        "withdrawn": "Letter void",
        "sent": "Letter sent",
    }
    assert words[state] in html
    assert ("Check and send the letter" in html) == (state == "decided")
    assert ("Read the letter sent" in html) == (state == "sent")


def test_the_last_decision_counts(meeting: Meeting) -> None:
    meeting.decide(meeting.first, Outcome.WAITLIST)
    meeting.release(meeting.first)
    meeting.decide(meeting.first, Outcome.OFFER)
    rows = db.session.scalars(db.select(Decision).order_by(Decision.id)).all()
    assert queries.last_decisions([meeting.first.id]) == {meeting.first.id: rows[-1]}
