"""A session that ended while somebody was typing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal.accounts import jobs
from portal.accounts.models import KeptForm, Person
from portal.core.clock import now
from portal.core.db import db
from tests.accounts.conftest import PASSWORD, sign_in
from tests.page_client import Page, PageClient

HERE = {"Origin": "http://localhost"}
TYPED = {
    "given_name": "Maren",
    "family_name": "Okafor-Lind",
    "credentials": "MD",
    "phone": "+1 617 555 0134",
    "time_zone": "",
}


def post_late(client: PageClient, path: str = "/account", **more: object) -> Page:
    """Send a form whose session is gone."""
    headers = more.pop("headers", HERE)
    fields = TYPED | {"csrf_token": "of the old session"} | more
    return client.post(path, fields, headers=headers)  # type: ignore[arg-type]


def kept() -> list[KeptForm]:
    return list(db.session.scalars(sa.select(KeptForm)))


def test_reading_leads_to_the_sign_in_page_and_back(client: PageClient, maren: Person) -> None:
    answer = client.get("/account?tab=2")
    assert (answer.status, answer.location) == (303, "/login?next=/account?tab%3D2")
    page = answer.follow()
    answer = page.submit("/login", button="Sign in", follow=False, email="maren@example.org", password=PASSWORD)
    assert answer.location == "/account?tab=2"


def test_somebody_signs_in_and_sends_what_they_had_typed(client: PageClient, maren: Person) -> None:
    answer = post_late(
        client, phone="+44 20 7946 0018", note="two\nlines & <b>marks</b>", password="hunter2 hunter2", credential="{}"
    )
    assert answer.status == 303
    assert answer.location.startswith("/login?next=/kept/")
    (row,) = kept()
    assert row.path == "/account"
    assert ["phone", "+44 20 7946 0018"] in row.fields
    assert {"password", "csrf_token", "credential"}.isdisjoint(name for name, _ in row.fields)
    assert ["credentials", "MD"] in row.fields
    token = answer.location.rpartition("/")[2]
    assert token not in row.token_hash

    page = answer.follow()
    assert "We kept what you typed: sign in to get it back." in page.text
    page = page.submit("/login", button="Sign in", email="maren@example.org", password=PASSWORD)
    assert page.one("//h1") == "We kept what you typed"
    assert "+44 20 7946 0018" in page.all("//main//li")
    assert "two lines & <b>marks</b>" in page.all("//main//li")
    assert page.form("/account")["note"] == "two\nlines & <b>marks</b>"
    assert len(kept()) == 1
    page = page.submit("/account", button="Send it again")
    assert page.flashes == ["Your account is saved."]
    db.session.expire_all()
    assert maren.phone == "+44 20 7946 0018"
    assert kept() == []
    assert client.get(f"/kept/{token}").status == 404


def test_only_what_reads_as_typed_is_shown(client: PageClient, maren: Person) -> None:
    hidden = {
        "seen": "4:ee2e91c0aa01 17:-",
        "to": "tasks",
        "version": "7",
        "next": "/account",
        "id": "12",
        "days": "mon",
    }
    more = {
        "Q4": "I teach on Tuesdays.",
        "Q5": " ",
        "note": "Ünïcode 🩺",
        "uid": "5f0c2a9e-77aa-4f0e-9f5a-1c2d3e4f5a6b",
    }
    page = post_late(client, **hidden, **more).follow()
    page = page.submit("/login", button="Sign in", email="maren@example.org", password=PASSWORD)
    shown = page.all("//ul[@aria-label='What you typed']/li")
    assert shown == ["Maren", "Okafor-Lind", "MD", "+1 617 555 0134", "I teach on Tuesdays.", "Ünïcode 🩺"]
    assert not any(word in page.one("//main") for word in ("Seen", "seen", "tasks", "Q4", "mon", "ee2e"))
    assert page.form("/account").items() >= (hidden | more).items()


def test_a_form_of_choices_alone_is_given_back_without_a_list(client: PageClient, maren: Person) -> None:
    path = client.post("/account", {"csrf_token": "old", "days": "mon"}, headers=HERE).location.partition("next=")[2]
    sign_in(client)
    page = client.get(path)
    assert page.all("//ul[@aria-label='What you typed']") == []
    assert page.form("/account")["days"] == "mon"


def test_a_form_that_is_refused_stays_kept(client: PageClient, maren: Person) -> None:
    answer = post_late(client, given_name="")
    page = answer.follow().submit("/login", button="Sign in", email="maren@example.org", password=PASSWORD)
    assert page.submit("/account", button="Send it again").status == 422
    assert len(kept()) == 1


def test_several_values_of_one_name_are_kept(client: PageClient, maren: Person) -> None:
    post_late(client, days=["mon", "tue"], key="")
    assert [pair for pair in kept()[0].fields if pair[0] in {"days", "key"}] == [
        ["days", "mon"],
        ["days", "tue"],
        ["key", ""],
    ]


def test_nobody_else_gets_what_was_typed(app: Flask, client: PageClient, maren: Person) -> None:
    path = post_late(client).location.partition("next=")[2]
    stranger = PageClient(app)
    sign_in(stranger)
    assert stranger.get(path).status == 404
    assert client.get(path).location == f"/login?next={path}"
    sign_in(client)
    assert client.get(path).status == 200
    assert client.get(f"{path}x").status == 404
    assert client.get("/kept/🩺").status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://bad.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_are_not_kept(client: PageClient, maren: Person, headers: dict[str, str]) -> None:
    answer = post_late(client, headers=headers)
    assert (answer.status, answer.location) == (303, "/login?next=/")
    assert answer.follow().flashes == ["Your session had ended. Sign in, then send the form again."]
    assert kept() == []


def test_cross_site_forms_are_not_kept_and_leave_the_session_alone(client: PageClient, maren: Person) -> None:
    client.get("/login")
    before = client.raw.get_cookie("session")
    assert before is not None
    fields = TYPED | {"csrf_token": "of the old session"}
    late = {"path": "/account", "data": fields}
    other = client.app.test_client(use_cookies=False)  # browsers send no Lax cookie with a form of another site
    answer = other.post(**late, headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"})
    assert (answer.status_code, answer.location) == (303, "/login?next=/")
    assert answer.headers.getlist("Set-Cookie") == []
    assert kept() == []
    client.raw.post(**late, headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"})
    assert client.raw.get_cookie("session") == before
    assert kept() == []
    answer = other.post(**late, headers={"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"})
    assert "session=" in answer.headers["Set-Cookie"]  # the one sentence is told there


def test_the_browsers_own_word_is_taken(client: PageClient, maren: Person) -> None:
    post_late(client, headers={"Sec-Fetch-Site": "same-origin"})
    assert len(kept()) == 1


def test_too_much_is_not_kept_but_leads_back_to_the_form(client: PageClient, maren: Person) -> None:
    headers = HERE | {"Referer": "http://localhost/account"}
    answer = post_late(client, note="x" * (1024 * 1024), headers=headers)
    assert answer.location == "/login?next=/account"
    assert kept() == []


def test_bad_input_is_kept_as_it_can_be_stored(client: PageClient, maren: Person) -> None:
    post_late(client, note="a\x00b 🩺 \u202eabc", **{"\x00name": "v"})
    fields = dict(kept()[0].fields)
    assert fields["note"] == "ab 🩺 \u202eabc"
    assert fields["name"] == "v"


def test_kept_forms_are_counted(throttled: Callable[[], PageClient], maren: Person) -> None:
    for _ in range(60):
        post_late(throttled())
    assert post_late(throttled()).location == "/login?next=/"
    assert len(kept()) == 60


def test_who_is_signed_in_by_a_remembered_device_goes_straight_on(client: PageClient, maren: Person) -> None:
    sign_in(client, remember="y")
    client.raw.delete_cookie("session")
    answer = client.raw.post("/account", data=TYPED | {"csrf_token": "old"}, headers=HERE)
    assert answer.location.startswith("/kept/")
    assert client.get(answer.location).one("//h1") == "We kept what you typed"


def test_a_wrong_token_of_somebody_signed_in_is_refused(client: PageClient, maren: Person) -> None:
    sign_in(client)
    page = post_late(client, phone="1")
    assert page.status == 400
    assert "The page may have been open for a long time" in page.text
    assert maren.phone == ""
    assert kept() == []


def test_a_public_form_without_its_token_is_refused(client: PageClient, maren: Person) -> None:
    for path in ("/login", "/register", "/reset"):
        assert client.post(path, {"csrf_token": "old", "email": "maren@example.org"}, headers=HERE).status == 400
    assert kept() == []


def test_after_a_day_it_is_gone(client: PageClient, maren: Person) -> None:
    path = post_late(client).location.partition("next=")[2]
    with time_machine.travel(now() + timedelta(hours=11)):
        jobs.delete_kept_forms.func(0)
        sign_in(client)
        assert client.get(path).status == 200
    with time_machine.travel(now() + timedelta(hours=25)):
        client.sign_out()
        sign_in(client)
        assert client.get(path).status == 404
        jobs.delete_kept_forms.func(0)
        assert kept() == []
