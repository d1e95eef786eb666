"""Registering, confirming the address, and what a stranger learns from it."""

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts import actions
from portal.accounts.models import Person
from portal.accounts.passwords import weakness
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.accounts.conftest import PASSWORD, link, mails, sign_in, verbs
from tests.page_client import Page, PageClient

FIELDS = {
    "given_name": "Łucja",
    "family_name": "Szczepański",
    "credentials": "RN, MPH",
    "email": "Lucja@Example.org",
    "password": PASSWORD,
}


def register(client: PageClient, **changes: str) -> Page:
    return client.get("/register").submit("/register", follow=False, **(FIELDS | changes))


def find(email: str) -> Person | None:
    return db.session.scalar(sa.select(Person).where(Person.email == email))


def test_somebody_registers_confirms_and_signs_in(client: PageClient) -> None:
    answer = register(client)
    assert (answer.status, answer.location) == (302, "/check-mail")
    page = answer.follow()
    assert page.one("//h1") == "Check your mail"
    assert "We sent a mail to Lucja@example.org. Open it and follow the link within two days." in page.text
    person = find("lucja@example.org")
    assert person is not None
    assert person.full_name == "Łucja Szczepański, RN, MPH"
    assert person.sort_name == "szczepanski, lucja"
    assert person.search_text == "lucja szczepanski lucja@example.org"
    assert person.password is not None
    assert person.password.startswith("$argon2id$")
    assert person.confirmed_at is None
    assert person.created_at == now() or (now() - person.created_at).total_seconds() < 60
    (mail,) = mails()
    assert (mail.template, mail.to_address, mail.person_id) == ("confirm_address", "Lucja@example.org", person.id)
    assert mail.subject == "Confirm your email address for Primary Care Opportunities"

    page = client.get(link(mail, "/confirm-email/"))
    assert page.status == 200
    assert find("lucja@example.org").confirmed_at is None  # type: ignore[union-attr]
    page = page.submit("/confirm-email/")
    assert page.path == "/login"
    assert page.flashes == ["Your email address is confirmed. Sign in to go on."]
    db.session.expire_all()
    assert person.confirmed_at is not None
    assert sign_in(client, "LUCJA@example.org").location == "/start"
    assert verbs(person) == ["person.registered", "person.confirmed", "person.signed-in"]


def test_who_registers_on_the_way_to_an_application_is_led_back_to_it(client: PageClient) -> None:
    cycle = factories.cycle()
    start = f"/applications/start/{cycle.id}"
    page = client.get(f"/opportunities/{cycle.opportunity.slug}")
    assert set(page.all(f"//form[@action={start!r}]//button")) == {"Start application"}
    page = client.get(start).follow()
    assert page.path == "/login"
    page = page.click("Register")
    assert page.form("/register")["came_for"] == start
    page = page.submit("/register", follow=False, **(FIELDS | {"given_name": ""}))
    assert page.status == 422
    assert page.form("/register")["came_for"] == start
    assert page.submit("/register", **FIELDS).path == "/check-mail"
    page = client.get(link(mails()[0], "/confirm-email/"))
    page = page.submit("/confirm-email/")
    assert page.path == "/login"
    page = page.submit("/login", button="Sign in", email=FIELDS["email"], password=PASSWORD)
    assert (page.status, page.path) == (200, start)


def test_the_way_back_survives_asking_for_another_mail(client: PageClient) -> None:
    register(client)
    page = client.get("/login?next=/start/1")
    page = page.submit("/login", button="Sign in", email=FIELDS["email"], password=PASSWORD)
    page = page.click("Send me a new mail").submit("/confirm-email")
    path = link(mails()[1], "/confirm-email/")
    assert path.endswith("?came_for=/start/1")
    assert client.post(path).location == client.get(path).location == "/login?next=/start/1"


@pytest.mark.parametrize(
    "target",
    [
        "https://bad.example/",
        "//bad.example",
        "/\\bad.example",
        "/\x00",
        "/\u202e",
        "/" + "x" * 10_000,
        "/kept/abc",
        "",
    ],
)
def test_nobody_is_led_elsewhere_after_confirming(client: PageClient, target: str) -> None:
    assert client.get("/register", query_string={"came_for": target}).status == 200
    assert register(client, came_for=target).location == "/check-mail"
    path = link(mails()[0], "/confirm-email/")
    assert "?" not in path
    assert client.get(path, query_string={"came_for": target}).status == 200
    assert client.post(path, {"came_for": target}).location == "/login"


