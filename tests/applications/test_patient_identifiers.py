"""A case that could identify a patient is not kept anywhere, and what was typed comes back to be put right."""

import logging
from typing import Any

import pytest
import sqlalchemy as sa

from portal.accounts.models import Person
from portal.applications.jobs import carry_drafts
from portal.applications.models import Application
from portal.applications.sheet import HELD_BACK
from portal.applications.status import Status
from portal.applications.team_models import Access
from portal.applications.transfer import NotAnswers, export_answers, import_answers
from portal.catalogue import copies, form_actions, staff_queries
from portal.catalogue.form_models import Form, Question
from portal.catalogue.models import Cycle
from portal.catalogue.text_kinds import NO_IDENTIFIERS
from portal.core.clock import now
from portal.core.db import db
from portal.privacy.own_data import everything
from tests import factories
from tests.applications.conftest import autosave, name_of, new_version, question, section_path, stored
from tests.page_client import Page, PageClient

ON = {"refuses_identifiers": True}
TELLING = "Mrs. Zzyzx was seen 3/14/2025 with chest pain."
FIXED = "A woman in her fifties was seen in 2025 with chest pain."
SENTENCE = (
    "In “History in brief” there is a name: “Mrs. Zzyzx”. Write “the patient”, or who it is to the patient. There is "
    "also a date more exact than a year: “3/14/2025”. Write the year, or how many weeks before"
)
CASE: list[dict[str, Any]] = [
    {"key": "title", "kind": "short_text", "label": "Question for the hub", "settings": ON, "in_queue": True},
    {"key": "history", "kind": "long_text", "label": "History in brief", "settings": ON | {"max_words": 100}},
    {"key": "setting", "kind": "short_text", "label": "Setting", "required": False},
]


@pytest.fixture
def cycle(context: None) -> Cycle:
    made = factories.cycle(form=False, takes_teams=True, team_min=1, team_max=4)
    factories.published_form(made, [("A case", CASE)])
    return made


@pytest.fixture
def draft(cycle: Cycle, person: Person) -> Application:
    made = factories.application(cycle, person)
    db.session.commit()
    return made


def places_that_hold(words: str) -> list[str]:
    """The tables with a row in which words stand, whatever the column; what jobs will do is among them."""
    db.session.expire_all()
    names = db.session.scalars(
        sa.text("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'")
    ).all()
    assert len(names) > 40
    count = "SELECT count(*) FROM {} AS one WHERE one::text LIKE :words"
    return [name for name in names if db.session.scalar(sa.text(count.format(name)), {"words": f"%{words}%"})]


def save(client: PageClient, draft: Application, **typed: str) -> Page:
    page = client.get(section_path(draft))
    return page.submit(button="Save and continue", **{name_of(draft, key): text for key, text in typed.items()})


# refused


def test_the_page_says_before_anybody_types_what_is_refused(client: PageClient, draft: Application) -> None:
    page = client.sign_in(draft.person).get(section_path(draft))
    assert page.text.count(NO_IDENTIFIERS) == 2
    assert len(page.all(f"//*[@id='{name_of(draft, 'setting')}-help']")) == 0


def test_the_button_keeps_nothing_of_it_and_gives_back_what_was_typed(
    client: PageClient, draft: Application, caplog: pytest.LogCaptureFixture
) -> None:
    client.sign_in(draft.person)
    with caplog.at_level(logging.DEBUG):
        page = save(client, draft, history=TELLING, title="May we stop the beta blocker?", setting="Rural clinic")
    assert page.status == 422
    assert page.errors == [SENTENCE]
    assert "What was refused is not saved: it stands on this page alone." in page.text
    assert page.form(button="Save and continue")[name_of(draft, "history")].strip() == TELLING
    assert stored(draft) == {"title": "May we stop the beta blocker?", "setting": "Rural clinic"}
    assert places_that_hold("Rural clinic") == ["public.answer"]  # so that the search can find something
    assert places_that_hold("Zzyzx") == []
    assert places_that_hold("3/14/2025") == []
    assert "Zzyzx" not in caplog.text
    assert client.get(section_path(draft)).text.count("Zzyzx") == 0  # nor does a cookie bring it back
    page = page.submit(button="Save and continue", **{name_of(draft, "history"): FIXED})
    assert page.status == 200
    assert stored(draft)["history"] == FIXED


