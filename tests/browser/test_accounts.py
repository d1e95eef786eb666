"""Accounts in a browser: a passkey on a virtual device, a code of an authenticator app, a session that ends."""

import re

import pytest
from passlib.totp import TOTP
from playwright.sync_api import expect

from portal.demo.data import PASSWORD
from tests.browser.conftest import NewVisitor, Portal, Visitor

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def by_name(portal: Portal) -> str:
    """The portal's address by name: browsers make no passkeys for the number of a host."""
    return portal.base_url.replace("127.0.0.1", "localhost")


def test_a_passkey_is_added_signs_in_confirms_and_is_removed(visitor: Visitor, by_name: str) -> None:
    page = visitor.page
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    page.goto(f"{by_name}/login?next=/wan-register")
    page.get_by_label("Email address").fill("applicant@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.press("Sign in")
    page.wait_for_url("**/wan-register")
    visitor.look()
    page.get_by_label("Name").fill("Work laptop")
    visitor.press("Add a passkey")
    expect(page.get_by_text("The passkey Work laptop is added.")).to_be_visible()
    visitor.look()

    page.goto(f"{by_name}/account")
    expect(page.get_by_text("Work laptop, last used")).to_be_visible()
    visitor.press("Sign out")
    page.wait_for_url("**/")
    page.goto(f"{by_name}/login?next=/account")
    visitor.press("Sign in with a passkey")
    page.wait_for_url("**/account")
    page.goto(f"{by_name}/verify?next=/wan-register")
    visitor.look()
    visitor.press("Use a passkey")
    page.wait_for_url("**/wan-register")

    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto(f"{by_name}/verify?next=/account")
    visitor.press("Use a passkey")
    expect(page.get_by_role("alert")).to_have_text(re.compile("Your device did not give a passkey"))
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    visitor.look()

    page.goto(f"{by_name}/wan-register")
    visitor.press("Remove Work laptop")
    expect(page.get_by_text("The passkey Work laptop is removed.")).to_be_visible()


def test_two_steps_are_turned_on_used_and_turned_off(visitor: Visitor) -> None:
    page = visitor.sign_in("reviewer@example.org")
    visitor.open("/account")
    visitor.look()
    visitor.follow("Turn on two-step sign-in")
    visitor.press("Set up the app")
    visitor.look()
    app = TOTP(key=page.locator(".codes").inner_text().replace("-", "").strip())
    page.get_by_label("Code").fill(app.generate().token)
    visitor.press("Turn on two-step sign-in")
    visitor.press("Make ten codes")
    visitor.look()
    code = page.locator(".codes li").first.inner_text()
    visitor.follow("I have kept them")
    visitor.press("Sign out")
    page.wait_for_url("**/")

    visitor.open("/login?next=/account")
    page.get_by_label("Email address").fill("reviewer@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.press("Sign in")
    page.wait_for_url(re.compile("/tf-validate"))
    visitor.look()
    visitor.follow("Use a recovery code")
    visitor.look()
    page.get_by_label("Recovery code").fill(code)
    visitor.press("Sign in")
    page.wait_for_url("**/account")
    expect(page.get_by_text("You have 9 recovery codes left.")).to_be_visible()
    visitor.follow("Change or turn off two-step sign-in")
    visitor.press("Turn off two-step sign-in")
    expect(page.get_by_text("Two-step sign-in is off.")).to_be_visible()


def test_what_was_typed_when_the_session_ended_comes_back(visitor: Visitor) -> None:
    page = visitor.sign_in("applicant@example.org")
    visitor.open("/account")
    page.get_by_label("Phone").fill("+1 617 555 0134")
    page.context.clear_cookies()
    visitor.press("Save")
    page.wait_for_url("**/login?next=/kept/*")
    visitor.look()
    page.get_by_label("Email address").fill("applicant@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.press("Sign in")
    page.wait_for_url("**/kept/*")
    expect(page.get_by_text("+1 617 555 0134")).to_be_visible()
    visitor.look()
    visitor.press("Send it again")
    expect(page.get_by_text("Your account is saved.")).to_be_visible()
    expect(page.get_by_label("Phone")).to_have_value("+1 617 555 0134")


def test_registration_works_without_a_script_and_shows_the_password_with_one(
    new_visitor: NewVisitor, portal: Portal
) -> None:
    plain = new_visitor(java_script_enabled=False, width=390)
    page = plain.open("/register")
    expect(page.get_by_role("button", name="Show password")).to_be_hidden()
    page.get_by_label("Given name").fill("Ada")
    page.get_by_label("Family name").fill("Quist")
    page.get_by_label("Email address").fill("ada.quist@example.org")
    page.get_by_label("Password", exact=True).fill("marmalade on warm toast")
    plain.press("Register")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")

    visitor = new_visitor()
    page = visitor.open(portal.link_in_mail("ada.quist@example.org", "Confirm your email", "/confirm-email/"))
    visitor.look()
    visitor.press("Confirm the address")
    visitor.look()
    field = page.get_by_label("Password", exact=True)
    field.fill("marmalade on warm toast")
    visitor.press("Show password")
    expect(field).to_have_attribute("type", "text")
    page.get_by_label("Email address").fill("ada.quist@example.org")
    visitor.press("Sign in")
    page.wait_for_url("**/applications*")
    for path in ("/change", "/tf-setup"):
        visitor.open(path)
        visitor.look()


@pytest.mark.parametrize("path", ["/register", "/reset", "/confirm-email", "/check-mail", "/wan-signin"])
def test_public_pages_of_accounts_are_accessible(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)
    visitor.look()
    if path in {"/register", "/reset", "/confirm-email"}:
        page.locator("main form button[type=submit]").click()
        expect(page.get_by_role("alert")).to_be_focused()
        visitor.look()
