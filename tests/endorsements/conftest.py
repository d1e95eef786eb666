"""A draft whose cycle wants the first section endorsed, and the mail of a request."""

import re

import pytest
from sqlalchemy import select

from portal.applications.models import Application
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import complete_now
from tests.page_client import Page, PageClient

WORDING = "I release the applicant for one half-day a week."


@pytest.fixture
def draft(context: None) -> Application:
    """A complete draft by Maren Okafor-Lind; her medical director endorses the section about the project."""
    cycle = factories.cycle(
        endorser="your medical director", endorsement_wording=WORDING, endorsement_keys=["title", "proposal"]
    )
    made = factories.application(cycle, factories.person())
    complete_now(made)
    return made


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.template == template).order_by(Message.id)))


def link(mail: Message) -> str:
    found = re.search(r"http://localhost(/endorsements/\S+)", mail.text_body)
    assert found
    return found[1]


def ask(client: PageClient, draft: Application, **fields: str) -> Page:
    typed = {"name": "Josephine Adeyemi", "role": "medical director", "email": "jo@example.org"} | fields
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/endorsement")
    return page.submit("/endorsement", button="Ask", **typed)


def confirm(client: PageClient, path: str, name: str = "Josephine Adeyemi") -> Page:
    return client.sign_out().get(path).submit("/confirm", button="Confirm", name=name)
