"""Staff pages of application forms: sections and questions of a draft, versions, freezing, what may not be asked."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue import form_actions, removals, staff_queries
from portal.catalogue.fields import KINDS
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Cycle
from portal.catalogue.names import free_slug, next_code, next_name, question_key, slugged
from portal.catalogue.refusals import judged
from portal.catalogue.sensitive import sensitive_topics
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from tests import factories as make
from tests.catalogue.counting import count_queries
from tests.page_client import PageClient

FROZEN = "This is public already and stays as it is for the people who have it. Make a new version to change it."
GONE = "Someone else removed this at the same time. Read the form as it is now."
GONE_TYPED = "Someone else removed this at the same time. What you wrote stands below. Save it to add it anew."
NEW_VERSION = "Make a new version"


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    return client.sign_in(make.admin())


def draft_form(*labels: str) -> Form:
    """A draft with two sections; the questions are in the first."""
    cycle = make.cycle(form=False, state=Publication.DRAFT)
    form = form_actions.new_form_version(cycle, by=None)
    for label in labels:
        form_actions.add_question(form.sections[0], by=None, kind="short_text", label=label, required=True)
    form_actions.add_section(form, by=None, title="Documents")
    db.session.commit()
    return form


def path(form: Form) -> str:
    return f"/admin/cycles/{form.cycle_id}/form"


def order(form: Form) -> list[list[str]]:
    db.session.expire_all()
    return [[q.label for q in section.questions] for section in db.session.get_one(Form, form.id).sections]


def last_event() -> Event:
    return db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(1)).one()


def test_starting_a_form(admin: PageClient) -> None:
    cycle = make.cycle(form=False, state=Publication.DRAFT)
    db.session.commit()
    page = admin.get(f"/admin/cycles/{cycle.id}/form")
    assert "has no form yet" in page.text
    page = page.submit(button="Start the form")
    assert page.flashes == ["The form is a draft. Nobody sees it until you publish it."]
    assert "Section 1: About you" in page.all("//h2")
    page.client.post(f"/admin/cycles/{cycle.id}/form-versions")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Form)) == 1
    assert admin.get(f"/admin/cycles/{cycle.id}/form?version=2").status == 404
    assert admin.get(f"/admin/cycles/{cycle.id}/form?version=999999999999").status == 404


def test_sections_are_added_changed_moved_and_removed(admin: PageClient) -> None:
    form = draft_form("Name of project")
    page = admin.get(path(form)).click("Add a section")
    wrong = page.submit(button="Save section", title=" ", intro="Some words")
    assert (wrong.status, wrong.errors) == (422, ["Write a title for the section."])
    assert wrong.form(button="Save section")["intro"].strip() == "Some words"
    page = wrong.submit(button="Save section", title="Training")
    assert [h for h in page.all("//h2") if h.startswith("Section ")] == [
        "Section 1: About you",
        "Section 2: Documents",
        "Section 3: Training",
    ]
    third = db.session.scalars(sa.select(Section).where(Section.title == "Training")).one()
    page = admin.get(f"/admin/sections/{third.id}").submit(button="Save section", title="Your training")
    page = page.submit(f"/sections/{third.id}/move/up")
    page = page.submit(f"/sections/{third.id}/move/up")
    admin.post(f"/admin/sections/{third.id}/move/up")
    assert next(h for h in page.all("//h2") if h.startswith("Section ")) == "Section 1: Your training"
    page.submit(f"/sections/{third.id}/move/down")
    assert order(form) == [["Name of project"], [], []]
    page = admin.get(f"/admin/sections/{third.id}/remove").submit(button="Remove section")
    assert order(form) == [["Name of project"], []]
    assert (last_event().verb, last_event().facts) == (
        "form.section_removed",
        {"section": "Your training", "questions": []},
    )


SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "short_text": ({"short_text__max_chars": "80"}, {"max_chars": 80}),
    "long_text": ({"long_text__max_words": "250"}, {"max_words": 250}),
    "email": ({}, {}),
    "number": ({"number__min": "1", "number__max": "5", "number__whole": "yes"}, {"min": 1, "max": 5, "whole": True}),
    "date": ({}, {}),
    "yes_no": ({}, {}),
    "choose_one": ({"choose_one__choices": "A\n\n B \n"}, {"choices": ["A", "B"]}),
    "choose_several": ({"choose_several__choices": "A\r\nB\r\nC"}, {"choices": ["A", "B", "C"]}),
    "file": ({"file__types": ["pdf"], "file__max_pages": "4"}, {"types": ["pdf"], "max_pages": 4}),
    "web_address": ({}, {}),
    "phone": ({}, {}),
    "site": ({}, {}),
    "statement": (
        {"statement__wording": "I certify\r\nthis. ", "statement__agree": " I do "},
        {"wording": "I certify\nthis.", "agree": "I do"},
    ),
    "information": ({"information__text": "# Read *this*"}, {"text": "# Read *this*"}),
    "npi": ({}, {}),
    "orcid": ({}, {}),
    "money_table": ({"money_table__max_total": "20,000"}, {"max_total": 20000}),
    "month_range": ({}, {}),
    "rank": ({"rank__choices": "A\nB", "rank__places": "2"}, {"choices": ["A", "B"], "places": 2}),
    "rank_sites": ({"rank_sites__least": "1"}, {"least": 1}),
    "group": ({"group__of": "boards", "group__max_rows": "5"}, {"of": "boards", "max_rows": 5}),
    "us_license": ({}, {}),
    "work_authorization": ({}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_of_each_kind(admin: PageClient, kind: str) -> None:
    form = draft_form()
    typed, stored = SETTINGS[kind]
    page = admin.get(path(form)).click("Add a question")
    values = {"label": "What is it?", "help": "Say it plainly.", "kind": kind, "required": None, **typed}
    look = page.submit(button="Show how it looks", **values)
    assert look.status == 200
    assert "How the question looks" in look.text
    assert order(form) == [[], []]
    page = look.submit(button="Save question", identifies="y")
    assert page.status == 200, page.errors
    question = db.session.scalars(sa.select(Question)).one()
    assert (question.kind, question.label, question.help, question.settings) == (
        kind,
        "What is it?",
        "Say it plainly.",
        stored,
    )
    assert [question.required, question.for_reviewers, question.identifies] == [False, True, True]
    assert question.key.startswith("what_is_it_")
    assert question.key not in page.response.get_data(as_text=True)
    opened = admin.get(f"/admin/questions/{question.id}")
    again = opened.submit(button="Save question")
    assert (again.status, db.session.get_one(Question, question.id).settings) == (200, stored)
    assert (
        "What is it?"
        in opened.all("//aside//section[1]//label | //aside//section[1]//legend | //aside//section[1]//section/h2")[0]
    )


def test_the_open_question_offers_nothing_that_would_lose_what_is_typed(admin: PageClient) -> None:
    """Its own row can only be closed, while the others can be edited, moved and removed."""
    form = draft_form("One", "Two")
    question = form.sections[0].questions[0]
    page = admin.get(path(form))
    row = f"//div[@id='question-{question.id}']"
    assert page.all(f"{row}/p/b") == [question.label]
    assert "Edit question 1.1" in page.all(f"{row}//@aria-label")
    opened = admin.get(f"/admin/questions/{question.id}")
    assert opened.all(f"{row}/p/b") == ["Editing question 1.1"]
    assert opened.all(f"{row}//*[contains(@class, 'icon-btn')]") == []
    assert "Edit question 1.2" in opened.all("//@aria-label")
    assert opened.click("Close question 1.1").all(f"{row}/p/b") == [question.label]


def test_wrong_questions_are_named_and_kept(admin: PageClient) -> None:
    form = draft_form()
    page = admin.get(path(form)).click("Add a question")
    wrong = page.submit(button="Save question", label="", kind="choose_one", choose_one__choices="Only one")
    assert wrong.status == 422
    assert wrong.errors == ["Write the question.", "Write at least two choices, one a line."]
    assert wrong.form(button="Save question")["choose_one__choices"].strip() == "Only one"
    assert page.submit(button="Save question", label="x", kind="telepathy").errors == ["Choose one of the list."]
    assert page.submit(button="Save question", label="x", kind="number", number__min="many").status == 422
    long = page.submit(button="Save question", label="x" * 10_000)
    assert long.errors == ["Shorten “Question” by 9,700 characters: 300 fit."]
    assert page.submit(button="Save question", label="<b>\0🩺</b> مرحبا").status == 200
    assert order(form)[0] == ["<b>🩺</b> مرحبا"]


def test_questions_move_within_and_across_sections(admin: PageClient) -> None:
    form = draft_form("One", "Two", "Three")
    ids = {q.label: q.id for q in form.questions}

    def move(label: str, way: str) -> list[list[str]]:
        page = admin.post(f"/admin/questions/{ids[label]}/move/{way}")
        assert page.status == 303
        return order(form)

    assert move("Three", "up") == [["One", "Three", "Two"], []]
    assert move("One", "up") == [["One", "Three", "Two"], []]
    assert move("Two", "down") == [["One", "Three"], ["Two"]]
    assert move("Three", "down") == [["One"], ["Three", "Two"]]
    assert move("Two", "down") == [["One"], ["Three", "Two"]]
    assert move("Three", "up") == [["One", "Three"], ["Two"]]
    page = admin.post(f"/admin/questions/{ids['One']}/remove").follow()
    assert page.flashes == ["Question “One” removed."]
    assert order(form) == [["Three"], ["Two"]]
    keys = [q.key for q in db.session.get_one(Form, form.id).questions]
    assert len(set(keys)) == 2


def test_one_question_titles_an_application(admin: PageClient) -> None:
    form = draft_form("One", "Two")
    first, second = form.questions
    admin.get(f"/admin/questions/{first.id}").submit(button="Save question", in_queue="y")
    admin.get(f"/admin/questions/{second.id}").submit(button="Save question", in_queue="y")
    db.session.expire_all()
    assert [q.in_queue for q in db.session.get_one(Form, form.id).questions] == [False, True]


def test_two_people_editing_a_question_see_both(admin: PageClient) -> None:
    form = draft_form("As it was", "Another")
    question, other = form.questions
    first, second = (admin.get(f"/admin/questions/{question.id}") for _ in range(2))
    apart = admin.get(f"/admin/questions/{other.id}")
    first.submit(button="Save question", label="Theirs")
    late = second.submit(button="Save question", label="Mine", help="My help")
    assert late.status == 409
    assert late.all("//section[@aria-label='Both versions']//dd") == ["Theirs", "Empty", "Mine", "My help"]
    assert order(form)[0][0] == "Theirs"
    assert late.submit(button="Save question").status == 200
    assert order(form)[0][0] == "Mine"
    assert apart.submit(button="Save question", label="Still fine").status == 200
    section = form.sections[0]
    one, two = (admin.get(f"/admin/sections/{section.id}") for _ in range(2))
    one.submit(button="Save section", title="Theirs")
    late = two.submit(button="Save section", title="Mine")
    assert (late.status, late.all("//section[@aria-label='Both versions']//dd")) == (409, ["Theirs", "Mine"])
    assert late.submit(button="Save section").status == 200


def gone_while_locking(monkeypatch: pytest.MonkeyPatch, thing: Question | Section) -> None:
    """Somebody else takes a part out while a request waits for the form; what they did goes with the request here."""
    noun, key = type(thing), thing.id
    lock = form_actions.lock

    def lose(form: Form, version: int | None) -> None:
        db.session.execute(sa.delete(noun).where(noun.id == key))
        lock(form, version)

    monkeypatch.setattr(form_actions, "lock", lose)


def test_what_was_typed_for_a_part_that_is_gone_is_added_anew(
    admin: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = draft_form("One")
    question, section = form.questions[0], form.sections[1]
    typed = admin.get(f"/admin/questions/{question.id}")
    with monkeypatch.context() as patch:
        gone_while_locking(patch, question)
        late = typed.submit(button="Save question", label="Mine", help="My help")
        for there in (f"/admin/questions/{question.id}/move/down", f"/admin/questions/{question.id}/remove"):
            page = admin.post(there)
            assert (page.status, page.errors) == (409, [GONE])
    assert (late.status, late.errors) == (409, [GONE_TYPED])
    assert late.form(button="Save question")["help"].strip() == "My help"
    assert late.submit(button="Save question").status == 200
    assert order(form)[0] == ["One", "Mine"]  # the other's removal was undone with the request that it met

    typed = admin.get(f"/admin/sections/{section.id}")
    adding = admin.get(f"/admin/sections/{section.id}/questions/new")
    with monkeypatch.context() as patch:
        gone_while_locking(patch, section)
        late = typed.submit(button="Save section", title="My title")
        added = adding.submit(button="Save question", label="For the second")
    assert (late.status, late.errors) == (409, [GONE_TYPED])
    assert late.submit(button="Save section").status == 200
    assert (added.status, added.errors) == (409, [GONE_TYPED])
    assert [section.title for section in db.session.get_one(Form, form.id).sections][-1] == "My title"


def test_publishing_freezes_and_a_new_version_keeps_the_keys(admin: PageClient) -> None:
    form = draft_form("Project title")
    page = admin.get(path(form)).submit(button="Publish version 1")
    assert (page.status, page.errors) == (422, ["Add a question to “Documents”, or remove the section."])
    form_actions.add_question(form.sections[1], by=None, kind="file", label="Your CV")
    db.session.commit()
    typing = admin.get(f"/admin/questions/{form.questions[0].id}")
    page = admin.get(path(form)).submit(button="Publish version 1")
    assert page.flashes == ["Version 1 published. People who start from now on get it. It stays as it is."]
    late = typing.submit(button="Save question", label="My late text")
    assert (late.status, late.errors) == (409, [FROZEN])
    question, section = form.questions[0], form.sections[0]
    for there in (f"/admin/questions/{question.id}", f"/admin/sections/{section.id}"):
        assert (admin.get(there).status, admin.get(there).errors) == (409, [FROZEN])
    for there in (f"/admin/forms/{form.id}/sections/new", f"/admin/sections/{section.id}/questions/new"):
        assert admin.get(there).status == 409
    for there in (f"/admin/questions/{question.id}/remove", f"/admin/sections/{section.id}/move/down"):
        assert admin.post(there).status == 409
    assert admin.post(f"/admin/forms/{form.id}/publish").status == 409
    assert admin.post(f"/admin/forms/{form.id}/sections/new", {"title": "Late"}).status == 409
    page = admin.get(path(form)).submit(button=NEW_VERSION)
    newest = staff_queries.newest_form(db.session.get_one(Cycle, form.cycle_id))
    assert newest is not None
    assert (newest.number, newest.state) == (2, Publication.DRAFT)
    assert [q.key for q in newest.questions] == [q.key for q in form.questions]
    assert page.click("Version 1").all("//button[contains(., 'Make a new version')]") == [NEW_VERSION]
    page = admin.get(f"/admin/questions/{newest.questions[0].id}").submit(button="Save question", label="New words")
    db.session.expire_all()
    assert [f.questions[0].label for f in (form, newest)] == ["Project title", "New words"]
    assert newest.questions[0].key == form.questions[0].key


def test_a_write_past_the_actions_is_refused_by_the_database(context: None) -> None:
    form = make.published_form(make.cycle(form=False))
    with pytest.raises(form_actions.Frozen), judged({}):
        form.questions[0].label = "Changed behind our back"
    draft = form_actions.new_form_version(make.cycle(form=False), by=None)
    with pytest.raises(sa.exc.IntegrityError), judged({}):
        db.session.add(Question(section_id=draft.sections[0].id, key="!", position=1, kind="date", label="x"))


def test_what_a_first_form_may_not_ask(client: PageClient) -> None:
    form = draft_form("Date of birth", "Project title")
    form_actions.add_question(form.sections[1], by=None, kind="yes_no", label="Anything else?", help="Are you married?")
    client.sign_in(make.coordinator(form.cycle.opportunity))
    page = client.get(path(form))
    assert not page.all("//textarea[@name='reason']")
    page = page.submit(button="Publish version 1", reason="Because I say so")
    assert page.status == 422
    assert page.errors == [
        "Take out the question “Date of birth”. It asks about birth date, which a first form may not ask. "
        "Take out the question “Anything else?”. It asks about marital status, which a first form may not ask."
    ]
    sentence = "An admin can publish it all the same, with a reason that the audit trail keeps."
    assert page.all("//*[@id='reason']") == [sentence]
    client.sign_in(make.admin())
    page = client.get(path(form))
    assert sentence not in page.text
    page = page.submit(button="Publish version 1", reason="  ")
    assert page.status == 422
    long = page.submit(button="Publish version 1", reason="r" * 1001)
    assert long.errors == ["Shorten “Reason” by 1 character: 1,000 fit."]
    page = page.submit(button="Publish version 1", reason="The law of this program asks for it.")
    assert page.flashes[0].startswith("Version 1 published.")
    assert last_event().facts["override"] == {
        "reason": "The law of this program asks for it.",
        "questions": {"Date of birth": ["birth date"], "Anything else?": ["marital status"]},
    }
    history = client.get(f"/admin/opportunities/{form.cycle.opportunity_id}/history")
    assert "Override reason: The law of this program asks for it." in history.text
    assert "Override questions: “Date of birth” (birth date); “Anything else?” (marital status)" in history.text


@pytest.mark.parametrize(
    ("label", "topics"),
    [
        ("Have you ever been convicted of a crime?", ["criminal history"]),
        ("What is your current annual salary?", ["salary history"]),
        ("Age", ["age"]),
        ("How old are you?", ["age"]),
        ("DOB", ["birth date"]),
        ("Your Social Security number", ["social security number"]),
        ("Are you married?", ["marital status"]),
        ("Citizenship", ["citizenship"]),
        ("Do you have any health conditions?", ["health"]),
        ("Do you have a disability?", ["health"]),
        ("Which community health center do you work at?", []),
        ("Who is your medical director?", []),
        ("What age groups do you teach?", []),
        ("Are you authorized to work in the US?", []),
        ("How will patients with disabilities gain?", []),
        ("Language barriers in your package of care", []),
        ("Newborn care sessions", []),
    ],
)
def test_topics_found_by_words(label: str, topics: list[str]) -> None:
    assert sensitive_topics(label, "", "") == topics


def test_a_form_page_costs_the_same_for_any_number_of_questions(admin: PageClient) -> None:
    form = draft_form()
    costs = []
    admin.get(path(form))
    for upto in (1, 3, 60):
        while len(form.sections[0].questions) < upto:
            n = len(form.sections[0].questions)
            form_actions.add_question(form.sections[0], by=None, kind="short_text", label=f"Question {n}")
        db.session.commit()
        with count_queries() as counted:
            assert len(admin.get(path(form)).all("//div[@class='q']")) == upto
        costs.append(counted.n)
    assert costs[0] == costs[1] == costs[2] <= 12
    there = f"/admin/questions/{form.questions[0].id}"
    with count_queries() as counted:
        admin.get(there)
    assert counted.n <= 12


def test_foreign_forms_are_not_found(client: PageClient) -> None:
    form = draft_form("One")
    client.sign_in(make.coordinator(make.opportunity()))
    question, section = form.questions[0], form.sections[0]
    assert client.get(f"/admin/questions/{question.id}").status == 404
    assert client.get(f"/admin/sections/{section.id}/questions/new").status == 404
    for there in (f"questions/{question.id}/remove", f"sections/{section.id}/remove", f"forms/{form.id}/publish"):
        assert client.post(f"/admin/{there}").status == 404
    assert order(form)[0] == ["One"]


@pytest.mark.parametrize("noun", ["opportunities", "cycles", "questions", "sections", "units", "sites", "pages"])
def test_ids_that_no_row_can_have(admin: PageClient, noun: str) -> None:
    for key in (0, 2**63 - 1, 10**30):
        assert admin.get(f"/admin/{noun}/{key}").status == 404


@given(st.text())
def test_names_made_up_fit_their_columns(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slugged(text))
    assert len(slugged(text)) <= 80
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,40}", question_key(text))


def test_names_go_on_where_they_are_taken() -> None:
    assert free_slug("A b", {"a-b", "a-b-2"}) == "a-b-3"
    assert len(free_slug("x" * 80, {"x" * 80})) <= 80
    assert next_code("WIN-99", {"WIN-00"}, years=1) == "WIN-00A"
    assert next_code("", set()) == ""
    assert next_name("Spring 2027", {"Spring 2028", "Spring 2028 (copy)"}, years=1) == "Spring 2028 (copy 2)"


def ask(form: Form, label: str, **values: Any) -> Question:
    """A question at the end of the first section."""
    return form_actions.add_question(form.sections[0], by=None, **{"kind": "yes_no", "label": label, **values})


def test_a_question_is_shown_only_after_a_certain_answer(admin: PageClient) -> None:
    form = draft_form()
    parent = ask(form, "Do you hold a US license?")
    db.session.commit()
    page = admin.get(f"/admin/sections/{form.sections[0].id}/questions/new")
    typed = {"label": "NPI", "kind": "npi", "required": "y"}
    refused = page.submit(button="Save question", **typed)
    assert refused.errors == [
        "Let people pass who have no US license: untick “Must be answered”, or show the question only if an earlier "
        "answer says that they have one."
    ]
    box = next(value for value in page.all("//input[@name='shown_if']/@value") if value.endswith("yes"))
    page = refused.submit(button="Save question", **typed, shown_if=box, profile_field="npi")
    assert page.errors == []
    child = db.session.scalars(sa.select(Question).where(Question.label == "NPI")).one()
    assert (child.condition, child.profile_field) == ({"key": parent.key, "values": ["yes"]}, "npi")
    assert "Shown only if “Do you hold a US license?” is “Yes”" in page.text
    opened = admin.get(f"/admin/questions/{child.id}")
    assert opened.form(button="Save question")["shown_if"] == box
    wrong = opened.submit(button="Save question", profile_field="phone")
    assert wrong.errors == ["Choose “Nothing”, or an answer type that “Phone number” can fill in."]


def test_many_answers_to_depend_on_are_folded_until_one_is_ticked(admin: PageClient) -> None:
    form = draft_form()
    choices = {"settings": {"choices": ["A", "B", "C", "D", "E", "F", "G"]}}
    parent = ask(form, "Which one?", kind="choose_one", **choices)
    child = ask(form, "Why?", kind="short_text")
    db.session.commit()
    page = admin.get(f"/admin/questions/{child.id}")
    assert page.all("//details[.//input[@name='shown_if']]/summary") == ["Show only after certain answers"]
    page.submit(button="Save question", shown_if=f"{parent.key}: G")
    page = admin.get(f"/admin/questions/{child.id}")
    assert len(page.all("//input[@name='shown_if']")) == 7
    assert page.all("//details[.//input[@name='shown_if']]") == []


def test_settings_that_must_be_given_are_not_called_optional(admin: PageClient) -> None:
    form = draft_form("One")
    page = admin.get(f"/admin/questions/{form.questions[0].id}")
    for kind, setting, label in (
        ("choose_one", "choices", "Choices"),
        ("statement", "wording", "Wording of the statement"),
        ("long_text", "max_words", "Most words (optional)"),
    ):
        assert page.one(f"//label[@for='{kind}__{setting}']") == label


def test_what_a_question_depends_on_stays_before_it_and_possible(admin: PageClient) -> None:
    form = draft_form()
    parent = ask(form, "Do you hold a license?")
    child = ask(form, "Tell us more", kind="short_text", condition={"key": parent.key, "values": ["yes"]})
    db.session.commit()
    gone = "Choose again when “Tell us more” is shown: the question it depends on is gone."
    before = "Keep “Do you hold a license?” before “Tell us more”, which is shown only after a certain answer to it."
    for path_, sentence in (
        (f"/admin/questions/{parent.id}/remove", gone),
        (f"/admin/questions/{parent.id}/move/down", before),
        (f"/admin/questions/{child.id}/move/up", before),
    ):
        page = admin.post(path_)
        assert (page.status, page.errors) == (409, [sentence])
        assert order(form) == [["Do you hold a license?", "Tell us more"], []]
    page = admin.get(f"/admin/questions/{parent.id}").submit(button="Save question", kind="short_text")
    assert page.errors == [
        "Keep “yes” among the answers to “Do you hold a license?”, or choose again when “Tell us more” is shown."
    ]
    assert db.session.get_one(Question, parent.id).kind == "yes_no"
    admin.post(f"/admin/questions/{child.id}/remove")
    assert admin.post(f"/admin/questions/{parent.id}/remove").status == 303


def test_a_new_version_keeps_conditions_and_sources(admin: PageClient) -> None:
    form = draft_form()
    parent = ask(form, "Do you hold a license?")
    ask(form, "NPI", kind="npi", condition={"key": parent.key, "values": ["yes"]}, profile_field="npi")
    removals.remove_section(form.sections[1], by=make.admin())
    form_actions.set_published(form, by=None)
    db.session.commit()
    admin.post(f"/admin/cycles/{form.cycle_id}/form-versions")
    copied = db.session.scalars(sa.select(Form).where(Form.number == 2)).one().questions[1]
    assert (copied.condition, copied.profile_field) == ({"key": parent.key, "values": ["yes"]}, "npi")
