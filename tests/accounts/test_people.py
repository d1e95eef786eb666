"""Roles, closing accounts, finding people; the account page."""

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from portal.accounts import actions, queries
from portal.accounts.models import Membership, Person
from portal.accounts.rules import SECURITY_ROUTES, is_admin
from portal.accounts.setup import session_config
from portal.accounts.status import Role
from portal.core.db import db
from tests import factories
from tests.accounts.conftest import PASSWORD, sign_in, verbs
from tests.conftest import make_settings
from tests.page_client import PageClient


def test_the_first_admin_is_made_by_a_command(app: Flask, client: PageClient) -> None:
    with app.test_request_context():
        admin = actions.create_admin("Gideon@example.org", given_name="Gideon", family_name="Asante", password=PASSWORD)
    assert is_admin(admin)
    assert verbs(admin) == ["person.created", "membership.granted"]
    db.session.commit()
    assert sign_in(client, "gideon@example.org").location == "/start"
    with pytest.raises(actions.EmailTaken), app.test_request_context():
        actions.create_admin("GIDEON@example.org", given_name="G", family_name="A", password=PASSWORD)


def test_roles_are_given_where_they_can_be_held(context: None) -> None:
    who, by, unit = factories.person(), factories.admin(), factories.unit()
    listing = factories.opportunity(unit)
    actions.grant(who, Role.COORDINATOR, by=by, unit_id=unit.id)
    actions.grant(who, Role.REVIEWER, by=by, opportunity_id=listing.id)
    assert {(m.role, m.unit_id, m.opportunity_id, m.granted_by_id) for m in who.memberships} == {
        (Role.COORDINATOR, unit.id, None, by.id),
        (Role.REVIEWER, None, listing.id, by.id),
    }
    with pytest.raises(actions.AlreadyHeld):
        actions.grant(who, Role.COORDINATOR, by=by, unit_id=unit.id)
    for role, scope in (
        (Role.ADMIN, {"unit_id": unit.id}),
        (Role.REVIEWER, {}),
        (Role.REVIEWER, {"unit_id": unit.id, "opportunity_id": listing.id}),
    ):
        with pytest.raises(actions.WrongScope):
            actions.grant(who, role, by=by, **scope)
    with pytest.raises(sa.exc.IntegrityError):
        actions.grant(who, Role.REVIEWER, by=by, unit_id=0)
    assert len(who.memberships) == 2
    assert queries.holders(Role.COORDINATOR, listing) == [who]
    assert queries.holders(Role.REVIEWER, listing) == [who]
    assert queries.holders(Role.REVIEWER, factories.opportunity(unit)) == []


def test_a_role_is_taken_away(context: None) -> None:
    unit = factories.unit()
    who, by = factories.coordinator(unit), factories.admin()
    actions.revoke(who.memberships[0], by=by)
    db.session.flush()
    assert db.session.scalars(sa.select(Membership).where(Membership.person_id == who.id)).all() == []
    assert verbs(who) == ["membership.revoked"]


def test_the_last_admin_stays(context: None) -> None:
    first, second = factories.admin(), factories.admin()
    second.active = False
    db.session.flush()
    with pytest.raises(actions.LastAdmin):
        actions.revoke(first.memberships[0], by=first)
    with pytest.raises(actions.LastAdmin):
        actions.deactivate(first, by=first)
    actions.reactivate(second, by=first)
    actions.deactivate(first, by=second)
    assert not first.active
    assert verbs(second) == ["person.reactivated"]
    actions.deactivate(factories.person(), by=second)


def test_closing_an_account_ends_its_sessions(client: PageClient, maren: Person) -> None:
    sign_in(client)
    actions.deactivate(maren, by=factories.admin())
    db.session.commit()
    assert client.get("/account").location == "/login?next=/account"
    actions.reactivate(maren, by=None)
    db.session.commit()
    assert client.get("/account").location == "/login?next=/account"


@pytest.mark.parametrize(
    "words", ["szczepanski", "ŁUCJA", "lucja szczep", "szcz luc", "LUCJA@example", " Szczepański \x00"]
)
def test_people_are_found_without_accents_and_in_any_order(context: None, words: str) -> None:
    other = factories.person("Ada", "Quist", email="ada@example.org")
    found = factories.person("Łucja", "Szczepański", email="lucja@example.org")
    assert {row[0] for row in queries.page("").rows} == {other, found}
    assert [row[0] for row in queries.page(words).rows] == [found]


def test_search_takes_its_own_signs_literally(context: None) -> None:
    factories.person("Ada", "Quist")
    assert queries.page("a").rows
    for words in ("%", "_", "\\", "a%a"):
        assert queries.page(words).rows == []


