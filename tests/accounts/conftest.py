"""People who sign in with a password, and the mail they get."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_security import hash_password

from portal.accounts.models import Person
from portal.core import audit
from portal.core.audit import Event
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.page_client import Page, PageClient

PASSWORD = "marmalade on warm toast"


@pytest.fixture
def maren(app: Flask, context: None) -> Person:
    """Maren Okafor-Lind, confirmed, with a password."""
    with app.test_request_context():
        hashed = hash_password(PASSWORD)
    person = factories.person(email="maren@example.org", password=hashed, fs_webauthn_user_handle="handle-of-maren")
    db.session.commit()
    return person


def sign_in(client: PageClient, email: str = "maren@example.org", password: str = PASSWORD, **more: str) -> Page:
    """Sign in through the form; the answer is not followed."""
    return client.get("/login").submit("/login", button="Sign in", follow=False, email=email, password=password, **more)


def mails(template: str = "") -> list[Message]:
    """The mails written so far, oldest first."""
    query = sa.select(Message).order_by(Message.id)
    return list(db.session.scalars(query.where(Message.template == template) if template else query))


def link(message: Message, part: str) -> str:
    """The path and query of the link with this part in a mail; the text and the HTML hold the same ones."""
    found = re.findall(r"https?://\S+", message.text_body)
    (url,) = [url for url in found if part in url]
    assert url in message.html_body
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def verbs(person: Person) -> list[str]:
    """What the audit trail says was done to somebody, oldest first."""
    query = sa.select(Event.verb).where(Event.thing_type == "person", Event.thing_id == person.id).order_by(Event.id)
    return list(db.session.scalars(query))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What was recorded in transactions of its own, which on a test's one connection would not outlive a refusal."""
    events: list[Event] = []

    @contextmanager
    def transaction() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(add_all=events.extend)

    monkeypatch.setattr(audit, "separate_transaction", transaction)
    return events
