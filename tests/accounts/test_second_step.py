"""Two-step sign-in with real codes, recovery codes, freshness."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from lxml import html
from passlib.totp import TOTP

from portal.accounts.models import Person
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from tests.accounts.conftest import mails, sign_in, verbs
from tests.page_client import Page, PageClient

WRONG_CODE = "This code does not work. Codes change every 30 seconds and work once: enter the newest."


def code(key: str, *, steps: int = 0) -> str:
    """What an authenticator app with this key shows now, or some steps of 30 seconds later."""
    return str(TOTP(key=key.replace("-", "")).generate(now().timestamp() + 30 * steps).token)


def turn_on(client: PageClient) -> str:
    """Set up the app, signed in; out: its key."""
    page = client.get("/account").click("Turn on two-step sign-in").submit("/tf-setup", button="Set up the app")
    assert page.status == 200
    key = page.one("//p[@class='codes']")
    page = page.submit("/tf-validate", code=code(key), follow=False)
    assert page.location == "/account/two-step"
    return key


@pytest.fixture
def key(client: PageClient, maren: Person) -> str:
    """The key of Maren's app; she is signed out, and the code used to set it up is past."""
    with time_machine.travel(now() - timedelta(minutes=5)):
        sign_in(client)
        key = turn_on(client)
        client.post("/logout")
    return key


def test_the_picture_holds_the_key(client: PageClient, maren: Person) -> None:
    sign_in(client)
    page = client.get("/tf-setup").submit("/tf-setup", button="Set up the app")
    (source,) = page.tree.xpath("//img[@class='qr']/@src")  # type: ignore[union-attr]
    kind, _, data = source.partition(";base64,")
    assert kind == "data:image/svg+xml"
    assert b"<svg" in base64.b64decode(data)
    assert "img-src 'self' data:" in page.response.headers["Content-Security-Policy"]
    assert len(page.one("//p[@class='codes']").replace("-", "")) == 32


def test_turning_it_on_asks_for_a_code_that_works(client: PageClient, maren: Person) -> None:
    sign_in(client)
    page = client.get("/tf-setup").submit("/tf-setup", button="Set up the app")
    key = page.one("//p[@class='codes']")
    page = page.submit("/tf-validate", code="000000")
    assert (page.status, page.errors) == (422, [WRONG_CODE])
    assert maren.tf_primary_method is None
    page = page.submit("/tf-validate", code=code(key))
    assert page.path == "/mf-recovery-codes"
    assert page.flashes == ["Two-step sign-in is on. From now on we ask for a code after your password."]
    db.session.expire_all()
    assert maren.tf_primary_method == "authenticator"
    assert key.replace("-", "") not in (maren.tf_totp_secret or "")
    assert verbs(maren) == ["person.signed-in", "person.two-step-on"]
    assert [mail.subject for mail in mails("sign_in_changed")] == [
        "Two-step sign-in was turned on for your account at Primary Care Opportunities"
    ]


def test_signing_in_then_takes_two_steps(client: PageClient, maren: Person, key: str) -> None:
    answer = sign_in(client, next="/account")
    assert answer.location == "/tf-validate?next=/account"
    assert client.get("/account").location == "/login?next=/account"
    page = client.get(answer.location).submit("/tf-validate", code="123456")
    assert (page.status, page.errors) == (422, [WRONG_CODE])
    page = page.submit("/tf-validate", code=code(key))
    assert client.get("/account").status == 200
    assert verbs(maren)[-1] == "person.signed-in"


def test_a_code_works_once(app: Flask, client: PageClient, maren: Person, key: str) -> None:
    with time_machine.travel(now(), tick=False):
        shown = code(key)
        page = sign_in(client).follow().submit("/tf-validate", code=shown, follow=False)
        assert page.location == "/start"
        page = sign_in(PageClient(app)).follow().submit("/tf-validate", code=shown)
        assert page.errors == [WRONG_CODE]
        page = page.submit("/tf-validate", code=code(key, steps=1), follow=False)
        assert page.location == "/start"


@pytest.mark.parametrize("steps", [-3, 3])
def test_codes_of_other_times_do_not_work(client: PageClient, maren: Person, key: str, steps: int) -> None:
    page = sign_in(client).follow().submit("/tf-validate", code=code(key, steps=steps))
    assert page.errors == [WRONG_CODE]


@pytest.mark.parametrize("typed", ["", "x" * 10_000, "🩺", "\x00", "١٢٣٤٥٦"])
def test_bad_codes_are_refused_calmly(client: PageClient, maren: Person, key: str, typed: str) -> None:
    assert sign_in(client).follow().submit("/tf-validate", code=typed).status == 422
    assert client.get("/mf-recovery").submit("/mf-recovery", code=typed).status == 422