def test_people_are_listed_by_role_and_in_pages(context: None) -> None:
    unit = factories.unit()
    people = [factories.reviewer(unit, "Rosalind", f"Hale {n:02d}") for n in range(5)]
    factories.coordinator(unit)
    first = queries.page(role=Role.REVIEWER, size=2)
    assert [row[0] for row in first.rows] == people[:2]
    assert first.before == ""
    second = queries.page(role=Role.REVIEWER, size=2, after=first.after)
    assert [row[0] for row in second.rows] == people[2:4]
    assert [row[0] for row in queries.page(role=Role.REVIEWER, size=2, before=second.before).rows] == people[:2]
    assert [row[0] for row in queries.page(role=Role.REVIEWER, size=2, last=True).rows] == people[3:]


def test_an_address_is_found_in_any_case_by_the_index(context: None) -> None:
    who = factories.person(email="Ada@Example.org")
    assert queries.by_email(" ada@example.ORG\x00") == who
    assert queries.by_email("nobody@example.org") is None
    db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    plan = db.session.scalars(sa.text("EXPLAIN SELECT id FROM person WHERE email = 'x'::citext")).all()
    assert "uq_person_email" in " ".join(plan)


def test_the_account_page_saves_what_people_say_of_themselves(client: PageClient, maren: Person) -> None:
    page = client.sign_in(maren).get("/account")
    page = page.submit(
        "/account",
        button="Save",
        given_name=" Maren  Ruth ",
        credentials="MD, MPH",
        phone="+1 617 555 0134",
        time_zone="Africa/Kampala",
    )
    assert page.flashes == ["Your account is saved."]
    db.session.expire_all()
    assert (maren.full_name, maren.phone, maren.time_zone) == (
        "Maren Ruth Okafor-Lind, MD, MPH",
        "+1 617 555 0134",
        "Africa/Kampala",
    )
    assert maren.search_text == "maren ruth okafor-lind maren@example.org"
    assert verbs(maren) == ["person.changed"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("phone", "<b>", "Write the number in digits, as in +1 617 555 0134."),
        ("phone", "1" * 10_000, "Shorten this to 40 characters."),
        ("time_zone", "Mars/Olympus", "Choose a zone of the list."),
        ("given_name", "", "Enter your given name."),
    ],
)
def test_errors_of_the_account_page_keep_what_was_typed(
    client: PageClient, maren: Person, field: str, value: str, sentence: str
) -> None:
    page = client.sign_in(maren).get("/account").submit("/account", button="Save", **{field: value})
    assert (page.status, page.errors) == (422, [sentence])
    if field != "time_zone":
        assert page.form("/account", "Save")[field] == value
    db.session.expire_all()
    assert (maren.given_name, maren.phone, maren.time_zone) == ("Maren", "", "")


def test_the_account_page_asks_few_questions_however_much_happened(client: PageClient, maren: Person) -> None:
    def count() -> int:
        statements: list[str] = []

        def note(*args: object) -> None:
            statements.append(str(args[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert client.get("/account").status == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len([statement for statement in statements if "SAVEPOINT" not in statement])

    sign_in(client)
    few = count()
    for _ in range(15):
        client.post("/logout")
        sign_in(client)
    assert count() == few <= 12
    assert len(client.get("/account").all("//section[h3='Recent sign-ins']//li")) == 10


def test_every_route_of_the_library_has_its_rule(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")}
    assert routes == set(SECURITY_ROUTES)


def test_signed_in_routes_of_the_library_ask_for_a_sign_in(app: Flask, client: PageClient) -> None:
    for rule in app.url_map.iter_rules():
        if SECURITY_ROUTES.get(rule.endpoint) == "signed-in":
            assert rule.methods is not None
            path = rule.rule.replace("<token>", "x")
            answer = client.get(path) if "GET" in rule.methods else client.post(path)
            assert answer.location.startswith("/login?next="), path


def test_cookies_are_for_https_where_the_portal_is(tmp_path: object) -> None:
    from pathlib import Path

    def secure(base_url: str) -> bool:
        return bool(session_config(make_settings("", Path("/tmp"), base_url=base_url))["REMEMBER_COOKIE_SECURE"])

    assert secure("https://portal.example.org")
    assert not secure("http://localhost")


def test_tokens_in_headers_sign_nobody_in(client: PageClient, maren: Person) -> None:
    with client.app.test_request_context():
        token = maren.get_auth_token()
    assert client.get("/account", headers={"Authentication-Token": token}).location == "/login?next=/account"
    assert client.get(f"/account?auth_token={token}").status == 303
