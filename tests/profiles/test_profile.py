"""The profile: said once, asked only of those it applies to, put into drafts, kept by the application as its own."""

from typing import Any

import pytest

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.core.clock import now
from portal.core.db import db
from portal.profiles.actions import save_answers
from portal.profiles.queries import facts_of, of_person
from tests import factories
from tests.applications.conftest import name_of, question, section_path
from tests.page_client import PageClient

RIGHT_NPI = "1234567893"  # the example of the NPI's check digit
ASKED = [
    {"key": "phone", "kind": "phone", "label": "Phone", "profile_field": "phone"},
    {"key": "npi", "kind": "npi", "label": "Your NPI", "profile_field": "npi", "required": False},
    {"key": "role", "kind": "short_text", "label": "Present position", "profile_field": "position"},
    {"key": "why", "kind": "long_text", "label": "Why here?"},
]


@pytest.fixture
def person(context: None) -> Person:
    return factories.person(phone="+1 617 555 0134")


@pytest.fixture
def draft(person: Person) -> Application:
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, [("About you", ASKED)])
    return factories.application(cycle, person)


def keep(person: Person, **answers: Any) -> None:
    save_answers(person, answers=answers, now=now())
    db.session.flush()


def test_three_steps_and_the_third_only_for_those_who_have_a_license(client: PageClient, person: Person) -> None:
    page = client.sign_in(person).get("/account").click("your profile")
    assert page.title.startswith("Your profile: about you")
    page = page.submit(button="Save and continue", given_name="Marin", credentials="MD")
    assert (page.path, person.given_name) == ("/profile/work", "Marin")
    assert page.all("//nav[@aria-label='Steps of your profile']//li") == ["About you", "Your work"]
    page = page.submit(button="Save and continue", profession="Researcher", position="Epidemiologist")
    assert page.path == "/account"  # neither NPI nor licenses are asked
    page = client.get("/profile/work").submit(button="Save and continue", profession="Physician")
    assert page.path == "/profile/practice"
    assert page.flashes == ["Your profile is saved. It fills in the applications that you start from now on."]
    assert page.all("//nav[@aria-label='Steps of your profile']//li")[-1] == "License and certification"
    page.submit(button="Save and continue", npi=RIGHT_NPI)
    kept = of_person(person.id)
    assert kept is not None
    assert kept.answers["npi"] == RIGHT_NPI
    assert kept.answers["position"] == "Epidemiologist"


def test_what_is_wrong_is_named_and_stays_typed(client: PageClient, person: Person) -> None:
    keep(person, profession="Physician", npi=RIGHT_NPI)
    page = client.sign_in(person).get("/profile/practice").submit(button="Save and continue", npi="1234567890")
    assert page.status == 422
    assert len(page.errors) == 1
    assert "NPI" in page.errors[0]
    assert page.form(button="Save and continue")["npi"] == "1234567890"
    db.session.expire_all()
    kept = of_person(person.id)
    assert kept is not None
    assert kept.answers["npi"] == RIGHT_NPI


def test_what_applies_no_more_fills_in_nothing(person: Person) -> None:
    keep(person, profession="Physician", npi=RIGHT_NPI)
    assert facts_of(person)["npi"] == RIGHT_NPI
    keep(person, profession="Administrator or manager")
    assert "npi" not in facts_of(person)


def test_a_fresh_draft_shows_it_and_keeps_it_only_when_saved(client: PageClient, draft: Application) -> None:
    keep(draft.person, profession="Physician", npi=RIGHT_NPI, position="Staff physician")
    page = client.sign_in(draft.person).get(section_path(draft))
    typed = page.form(button="Save and continue")
    assert typed[name_of(draft, "npi")] == RIGHT_NPI
    assert typed[name_of(draft, "role")] == "Staff physician"
    assert typed[name_of(draft, "why")].strip() == ""
    assert page.text.count("From your profile.") == 3
    db.session.expire_all()
    assert draft.values == {}
    page = page.submit(button="Save and go to task list", **{name_of(draft, "role"): "Chief of a practice"})
    db.session.expire_all()
    assert draft.values["npi"] == RIGHT_NPI
    assert draft.values["role"] == "Chief of a practice"
    assert facts_of(draft.person)["position"] == "Staff physician"  # not unless they say so
    keep(draft.person, position="Retired", npi=None)
    db.session.expire_all()
    assert draft.values["npi"] == RIGHT_NPI  # its own copy
    assert "From your profile." not in client.get(section_path(draft)).text


def test_what_was_emptied_stays_empty(client: PageClient, draft: Application) -> None:
    keep(draft.person, position="Staff physician")
    page = client.sign_in(draft.person).get(section_path(draft))
    page.submit(button="Save and go to task list", **{name_of(draft, "role"): ""})
    assert client.get(section_path(draft)).form(button="Save and continue")[name_of(draft, "role")] == ""