def test_wrong_codes_are_recorded(client: PageClient, maren: Person, key: str, recorded: list[Event]) -> None:
    sign_in(client).follow().submit("/tf-validate", code="000000")
    client.get("/mf-recovery").submit("/mf-recovery", code="aaaa-bbbb-cccc")
    assert [(event.thing_id, event.facts["how"]) for event in recorded] == [
        (maren.id, "code of the authenticator app"),
        (maren.id, "recovery code"),
    ]


def test_codes_are_counted(throttled: Callable[[], PageClient], maren: Person) -> None:
    browser = throttled()
    sign_in(browser)
    turn_on(browser)
    browser.post("/logout")
    page = sign_in(browser).follow()
    for _ in range(6):
        assert page.submit("/tf-validate", code="000000").status == 422
    assert page.submit("/tf-validate", code="000000").status == 429


def make_codes(client: PageClient) -> list[str]:
    page = client.get("/mf-recovery-codes").submit("/mf-recovery-codes")
    assert page.status == 200
    return page.all("//ul[@class='codes']/li")


def test_recovery_codes_are_shown_once_and_each_works_once(
    app: Flask, client: PageClient, maren: Person, key: str
) -> None:
    sign_in(client).follow().submit("/tf-validate", code=code(key))
    codes = make_codes(client)
    assert len(set(codes)) == 10
    assert "You have 10 codes left." in client.get("/mf-recovery-codes").text
    assert codes[0] not in client.get("/mf-recovery-codes?show_codes=1").text
    db.session.expire_all()
    assert codes[0] not in str(maren.mf_recovery_codes)
    client.post("/logout")

    page = sign_in(client).follow().click("Use a recovery code")
    page = page.submit("/mf-recovery", code="nope")
    assert page.errors == ["This recovery code does not work. Each works once: try another of your list."]
    page = page.submit("/mf-recovery", code=f" {codes[0].upper().replace('-', ' ')} ", follow=False)
    assert page.location == "/start"
    assert "You have 9 recovery codes left." in client.get("/account").text
    other = PageClient(app)
    sign_in(other)
    assert other.get("/mf-recovery").submit("/mf-recovery", code=codes[0]).status == 422
    assert verbs(maren)[-3:] == ["person.recovery-codes-made", "person.recovery-code-used", "person.signed-in"]
    assert set(make_codes(client)).isdisjoint(codes)
    assert other.get("/mf-recovery").submit("/mf-recovery", code=codes[1]).status == 422


def test_turning_it_off_takes_the_codes_along(client: PageClient, maren: Person, key: str) -> None:
    sign_in(client).follow().submit("/tf-validate", code=code(key))
    make_codes(client)
    page = client.get("/tf-setup").submit("/tf-setup", button="Turn off two-step sign-in")
    assert page.path == "/account"
    assert page.flashes == ["Two-step sign-in is off. Your password alone signs you in."]
    db.session.expire_all()
    assert (maren.tf_primary_method, maren.tf_totp_secret, maren.tf_last_counter) == (None, None, None)
    assert maren.mf_recovery_codes == []
    assert verbs(maren)[-1] == "person.two-step-off"
    client.post("/logout")
    assert sign_in(client).location == "/start"


def test_other_ways_of_setting_up_are_refused(client: PageClient, maren: Person) -> None:
    sign_in(client)
    for method in ("email", "sms", "", "webauthn"):
        page = client.post("/tf-setup", {"setup": method})
        assert page.status == 422
        assert page.errors == ["Choose the authenticator app."]


@pytest.mark.parametrize("path", ["/tf-setup", "/mf-recovery-codes", "/wan-register"])
def test_what_is_sensitive_asks_for_the_password_again(client: PageClient, maren: Person, path: str) -> None:
    start = now()
    with time_machine.travel(start):
        sign_in(client)
        assert client.get(path).status == 200
    client.raw.get("/account")
    with time_machine.travel(start + timedelta(hours=1)):
        answer = client.get(path)
        assert answer.location == f"/verify?next={path}"
        assert client.post(path).location == f"/verify?next={path}"
        page = answer.follow().submit("/verify", button="Go on", password="wrong password")
        assert (page.status, page.errors) == (
            422,
            ["This is not your password. Try again, or set a new one by mail."],
        )
        page = page.submit("/verify", button="Go on", password="marmalade on warm toast", follow=False)
        assert page.location.endswith(path)
        assert client.get(path).status == 200