def test_a_confirmation_link_works_once_and_for_two_days(client: PageClient) -> None:
    register(client)
    path = link(mails()[0], "/confirm-email/")
    with time_machine.travel(now().timestamp() + 2 * 86400 + 5):
        page = client.get(path)
        assert (page.status, page.one("//h1")) == (410, "This link does not work any more")
        assert "It was made more than two days ago." in page.text
        assert client.post(path).status == 410
        assert find("lucja@example.org").confirmed_at is None  # type: ignore[union-attr]
    assert client.get(path).status == 200
    assert client.post(path).location == "/login"
    assert client.get(path).location == "/login"
    broken = client.get(path[:-3] + "abc")
    assert broken.status == 410
    assert "It may be incomplete" in broken.text


def test_a_confirmation_link_dies_with_the_address_it_was_for(client: PageClient) -> None:
    register(client)
    path = link(mails()[0], "/confirm-email/")
    person = find("lucja@example.org")
    assert person is not None
    person.email = "other@example.org"
    db.session.commit()
    assert client.post(path).status == 410


def test_who_has_not_confirmed_cannot_sign_in_and_gets_another_mail(client: PageClient) -> None:
    register(client)
    page = sign_in(client, "lucja@example.org")
    assert page.status == 422
    assert page.errors == ["Confirm your email address first. Open the mail we sent you, or ask for a new one below."]
    page = page.click("Send me a new mail to confirm my address")
    assert page.form("/confirm-email")["email"] == "lucja@example.org"
    page = page.submit("/confirm-email")
    assert page.path == "/check-mail"
    assert len(mails("confirm_address")) == 2
    assert client.post(link(mails()[1], "/confirm-email/")).location == "/login"
    assert sign_in(client, "lucja@example.org").location == "/start"


def test_a_wrong_password_does_not_tell_that_an_address_waits_for_confirmation(client: PageClient) -> None:
    register(client)
    page = sign_in(client, "lucja@example.org", "not the password")
    assert "Confirm your email address first" not in page.text


def test_a_known_address_is_answered_like_a_new_one(app: Flask, client: PageClient, maren: Person) -> None:
    known, new = register(client, email="maren@example.org"), register(PageClient(app), email="maria@example.org")
    assert (known.status, known.location) == (new.status, new.location)
    pages = [answer.follow().response.get_data(as_text=True) for answer in (known, new)]
    assert pages[0].replace("maren@", "maria@") == pages[1]
    assert [mail.template for mail in mails()] == ["account_exists", "confirm_address"]
    exists = mails("account_exists")[0]
    assert exists.to_address == "maren@example.org"
    assert exists.subject == "You have an account at Primary Care Opportunities"
    assert exists.to_name == maren.full_name
    assert "/confirm-email/" not in exists.text_body
    assert client.get(link(exists, "/reset/")).one("//h1") == "Choose a new password"
    assert db.session.scalar(sa.select(sa.func.count(Person.id))) == 2


def test_errors_of_a_known_address_are_those_of_a_new_one(app: Flask, client: PageClient, maren: Person) -> None:
    known = register(client, email="maren@example.org", password="short", given_name="")
    new = register(PageClient(app), email="maria@example.org", password="short", given_name="")
    assert known.status == new.status == 422
    assert known.errors == new.errors == ["Enter your given name.", "Use at least 12 characters. You have 5."]
    assert mails() == []


def test_an_unconfirmed_account_is_reminded_of_its_confirmation(client: PageClient) -> None:
    register(client)
    register(client)
    assert client.post(link(mails("account_exists")[0], "/confirm-email/")).location == "/login"
    person = find("lucja@example.org")
    assert person is not None
    assert person.confirmed_at is not None


def test_two_registrations_at_once_make_one_account(client: PageClient, maren: Person, monkeypatch: object) -> None:
    import flask_security.forms as library

    patch = pytest.MonkeyPatch()
    patch.setattr(library._datastore, "find_user", lambda **_: None)  # the other request has not committed yet
    try:
        answer = register(client, email="maren@example.org")
    finally:
        patch.undo()
    assert (answer.status, answer.location) == (303, "/check-mail")
    assert "We sent a mail to maren@example.org" in answer.follow().text
    assert db.session.scalar(sa.select(sa.func.count(Person.id))) == 1
    assert mails() == []


