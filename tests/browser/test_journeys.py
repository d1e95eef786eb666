"""Whole journeys of applicants, their teams, endorsers and letter writers: by keyboard alone, and without scripts."""

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BOUNCE_SECRET, NewVisitor, Portal
from tests.browser.forms import one_page_pdf
from tests.browser.hands import WAYS, Hands, Pointer, Way
from tests.browser.steps import ask, endorse, fill_and_wait, heading, invite, join, register, start, submit


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, new_visitor: NewVisitor) -> Way:
    return Way(request.param, new_visitor)


def test_a_scholar_with_an_endorsement(way: Way, tmp_path: Path) -> None:
    scholar, director = way.person(), way.person()
    address = way.address("juniper")
    register(scholar, "Juniper", "Łucka-Fields", address)
    keep_a_listing(scholar)
    application = start(scholar, "winickoff-scholars")
    page = scholar.page
    expect(page.locator(".tasks").get_by_text("Opens when you are eligible").first).to_be_visible()
    expect(page.locator(".tasks a[href*='/sections/']")).to_have_count(1)
    scholar.look()
    be_refused_first(scholar)
    write_to_the_coordinator(scholar, application)

    fill_and_wait(scholar, application, tmp_path, obstacles=1)
    scholar.look()
    link = ask(scholar, application, "Josephine Adeyemi", "medical director", way.address("director"))
    scholar.look()
    endorse(director, link, "Josephine Adeyemi")
    director.look()
    change_what_was_endorsed(scholar, application)
    again = director.visitor.portal.link_in_mail(
        way.address("director"), "has changed what you endorsed", "/endorsements/"
    )
    endorse(director, again, "Josephine Adeyemi")

    reference = submit(scholar, application)
    assert reference.startswith("WIN-")
    assert reference in scholar.visitor.portal.mail(address, f"We received your application {reference}")
    check_the_receipt(scholar, way.person(), reference)
    keep_the_account(scholar)
    withdraw(scholar, application, address)


def keep_a_listing(hands: Hands) -> None:
    page = hands.open("/opportunities/winickoff-scholars")
    hands.press("Save listing")
    expect(page.get_by_text("Winickoff Scholars Program is saved.")).to_be_visible()
    hands.open("/saved")
    expect(hands.main.get_by_role("link", name="Winickoff Scholars Program")).to_be_visible()
    hands.look()


def be_refused_first(hands: Hands) -> None:
    """Answer as somebody who may not apply, read why, and mend it."""
    page = hands.page
    hands.go(page.locator(".tasks a").first)
    heading(hands, "Before you start")
    hands.look()
    hands.choose("No")
    hands.press("Save and continue")
    expect(hands.main.get_by_text("With these answers you cannot apply here")).to_be_visible()
    hands.look()
    hands.choose("Yes")
    hands.press("Save and go to task list")
    heading(hands, "Your application")
    expect(page.locator(".tasks a[href*='/sections/']")).to_have_count(6)


def write_to_the_coordinator(hands: Hands, application: str) -> None:
    page = hands.open(application)
    hands.follow("Messages with the coordinator")
    hands.enter(hands.main.locator("textarea"), "May my mentor work at another site?")
    hands.press("Send message")
    expect(page.locator("article", has_text="May my mentor work at another site?")).to_be_visible()
    hands.look()


def change_what_was_endorsed(hands: Hands, application: str) -> None:
    page = hands.open(application)
    hands.go(page.locator(".tasks").get_by_role("link", name="Practice, mentor and half-days"))
    hands.enter(hands.main.locator("textarea").first, "Dr. Solberg covers the sessions instead.")
    hands.press("Save and go to task list")
    expect(page.get_by_text("To be confirmed again")).to_be_visible()
    hands.open(f"{application}/endorsement")
    expect(page.get_by_text("Dr. Solberg covers the sessions instead.")).to_be_visible()
    hands.look()
    hands.press("Ask again now")


