"""Files and drafts of the applicant's tests."""

from io import BytesIO
from typing import Any

import pikepdf
import pytest
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.marks import stamp
from portal.applications.models import Answer, Application
from portal.catalogue import form_actions
from portal.catalogue.form_models import Form, Question
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.page_client import Page, PageClient

JSON = {"Accept": "application/json"}


def pdf(pages: int = 2, password: str = "") -> bytes:
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    out = BytesIO()
    made.save(out, encryption=pikepdf.Encryption(owner=password, user=password) if password else False)
    return out.getvalue()


@pytest.fixture
def person(context: None) -> Person:
    return factories.person()


@pytest.fixture
def draft(person: Person) -> Application:
    return factories.application(by=person)


@pytest.fixture
def complete(draft: Application) -> Application:
    """A draft with everything right."""
    complete_now(draft)
    return draft


def complete_now(draft: Application) -> None:
    for key, value in (("title", "Waiting-room stories"), ("proposal", "Listen to long-term patients.")):
        draft.answers.append(Answer(question_key=key, value=value, saved_at=now()))
    factories.document(draft, content=pdf())


def question(application: Application, key: str) -> Question:
    return next(each for each in application.form.questions if each.key == key)


def name_of(application: Application, key: str) -> str:
    return f"q{question(application, key).id}"


def section_path(application: Application, place: int = 0, **_: Any) -> str:
    return f"/applications/{application.id}/sections/{application.form.sections[place].id}"


def autosave(client: PageClient, draft: Application, seen: dict[str, Any] | None = None, **typed: Any) -> Page:
    """What the script sends: these answers by question key, on what the page was made from (nothing by default)."""
    bases = {key: (seen or {}).get(key) for key in typed}
    fields = {name_of(draft, key): value for key, value in typed.items()}
    fields["seen"] = " ".join(f"{question(draft, key).id}:{stamp(base)}" for key, base in bases.items())
    return client.post(f"{section_path(draft)}/autosave", fields, headers=JSON)


def stored(draft: Application) -> dict[str, Any]:
    db.session.expire_all()
    return draft.values


def new_version(cycle: Cycle, by: Person) -> Form:
    """A draft of the next version of its form, with the questions of the last."""
    whole = db.session.get_one(Cycle, cycle.id, options=[joinedload(Cycle.opportunity)], populate_existing=True)
    made = form_actions.new_form_version(whole, by=by)
    db.session.commit()
    return made
