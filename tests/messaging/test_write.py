"""Writing a mail: what the row says, what is refused, and that nothing can leave its line."""

from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, UndefinedError
from sqlalchemy import text

from portal.core.db import db
from portal.messaging import actions
from portal.messaging.actions import InvalidAddress, write
from portal.messaging.models import Message
from portal.messaging.rendering import NoSubject, absolute_url, one_line
from portal.messaging.status import Delivery
from portal.messaging.transport import compose
from tests import factories

pytestmark = pytest.mark.usefixtures("context")

INVITE = {"invited_by": "Gideon Asante-Wolfe", "link": "http://localhost/x", "valid_words": "5 days"}


def jobs_for(message: Message) -> list[tuple[str, str]]:
    rows = db.session.execute(
        text("SELECT task_name, status FROM procrastinate_jobs WHERE (args->>'message_id')::bigint = :id"),
        {"id": message.id},
    )
    return [tuple(row) for row in rows]


def test_a_message_is_a_row_with_its_words_and_a_job() -> None:
    person = factories.person(credentials="MD")
    unit = factories.unit()
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        message = write("invitation", to=person, about=unit, reply_to="ines@example.org", **INVITE)
    assert message.subject == "Gideon Asante-Wolfe made an account for you at Primary Care Opportunities"
    assert message.text_body.startswith("Hello Maren Okafor-Lind, MD,\n\nGideon Asante-Wolfe made an account")
    assert message.text_body.endswith("--\nPrimary Care Opportunities\nAnswer this mail to reach us.\n")
    assert '<a class="button" href="http://localhost/x">Choose a password</a>' in message.html_body
    assert message.html_body.startswith("<!doctype html>")
    assert (message.to_name, message.to_address) == ("Maren Okafor-Lind, MD", person.email)
    assert (message.person_id, message.thing_type, message.thing_id) == (person.id, "unit", unit.id)
    assert (message.state, message.attempts, message.sent_at) == (Delivery.QUEUED, 0, None)
    assert message.created_at == message.next_try_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert message.message_id.endswith("@example.org>")
    assert jobs_for(message) == [("messaging.deliver", "todo")]
    assert str(message) == f"{message.subject} (to {person.email})"


def test_the_thing_may_be_new() -> None:
    site = factories.site()
    db.session.expunge(site)
    person = factories.person()
    other = type(person)(given_name="New", family_name="One", sort_name="one, new", search_text="new", active=True,
                         created_at=person.created_at, email="new@example.org", fs_uniquifier="u-new")  # fmt: skip
    write("invitation", to=person, **INVITE)  # reads the brand, which would flush
    db.session.add(other)
    message = write("invitation", to=person, about=other, **INVITE)
    assert (message.thing_type, message.thing_id) == ("person", other.id)


def test_a_missing_name_is_an_error_and_no_row() -> None:
    with pytest.raises(UndefinedError):
        write("invitation", to=("Ada", "ada@example.org"), invited_by="X", valid_words="5 days")
    assert db.session.query(Message).count() == 0


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b", "a b@example.org", "a@example.org\nBcc: c@example.org", "a@b@c.org", "jürgen@example.org"],
)
def test_an_address_that_cannot_be_is_refused_by_name(address: str) -> None:
    with pytest.raises(InvalidAddress) as refused:
        write("invitation", to=("Ada", address), **INVITE)
    assert refused.value.address == address
    assert refused.value.reason.startswith("Check the email address: ")
    with pytest.raises(InvalidAddress):
        write("invitation", to=("Ada", "ada@example.org"), reply_to=address or "x", **INVITE)


def test_unsubscribing_is_a_header_and_a_link() -> None:
    url = "http://localhost/notices/stop/abc"
    message = write("invitation", to=("Ada", "ada@example.org"), unsubscribe_url=url, **INVITE)
    assert message.headers == {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    assert message.text_body.endswith(f"Stop these mails: {url}\n")
    assert f'<a href="{url}">Stop these mails</a>' in message.html_body


def test_times_are_in_the_readers_zone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = {
        "emails/t.txt": "Subject: Until {{ until|day_time }}\n\n{{ until|clock }}\n{{ brand.name }} & co",
        "emails/t.html": "<p>{{ until|day }} {{ name }}</p>",
    }
    monkeypatch.setattr(app.jinja_env, "loader", DictLoader(templates))
    monkeypatch.setattr(app.jinja_env, "cache", {})
    until = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)
    try:
        with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC)):
            here = write("t", to=factories.person(), until=until, name="<b>")
            there = write("t", to=factories.person(time_zone="America/Denver"), until=until, name="<b>")
    finally:
        app.extensions["mail_templates"].pop("t", None)
    assert here.subject == "Until Mon, Dec 7, 11:59 pm ET"
    assert there.subject == "Until Mon, Dec 7, 9:59 pm MT"
    assert there.text_body == "9:59 pm MT\nPrimary Care Opportunities & co\n"
    assert there.html_body == "<p>Mon, Dec 7 &lt;b&gt;</p>\n"


def test_a_template_must_begin_with_its_subject(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.jinja_env, "loader", DictLoader({"emails/u.txt": "Hello"}))
    with pytest.raises(NoSubject):
        write("u", to=("Ada", "ada@example.org"))


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://portal.example.org", "https://portal.example.org/login"),
        ("https://example.org/careers/", "https://example.org/careers/login"),
        ("", "http://127.0.0.1:8000/login"),
    ],
)
def test_links_are_absolute_outside_a_request(
    app: Flask, monkeypatch: pytest.MonkeyPatch, base_url: str, expected: str
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update={"base_url": base_url}))
    assert absolute_url("security.login") == expected


def test_links_follow_the_request_where_no_address_is_set(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update={"base_url": ""}))
    with app.test_request_context(base_url="http://portal.test:8123"):
        assert absolute_url("security.login") == "http://portal.test:8123/login"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_can_add_a_header(name: str, title: str) -> None:
    dirty = f"{name}\r\nBcc: thief@example.org\n\n{title}"
    message = actions.write("invitation", to=(dirty, "ada@example.org"), **INVITE | {"invited_by": dirty})
    mail = compose(message, "Portal <portal@example.org>")
    raw = mail.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]
    assert sorted(set(names)) == sorted(names)
    assert b"Bcc" not in names
    assert message.subject == one_line(message.subject, 250)
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    "nasty", ["x" * 10_000, "🩺" * 300, "مرحبا\u202e" * 50, "a\x00b\x1b", "<script>alert(1)</script>"]
)
def test_any_text_can_be_mailed(nasty: str) -> None:
    message = write("invitation", to=(nasty, "ada@example.org"), **INVITE | {"invited_by": nasty})
    assert "<script>" not in message.html_body
    assert "\x00" not in message.text_body
    assert len(message.subject) <= 250
    assert compose(message, "Portal <portal@example.org>").as_bytes()
