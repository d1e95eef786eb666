"""Questions that decide who may apply: why not, what else there is, and the rest only once they are passed."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.fields import KINDS
from portal.catalogue.models import Opportunity
from portal.catalogue.status import Audience
from portal.core.clock import now
from portal.core.db import db
from portal.profiles.actions import save_answers
from tests import factories
from tests.applications.conftest import name_of, section_path
from tests.page_client import PageClient
from tests.queries import count_queries

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
    assert page.errors == []  # the panel says it, once
    assert page.all("//nav[@aria-label='Sections of this application']//a") == ["Check and submit"]
    assert "Opens when you are eligible" in page.text
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


def test_only_what_may_fit_is_pointed_at(app: Flask, client: PageClient, asked: Application) -> None:
    """By what they answered here, what their profile says, and whom a listing is for; the surest first."""
    same_words = {**ASKED[0], "settings": {"eligible": ["No"]}}
    other_words = {"key": "x", "kind": "yes_no", "label": "Do you teach?", "settings": {"eligible": ["Yes"]}}
    by_profile = {
        "key": "p", "kind": "choose_one", "label": "Profession", "profile_field": "profession",
        "settings": {"choices": ["Physician", "Nurse"], "eligible": ["Physician"]},
    }  # fmt: skip

    def offer(title: str, questions: list[dict[str, Any]], *audiences: Audience) -> None:
        listing = factories.opportunity(title=title, audiences=list(audiences or [Audience.PUBLIC]))
        factories.published_form(factories.cycle(listing, form=False), [("Eligibility", questions)])

    offer("Asks nothing that we know", [other_words])
    offer("For those elsewhere", [same_words])
    offer("For those who work here", [ASKED[0]])
    offer("For physicians by profile", [by_profile])
    offer("For students", [other_words], Audience.STUDENTS)
    factories.cycle(factories.opportunity(title="Without a form", audiences=[Audience.PUBLIC]), form=False)
    db.session.commit()
    client.sign_in(asked.person)
    page = client.get(section_path(asked)).submit(button="Save and continue", **{name_of(asked, "here"): "no"})
    suggested = "//section[@aria-labelledby='not-eligible']//ul[2]//a"
    found = page.all(suggested)
    assert found[0] == "For those elsewhere"
    assert set(found[1:]) == {"Asks nothing that we know", "For physicians by profile", "For students"}
    assert "nothing you told us rules you out" in page.text

    save_answers(asked.person, answers={"profession": "Nurse"}, now=now())
    db.session.commit()
    with count_queries(app) as made:
        found = client.get(section_path(asked)).all(suggested)
    assert found == ["For those elsewhere", "Asks nothing that we know"]
    assert len(made) <= 12

    for title in found:
        db.session.execute(sa.update(Opportunity).where(Opportunity.title == title).values(audiences=["students"]))
    db.session.commit()
    page = client.get(section_path(asked))
    assert page.all(suggested) == []
    assert "Nothing else that takes applications now fits what you told us." in page.text