def check_the_receipt(hands: Hands, stranger: Hands, reference: str) -> None:
    hands.follow("Open your receipt")
    heading(hands, f"Receipt {reference}")
    hands.look()
    code = hands.main.locator("dl.facts dd.ref").inner_text()
    stranger.open("/receipts")
    stranger.look()
    stranger.enter(stranger.main.locator("input[name=code]"), code)
    stranger.press("Check")
    expect(stranger.main.get_by_text("This receipt is genuine")).to_be_visible()
    expect(stranger.main).not_to_contain_text("Juniper")
    stranger.look()


def keep_the_account(hands: Hands) -> None:
    """Choose one's mail, and ask for a copy of one's data."""
    page = hands.open("/account")
    hands.look()
    hands.follow("Choose which mails you get")
    hands.look()
    box = hands.main.locator("input[name=wanted]").first
    expect(box).to_be_checked()
    hands.untick(box)
    hands.press("Save")
    expect(hands.main.locator("input[name=wanted]").first).not_to_be_checked()
    hands.open("/account")
    hands.follow("Take a copy of your data, or close your account")
    hands.press("Make a copy")
    expect(hands.main.get_by_text("Asked").first).to_be_visible()
    hands.look()
    hands.follow("Close my account")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    hands.look()


def withdraw(hands: Hands, application: str, address: str) -> None:
    hands.open(application)
    hands.follow("Withdraw application")
    hands.look()
    hands.press("Withdraw application")
    hands.open(application)
    expect(hands.main).to_contain_text("Withdrawn")
    hands.visitor.portal.mail(address, "ithdr")
    hands.open("/opportunities/winickoff-scholars")  # one for each person and cycle
    expect(hands.main.get_by_role("button", name="Start application")).to_have_count(0)


def test_a_nurse_leader_with_two_letters(way: Way, new_visitor: NewVisitor, tmp_path: Path) -> None:
    ask_voluntary_questions(new_visitor)
    nurse, supervisor, writer, assistant, other = (way.person() for _ in range(5))
    address = way.address("odile")
    register(nurse, "Odile", "Marchetti-Ngata", address)
    application = start(nurse, "global-primary-care-scholars")
    fill_and_wait(nurse, application, tmp_path, obstacles=2)
    link = ask(nurse, application, "Ruth Amankwah", "nurse manager", way.address("supervisor"))
    endorse(supervisor, link, "Ruth Amankwah")

    request = name_a_writer(nurse, application, "Dr. Tobias Ferreira", way.address("ferreira"), waived=True)
    lost = way.address("prouu")
    name_a_writer(nurse, application, "Annelise Prou", lost, waived=False)
    come_back(nurse.visitor.portal, lost)
    nurse.open(f"{application}/recommenders")
    expect(nurse.main.get_by_text("Our mail came back", exact=False).first).to_be_visible()
    nurse.look()
    second = replace_the_writer(nurse, "Annelise Prou", "Signe Halvorsen", way.address("halvorsen"))

    upload_through_an_assistant(writer, assistant, request, way.address("assistant"), tmp_path)
    write_a_letter(other, second)
    nurse.open(f"{application}/recommenders")
    expect(nurse.main.get_by_text("Received", exact=True)).to_have_count(2)
    nurse.look()

    reference = submit(nurse, application)
    assert reference.startswith("GPC-")
    decline_to_say(nurse)


def ask_voluntary_questions(new_visitor: NewVisitor) -> None:
    """An admin switches the voluntary questions on, unless they are."""
    admin = Pointer(new_visitor())
    admin.visitor.sign_in("admin@example.org")
    page = admin.open("/admin/self-identification")
    switch = page.locator("input[name=is_on]")
    if not switch.is_checked():
        switch.check()
        admin.press("Put in force")
        expect(switch).to_be_checked()


def name_a_writer(hands: Hands, application: str, name: str, address: str, *, waived: bool) -> str:
    """Choose about the waiver, then name somebody.  Out: the link of their mail."""
    hands.open(f"{application}/recommenders")
    hands.follow("Name a recommender")
    hands.look()
    say_who(hands, name, address, waived=waived)
    return hands.visitor.portal.link_in_mail(address, "letter", "/recommend/")


