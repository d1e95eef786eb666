"""Files and drafts of the applicant's tests."""

from io import BytesIO
from typing import Any

import pikepdf
import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.form_models import Question
from tests import factories


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
    from portal.applications.models import Answer
    from portal.core.clock import now

    for key, value in (("title", "Waiting-room stories"), ("proposal", "Listen to long-term patients.")):
        draft.answers.append(Answer(question_key=key, value=value, saved_at=now()))
    factories.document(draft, content=pdf())


def question(application: Application, key: str) -> Question:
    return next(each for each in application.form.questions if each.key == key)


def name_of(application: Application, key: str) -> str:
    return f"q{question(application, key).id}"


def section_path(application: Application, place: int = 0, **_: Any) -> str:
    return f"/applications/{application.id}/sections/{application.form.sections[place].id}"
