"""A team of three up to the point of submission; an endorsement by link, a change, and the endorsement again."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor, Visitor
from tests.browser.forms import fill, one_page_pdf

PASSWORD = "four plain words together"


def register_from(visitor: Visitor, link: str, address: str, given: str, family: str) -> None:
    """Follow an invitation without an account: register, confirm the address, sign in, and be back at it."""
    page = visitor.page
    page.goto(link)
    visitor.look()
    page.get_by_role("main").get_by_role("link", name="Register").click()
    page.get_by_label("Given name").fill(given)
    page.get_by_label("Family name").fill(family)
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.press("Register")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    page.goto(visitor.portal.link_in_mail(address, "Confirm your email address", "/confirm-email"))
    visitor.press("Confirm the address")
    if "/login" in page.url:
        page.get_by_label("Email address").fill(address)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/applications/join/"))
    visitor.press("Join the team")
    page.wait_for_url(re.compile(r"/applications/\d+"))


def invite(lead: Visitor, application: str, name: str, address: str, access: str) -> str:
    """Ask somebody into the team.  Out: the link of the mail."""
    page = lead.open(f"{application}/team")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Email address").fill(address)
    page.get_by_label(access, exact=True).check()
    lead.press("Send the invitation")
    expect(page.get_by_text(f"{name} is invited.")).to_be_visible()
    return lead.portal.link_in_mail(address, "invites you to a team", "/applications/join/")


def fill_in(visitor: Visitor, application: str, folder: Path) -> None:
    """Answer every section of a draft."""
    page = visitor.open(application)
    for address in [link.get_attribute("href") or "" for link in page.locator(".tasks a[href*='/sections/']").all()]:
        visitor.open(address)
        fill(page, one_page_pdf(folder))
        visitor.press("Save and continue")
        expect(page.locator(".flash").first).to_contain_text("is complete")


def ask(visitor: Visitor, application: str, name: str, role: str, address: str) -> str:
    """Ask for the endorsement.  Out: the link of the mail."""
    page = visitor.open(f"{application}/endorsement")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Role", exact=True).fill(role)
    page.get_by_label("Email address").fill(address)
    visitor.press("Ask for the endorsement")
    expect(page.get_by_text(f"{name} is asked.")).to_be_visible()
    return visitor.portal.link_in_mail(address, "asks for your endorsement", "/endorsements/")


def confirm(visitor: Visitor, link: str, name: str) -> None:
    page = visitor.page
    page.goto(link)
    visitor.look()
    page.get_by_label("Type your full name to confirm").fill(name)
    visitor.press("Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you: it is confirmed")


def start(visitor: Visitor, slug: str) -> str:
    page = visitor.open(f"/opportunities/{slug}")
    visitor.press("Start application")
    page.wait_for_url(re.compile(r"/applications/\d+"))
    return page.url.rstrip("/")


def test_a_team_of_three(new_visitor: NewVisitor, tmp_path: Path) -> None:
    lead, nurse, manager, executive = (new_visitor() for _ in range(4))
    lead.sign_in("applicant@example.org")
    application = start(lead, "advancing-teams")
    nurse_link = invite(lead, application, "Nurse Lead", "nurse.lead@example.org", "Can edit")
    manager_link = invite(lead, application, "Data Manager", "data.manager@example.org", "Can read and comment")
    lead.look()
    register_from(nurse, nurse_link, "nurse.lead@example.org", "Nora", "Lead")
    fill_in(nurse, application, tmp_path)
    register_from(manager, manager_link, "data.manager@example.org", "Dmitri", "Manager")
    page = manager.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Read and comment")
    page.get_by_text("Write a comment").first.click()
    page.get_by_label("Comment", exact=True).first.fill("The baseline is of last year.")
    manager.press("Add the comment")
    manager.look()

    page = lead.open(f"{application}/check")
    expect(page.locator(".err-sum li")).to_have_count(1)
    confirm(
        executive,
        ask(lead, application, "Priscilla Vann", "executive director", "priscilla@example.org"),
        "Priscilla Vann",
    )
    page = lead.open(f"{application}/team")
    expect(page.get_by_text("Nora Lead").first).to_be_visible()
    lead.look()
    page = lead.open(application)
    page.locator(".tasks a[href*='/sections/']").first.click()
    expect(page.get_by_text("The baseline is of last year.")).to_be_visible()
    expect(page.locator(".saved").first).to_contain_text("by Nora L.")
    lead.look()
    page = nurse.open(f"{application}/check")
    expect(page.get_by_text("leads the team and submits the application")).to_be_visible()
    page = lead.open(f"{application}/check")
    expect(page.locator(".err-sum")).to_have_count(0)
    expect(page.get_by_role("button", name="Submit application")).to_be_visible()


def test_an_endorsement_and_a_change(new_visitor: NewVisitor, tmp_path: Path) -> None:
    scholar, director = new_visitor(), new_visitor()
    page = scholar.open("/register")
    page.get_by_label("Given name").fill("Ottilie")
    page.get_by_label("Family name").fill("Brandt")
    page.get_by_label("Email address").fill("ottilie@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    scholar.press("Register")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    page.goto(scholar.portal.link_in_mail("ottilie@example.org", "Confirm your email address", "/confirm-email"))
    scholar.press("Confirm the address")
    if "/login" in page.url:
        scholar.sign_in("ottilie@example.org", PASSWORD)
    application = start(scholar, "winickoff-scholars")
    fill_in(scholar, application, tmp_path)
    link = ask(scholar, application, "Josephine Adeyemi", "medical director", "josephine@example.org")
    scholar.look()
    confirm(director, link, "Josephine Adeyemi")
    director.look()
    scholar.open(f"{application}/check")
    expect(page.locator(".err-sum")).to_have_count(0)

    scholar.open(application)
    page.locator(".tasks").get_by_role("link", name="Mentor, half-days and coverage").click()
    page.locator("main textarea").first.fill("Dr. Solberg covers the sessions instead.")
    scholar.press("Save and go to task list")
    expect(page.get_by_text("To be confirmed again")).to_be_visible()
    scholar.open(f"{application}/endorsement")
    expect(page.get_by_text("Dr. Solberg covers the sessions instead.")).to_be_visible()
    scholar.look()
    scholar.press("Ask again now")
    again = scholar.portal.link_in_mail("josephine@example.org", "has changed what you endorsed", "/endorsements/")
    confirm(director, again, "Josephine Adeyemi")
    scholar.open(f"{application}/check")
    expect(page.locator(".err-sum")).to_have_count(0)
    expect(page.get_by_role("button", name="Submit application")).to_be_visible()
