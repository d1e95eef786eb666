"""Signing in and out, recovery, changing a password, and what each leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask_security import hash_password

from portal.accounts import actions
from portal.accounts.models import Person
from portal.accounts.status import Role
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.accounts.conftest import PASSWORD, link, mails, sign_in, verbs
from tests.page_client import PageClient

WRONG = "We do not know this email address and password together. Check both, or set a new password."
NEW = "seven herons at low tide"


def test_signing_in_is_tracked_recorded_and_kept(client: PageClient, maren: Person) -> None:
    answer = sign_in(client)
    assert (answer.status, answer.location) == (302, "/start")
    db.session.expire_all()
    assert maren.login_count == 1
    assert maren.current_login_at is not None
    assert maren.current_login_at.tzinfo is not None
    assert verbs(maren) == ["person.signed-in"]
    page = client.get("/account")
    assert page.one("//h1") == "Your account"
    assert "from 127.0.0.1, by password" in page.text


def test_the_session_ends_after_twelve_idle_hours(client: PageClient, maren: Person) -> None:
    start = now()
    with time_machine.travel(start):
        sign_in(client)
    cookie = client.raw.get_cookie("session")
    assert cookie is not None
    assert cookie.expires is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    with time_machine.travel(start + timedelta(hours=11)):
        assert client.get("/account").status == 200
    with time_machine.travel(start + timedelta(hours=22)):  # the visit before began the hours anew
        assert client.get("/account").status == 200
    with time_machine.travel(start + timedelta(hours=35)):
        assert client.get("/account").location == "/login?next=/account"


def test_a_device_is_remembered_only_when_asked(client: PageClient, maren: Person) -> None:
    page = client.get("/login")
    assert "remember" not in page.form("/login", "Sign in")
    sign_in(client)
    assert client.raw.get_cookie("remember_token") is None
    client.post("/logout")
    sign_in(client, remember="y")
    cookie = client.raw.get_cookie("remember_token")
    assert cookie is not None
    assert cookie.http_only
    client.raw.delete_cookie("session")
    assert client.get("/account").status == 200
    assert client.get("/change").status == 200
    assert client.get("/tf-setup").location == "/verify?next=/tf-setup"


def test_unknown_address_and_wrong_password_get_one_answer(app: Flask, client: PageClient, maren: Person) -> None:
    known = sign_in(client, password="wrong password")
    unknown = sign_in(PageClient(app), email="maria@example.org", password="wrong password")
    assert known.status == unknown.status == 422
    assert known.errors == unknown.errors == [WRONG]
    pages = [page.response.get_data(as_text=True).splitlines() for page in (known, unknown)]
    left, right = ([line for line in page if "csrf_token" not in line] for page in pages)
    assert "\n".join(left).replace("maren@", "maria@") == "\n".join(right)
    assert known.form("/login", "Sign in")["email"] == "maren@example.org"
    assert known.form("/login", "Sign in")["password"] == ""


def test_failed_tries_are_recorded_although_nothing_else_is_saved(
    client: PageClient, maren: Person, recorded: list[Event]
) -> None:
    sign_in(client, password="wrong password")
    sign_in(client, email="maria@example.org")
    assert [(event.verb, event.thing_id, event.facts) for event in recorded] == [
        ("person.sign-in-failed", maren.id, {"how": "password"}),
        ("person.sign-in-failed", None, {"how": "password of an unknown address"}),
    ]
    assert maren.login_count is None


def test_what_is_missing_is_named(client: PageClient) -> None:
    page = client.get("/login").submit("/login", button="Sign in", email="", password="")
    assert page.status == 422
    assert page.errors == ["Enter your email address.", "Enter a password."]
    page = page.submit("/login", button="Sign in", email="x@" + "y" * 10_000, password="\x00")
    assert page.errors == ["Check the email address. It needs a name, an @ and a domain, as in maren@hospital.org."]


@pytest.mark.parametrize("email", ["\x00@example.org", "<b>@example.org", "🩺@example.org", "'; drop table person--"])
def test_bad_addresses_are_refused_calmly(client: PageClient, email: str) -> None:
    assert sign_in(client, email=email).status == 422


def test_a_closed_account_says_so_to_its_owner_only(client: PageClient, maren: Person) -> None:
    maren.active = False
    db.session.commit()
    assert sign_in(client).errors == ["This account is closed. Write to us if you need it again."]
    assert sign_in(client, password="wrong password").errors == [WRONG]


def test_an_account_without_a_password_does_not_let_in(client: PageClient) -> None:
    factories.person(email="invited@example.org", password=None)
    db.session.commit()
    assert sign_in(client, email="invited@example.org").errors == [WRONG]


def test_a_password_hashed_by_older_parameters_is_hashed_anew(client: PageClient, maren: Person) -> None:
    from flask_security.core import _get_pwd_context  # noqa: F401
    from flask_security.utils import get_hmac
    from passlib.hash import argon2

    with client.app.test_request_context():
        maren.password = argon2.using(type="ID", time_cost=2, memory_cost=32, parallelism=1).hash(get_hmac(PASSWORD))
    db.session.commit()
    assert sign_in(client).location == "/start"
    db.session.expire_all()
    assert maren.password is not None
    assert "m=64,t=1,p=1" in maren.password


def test_production_hashes_as_owasp_advises() -> None:
    from pathlib import Path

    from portal.accounts.setup import security_config
    from tests.conftest import make_settings

    config = security_config(make_settings("postgresql://x/y", Path("/tmp"), portal_env="demo"))
    assert config["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"] == {
        "argon2__type": "ID",
        "argon2__time_cost": 2,
        "argon2__memory_cost": 19456,
        "argon2__parallelism": 1,
    }


def test_signing_in_leads_back_to_local_paths_only(client: PageClient, maren: Person) -> None:
    for target in ("https://bad.example/", "//bad.example", "/\\bad.example", "javascript:alert(1)", "\\\\bad.example"):
        assert client.get("/login", query_string={"next": target}).status == 400
        assert sign_in(client, next=target).status == 400
        assert client.get("/account").location == "/login?next=/account"
    assert sign_in(client, next="/account?tab=1").location == "/account?tab=1"


@pytest.mark.parametrize(
    ("roles", "path"),
    [([], "/applications/"), ([Role.REVIEWER], "/review"), ([Role.REVIEWER, Role.COORDINATOR], "/manage")],
)
def test_start_leads_to_the_work_of_the_widest_role(
    client: PageClient, maren: Person, roles: list[Role], path: str
) -> None:
    unit = factories.unit()
    for role in roles:
        factories.membership(maren, role, unit=unit)
    found = client.sign_in(maren).get("/start")
    assert (found.status, found.location.rstrip("/")) == (303, path.rstrip("/"))


def test_signing_out_takes_a_post_with_a_token(client: PageClient, maren: Person) -> None:
    sign_in(client)
    assert client.get("/logout").status == 405
    assert client.post("/logout", {"csrf_token": "wrong"}).status == 400
    assert client.get("/account").status == 200
    assert client.get("/account").submit("/logout", follow=False).location == "/"
    assert client.get("/account").location == "/login?next=/account"
    assert client.post("/logout", {"csrf_token": "old"}).location == "/login"


def test_signing_out_everywhere_ends_every_session(app: Flask, client: PageClient, maren: Person) -> None:
    other = PageClient(app)
    sign_in(other)
    sign_in(client)
    page = client.get("/account").submit("/account/sign-out-everywhere")
    assert page.path == "/login"
    assert page.flashes == ["You are signed out on all devices. Sign in again here when you want."]
    assert other.get("/account").location == "/login?next=/account"
    assert verbs(maren)[-1] == "person.signed-out-everywhere"


def test_recovery_sets_a_new_password_and_ends_all_sessions(app: Flask, client: PageClient, maren: Person) -> None:
    other = PageClient(app)
    sign_in(other)
    page = client.get("/login").click("Set a new password").submit("/reset", email="maren@example.org")
    assert page.path == "/check-mail"
    assert "If maren@example.org has an account, we sent it a mail." in page.text
    path = link(mails("reset_password")[0], "/reset/")
    page = client.get(path)
    assert page.status == 200
    page = page.submit("/reset/", password="short")
    assert (page.status, page.errors) == (422, ["Use at least 12 characters. You have 5."])
    page = page.submit("/reset/", password=NEW)
    assert page.path == "/login"
    assert page.flashes == ["Your new password is saved. Sign in with it. All other devices are signed out."]
    assert other.get("/account").location == "/login?next=/account"
    assert sign_in(client).errors == [WRONG]
    assert sign_in(client, password=NEW).location == "/start"
    assert [mail.template for mail in mails()] == ["reset_password", "password_changed"]
    assert "person.password-reset" in verbs(maren)


def test_a_recovery_link_works_once_and_for_a_day(app: Flask, client: PageClient, maren: Person) -> None:
    client.get("/reset").submit("/reset", email="maren@example.org")
    path = link(mails()[0], "/reset/")
    with time_machine.travel(now() + timedelta(days=1, seconds=5)):
        page = client.get(path).follow()
        assert page.path == "/reset"
        assert page.flashes == [
            "This link does not work any more. It was made more than a day ago. Ask for a new one here."
        ]
        assert client.post(path, {"password": NEW}).location == "/reset"
    client.post(path, {"password": NEW}).follow()
    for use in (client.get, lambda path: client.post(path, {"password": "another good password"})):
        page = use(path).follow()
        assert page.flashes == ["This link does not work any more. Each link works once. Ask for a new one here."]
    assert sign_in(client, password=NEW).location == "/start"


def test_recovery_does_not_tell_who_has_an_account(app: Flask, client: PageClient, maren: Person) -> None:
    answers = []
    for email in ("maren@example.org", "maria@example.org"):
        browser = PageClient(app)
        answer = browser.get("/reset").submit("/reset", email=email, follow=False)
        assert (answer.status, answer.location) == (303, "/check-mail")
        answers.append(answer.follow().response.get_data(as_text=True))
    assert answers[0].replace("maren@", "maria@") == answers[1]
    assert [mail.to_address for mail in mails()] == ["maren@example.org"]


def test_another_confirmation_does_not_tell_either(app: Flask, client: PageClient, maren: Person) -> None:
    factories.person(email="marit@example.org", confirmed_at=None)
    db.session.commit()
    answers = []
    for email in ("maren@example.org", "maria@example.org", "marit@example.org"):
        browser = PageClient(app)
        answer = browser.get("/confirm-email").submit("/confirm-email", email=email, follow=False)
        assert (answer.status, answer.location) == (303, "/check-mail")
        answers.append(answer.follow().response.get_data(as_text=True).replace(email, "x"))
    assert answers[0] == answers[1] == answers[2]
    assert [mail.to_address for mail in mails()] == ["marit@example.org"]


def test_recovery_of_an_address_that_is_none_is_an_error(client: PageClient) -> None:
    for path in ("/reset", "/confirm-email"):
        page = client.get(path).submit(path, email="nobody")
        assert page.status == 422
        assert page.errors == ["Check the email address. It needs a name, an @ and a domain, as in maren@hospital.org."]


def test_a_closed_account_gets_no_recovery_mail(client: PageClient, maren: Person) -> None:
    maren.active = False
    db.session.commit()
    assert client.get("/reset").submit("/reset", email="maren@example.org").path == "/check-mail"
    assert mails() == []


def test_recovery_confirms_the_address_too(client: PageClient, maren: Person) -> None:
    maren.confirmed_at = None
    db.session.commit()
    client.get("/reset").submit("/reset", email="maren@example.org")
    client.get(link(mails()[0], "/reset/")).submit("/reset/", password=NEW)
    assert sign_in(client, password=NEW).location == "/start"
    assert verbs(maren)[:2] == ["person.confirmed", "person.password-reset"]


def test_an_invited_person_chooses_a_password(app: Flask, client: PageClient, maren: Person) -> None:
    with app.test_request_context():
        invited = actions.invite("ada@example.org", given_name="Ada", family_name="Quist", by=maren)
        db.session.commit()
    (mail,) = mails("invitation")
    client.get(link(mail, "/reset/")).submit("/reset/", password=NEW)
    assert sign_in(client, "ada@example.org", NEW).location == "/start"
    assert verbs(invited) == ["person.created", "person.confirmed", "person.password-reset", "person.signed-in"]


def test_changing_the_password_asks_for_the_present_one(app: Flask, client: PageClient, maren: Person) -> None:
    other = PageClient(app)
    sign_in(other)
    sign_in(client)
    page = client.get("/account").click("Change your password")
    page = page.submit("/change", password="wrong password", new_password=NEW)
    assert page.status == 422
    assert page.errors == ["This is not your password. Try again, or set a new one by mail."]
    page = page.submit("/change", password="", new_password=NEW)
    assert page.errors == ["Enter a password."]
    page = page.submit("/change", password=PASSWORD, new_password=PASSWORD)
    assert page.errors == ["Choose a password that differs from the present one."]
    page = page.submit("/change", password=PASSWORD, new_password="maren@example.org")
    assert page.errors[0].startswith("Choose words that are harder to guess")
    page = page.submit("/change", password=PASSWORD, new_password=NEW)
    assert page.path == "/account"
    assert page.flashes == ["Your new password is saved. All other devices are signed out."]
    assert other.get("/account").location == "/login?next=/account"
    assert client.get("/account").status == 200
    assert [mail.template for mail in mails()] == ["password_changed"]
    assert verbs(maren) == ["person.signed-in", "person.signed-in", "person.password-changed"]


def test_hosts_header_does_not_get_into_mail(client: PageClient, maren: Person) -> None:
    page = client.get("/reset", base_url="http://bad.example")
    client.post("/reset", page.form("/reset") | {"email": "maren@example.org"}, base_url="http://bad.example")
    client.post("/reset", {"email": "maren@example.org"})
    for mail in mails():
        assert "bad.example" not in mail.text_body + mail.html_body


def test_attempts_are_counted(throttled: Callable[[], PageClient], maren: Person) -> None:
    browser = throttled()
    with time_machine.travel(now(), tick=False):
        for _ in range(10):
            assert sign_in(browser, password="wrong password").status == 422
        page = sign_in(browser)
        assert page.status == 429
        assert page.one("//h1") == "Wait a little, then try again"
        assert "Try again in 15 minutes." in page.text
        assert 0 < int(page.response.headers["Retry-After"]) <= 901
        assert sign_in(throttled(), email="maria@example.org").status == 422


def test_signing_in_rightly_is_not_counted(throttled: Callable[[], PageClient], maren: Person) -> None:
    for _ in range(12):
        assert sign_in(throttled()).location == "/start"


@pytest.mark.parametrize("path", ["/reset", "/confirm-email"])
def test_asking_for_mail_is_counted(throttled: Callable[[], PageClient], maren: Person, path: str) -> None:
    for _ in range(5):
        assert throttled().get(path).submit(path, email="maren@example.org", follow=False).status == 303
    page = throttled().get(path).submit(path, email="MAREN@example.org")
    assert page.status == 429
    assert "Try again in 60 minutes." in page.text
    assert throttled().get(path).submit(path, email="maria@example.org", follow=False).status == 303


def test_registrations_from_one_network_are_counted(throttled: Callable[[], PageClient], context: None) -> None:
    fields = {"given_name": "A", "family_name": "B", "password": PASSWORD}
    for n in range(40):
        answer = throttled().get("/register").submit("/register", follow=False, email=f"a{n}@example.org", **fields)
        assert answer.status == 302
    assert throttled().get("/register").submit("/register", email="z@example.org", **fields).status == 429


def test_known_and_unknown_addresses_take_as_long(app: Flask, client: PageClient, maren: Person) -> None:
    """By the work that takes time: as many hashes for the one as for the other."""
    from portal.accounts import forms

    assert forms.hash_password is hash_password
    hashes = {}
    for email in ("maren@example.org", "maria@example.org"):
        with pytest.MonkeyPatch.context() as patch:
            count = _count_hashes(patch)
            PageClient(app).get("/reset").submit("/reset", email=email)
            sign_in(PageClient(app), email=email, password="wrong password")
            PageClient(app).get("/register").submit(
                "/register", email=email, given_name="A", family_name="B", password=PASSWORD
            )
            hashes[email] = len(count)
    assert hashes["maren@example.org"] == hashes["maria@example.org"] == 3


def _count_hashes(patch: pytest.MonkeyPatch) -> list[str]:
    from argon2.low_level import hash_secret  # noqa: F401
    from passlib.handlers import argon2

    count: list[str] = []
    backend = argon2.argon2
    for name in ("hash", "verify"):
        real = getattr(backend, name)

        def counted(*args: object, _real: object = real, **kwargs: object) -> object:
            count.append("")
            return _real(*args, **kwargs)  # type: ignore[operator]

        patch.setattr(backend, name, counted)
    return count
