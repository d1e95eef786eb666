"""What applicants meet on the way: mistakes, gaps, decision letters, lost passwords, sessions that end."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor, Visitor

ADDRESS = "journey@example.org"
WHY = "What are you looking for in a practice?"
PASSWORD = "four plain words together"


def test_registers_after_mistakes(visitor: Visitor) -> None:
    """The link of the mail does nothing by itself; its button does."""
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
    page.goto(visitor.portal.link_in_mail(ADDRESS, "Confirm your email address", "/confirm-email"))
    visitor.look()
    visitor.press("Confirm the address")
    if page.url.endswith("/login"):
        visitor.sign_in(ADDRESS, PASSWORD)
    expect(page.get_by_role("link", name="My applications")).to_be_visible()
    visitor.open("/applications")
    expect(page.get_by_text("You have no applications yet")).to_be_visible()
    visitor.look()


def test_is_told_what_is_missing(visitor: Visitor) -> None:
    """Save with gaps: all typed is kept, and each gap is named with a link to it."""
    page = visitor.sign_in("applicant@example.org")
    visitor.open("/opportunities/physician-community-health-center-1")
    visitor.press("Start application")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application")
    application = page.url.rstrip("/")
    page.locator(".tasks").get_by_role("link", name="Expression of interest").click()
    page.get_by_label(WHY).fill("A team that stays")
    visitor.press("Save and go to task list")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application")
    visitor.open(f"{application}/check")
    expect(page.locator(".err-sum li").first).to_be_visible()
    visitor.look()
    page.locator(".err-sum a", has_text="Your specialty").click()
    expect(page.locator(".err-sum")).to_be_visible()
    expect(page.get_by_label(WHY)).to_have_value("A team that stays")
    visitor.look()
    visitor.open(f"{application}/delete")
    visitor.look()
    visitor.press("Delete", exact=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("My applications")


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


def test_a_session_that_ended_gives_back_what_was_typed(new_visitor: NewVisitor) -> None:
    """Without scripts; with them the section waits for the sign-in, as the tests of filling in show."""
    visitor = new_visitor(java_script_enabled=False)
    page = visitor.sign_in("applicant@example.org")
    visitor.open("/applications")
    page.get_by_role("link", name=re.compile("^Continue")).first.click()
    box = page.locator("main textarea:visible, main input[type=text]:visible").first
    box.fill("Typed just before the session ended")
    page.context.clear_cookies()
    visitor.press("Save and continue")
    expect(page.get_by_text("We kept what you typed")).to_be_visible()
    assert visitor.excess_width() == 0
    page.get_by_label("Email address").fill("applicant@example.org")
    page.get_by_label("Password", exact=True).fill("primary-care-demo")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    assert visitor.excess_width() == 0
    expect(page.locator("main")).to_contain_text("Typed just before the session ended")
