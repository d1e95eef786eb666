"""Questions that decide who may apply: why not, what else there is, and the rest only once they are passed."""

from datetime import timedelta

import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.fields import KINDS
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import name_of, section_path
from tests.page_client import PageClient

WHY = "The program is for people of this division."
ASKED = [
    {
        "key": "here",
        "kind": "yes_no",
        "label": "Do you work here?",
        "settings": {"eligible": ["Yes"], "why_not": WHY},
    },
    {
        "key": "role",
        "kind": "choose_one",
        "label": "Your role",
        "settings": {"choices": ["Physician", "Nurse", "Student"], "eligible": ["Physician", "Nurse"]},
    },
]


@pytest.fixture
def asked(person: Person) -> Application:
    cycle = factories.cycle(form=False)
    title = {"key": "title", "kind": "short_text", "label": "Project title"}
    factories.published_form(cycle, [("Eligibility", ASKED), ("Project", [title])])
    return factories.application(cycle, person)


def test_the_rest_opens_once_the_answers_fit(client: PageClient, asked: Application) -> None:
    page = client.sign_in(asked.person).get(f"/applications/{asked.id}")
    assert page.all("//ol[@class='tasks'][1]//a") == ["Eligibility"]
    assert "Answer first who may apply. The other sections open when your answers fit." in page.text
    assert "Opens when you are eligible" in page.text
    turned = client.get(section_path(asked, 1)).follow()
    assert turned.path == section_path(asked)
    assert turned.flashes == ["Answer these questions first. They decide whether the other sections open."]
    answers = {name_of(asked, "here"): "yes", name_of(asked, "role"): "Nurse"}
    page = turned.submit(button="Save and continue", **answers)
    assert page.path == section_path(asked, 1)
    assert client.get(f"/applications/{asked.id}").all("//ol[@class='tasks'][1]//a") == ["Eligibility", "Project"]


def test_it_says_why_not_and_what_else_is_open(client: PageClient, asked: Application) -> None:
    open_now = factories.cycle()
    closed = factories.cycle(closes_at=now() - timedelta(days=1))
    answers = {name_of(asked, "here"): "no", name_of(asked, "role"): "Student"}
    page = client.sign_in(asked.person).get(section_path(asked))
    assert "With these answers you cannot apply here" not in page.text
    page = page.submit(button="Save and continue", **answers)
    assert page.all("//section[@aria-labelledby='not-eligible']//ul[1]/li") == [
        f"“Do you work here?”: {WHY}",
        "“Your role”: Only those who answer Physician or Nurse can apply here.",
    ]
    links = page.all("//section[@aria-labelledby='not-eligible']//a")
    assert open_now.opportunity.title in links
    assert closed.opportunity.title not in links
    assert asked.cycle.opportunity.title not in links
    check = client.get(f"/applications/{asked.id}/check")
    assert len(check.errors) == 3  # two that decide, and the title that is missing
    assert client.post(f"/applications/{asked.id}/submit").status == 422


def test_nothing_is_lost_by_an_answer_that_does_not_fit(client: PageClient, asked: Application) -> None:
    client.sign_in(asked.person)
    page = client.get(section_path(asked))
    page = page.submit(button="Save and continue", **{name_of(asked, "here"): "yes", name_of(asked, "role"): "Nurse"})
    page.submit(button="Save and go to task list", **{name_of(asked, "title"): "Stays"})
    client.get(section_path(asked)).submit(button="Save and continue", **{name_of(asked, "here"): "no"})
    assert client.get(section_path(asked, 1)).status == 302
    db.session.expire_all()
    assert asked.values["title"] == "Stays"


def test_the_editor_refuses_answers_that_are_not_offered() -> None:
    problems = KINDS["yes_no"].settings_problems({"eligible": ["Maybe"]})
    assert problems == {"eligible": "Write “Maybe” as one of the choices, or take it out"}
    choices = {"choices": ["A", "B"], "eligible": ["C"]}
    assert "eligible" in KINDS["choose_one"].settings_problems(choices)
    assert KINDS["choose_one"].settings_problems(choices | {"eligible": ["A"]}) == {}