def test_answers_go_into_the_profile_when_asked_to(client: PageClient, draft: Application) -> None:
    keep(draft.person, profession="Physician", position="Staff physician")
    page = client.sign_in(draft.person).get(section_path(draft))
    assert "Also keep in my profile: Your NPI; Present position" in page.text
    changed = {name_of(draft, "role"): "Chief of a practice", name_of(draft, "npi"): "1234567890"}
    page.submit(button="Save and go to task list", to_profile="yes", **changed)
    db.session.expire_all()
    assert facts_of(draft.person)["position"] == "Chief of a practice"
    assert "npi" not in facts_of(draft.person)  # what is wrong is no fact


def test_keeping_in_the_profile_is_offered_where_something_differs(client: PageClient, draft: Application) -> None:
    """A script shows it once somebody types; without one, style does."""
    offer, shown = "//div[@data-to-profile]", "//div[@data-to-profile and not(@hidden)]"
    page = client.sign_in(draft.person).get(section_path(draft))
    assert (len(page.all(offer)), page.all(shown)) == (1, [])  # nothing is answered, and nothing is known
    page.submit(button="Save and go to task list", **{name_of(draft, "role"): "Staff physician"})
    page = client.get(section_path(draft))
    assert len(page.all(shown)) == 1
    page.submit(button="Save and go to task list", to_profile="yes")
    assert client.get(section_path(draft)).all(shown) == []
    keep(draft.person, position="Chief of a practice")
    page = client.get(section_path(draft))
    assert len(page.all(shown)) == 1
    named = page.all("//div[@data-in-profile]/@data-question")
    assert sorted(named) == sorted(str(question(draft, key).id) for key in ("role", "npi"))


def test_nobody_elses_profile_is_filled_in(client: PageClient, draft: Application) -> None:
    keep(factories.person("Some", "Body"), position="Not yours")
    page = client.sign_in(draft.person).get(section_path(draft))
    assert page.form(button="Save and continue")[name_of(draft, "role")] == ""
    assert question(draft, "role").profile_field == "position"


def test_a_choice_that_is_not_offered_is_left_to_the_person(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(form=False)
    asked = {
        "key": "profession",
        "kind": "choose_one",
        "label": "Profession",
        "profile_field": "profession",
        "settings": {"choices": ["Physician", "Nurse"]},
    }
    factories.published_form(cycle, [("You", [asked])])
    draft = factories.application(cycle, person)
    keep(person, profession="Pharmacist")
    assert "From your profile." not in client.sign_in(person).get(section_path(draft)).text
    keep(person, profession="Nurse")
    assert "From your profile." in client.get(section_path(draft)).text


def test_an_answer_that_no_profile_holds_is_refused(person: Person) -> None:
    with pytest.raises(KeyError, match="email"):
        save_answers(person, answers={"email": "other@example.org"}, now=now())


def test_nobody_reads_a_profile_signed_out(client: PageClient) -> None:
    for path in ("/profile", "/profile/work", "/profile/practice"):
        assert client.get(path).location.startswith("/login")


def test_a_wrong_part_of_an_answer_is_named_beside_it(client: PageClient, person: Person) -> None:
    client.sign_in(person)
    page = client.post("/profile/work", {"work_authorization-authorized": "%_\\%", "position": "Attending"})
    assert page.status == 422
    assert page.errors
    assert page.form("")["position"] == "Attending"


def test_rows_are_added_moved_and_removed_without_losing_what_was_typed(client: PageClient, person: Person) -> None:
    page = client.sign_in(person).get("/profile/work")
    typed = {"training-0-institution": "Lakeshore", "organization": "A clinic"}
    page = page.submit(button="Save and continue", **typed, entries="training:add:0")
    assert page.status == 200
    form = page.form(button="Save and continue")
    assert (form["training-0-institution"], form["organization"]) == ("Lakeshore", "A clinic")
    assert "training-1-institution" in form
    page = page.submit(button="Save and continue", **{"training-1-institution": "Harbor"}, entries="training:up:1")
    form = page.form(button="Save and continue")
    assert [form["training-0-institution"], form["training-1-institution"]] == ["Harbor", "Lakeshore"]
    page = page.submit(button="Save and continue", entries="training:remove:0")
    assert page.form(button="Save and continue")["training-0-institution"] == "Lakeshore"


def test_what_is_wrong_in_a_row_is_said_beside_it(client: PageClient, person: Person) -> None:
    page = client.sign_in(person).get("/profile/work")
    page = page.submit(
        button="Save and continue",
        **{"training-0-institution": "Lakeshore", "work_authorization-authorized": "yes", "entries": None},
    )
    assert page.status == 422
    assert page.form(button="Save and continue")["training-0-institution"] == "Lakeshore"
    assert "In entry 1, choose an answer for “What it was”" in page.errors
    assert any("sponsorship" in error for error in page.errors)