def say_who(hands: Hands, name: str, address: str, *, waived: bool) -> None:
    hands.choose("Yes, I will never see this letter" if waived else "No, I keep my right to read it")
    hands.write("Their name", name)
    hands.write("Their email address", address)
    hands.press("Ask for the letter and send the email")
    expect(hands.main.get_by_text(f"{name} is named.")).to_be_visible()


def come_back(portal: Portal, address: str) -> None:
    """The mail service reports that a mail came back."""
    body = json.dumps({"message_id": portal.mail_id(address, "letter"), "kind": "hard", "reason": "no such user"})
    stamp = str(int(time.time()))
    signed = hmac.new(BOUNCE_SECRET.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    outcome = portal.post("/messaging/bounces", body, {"X-Bounce-Timestamp": stamp, "X-Bounce-Signature": signed})
    assert outcome == {"outcome": "recorded"}


def replace_the_writer(hands: Hands, old: str, name: str, address: str) -> str:
    """Name somebody in the place of the one whose mail came back.  Out: the link of the new mail."""
    hands.follow(f"Change recommender {old}")
    hands.look()
    say_who(hands, name, address, waived=False)
    expect(hands.main.get_by_role("heading", name=name)).to_be_visible()
    return hands.visitor.portal.link_in_mail(address, "letter", "/recommend/")


def upload_through_an_assistant(writer: Hands, assistant: Hands, link: str, address: str, folder: Path) -> None:
    """The writer lets somebody upload the letter, and confirms what they sent."""
    writer.open(link)
    expect(writer.main.get_by_text("gave up the right to read your letter.")).to_be_visible()
    writer.look()
    writer.unfold("Let an assistant upload it")
    writer.write("Name of your assistant", "Mireille Okoro")
    writer.write("Email address of your assistant", address)
    writer.press("Let them upload and send the email")
    expect(writer.main.get_by_text("We wrote to Mireille Okoro.")).to_be_visible()

    assistant.open(assistant.visitor.portal.link_in_mail(address, "", "/recommend/assist/"))
    assistant.look()
    assistant.attach(assistant.main.locator("input[type=file]"), one_page_pdf(folder))
    assistant.press("Upload the letter")
    expect(assistant.main.get_by_text("The letter has arrived.")).to_be_visible()
    assistant.look()

    writer.open(link)
    expect(writer.main.get_by_text("Mireille Okoro sent it for you.")).to_be_visible()
    writer.look()
    writer.tick(writer.main.locator("input[name='confirmed_1'][value='4']"))
    writer.press("Confirm that this is my letter")
    expect(writer.main.get_by_text("You confirmed the letter.")).to_be_visible()


def write_a_letter(writer: Hands, link: str) -> None:
    """Type the letter on the page of the request."""
    writer.open(link)
    expect(writer.main.get_by_text("kept the right to read your letter.")).to_be_visible()
    writer.write("Or type the letter here", "I have seen Odile lead a ward through two hard winters.")
    writer.tick(writer.main.locator("input[name='rating_1'][value='5']"))
    writer.press("Send my letter")
    expect(writer.main.get_by_text("Your letter has arrived.")).to_be_visible()
    writer.look()


def decline_to_say(hands: Hands) -> None:
    """Open the voluntary questions and decline each."""
    hands.follow("Open the voluntary questions")
    hands.look()
    groups = hands.main.locator("form fieldset")
    assert groups.count() >= 1
    for group in groups.all():
        hands.tick(group.get_by_label("I choose not to answer"))
    hands.press("Send")
    expect(hands.main.get_by_role("link", name="Open the voluntary questions")).to_have_count(0)


def test_a_team_of_three(way: Way, tmp_path: Path) -> None:
    lead, nurse, manager, executive = (way.person() for _ in range(4))
    register(lead, "Leonie", "Abara-Voss", way.address("leonie"))
    application = start(lead, "advancing-teams")
    nurse_link = invite(lead, application, "Nora Lead", way.address("nora"), "Can edit")
    manager_link = invite(lead, application, "Dmitri Manager", way.address("dmitri"), "Can read and comment")
    lead.look()
    join(nurse, nurse_link, "Nora", "Lead", way.address("nora"))
    fill_and_wait(nurse, application, tmp_path, obstacles=2)
    join(manager, manager_link, "Dmitri", "Manager", way.address("dmitri"))
    comment(manager, "The baseline is of last year.")

    page = lead.open(f"{application}/check")
    expect(page.locator(".err-sum li")).to_have_count(1)
    link = ask(lead, application, "Priscilla Vann", "executive director", way.address("priscilla"))
    endorse(executive, link, "Priscilla Vann")
    page = lead.open(f"{application}/team")
    expect(page.get_by_text("Nora Lead").first).to_be_visible()
    page = lead.open(application)
    lead.go(page.locator(".tasks a[href*='/sections/']").first)
    expect(page.get_by_text("The baseline is of last year.")).to_be_visible()
    expect(page.locator(".saved").first).to_contain_text("by Nora L.")
    lead.press("Resolve", exact=False)
    lead.look()

    page = nurse.open(f"{application}/check")
    expect(page.get_by_text("leads the team and submits the application")).to_be_visible()
    expect(page.get_by_role("button", name="Submit application")).to_have_count(0)
    reference = submit(lead, application)
    assert reference.startswith("ATC-")
    nurse.open(application)
    expect(nurse.main.get_by_text(reference, exact=True)).to_be_visible()
    nurse.look()


def comment(hands: Hands, words: str) -> None:
    heading(hands, "Read and comment")
    hands.unfold("Write a comment")
    hands.enter(hands.main.locator("details[open] textarea"), words)
    hands.go(hands.main.locator("details[open]").get_by_role("button", name="Add the comment"))
    expect(hands.main.get_by_text(words)).to_be_visible()
    hands.look()


def test_every_kind_of_answer(way: Way, new_visitor: NewVisitor, tmp_path: Path) -> None:
    """Ranked sites, training, boards, licenses, months and numbers, as a fellowship and a position ask for them: the
    position after a short expression of interest, of those invited."""
    physician = way.person()
    register(physician, "Amparo", "Ilves-Rook", way.address("amparo"))
    application = start(physician, "global-health-innovation-fellows")
    fill_and_wait(physician, application, tmp_path, obstacles=1)  # people to name for letters
    look_at_section(physician, application, "Training and license")
    application = start(physician, "primary-care-physician-positions")
    fill_and_wait(physician, application, tmp_path, obstacles=0)
    look_at_section(physician, application, "Expression of interest")
    reference = submit(physician, application)
    expect(physician.main.get_by_text("Asked later, only of those invited")).to_be_visible()
    invite_to_complete(new_visitor, application, reference)
    link = physician.visitor.portal.link_in_mail(way.address("amparo"), "Invited to complete", "/applications/")
    physician.open(link)
    physician.look()
    physician.press("Complete your application")
    heading(physician, "Complete your application")
    physician.look()
    fill_and_wait(physician, application, tmp_path, obstacles=0)
    for section in ("Training, boards and licenses", "Employment"):
        look_at_section(physician, application, section)
    physician.open(f"{application}/check")
    physician.look()
    physician.press("Submit")
    expect(physician.main.get_by_text("1234567893")).to_be_visible()


def invite_to_complete(new_visitor: NewVisitor, application: str, reference: str) -> None:
    """A coordinator opens all that is asked later."""
    coordinator = Pointer(new_visitor())
    coordinator.visitor.sign_in("coordinator@example.org")
    page = coordinator.open(f"/manage/applications/{application.rpartition('/')[2]}/changes")
    expect(page.get_by_text(reference).first).to_be_visible()
    coordinator.look()
    for box in coordinator.main.locator("input[name=later]").all():
        box.check()
    coordinator.write("What you want to tell them", "An opening fits what you wrote.")
    page.locator("input[name=invited_until]").fill("2030-01-15T17:00")
    coordinator.press("Invite and send email")
    expect(coordinator.main.get_by_text("Invited to complete").first).to_be_visible()


def look_at_section(hands: Hands, application: str, section: str) -> None:
    hands.open(application)
    hands.go(hands.page.locator(".tasks").get_by_role("link", name=section))
    hands.look()
