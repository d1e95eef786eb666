"""Closing an account: said before, done at once, and nothing left to sign in with."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_security import hash_password

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db
from portal.following.actions import keep_listing
from portal.following.models import Follow
from portal.messaging.actions import write
from portal.messaging.models import Message
from portal.privacy import actions
from portal.profiles.actions import save_answers
from portal.profiles.models import Profile
from tests import factories
from tests.page_client import PageClient

PASSWORD = "marmalade on warm toast"


@pytest.fixture
def maren(app: Flask, client: PageClient) -> Person:
    with app.test_request_context():
        hashed = hash_password(PASSWORD)
    person = factories.person(email="maren@example.org", password=hashed)
    client.sign_in(person)
    return person


def close(client: PageClient, **fields: str) -> object:
    return client.get("/account/close").submit(
        "/account/close", **({"email": "maren@example.org", "password": PASSWORD} | fields)
    )


def test_it_says_what_goes_and_what_stays_and_then_does_it(client: PageClient, maren: Person) -> None:
    draft = factories.application(by=maren)
    running = factories.application(factories.cycle(), maren, status=Status.SUBMITTED)
    refused = factories.application(factories.cycle(), maren, status=Status.NOT_SELECTED)
    offered = factories.application(factories.cycle(), maren, status=Status.OFFERED)
    keep_listing(running.cycle.opportunity, by=maren, now=now())
    page = client.get("/account/data").click("Close my account")
    said = page.all("//h1/following::ul//li")
    assert f"Your draft for {draft.cycle}, with its files." in said
    assert f"{running.cycle}, {running.reference}: withdrawn now, deleted 24 months later." in said
    assert f"{offered.cycle}, {offered.reference}: kept with the offer that you were given." in said
    assert any(line.startswith(f"{refused.cycle}, {refused.reference}: deleted after ") for line in said)

    ids = (draft.id, running.id, refused.id, offered.id)
    done = close(client)
    assert done.flashes == ["Your account is closed. We sent you a mail that says what is kept and until when."]
    db.session.expire_all()
    statuses = {row.id: row.status for row in db.session.scalars(sa.select(Application))}
    assert statuses == {ids[1]: Status.WITHDRAWN, ids[2]: Status.NOT_SELECTED, ids[3]: Status.OFFERED}
    assert (maren.active, maren.password, maren.memberships, maren.phone) == (False, None, [], "")
    assert maren.email.endswith("@closed.invalid")
    assert maren.given_name == "Maren"  # applications are still kept under the name
    assert db.session.scalars(sa.select(Follow)).all() == []
    told = db.session.scalars(sa.select(Message).where(Message.template == "account_closed")).one()
    assert told.to_address == "maren@example.org"
    assert str(refused.cycle) in told.text_body
    assert client.get("/applications").status == 303  # the session has ended
    factories.person(email="maren@example.org")  # the address is free again


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"email": ""}, ["Type your email address."]),
        ({"email": "other@example.org"}, ["Type maren@example.org, the address of this account."]),
        ({"password": "wrong"}, ["Enter the password that you sign in with."]),
        ({"password": ""}, ["Enter the password that you sign in with."]),
    ],
)
def test_a_page_left_open_closes_nothing(
    client: PageClient, maren: Person, fields: dict[str, str], errors: list[str]
) -> None:
    page = close(client, **fields)
    assert (page.status, page.errors) == (422, errors)
    db.session.expire_all()
    assert maren.active


def test_the_browser_forgets_what_pages_kept_on_the_device(client: PageClient, maren: Person) -> None:
    fields = {"email": "maren@example.org", "password": PASSWORD}
    refused = client.get("/account/close").submit("/account/close", **(fields | {"password": "wrong"}))
    assert "Clear-Site-Data" not in refused.response.headers
    done = client.get("/account/close").submit("/account/close", follow=False, **fields)
    assert done.response.headers["Clear-Site-Data"] == '"storage"'


def test_without_applications_the_name_goes_too(client: PageClient, maren: Person) -> None:
    assert "so your name is deleted too" in client.get("/account/close").text
    close(client)
    db.session.expire_all()
    assert (maren.given_name, maren.family_name) == ("Deleted", "person")
    assert "maren" not in maren.search_text


def test_the_name_goes_with_the_last_application(client: PageClient, maren: Person) -> None:
    old = now().replace(year=now().year - 4, day=1)
    factories.application(factories.cycle(opens_at=old), maren, status=Status.NOT_SELECTED, changed_at=old)
    close(client)
    db.session.expire_all()
    assert maren.given_name == "Maren"
    assert actions.purge(now()) == 1
    assert (maren.given_name, maren.family_name) == ("Deleted", "person")


def test_the_last_admin_stays(client: PageClient, maren: Person) -> None:
    factories.membership(maren, role="admin")
    page = close(client)
    assert (page.status, page.errors) == (
        409,
        ["Make somebody else an admin first: the portal needs one who can sign in."],
    )
    db.session.expire_all()
    assert maren.active


def test_who_leads_a_team_hands_over_first(client: PageClient, maren: Person) -> None:
    from portal.applications.team_models import Access, TeamMember

    draft = factories.application(by=maren)
    other = factories.person()
    db.session.add(
        TeamMember(
            application_id=draft.id,
            person_id=other.id,
            email=other.email,
            name=other.full_name,
            access=Access.EDIT,
            invited_at=now(),
            invited_by_id=maren.id,
            joined_at=now(),
        )
    )
    db.session.commit()
    page = close(client)
    assert page.status == 409
    assert page.errors == [
        f"Others work with you on {draft.cycle.opportunity.title}. Hand over the lead first, or delete the draft."
    ]
    db.session.expire_all()
    assert maren.active


def test_somebody_without_a_password_types_the_address_alone(client: PageClient, context: None) -> None:
    person = factories.person(email="nopass@example.org", password=None)
    client.sign_in(person)
    page = client.get("/account/close").submit("/account/close", email="NOPASS@example.org")
    assert page.flashes == ["Your account is closed. We sent you a mail that says what is kept and until when."]


@pytest.mark.parametrize("of", ["application", "cycle", "person"])
def test_a_hold_keeps_drafts_from_their_owners_too(client: PageClient, maren: Person, of: str) -> None:
    """Neither the button of the draft nor closing the account deletes what a hold keeps; what it does not, goes."""
    draft, other = factories.application(by=maren), factories.application(factories.cycle(), maren)
    factories.document(draft)
    thing = {"application": draft, "cycle": draft.cycle, "person": maren}[of]
    hold = actions.place_hold(thing, reason="Letter of counsel", by=factories.admin(), now=now())
    db.session.commit()
    refused = client.get(f"/applications/{draft.id}/delete").submit("/delete")
    assert (refused.status, refused.one("//h1")) == (409, "This is kept for now")
    assert "For legal reasons nothing of this application may be deleted" in refused.text
    page = client.get("/account/close").text
    assert f"Your draft for {draft.cycle}: for legal reasons it may not be deleted at the moment." in page
    assert (f"Your draft for {other.cycle}, with its files." in page) == (of != "person")
    draft_id, other_id, cycle = draft.id, other.id, str(draft.cycle)
    close(client)
    db.session.expire_all()
    left = set(db.session.scalars(sa.select(Application.id)))
    assert left == ({draft_id, other_id} if of == "person" else {draft_id})
    assert maren.closed_at is not None
    assert maren.given_name == "Maren"
    told = db.session.scalars(sa.select(Message).where(Message.template == "account_closed")).one()
    assert f"- {cycle}" in told.text_body
    assert "but for those below that may not be deleted for legal reasons" in told.text_body
    actions.lift_hold(hold, by=factories.admin(), now=now())
    assert maren.given_name == "Maren"  # its draft is still kept under the name


def test_a_hold_on_a_person_keeps_their_name_until_it_is_lifted(client: PageClient, maren: Person) -> None:
    hold = actions.place_hold(maren, reason="Letter of counsel", by=factories.admin(), now=now())
    db.session.commit()
    close(client)
    db.session.expire_all()
    assert (maren.closed_at is not None, maren.given_name) == (True, "Maren")
    actions.lift_hold(hold, by=factories.admin(), now=now())
    assert (maren.given_name, maren.family_name) == ("Deleted", "person")


def keep_profile(person: Person) -> None:
    save_answers(person, answers={"organization": "A clinic"}, now=now())
    db.session.commit()


def test_profile_and_mail_of_the_account_go_and_mail_of_applications_stays_with_them(
    client: PageClient, maren: Person
) -> None:
    keep_profile(maren)
    kept = factories.application(by=maren, status=Status.OFFERED)
    told = {"invited_by": "Ines", "link": "http://x/", "valid_words": "a day"}
    for about in (kept, None):
        write("invitation", to=maren, about=about, **told)
    write("invitation", to=factories.person(), **told)
    page = client.get("/account/close")
    assert "Your profile, and the mail that we wrote to you about your account." in page.text
    close(client)
    db.session.expire_all()
    assert db.session.scalars(sa.select(Profile)).all() == []
    left = db.session.execute(sa.select(Message.template, Message.thing_type).order_by(Message.id)).all()
    assert [tuple(each) for each in left] == [("invitation", "application"), ("invitation", ""), ("account_closed", "")]


def test_a_hold_on_a_person_keeps_their_profile_until_it_is_lifted(client: PageClient, maren: Person) -> None:
    keep_profile(maren)
    hold = actions.place_hold(maren, reason="Letter of counsel", by=factories.admin(), now=now())
    db.session.commit()
    close(client)
    assert db.session.scalars(sa.select(Profile.person_id)).all() == [maren.id]
    actions.lift_hold(hold, by=factories.admin(), now=now())
    assert db.session.scalars(sa.select(Profile)).all() == []


def test_lifting_a_hold_leaves_the_profile_of_an_open_account(maren: Person) -> None:
    keep_profile(maren)
    hold = actions.place_hold(maren, reason="Letter of counsel", by=factories.admin(), now=now())
    actions.lift_hold(hold, by=factories.admin(), now=now())
    assert db.session.scalars(sa.select(Profile.person_id)).all() == [maren.id]
