"""An applicant registers by the mailed link, applies, uploads, submits, follows and withdraws."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.forms import fill, one_page_pdf
from tests.browser.test_together import ask, confirm

ADDRESS = "journey@example.org"
PASSWORD = "four plain words together"
LISTING = "/opportunities/winickoff-scholars"


def register(visitor: Visitor) -> None:
    """Make an account through the form and the mail; the link alone does nothing, its button does."""
    page = visitor.open("/register")
    visitor.look()
    visitor.press("Register")
    expect(page).to_have_title(re.compile("^Error:"))
    visitor.look()
    page.get_by_label("Given name").fill("Juniper")
    page.get_by_label("Family name").fill("Łucka-Fields")
    page.get_by_label("Email address").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.press("Register")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    visitor.look()
    link = visitor.portal.link_in_mail(ADDRESS, "Confirm your email address", "/confirm-email")
    page.goto(link)
    visitor.look()
    visitor.press("Confirm the address")
    if page.url.endswith("/login"):
        visitor.sign_in(ADDRESS, PASSWORD)
    expect(page.get_by_role("link", name="My applications")).to_be_visible()


def test_registers_applies_submits_and_withdraws(visitor: Visitor, tmp_path: Path) -> None:
    register(visitor)
    page = visitor.open("/applications")
    expect(page.get_by_text("You have no applications yet")).to_be_visible()
    visitor.look()

    visitor.open(LISTING)
    visitor.press("Start application")
    page.wait_for_url(re.compile(r"/applications/\d+"))
    application = page.url.rstrip("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application")
    visitor.look()

    page.locator(".tasks a").first.click()  # save with gaps: all typed is kept, and it says what is missing
    visitor.look()
    visitor.press("Save and go to task list")
    page.goto(f"{application}/check")
    expect(page.locator(".err-sum li").first).to_be_visible()
    visitor.look()

    page.goto(application)
    sections = [link.get_attribute("href") or "" for link in page.locator(".tasks a[href*='/sections/']").all()]
    assert len(sections) >= 2
    for address in sections:
        visitor.open(address)
        fill(page, one_page_pdf(tmp_path))
        visitor.press("Save and continue")
        expect(page.locator(".err-sum")).to_have_count(0)
    page.goto(application)
    expect(page.get_by_text("All sections are complete")).to_be_visible()
    visitor.look()
    link = ask(visitor, application, "Josephine Adeyemi", "medical director", "director@example.org")
    confirm(visitor, link, "Josephine Adeyemi")
    visitor.open(sections[-1])  # with what was typed, and the file
    visitor.look()
    page.goto(f"{application}/check")
    expect(page.get_by_text("CV of a fictional person.pdf").first).to_be_visible()
    visitor.look()
    visitor.press("Submit application")

    expect(page.get_by_role("main")).to_contain_text(re.compile(r"WIN-\d\d-\d{4}"))
    visitor.look()
    found = re.search(r"WIN-\d\d-\d{4}", page.get_by_role("main").inner_text())
    assert found
    assert found[0] in visitor.portal.mail(ADDRESS, f"We received your application {found[0]}")

    visitor.open("/applications")
    expect(page.get_by_text(found[0]).first).to_be_visible()
    visitor.look()
    page.goto(f"{application}/withdraw")
    visitor.look()
    visitor.press("Withdraw application")
    page.goto(application)
    expect(page.get_by_role("main")).to_contain_text("Withdrawn")
    assert found[0] in visitor.portal.mail(ADDRESS, "ithdr")

    visitor.open(LISTING)  # one per person and cycle
    expect(page.get_by_role("button", name="Start application")).to_have_count(0)


def test_reads_a_letter_and_keeps_the_account(visitor: Visitor) -> None:
    page = visitor.sign_in("applicant@example.org")
    visitor.open("/applications")
    visitor.look()
    page.locator(".rows a").first.click()
    visitor.look()
    visitor.follow("Read your letter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visitor.look()
    visitor.open("/account")
    visitor.look()
    visitor.open("/change")
    visitor.look()


def test_sets_a_new_password_by_mail(visitor: Visitor) -> None:
    page = visitor.open("/reset")
    visitor.look()
    page.get_by_label("Email address").fill("reviewer.two@example.org")
    visitor.press("Send the link")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")  # whether there is an account or not


def test_a_session_that_ended_gives_back_what_was_typed(visitor: Visitor) -> None:
    page = visitor.sign_in("applicant@example.org")
    visitor.open("/applications")
    page.get_by_role("link", name=re.compile("^Continue")).first.click()
    box = page.locator("main textarea:visible, main input[type=text]:visible").first
    box.fill("Typed just before the session ended")
    page.context.clear_cookies()
    visitor.press("Save and continue")
    expect(page.get_by_text("We kept what you typed")).to_be_visible()
    visitor.look()
    page.get_by_label("Email address").fill("applicant@example.org")
    page.get_by_label("Password", exact=True).fill("primary-care-demo")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    visitor.look()
    expect(page.locator("main")).to_contain_text("Typed just before the session ended")
