"""People: who gets in, the list, inviting, roles, closing accounts, and the last admin."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.accounts.models import Membership, Person
from portal.accounts.status import Role
from portal.core.audit import Event
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries

LAST = "This is the last admin who can sign in. Make somebody else an admin first."
NASTY = ["x" * 10_000, "🩺🩺", "مرحبا\u202e", "a\x00b", "<script>alert(1)</script>"]


def verbs(of: Person) -> list[tuple[str, dict[str, Any]]]:
    query = sa.select(Event.verb, Event.facts).where(Event.actor_id == of.id).order_by(Event.id)
    return [(verb, facts) for verb, facts in db.session.execute(query)]


def role_form(person: Person, role: str, where: str = "") -> tuple[str, dict[str, str]]:
    return f"/admin/people/{person.id}/roles", {"role": role, "where": where}


PATHS = ["/admin", "/admin/people", "/admin/people/new", "/admin/mail", "/admin/audit", "/admin/settings",
         "/admin/settings/synonyms"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_only_admins_get_in(client: PageClient, path: str) -> None:
    visitor = client.get(path)
    assert visitor.status in {302, 303}
    assert visitor.location.startswith("/login")
    for someone in (factories.person(), factories.coordinator(factories.unit()), factories.reviewer(factories.unit())):
        assert client.sign_in(someone).get(path).status == 404
    assert client.sign_in(factories.admin()).get(path).status == 200


def test_writing_is_for_admins_too(client: PageClient) -> None:
    target = factories.reviewer(factories.unit())
    held = target.memberships[0].id
    client.sign_in(factories.coordinator(factories.unit()))
    for act in ("roles", "deactivate", "reactivate", "sign-out", "password-mail"):
        assert client.post(f"/admin/people/{target.id}/{act}").status == 404
    assert client.post(f"/admin/roles/{held}/remove").status == 404
    assert client.post("/admin/people/new", {"email": "new@example.org"}).status == 404
    db.session.expire_all()
    assert target.active
    assert [m.id for m in target.memberships] == [held]


def test_the_list_finds_by_name_address_and_role(client: PageClient, admin: Person) -> None:
    unit = factories.unit(name="Division of Trees")
    factories.person("Łucja", "Szczepański", email="lucja@trees.example.org")
    factories.coordinator(unit, email="ines@example.org")
    closed = factories.person("Olaf", "Closed", active=False)
    factories.person("Nora", "New", confirmed_at=None)
    client.sign_in(admin)
    page = client.get("/admin/people")
    assert page.all("//tbody/tr/th") == [
        "Asante-Wolfe, Gideon", "Calloway-Brandt, Ines", "Closed, Olaf", "New, Nora", "Szczepański, Łucja",
    ]  # fmt: skip
    assert page.all("//tbody/tr/td[2]") == [
        "Admin, everywhere",
        "Coordinator, Division of Trees",
        "None",
        "None",
        "None",
    ]
    assert page.all("//tbody/tr/td[3]") == ["Open", "Open", "Closed", "Not confirmed", "Open"]
    assert client.get("/admin/people?q=szczepanski+LUCJA").all("//tbody/tr/th") == ["Szczepański, Łucja"]
    assert client.get("/admin/people?q=trees.example").all("//tbody/tr/th") == ["Szczepański, Łucja"]
    assert client.get("/admin/people?role=coordinator").all("//tbody/tr/th") == ["Calloway-Brandt, Ines"]
    assert client.get("/admin/people?role=king").all("//tbody/tr/th") == page.all("//tbody/tr/th")
    assert "Nobody matches" in client.get("/admin/people?q=zzz").text
    assert page.click("Closed, Olaf").path == f"/admin/people/{closed.id}"


def test_the_list_pages_on_and_back(client: PageClient, admin: Person) -> None:
    for n in range(60):
        factories.person("Ada", f"Page{n:02d}")
    client.sign_in(admin)
    first = client.get("/admin/people?q=ada")
    assert first.all("//tbody/tr/th")[-1] == "Page49, Ada"
    second = first.click("Next")
    assert second.all("//tbody/tr/th") == [f"Page{n}, Ada" for n in range(50, 60)]
    assert second.click("Previous").all("//tbody/tr/th") == first.all("//tbody/tr/th")
    assert "q=ada" in second.response.request.query_string.decode()
    assert client.get("/admin/people?after=junk").status == 400


def test_the_list_runs_as_many_queries_for_any_number_of_people(client: PageClient, app: Flask, admin: Person) -> None:
    counts = []
    for more in (1, 2, 297):
        unit = factories.unit()
        for _ in range(more):
            factories.reviewer(unit)
        client.sign_in(admin)
        app.extensions["brand"].forget()  # its cache lasts seconds: read it each time
        with count_queries(app) as seen:
            assert client.get("/admin/people").status == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 12


def test_inviting_makes_an_account_and_a_mail(client: PageClient, admin: Person) -> None:
    page = client.get("/admin/people").click("Invite a person")
    done = page.submit(
        email="Nora@Example.org", given_name="Nora", family_name="Quist", credentials="RN", button="Send"
    )
    assert done.flashes == ["Invitation sent to Nora@example.org. Give them a role below, if they need one."]
    person = db.session.scalar(sa.select(Person).where(Person.email == "nora@example.org"))
    assert person is not None
    assert (person.full_name, person.confirmed_at, person.password) == ("Nora Quist, RN", None, None)
    [message] = db.session.scalars(sa.select(Message).where(Message.person_id == person.id))
    assert message.template == "invitation"
    assert "http://localhost/reset/" in message.text_body
    assert verbs(admin) == [("person.created", {})]
    again = client.get("/admin/people/new").submit(
        email="NORA@example.org", given_name="Nora", family_name="Quist", button="Send"
    )
    assert again.status == 422
    assert again.errors == ["There is an account with this address. Search for it in the list of people."]
    assert again.title.startswith("Error:")
    assert again.form(button="Send")["family_name"] == "Quist"


def test_an_invitation_that_lacks_something(client: PageClient, admin: Person) -> None:
    page = client.get("/admin/people/new").submit(email="nobody", given_name=" ", family_name="", button="Send")
    assert page.status == 422
    assert page.errors == [
        "Write an email address such as name@example.org.", "Write the given name.", "Write the family name.",
    ]  # fmt: skip
    assert page.form(button="Send")["email"] == "nobody"


@pytest.mark.parametrize("nasty", NASTY)
def test_any_text_in_an_invitation_is_stored_or_refused(client: PageClient, admin: Person, nasty: str) -> None:
    fields = {"email": "nasty@example.org", "given_name": nasty, "family_name": nasty, "credentials": nasty}
    assert client.post("/admin/people/new", fields).status in {303, 422}
    assert client.post("/admin/people/new", fields | {"email": nasty}).status == 422
    assert client.get("/admin/people", query_string={"q": nasty, "role": nasty}).status == 200


def test_roles_are_given_and_taken(client: PageClient, admin: Person) -> None:
    unit, listing = factories.unit(name="Division of Trees"), factories.opportunity(title="Tree scholars")
    person = factories.person("Nora", "Quist")
    client.sign_in(admin)
    page = client.get(f"/admin/people/{person.id}")
    assert "None. Nora can apply, and sees no staff pages." in page.text
    page = page.submit(role="coordinator", where=f"unit-{unit.id}", button="Add role")
    assert page.flashes == ["Role added. It works from the next page that they open."]
    page = page.submit(role="reviewer", where=f"listing-{listing.id}", button="Add role")
    page = page.submit(role="admin", where="", button="Add role")
    assert page.all("//section[.//h2[@id='roles']]//tbody/tr/th") == ["Coordinator", "Reviewer", "Admin"]
    assert page.all("//section[.//h2[@id='roles']]//tbody/tr/td[1]") == [
        "Division of Trees", "Tree scholars", "Everywhere",
    ]  # fmt: skip
    twice = page.submit(role="coordinator", where=f"unit-{unit.id}", button="Add role")
    assert twice.status == 422
    assert twice.errors == ["Nora Quist has this role already. Choose another place or role."]
    held = db.session.scalar(sa.select(Membership.id).where(Membership.role == Role.REVIEWER))
    page = client.get(f"/admin/people/{person.id}").submit(f"/admin/roles/{held}/remove")
    assert page.flashes == ["Role removed. It ends at once."]
    assert page.all("//section[.//h2[@id='roles']]//tbody/tr/th") == ["Coordinator", "Admin"]
    assert [verb for verb, _ in verbs(admin)] == ["membership.granted"] * 3 + ["membership.revoked"]


@pytest.mark.parametrize(
    ("role", "where", "error"),
    [
        ("coordinator", "", "Choose the unit or the listing that the coordinator works for."),
        ("admin", "unit", "Choose Everywhere: an admin works for the whole portal."),
        ("king", "", "Not a valid choice."),
        ("reviewer", "unit-0", "Not a valid choice."),
    ],
)
def test_a_role_that_cannot_be(client: PageClient, admin: Person, role: str, where: str, error: str) -> None:
    where = f"unit-{factories.unit().id}" if where == "unit" else where
    person = factories.person()
    client.sign_in(admin)
    path, fields = role_form(person, role, where)
    page = client.post(path, fields)
    assert page.status == 422
    assert error in page.errors
    db.session.expire_all()
    assert person.memberships == []


def test_the_last_admin_stays(client: PageClient, admin: Person) -> None:
    factories.admin(active=False)
    client.sign_in(admin)
    held = admin.memberships[0].id
    for path in (f"/admin/roles/{held}/remove", f"/admin/people/{admin.id}/deactivate"):
        page = client.post(path)
        assert page.status == 409
        assert page.errors == [LAST]
        assert page.title.startswith("Error:")
    db.session.expire_all()
    assert admin.active
    assert [m.id for m in admin.memberships] == [held]
    other = factories.admin()
    client.sign_in(admin)
    assert client.post(f"/admin/people/{other.id}/deactivate").status == 303


def test_closing_and_opening_an_account(client: PageClient, admin: Person) -> None:
    person = factories.person("Nora", "Quist")
    before = person.fs_uniquifier
    client.sign_in(admin)
    page = client.get(f"/admin/people/{person.id}").submit(button="Close the account")
    assert page.flashes == ["Account closed. They are signed out and cannot sign in. What they wrote stays."]
    db.session.expire_all()
    assert not person.active
    assert person.fs_uniquifier != before
    assert "This account is closed" in page.text
    page = page.submit(button="Open the account again")
    assert page.flashes == ["Account opened. They can sign in again with their password."]
    db.session.expire_all()
    assert person.active
    assert [verb for verb, _ in verbs(admin)] == ["person.deactivated", "person.reactivated"]


def test_signing_somebody_out(client: PageClient, admin: Person) -> None:
    person = factories.person()
    before = person.fs_uniquifier
    client.sign_in(admin)
    page = client.get(f"/admin/people/{person.id}").submit(button="Sign out everywhere")
    assert page.flashes == ["Signed out everywhere. They sign in again on each device."]
    db.session.expire_all()
    assert person.fs_uniquifier != before


@pytest.mark.parametrize(("password", "template"), [(None, "invitation"), ("$argon2id$x", "reset_password")])
def test_a_mail_for_a_new_password(client: PageClient, admin: Person, password: str | None, template: str) -> None:
    person = factories.person(password=password)
    client.sign_in(admin)
    page = client.get(f"/admin/people/{person.id}").submit("/password-mail")
    assert page.flashes == [f"Mail sent to {person.email}. The link in it works for one day."]
    [message] = db.session.scalars(sa.select(Message).where(Message.person_id == person.id))
    assert message.template == template
    assert "http://localhost/reset/" in message.text_body
    assert [verb for verb, _ in verbs(admin)] == ["person.password-mail-sent"]


def test_a_person_who_is_not_there(client: PageClient, admin: Person) -> None:
    assert client.get("/admin/people/999999999").status == 404
    assert client.post("/admin/roles/999999999/remove").status == 404


def test_sign_ins_are_shown(client: PageClient, admin: Person) -> None:
    person = factories.person()
    for verb in ("person.signed-in", "person.sign-in-failed"):
        db.session.add(Event(at=person.created_at, actor_id=person.id, actor_name="x", verb=verb, thing_type="person",
                             thing_id=person.id, thing_name="x", facts={}, address="192.0.2.7"))  # fmt: skip
    client.sign_in(admin)
    page = client.get(f"/admin/people/{person.id}")
    found = page.all("//section[.//h2[@id='signins']]/ul[1]/li")
    assert [line.split(": ")[1] for line in found] == [
        "wrong password or code from 192.0.2.7", "signed in from 192.0.2.7",
    ]  # fmt: skip
