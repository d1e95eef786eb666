"""The mail log: what it lists, what opening a message records, the frame's policy, sending again."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.accounts.models import Person
from portal.applications.team_actions import invite
from portal.applications.team_models import Access
from portal.config import Environment
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.following.actions import ask_by_address
from portal.messaging.actions import fail, move, write
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries


def message(name: str = "Ada Löw", address: str = "ada@example.org", state: Delivery = Delivery.QUEUED) -> Message:
    made = write("invitation", to=(name, address), invited_by=name, link="http://localhost/x", valid_words="one day")
    made.state = state
    made.sent_at = now() if state in {Delivery.SENT, Delivery.BOUNCED} else None
    db.session.commit()
    return made


def reads(recorded: list[Event]) -> list[tuple[str, int | None, str, dict[str, str]]]:
    return [(event.verb, event.thing_id, event.actor_name, event.facts) for event in recorded]


def test_the_log_filters_by_state_and_words(client: PageClient, admin: Person, recorded: list[Event]) -> None:
    for number, state in enumerate(Delivery):
        message(f"Person {number}", f"p{number}@example.org", state)
    page = client.get("/admin/mail")
    assert page.all("//tbody/tr/td[1]") == [f"p{n}@example.org" for n in (5, 4, 3, 2, 1, 0)]
    assert page.all("//tbody/tr/td[2]") == [
        "Came back",
        "May have been sent",
        "Not delivered",
        "Sent",
        "Being sent",
        "Waiting to go",
    ]
    assert page.all("//ul[@class='views']//a") == [
        "All",
        "Waiting 2",
        "Sent",
        "Not delivered 1",
        "Came back 1",
        "May have been sent 1",
    ]
    assert page.click("Waiting 2").all("//tbody/tr/td[1]") == ["p1@example.org", "p0@example.org"]
    assert page.click("Not delivered").all("//tbody/tr/td[1]") == ["p3@example.org"]
    assert page.click("Came back").all("//tbody/tr/td[1]") == ["p5@example.org"]
    assert page.click("May have been").all("//tbody/tr/td[1]") == ["p4@example.org"]
    assert client.get("/admin/mail?state=sent").all("//tbody/tr/td[1]") == ["p2@example.org"]
    assert client.get("/admin/mail?q=P3@EXAMPLE").all("//tbody/tr/td[1]") == ["p3@example.org"]
    assert client.get("/admin/mail?q=made+account+person+2").all("//tbody/tr/td[1]") == ["p2@example.org"]
    assert client.get("/admin/mail?state=nonsense").all("//tbody/tr/td[1]") == page.all("//tbody/tr/td[1]")
    assert "No message here" in client.get("/admin/mail?q=zzz").text
    assert recorded == []


def test_the_log_pages_on_and_back(client: PageClient, admin: Person) -> None:
    for n in range(52):
        message(address=f"p{n}@example.org")
    first = client.get("/admin/mail")
    assert first.all("//tbody/tr/td[1]") == [f"p{n}@example.org" for n in range(51, 1, -1)]
    second = first.click("Next")
    assert second.all("//tbody/tr/td[1]") == ["p1@example.org", "p0@example.org"]
    assert second.click("Previous").all("//tbody/tr/td[1]") == first.all("//tbody/tr/td[1]")


def test_the_log_runs_as_many_queries_for_any_number_of_messages(client: PageClient, app: Flask, admin: Person) -> None:
    counts = []
    for more in (1, 2, 297):
        for n in range(more):
            message(address=f"q{n}@example.org")
        app.extensions["brand"].forget()  # its cache lasts seconds: read it each time
        with count_queries(app) as seen:
            assert client.get("/admin/mail").status == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 12


def test_a_message_is_shown_as_it_was_written_and_reading_it_is_recorded(
    client: PageClient, admin: Person, recorded: list[Event]
) -> None:
    made = message("<b>Ada</b>")
    page = client.get("/admin/mail").click("<b>Ada</b> made an account")
    assert page.status == 200
    assert page.one("//h1") == made.subject
    assert page.one("//pre") == " ".join(made.text_body.split())
    assert page.all("//iframe/@src") == [f"/admin/mail/{made.id}/html"]
    assert page.all("//iframe/@sandbox") == [""]
    assert "ada@example.org" in page.text
    assert made.message_id in page.text
    assert reads(recorded) == [("message.read", made.id, "Gideon Asante-Wolfe", {})]


def test_the_frame_has_no_rights(client: PageClient, admin: Person, recorded: list[Event]) -> None:
    made = message("<script>alert(1)</script>")
    answer = client.raw.get(f"/admin/mail/{made.id}/html")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "text/html"
    assert answer.get_data(as_text=True) == made.html_body
    assert b"<script>" not in answer.data
    assert reads(recorded) == [("message.read", made.id, "Gideon Asante-Wolfe", {"part": "html"})]


def test_others_do_not_read(client: PageClient, recorded: list[Event]) -> None:
    key = message().id
    client.sign_in(factories.coordinator(factories.unit()))
    assert client.get(f"/admin/mail/{key}").status == 404
    assert client.get(f"/admin/mail/{key}/html").status == 404
    assert client.post(f"/admin/mail/{key}/resend").status == 404
    assert recorded == []
    assert client.sign_in(factories.admin()).get(f"/admin/mail/{key}").status == 200
    assert client.get("/admin/mail/999999999").status == 404


def test_a_failed_message_is_sent_again(client: PageClient, admin: Person) -> None:
    made = message(state=Delivery.SENDING)
    fail(made, "550 No such person")
    db.session.commit()
    page = client.get(f"/admin/mail/{made.id}")
    assert "550 No such person" in page.text
    assert "It did not arrive. Check the address and the error, then send it again." in page.text
    done = page.submit(button="Send again")
    assert done.path == f"/admin/mail/{made.id}"
    assert done.flashes == ["Sending to ada@example.org again. Open this page again in a minute to see how it went."]
    db.session.expire_all()
    assert made.state is Delivery.QUEUED
    assert db.session.scalar(sa.select(Event.facts).where(Event.verb == "message.resent")) == {"was": "failed"}


def test_a_sent_message_is_copied(client: PageClient, admin: Person) -> None:
    made = message(state=Delivery.SENT)
    done = client.get(f"/admin/mail/{made.id}").submit(button="Send again")
    assert done.path != f"/admin/mail/{made.id}"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 2


def test_one_in_doubt_says_so(client: PageClient, admin: Person) -> None:
    made = message(state=Delivery.UNKNOWN)
    assert "risk that they get it twice" in client.get(f"/admin/mail/{made.id}").text


def test_a_waiting_message_is_not_sent_twice(client: PageClient, admin: Person) -> None:
    made = message()
    page = client.get(f"/admin/mail/{made.id}")
    assert "Send again" not in page.text
    refused = client.post(f"/admin/mail/{made.id}/resend")
    assert refused.status == 409
    assert refused.errors == ["This message is still on its way. Wait until it has gone or failed."]


def test_the_overview_says_what_needs_an_admin(client: PageClient, admin: Person) -> None:
    calm = client.get("/admin")
    assert calm.all("//ul[@class='attention']/li") == [
        "No worker No worker has reported in the last minute, so no mail goes out. Start one with portal worker.",
        "No virus scanner Uploaded files are not checked for viruses. Set CLAMD_SOCKET, then run portal rescan.",
    ]
    message(state=Delivery.FAILED)
    message(state=Delivery.UNKNOWN)
    waiting = message()
    waiting.created_at = now() - timedelta(hours=1)
    factories.opportunity(title="Nobody's listing", contact_email="")
    factories.opportunity(title="A draft", contact_email="", state="draft", published_at=None)
    factories.person(confirmed_at=None, created_at=now() - timedelta(days=8))
    db.session.execute(sa.text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
    client.sign_in(admin)
    page = client.get("/admin")
    lines = page.all("//ul[@class='attention']/li")
    assert [line.split(" ")[0:2] for line in lines] == [
        ["Worker", "running"], ["No", "virus"], ["1", "message"], ["1", "message"], ["Mail", "waits"],
        ["No", "contact"], ["1", "account"],
    ]  # fmt: skip
    assert lines[5] == "No contact Nobody's listing is public and names nobody to write to."
    assert page.click("Read why").all("//tbody/tr/td[2]") == ["Not delivered"]


def test_moving_by_hand_is_not_offered(client: PageClient, admin: Person) -> None:
    made = message()
    move(made, Delivery.SENDING)
    db.session.commit()
    assert "It goes out by itself. There is nothing to do." in client.get(f"/admin/mail/{made.id}").text


def test_links_that_act_for_others_are_withheld(client: PageClient, admin: Person) -> None:
    """An admin reads that somebody was asked, and cannot answer in their name, nor set their password."""
    draft = factories.application(factories.cycle(takes_teams=True), factories.person())
    invite(draft, name="Ren", email="ren@example.org", duty="", access=Access.EDIT, by=draft.person, now=now())
    opportunity = draft.cycle.opportunity
    ask_by_address(opportunity, email="ola@example.org", now=now())
    db.session.commit()
    for template in ("team_invitation", "follow_confirm"):
        sent = db.session.scalars(sa.select(Message).where(Message.template == template)).one()
        tokens = set(re.findall(r"/([\w.-]{32,})", " ".join([sent.text_body, sent.html_body, *sent.headers.values()])))
        assert tokens
        for path in (f"/admin/mail/{sent.id}", f"/admin/mail/{sent.id}/html"):
            page = client.raw.get(path).get_data(as_text=True)
            assert "/withheld" in page
            assert not [token for token in tokens if token in page]
        assert "are withheld here" in client.get(f"/admin/mail/{sent.id}").text


def test_the_demo_shows_links_since_the_log_is_its_mailbox(
    client: PageClient, app: Flask, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_by_address(factories.cycle().opportunity, email="ola@example.org", now=now())
    db.session.commit()
    sent = db.session.scalars(sa.select(Message).where(Message.template == "follow_confirm")).one()
    demo = app.config["SETTINGS"].model_copy(update={"portal_env": Environment.DEMO})
    monkeypatch.setitem(app.config, "SETTINGS", demo)
    page = client.get(f"/admin/mail/{sent.id}")
    assert page.one("//pre") == " ".join(sent.text_body.split())
    assert "withheld" not in page.text
    answer = client.raw.get(f"/admin/mail/{sent.id}/html")
    assert answer.get_data(as_text=True) == sent.html_body