def test_second_steps_without_a_first_lead_to_the_sign_in_page(client: PageClient) -> None:
    for path in ("/tf-validate", "/mf-recovery"):
        page = client.get(path).follow()
        assert page.path == "/login"
        assert page.flashes == ["Sign in again. That step belongs to a sign-in that has ended."]


def test_a_stray_second_step_does_not_sign_out(client: PageClient, maren: Person) -> None:
    sign_in(client)
    assert client.get("/tf-validate").location == "/account"
    assert client.get("/account").status == 200


@pytest.mark.parametrize("path", ["/tf-rescue", "/tf-select"])
def test_what_the_portal_does_not_use_is_not_there(client: PageClient, path: str) -> None:
    assert client.get(path).status == 404
    assert client.post("/tf-setup/token").status == 404


def passkey_page(client: PageClient, name: str) -> Page:
    return client.get("/wan-register").submit("/wan-register", name=name)


def test_a_passkey_is_asked_for_with_what_the_script_needs(client: PageClient, maren: Person) -> None:
    sign_in(client)
    page = passkey_page(client, "Work laptop")
    assert page.status == 200
    (form,) = page.tree.xpath("//form[@data-passkey='create']")  # type: ignore[union-attr]
    options = html.fromstring(html.tostring(form)).get("data-options")
    assert '"userVerification": "required"' in options
    assert '"residentKey": "required"' in options
    assert page.submit("/wan-register/", credential="", follow=False).location == "/wan-register"
    page = passkey_page(client, "Work laptop").submit("/wan-register/", credential='{"id": 1}')
    assert page.path == "/wan-register"
    assert page.flashes[-1] == "We could not read that. Start again."


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the passkey a name, such as Work laptop."),
        ("<b>x</b>", "Use letters, digits, spaces and dashes in the name."),
        ("x" * 10_000, "Shorten the name to 64 characters."),
        ("🩺", "Use letters, digits, spaces and dashes in the name."),
    ],
)
def test_bad_names_of_passkeys_are_refused(client: PageClient, maren: Person, name: str, sentence: str) -> None:
    sign_in(client)
    page = passkey_page(client, name)
    assert (page.status, page.errors) == (422, [sentence])


def test_signing_in_with_a_passkey_hints_at_nobody(client: PageClient, maren: Person) -> None:
    page = client.get("/login").submit("/wan-signin", identity="maren@example.org", next="/account")
    assert page.status == 200
    (form,) = page.tree.xpath("//form[@data-passkey='get']")  # type: ignore[union-attr]
    assert '"allowCredentials": []' in form.get("data-options")
    assert "next=/account" in form.get("action")
    page = page.submit("/wan-signin/", credential='{"id": "x", "rawId": "eA", "type": "public-key", "response": {}}')
    assert page.path == "/wan-signin"
    assert page.flashes == ["We could not read that. Start again."]
    assert client.post("/wan-signin/old-token").location == "/wan-signin"


def test_a_passkey_of_the_person_is_listed_and_removed(client: PageClient, maren: Person) -> None:
    from portal.accounts.models import Passkey

    db.session.add(
        Passkey(
            user_id=maren.id,
            name="Work laptop",
            credential_id=b"id",
            public_key=b"key",
            sign_count=0,
            transports=["internal"],
            backup_state=False,
            device_type="single_device",
            lastuse_datetime=now(),
            usage="first",
        )
    )
    db.session.commit()
    sign_in(client)
    assert "Work laptop, last used" in client.get("/account").text
    page = client.get("/wan-register")
    assert page.all("//ul[@class='rows']//b") == ["Work laptop"]
    page = page.submit("/wan-delete")
    assert page.flashes == ["The passkey Work laptop is removed. It no longer signs you in."]
    assert client.post("/wan-delete", {"name": "Work laptop"}).follow().flashes == [
        "You have no passkey named Work laptop."
    ]
    assert verbs(maren)[-1] == "person.passkey-removed"
    assert mails("sign_in_changed")[-1].subject.startswith("The passkey Work laptop was removed")


def test_confirming_with_a_passkey_is_offered_to_those_who_have_one(client: PageClient, maren: Person) -> None:
    sign_in(client)
    page = client.get("/wan-verify?next=/tf-setup")
    assert page.one("//h1") == "Confirm that it is you"
    page = page.submit("/wan-verify")
    assert page.tree.xpath("//form[@data-passkey='get']")  # type: ignore[union-attr]
    assert client.post("/wan-verify/old").location == "/wan-verify"