def test_errors_keep_what_was_typed_but_not_the_password(client: PageClient) -> None:
    page = register(client, email="no address", password="123")
    assert page.status == 422
    assert page.title.startswith("Error: Register")
    assert page.errors == [
        "Check the email address. It needs a name, an @ and a domain, as in maren@hospital.org.",
        "Use at least 12 characters. You have 3.",
    ]
    kept = page.form("/register")
    assert (kept["given_name"], kept["email"], kept["password"]) == ("Łucja", "no address", "")
    assert find("no address") is None


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("given_name", "A" * 10_000, "Shorten this to 100 characters."),
        ("family_name", "<script>alert(1)</script>", "Leave out symbols such as < or @, and links."),
        ("given_name", "Win at https://bad.example", "Leave out symbols such as < or @, and links."),
        ("family_name", " \x00\t ", "Enter your family name."),
        ("credentials", "M" * 61, "Shorten this to 60 characters."),
        (
            "email",
            "a" * 10_000 + "@example.org",
            "Check the email address. It needs a name, an @ and a domain, as in maren@hospital.org.",
        ),
        (
            "email",
            "x\x00@example.org",
            "Check the email address. It needs a name, an @ and a domain, as in maren@hospital.org.",
        ),
        ("email", "", "Enter your email address."),
        ("password", "", "Enter a password."),
        ("password", "x" * 10_000, "Use at most 200 characters. You have 10,000."),
    ],
)
def test_bad_input_is_refused_with_what_to_do(client: PageClient, field: str, value: str, sentence: str) -> None:
    page = register(client, **{field: value})
    assert page.status == 422
    assert page.errors == [sentence]
    assert mails() == []


@pytest.mark.parametrize("name", ["🩺 Ada", "مريم", "O’Neill-D'Souza", "José\x00 María", "Anne  \n Lise", "Nguyễn Thị"])
def test_names_of_all_kinds_are_taken(client: PageClient, name: str) -> None:
    assert register(client, given_name=name).status == 302
    person = find("lucja@example.org")
    assert person is not None
    assert person.given_name == " ".join(name.replace("\x00", "").split())


def test_json_is_refused(client: PageClient) -> None:
    token = client.token()
    answer = client.raw.post("/register", json={"email": {"a": 1}}, headers={"X-CSRFToken": token})
    assert answer.status_code == 400


def test_who_is_signed_in_does_not_register_again(client: PageClient, maren: Person) -> None:
    client.sign_in(maren)
    assert client.get("/register").location == "/start"


text = st.text(min_size=1, max_size=100)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(given=text, family=text)
def test_every_name_can_be_stored_sorted_and_searched(context: None, given: str, family: str) -> None:
    """Whatever gets past the form: the longest foldings fit into the index."""
    safe = given.encode("utf-8", "replace").decode(), family.encode("utf-8", "replace").decode()
    person = factories.person()
    actions.name(person, given_name=safe[0], family_name=safe[1])
    db.session.flush()
    db.session.refresh(person)
    assert len(person.sort_name) <= 200
    assert "\x00" not in person.given_name + person.family_name
    assert person.given_name == " ".join(person.given_name.split())
    db.session.delete(person)
    db.session.flush()


def test_the_longest_foldings_fit_into_the_index(context: None) -> None:
    person = factories.person()
    actions.name(person, given_name="\ufdfa" * 100, family_name="\ufdfa" * 100)
    db.session.flush()
    assert len(person.sort_name) == 200


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("primary-care-demo", ""),
        ("correct horse battery", ""),
        ("elevenchars", "Use at least 12 characters. You have 11."),
        ("aaaaaaaaaaaaaaa", "Choose words that are harder to guess"),
        ("password12345", "Choose words that are harder to guess"),
        ("abcdefghijklmnop", "Choose words that are harder to guess"),
        ("maren@example.org", "Choose words that are harder to guess"),
        ("Maren Okafor-Lind", "Choose words that are harder to guess"),
    ],
)
def test_what_is_easy_to_guess_is_refused(password: str, sentence: str) -> None:
    assert weakness(password, ["maren@example.org", "Maren", "Okafor-Lind"]).partition(":")[0] == sentence