def test_the_script_is_told_the_same_and_everything_else_is_saved(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    answer = autosave(client, draft, history=TELLING, title="May we stop the beta blocker?")
    assert answer.status == 200
    said, key = answer.response.get_json(), str(question(draft, "history").id)
    assert said["refused"] == {key: SENTENCE}
    assert key not in said["marks"]
    assert key not in said["problems"]
    assert stored(draft) == {"title": "May we stop the beta blocker?"}
    assert places_that_hold("Zzyzx") == []
    fixed = autosave(client, draft, history=FIXED).response.get_json()
    assert (fixed["refused"], fixed["problems"]) == ({}, {key: []})
    assert stored(draft)["history"] == FIXED


def test_what_is_saved_stands_while_its_next_version_is_refused(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    autosave(client, draft, history=FIXED)
    answer = autosave(client, draft, {"history": FIXED}, history=f"{FIXED} Call 617-555-0134.")
    assert "a phone or fax number: “617-555-0134”" in answer.response.get_json()["refused"].popitem()[1]
    assert stored(draft) == {"history": FIXED}
    assert places_that_hold("617-555-0134") == []


def test_a_refusal_and_a_quarrel_of_two_tabs_lose_neither_text(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    tab = client.get(section_path(draft))
    autosave(client, draft, title="Theirs")
    page = tab.submit(
        button="Save and continue", **{name_of(draft, "title"): "Mine", name_of(draft, "history"): TELLING}
    )
    assert page.status == 409
    assert page.errors == [SENTENCE]
    assert "1 answer differs" in page.text.replace("One", "1")
    form = page.form(button="Save these answers")
    assert (form[name_of(draft, "title")], form[name_of(draft, "history")].strip()) == ("Mine", TELLING)
    assert stored(draft) == {"title": "Theirs"}
    assert places_that_hold("Zzyzx") == []
    again = page.submit(button="Save these answers", **{name_of(draft, "title"): "Mine"})
    assert again.status == 422  # the quarrel is settled, the refusal is not
    assert again.form(button="Save and continue")[name_of(draft, "history")].strip() == TELLING
    assert stored(draft) == {"title": "Mine"}
    assert again.submit(button="Save and continue", **{name_of(draft, "history"): FIXED}).status == 200
    assert stored(draft) == {"title": "Mine", "history": FIXED}


def test_an_answer_that_another_tab_took_off_the_page_is_refused_in_silence(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(form=False)
    yes_no = {"key": "brings", "kind": "yes_no", "label": "Do you bring a case?"}
    case = CASE[1] | {"condition": {"key": "brings", "values": ["yes"]}}
    factories.published_form(cycle, [("First", [yes_no]), ("A case", [CASE[2], case])])
    draft = factories.application(cycle, person, answers={"brings": True})
    db.session.commit()
    tab = client.sign_in(person).get(section_path(draft, 1))
    client.get(section_path(draft)).submit(button="Save and continue", **{name_of(draft, "brings"): "no"})
    page = tab.submit(
        button="Save and continue", **{name_of(draft, "history"): TELLING, name_of(draft, "setting"): "Rural"}
    )
    assert (page.status, page.errors) == (422, [])
    assert stored(draft) == {"brings": False, "setting": "Rural"}


def test_an_import_brings_none_of_it_in(draft: Application) -> None:
    with pytest.raises(NotAnswers) as refused:
        import_answers(draft, {"title": "A question", "history": TELLING}, by=draft.person, now=now())
    assert refused.value.problems == {"history": SENTENCE}
    assert stored(draft) == {}
    import_answers(draft, {"title": "A question", "history": FIXED}, by=draft.person, now=now())
    assert stored(draft) == {"title": "A question", "history": FIXED}


# switched on while drafts have answers


@pytest.fixture
def admin(context: None) -> Person:
    return factories.admin()


def find(form: Form, key: str) -> Question:
    return next(question for question in form.questions if question.key == key)


def without_option() -> list[dict[str, Any]]:
    return [{**each, "settings": {}} for each in CASE]


@pytest.fixture
def held(person: Person, admin: Person) -> Application:
    """A draft with a case that names its patient, in a form that has come to refuse that since."""
    cycle = factories.cycle(form=False, takes_teams=True, team_min=1, team_max=4)
    factories.published_form(cycle, [("A case", without_option())])
    made = factories.application(cycle, person, answers={"title": "For Mrs. Zzyzx", "history": TELLING})
    factories.member(made, factories.person("Ren", "Nakagawa"), Access.VIEW)
    factories.member(made, factories.person("Ada", "Fell"), Access.EDIT)
    form = new_version(cycle, admin)
    for key in ("title", "history"):
        form_actions.update_question(find(form, key), by=admin, settings=ON)
    form_actions.publish_form(form, by=admin)
    db.session.commit()
    carry_drafts(cycle.id)
    db.session.expire_all()
    return made


def test_it_is_to_fix_and_shown_only_where_it_is_written(client: PageClient, held: Application) -> None:
    assert held.title == ""  # which staff lists repeat
    for path in (f"/applications/{held.id}/check", f"/applications/{held.id}/team/read"):
        page = client.sign_in(held.person).get(path)
        assert HELD_BACK in page.text
        assert "was seen" not in page.text  # the rest of the text, which no list of problems quotes
    page = client.get(section_path(held))
    assert SENTENCE in page.errors
    assert page.form(button="Save and continue")[name_of(held, "history")].strip() == TELLING
    refused = client.post(f"/applications/{held.id}/submit")
    assert (refused.status, held.status) == (422, Status.DRAFT)
    assert export_answers(held) == {}
    assert "was seen" not in str(everything(held.person))


def test_those_of_the_team_who_only_read_see_nothing_of_it(client: PageClient, held: Application) -> None:
    viewer, editor = (each.person for each in held.members)
    assert viewer is not None
    page = client.sign_in(viewer).get(f"/applications/{held.id}")
    assert HELD_BACK in page.text
    assert "Zzyzx" not in page.text
    assert editor is not None
    assert "Zzyzx" in client.sign_in(editor).get(section_path(held)).text  # who can put it right
    save(client, held, title="A question", history=FIXED)
    page = client.sign_in(viewer).get(f"/applications/{held.id}")
    assert FIXED in page.text
    assert HELD_BACK not in page.text


def test_saving_it_unchanged_leaves_it_to_fix_and_saving_other_answers_works(
    client: PageClient, held: Application
) -> None:
    client.sign_in(held.person)
    page = save(client, held, setting="Rural")
    assert page.status == 200
    assert stored(held)["setting"] == "Rural"
    assert SENTENCE in page.errors


def test_an_old_tab_keeps_nothing_of_it_and_gives_it_back(client: PageClient, person: Person, admin: Person) -> None:
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, [("A case", without_option())])
    draft = factories.application(cycle, person)
    db.session.commit()
    tab, old = client.sign_in(person).get(section_path(draft)), [name_of(draft, key) for key in ("history", "setting")]
    form = new_version(cycle, admin)
    form_actions.update_question(find(form, "history"), by=admin, settings=ON)
    form_actions.publish_form(form, by=admin)
    db.session.commit()
    carry_drafts(cycle.id)
    db.session.expire_all()
    page = tab.submit(button="Save and continue", **dict(zip(old, (TELLING, "Rural"), strict=True)))
    assert (page.status, page.errors) == (422, [SENTENCE])
    assert stored(draft) == {"setting": "Rural"}
    assert page.form(button="Save these answers")[name_of(draft, "history")].strip() == TELLING
    assert places_that_hold("Zzyzx") == []
    assert page.submit(button="Save these answers", **{name_of(draft, "history"): FIXED}).status == 200
    assert stored(draft) == {"setting": "Rural", "history": FIXED}


def test_what_was_submitted_is_read_as_it_was_accepted(client: PageClient, cycle: Cycle) -> None:
    """A later edition of the portal may recognize more: it takes nothing away that reviewers are reading."""
    answers = {"title": "A question", "history": TELLING}
    submitted = factories.application(cycle, status=Status.SUBMITTED, answers=answers)
    db.session.commit()
    page = client.sign_in(factories.admin()).get(f"/manage/applications/{submitted.id}")
    assert TELLING in page.text


# the form builder


def test_the_option_is_said_frozen_compared_and_copied(client: PageClient, cycle: Cycle, admin: Person) -> None:
    first = staff_queries.newest_form(cycle)
    assert first is not None
    with pytest.raises(sa.exc.DBAPIError, match="published"), db.session.begin_nested():
        db.session.execute(sa.update(Question).where(Question.id == find(first, "history").id).values(settings={}))
    form = new_version(cycle, admin)
    assert find(form, "history").settings == ON | {"max_words": 100}
    path = f"/admin/questions/{find(form, 'history').id}"
    page = client.sign_in(admin).get(path)
    assert "Do not keep text that could identify a patient" in page.text
    assert "ask for a statement to agree to as well" in page.text
    sent = page.form(button="Save question")
    assert sent["long_text__refuses_identifiers"] == "yes"
    page.submit(button="Save question", long_text__refuses_identifiers=None)
    db.session.expire_all()
    assert find(form, "history").settings == {"max_words": 100}
    compared = client.get(f"/admin/cycles/{cycle.id}/form/compare")
    assert "Refuses patient identifiers" in compared.text
    copied = copies.copy_form(first, to=factories.cycle(form=False), number=1)
    assert find(copied, "title").settings == ON


def test_people_read_it_before_they_register(client: PageClient, cycle: Cycle) -> None:
    db.session.commit()
    page = client.get(f"/opportunities/{cycle.opportunity.slug}/questions")
    assert "Long text, up to 100 words, no patient identifiers" in page.text
