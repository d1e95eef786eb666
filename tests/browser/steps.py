"""What people of the journeys do more than once: register, invite, join, endorse, submit."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.forms import fill_in
from tests.browser.hands import Hands

PASSWORD = "four plain words together"
REFERENCE = re.compile(r"[A-Z]{3}-\d\d[A-Z]?-\d{4}")


def heading(hands: Hands, words: str) -> None:
    expect(hands.page.get_by_role("heading", level=1)).to_have_text(words)


def register(hands: Hands, given: str, family: str, address: str) -> None:
    """Make an account by the form and the mail, and be signed in."""
    hands.open("/register")
    _register_here(hands, given, family, address)
    expect(hands.page.get_by_role("link", name="My applications")).to_be_visible()


def _register_here(hands: Hands, given: str, family: str, address: str) -> None:
    hands.write("Given name", given)
    hands.write("Family name", family)
    hands.write("Email address", address)
    hands.write("Password", PASSWORD)
    hands.press("Register")
    heading(hands, "Check your mail")
    hands.open(hands.visitor.portal.link_in_mail(address, "Confirm your email address", "/confirm-email"))
    hands.press("Confirm the address")
    if "/login" in hands.page.url:
        hands.write("Email address", address)
        hands.write("Password", PASSWORD)
        hands.press("Sign in")


def start(hands: Hands, slug: str) -> str:
    """Start an application from the listing.  Out: its address."""
    hands.open(f"/opportunities/{slug}")
    hands.press("Start application")
    heading(hands, "Your application")
    return hands.page.url.rstrip("/")


def invite(lead: Hands, application: str, name: str, address: str, access: str) -> str:
    """Ask somebody into the team.  Out: the link of the mail."""
    page = lead.open(f"{application}/team")
    lead.write("Name", name)
    lead.write("Email address", address)
    lead.choose(access)
    lead.press("Send the invitation")
    expect(page.get_by_text(f"{name} is invited.")).to_be_visible()
    return lead.visitor.portal.link_in_mail(address, "invites you to a team", "/applications/join/")


def join(hands: Hands, link: str, given: str, family: str, address: str) -> None:
    """Follow an invitation without an account: register, confirm the address, and be back at it."""
    hands.open(link)
    hands.look()
    hands.follow("Register")
    _register_here(hands, given, family, address)
    heading(hands, "Join a team")
    hands.look()
    hands.press("Join the team")
    expect(hands.page).to_have_url(re.compile(r"/applications/\d+"))


def ask(hands: Hands, application: str, name: str, role: str, address: str) -> str:
    """Ask for the endorsement.  Out: the link of the mail."""
    page = hands.open(f"{application}/endorsement")
    hands.write("Name", name)
    hands.write("Role", role)
    hands.write("Email address", address)
    hands.press("Ask for the endorsement")
    expect(page.get_by_text(f"{name} is asked.")).to_be_visible()
    return hands.visitor.portal.link_in_mail(address, "asks for your endorsement", "/endorsements/")


def endorse(hands: Hands, link: str, name: str) -> None:
    hands.open(link)
    hands.look()
    hands.write("Type your full name to confirm", name)
    hands.press("Confirm")
    heading(hands, "Thank you: it is confirmed")


def submit(hands: Hands, application: str) -> str:
    """Check the answers and submit.  Out: the reference."""
    page = hands.open(application)
    hands.follow("Check your answers and submit")
    expect(page.locator(".err-sum")).to_have_count(0)
    hands.look()
    hands.press("Submit application")
    found = REFERENCE.search(hands.main.inner_text())
    assert found, hands.main.inner_text()
    hands.look()
    return found[0]


def fill_and_wait(hands: Hands, application: str, folder: Path, obstacles: int) -> None:
    """Fill in a draft; so many things then stop it, which are not answers."""
    fill_in(hands, application, folder)
    page = hands.open(f"{application}/check")
    expect(page.locator(".err-sum li")).to_have_count(obstacles)
