"""Taking a question or a section out of a draft: a page says first what goes with it, and only its button acts."""

from typing import Any

import pytest
import sqlalchemy as sa

from portal.applications.carrying import drafts_with_answers
from portal.applications.status import Status
from portal.catalogue import form_actions, staff_queries
from portal.catalogue.fields import KINDS
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from tests import factories as make
from tests.catalogue.counting import count_queries
from tests.page_client import Page, PageClient

FROZEN = "This is public already and stays as it is for the people who have it. Make a new version to change it."
NOBODY = "Nobody has a draft of this cycle yet."
KEPT = "Until you publish version 2, people keep the version they have. Submitted applications keep theirs, with every answer."  # noqa: E501


@pytest.fixture
def cycle(context: None) -> Cycle:
    return make.cycle(code="WIN-27")


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    return client.sign_in(make.admin())


@pytest.fixture
def draft(cycle: Cycle) -> Form:
    """Version 2 of the cycle's form; version 1 is public."""
    made = form_actions.new_form_version(cycle, by=None)
    db.session.commit()
    return made


def question_of(form: Form, key: str) -> Question:
    return next(question for question in form.questions if question.key == key)


def labels(form: Form) -> list[list[str]]:
    db.session.expire_all()
    return [[q.label for q in section.questions] for section in db.session.get_one(Form, form.id).sections]


def said(page: Page) -> list[str]:
    """What the page says of what goes, without the list of the questions themselves."""
    return page.all("//section[@aria-labelledby='remove']/ul[last()]/li")


def test_a_question_goes_only_by_the_button_of_its_own_page(admin: PageClient, draft: Form) -> None:
    proposal = question_of(draft, "proposal")
    builder = admin.get(f"/admin/cycles/{draft.cycle_id}/form")
    assert f"/admin/questions/{proposal.id}/remove" in builder.all("//a/@href")
    assert not [action for action in builder.all("//form/@action") if action.endswith("/remove")]
    page = admin.get(f"/admin/questions/{proposal.id}/remove")
    assert page.one("//h2[@id='remove']") == "Remove the question “What do you want to do?”?"
    assert page.one("//section[@aria-labelledby='remove']/p") == "Long text, up to 50 words"
    assert said(page) == [NOBODY, KEPT]
    assert labels(draft)[0] == ["Project title", "What do you want to do?"]
    assert page.click("Keep question").status == 200
    assert labels(draft)[0] == ["Project title", "What do you want to do?"]
    gone = page.submit(button="Remove question")
    assert gone.flashes == ["Question “What do you want to do?” removed."]
    assert labels(draft) == [["Project title"], ["Your CV"]]
    assert admin.get(f"/admin/questions/{proposal.id}/remove").status == 404  # back button, reload
    assert page.submit(button="Remove question").status == 404


def test_a_section_names_the_questions_that_go_with_it(admin: PageClient, draft: Form) -> None:
    first = draft.sections[0]
    page = admin.get(f"/admin/sections/{first.id}/remove")
    assert page.one("//h2[@id='remove']") == "Remove the section “About the project” and its 2 questions?"
    assert page.all("//section[@aria-labelledby='remove']/ul[1]/li") == [
        "Project title Short text",
        "What do you want to do? Long text, up to 50 words",
    ]
    assert said(page) == [
        NOBODY, "One of them titles applications in staff lists. Choose another question for that.", KEPT,
    ]  # fmt: skip
    gone = page.submit(button="Remove section")
    assert gone.flashes == ["Section “About the project” removed. Its questions went with it."]
    assert labels(draft) == [["Your CV"]]
    form_actions.add_section(draft, by=None, title="Empty <b>one</b>")
    db.session.commit()
    empty = db.session.scalars(sa.select(Section).where(Section.title == "Empty <b>one</b>")).one()
    page = admin.get(f"/admin/sections/{empty.id}/remove")
    assert page.one("//h2[@id='remove']") == "Remove the section “Empty <b>one</b>”?"
    assert page.all("//section[@aria-labelledby='remove']/p") == ["It has no question."]
    assert said(page) == [KEPT]
    assert page.submit(button="Remove section").flashes == ["Section “Empty <b>one</b>” removed."]


def test_it_says_how_many_drafts_lose_an_answer(admin: PageClient, cycle: Cycle, draft: Form) -> None:
    title, cv = question_of(draft, "title"), question_of(draft, "cv")
    make.application(cycle, answers={"title": "", "proposal": "Much"})
    make.application(cycle, answers={"title": "Of a test"}, is_test=True)
    make.application(make.cycle(), answers={"title": "In another cycle"})
    make.application(cycle, status=Status.SUBMITTED, answers={"title": "Handed in"})
    without = make.application(cycle)
    make.document(without, removed_at=now())
    db.session.commit()
    there = f"/admin/questions/{title.id}/remove"
    no_answer = "No draft has an answer to it."
    titles = "It titles applications in staff lists. Choose another question for that."
    assert said(admin.get(there)) == [no_answer, titles, KEPT]
    assert said(admin.get(f"/admin/questions/{cv.id}/remove")) == [no_answer, KEPT]
    make.application(cycle, answers={"title": "Said"})
    db.session.commit()
    assert said(admin.get(there))[0] == (
        "1 draft has an answer to it. When you publish version 2, that answer is no longer part of the application. "
        "We tell its owner."
    )
    make.application(cycle, answers={"title": "Said too"})
    make.document(make.application(cycle))
    db.session.commit()
    assert said(admin.get(there))[0] == (
        "2 drafts have answers to it. When you publish version 2, those answers are no longer part of the "
        "applications. We tell their owners."
    )
    assert said(admin.get(f"/admin/questions/{cv.id}/remove"))[0].startswith("1 draft has an answer to it.")
    whole = said(admin.get(f"/admin/sections/{title.section_id}/remove"))[0]
    assert whole.startswith("3 drafts have answers to them. When you publish version 2, those answers are no longer")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_answer_of_any_kind_is_none(context: None, cycle: Cycle, kind: str) -> None:
    for typed in ([], [""], [" "]):
        make.application(cycle, answers={"title": KINDS[kind].parse(typed)})
    make.application(cycle, answers={"title": [[""], {"a": "", "b": None}]})
    db.session.flush()
    assert drafts_with_answers(cycle.id, ["title"]) == 0
    for value in ("x", 0, False, [["", "x"]], {"a": {"b": 1}}):
        make.application(cycle, answers={"title": value})
    db.session.flush()
    assert drafts_with_answers(cycle.id, ["title"]) == 5
    assert drafts_with_answers(cycle.id, []) == 0


def test_what_others_depend_on_says_what_to_change_first(admin: PageClient, draft: Form) -> None:
    facts: dict[str, Any] = {"by": None, "kind": "yes_no"}
    parent = form_actions.add_question(draft.sections[0], label="Will you teach?", key="teach", **facts)
    child = form_actions.add_question(
        draft.sections[1], label="In the evening?", condition={"key": "teach", "values": ["yes"]}, **facts
    )
    db.session.commit()
    page = admin.get(f"/admin/questions/{parent.id}/remove")
    why = "Choose again when “In the evening?” is shown: the question it depends on is gone"
    assert page.all("//ul[@class='checks']/li") == [why]
    assert page.one("//ul[@class='checks']//a/@href") == f"/admin/questions/{child.id}#question-{child.id}"
    assert "Remove question" not in page.all("//main//button")
    assert admin.get(f"/admin/sections/{draft.sections[0].id}/remove").all("//ul[@class='checks']/li") == [why]
    refused = admin.post(f"/admin/questions/{parent.id}/remove")  # by a page from before the other was added
    assert (refused.status, refused.errors) == (409, [f"{why}."])
    assert admin.get(f"/admin/sections/{draft.sections[1].id}/remove").submit(button="Remove section").status == 200
    assert admin.get(f"/admin/questions/{parent.id}/remove").submit(button="Remove question").status == 200


def test_an_endorsement_that_covers_it_is_named(admin: PageClient, cycle: Cycle, draft: Form) -> None:
    cycle.endorser, cycle.endorsement_wording, cycle.endorsement_keys = "medical director", "True", ["proposal"]
    db.session.commit()
    proposal, title = question_of(draft, "proposal"), question_of(draft, "title")
    covers = "The endorsement of this cycle covers a section by this question. Check the endorsement afterwards."
    page = admin.get(f"/admin/questions/{proposal.id}/remove")
    assert said(page)[1] == covers
    assert page.click("Check the endorsement").path == f"/manage/cycles/{cycle.id}/endorsement"
    assert covers not in said(admin.get(f"/admin/questions/{title.id}/remove"))


def test_a_public_version_keeps_its_questions(admin: PageClient, cycle: Cycle) -> None:
    form = staff_queries.newest_form(cycle)
    assert form is not None
    for there in (f"/admin/questions/{form.questions[0].id}/remove", f"/admin/sections/{form.sections[0].id}/remove"):
        assert (admin.get(there).status, admin.get(there).errors) == (409, [FROZEN])
        assert (admin.post(there).status, admin.post(there).errors) == (409, [FROZEN])
    assert labels(form) == [["Project title", "What do you want to do?"], ["Your CV"]]


def test_the_page_costs_the_same_for_any_form(admin: PageClient, cycle: Cycle, draft: Form) -> None:
    costs = []
    there = f"/admin/sections/{draft.sections[0].id}/remove"
    admin.get(there)
    for upto in (2, 40):
        while len(draft.sections[0].questions) < upto:
            form_actions.add_question(draft.sections[0], by=None, kind="short_text", label="One more")
            make.application(cycle, answers={"title": "Said"})
        db.session.commit()
        db.session.expire_all()
        with count_queries() as counted:
            assert len(admin.get(there).all("//section[@aria-labelledby='remove']/ul[1]/li")) == upto
        costs.append(counted.n)
    assert costs[0] == costs[1] <= 12


# taken out while somebody else has it open

GONE_TYPED = "Someone else removed this at the same time. What you wrote stands below. Save it to add it anew."


def test_a_question_taken_out_meanwhile_gives_back_what_was_typed(admin: PageClient, draft: Form) -> None:
    proposal = question_of(draft, "proposal")
    path = f"/admin/questions/{proposal.id}"
    open_page = admin.get(path)
    admin.get(f"{path}/remove").submit("/remove")
    assert "Proposal" not in [label for section in labels(draft) for label in section]
    late = open_page.submit(path, button="Save question", label="Proposal, in a page", help="Say why.")
    assert (late.status, late.errors) == (409, [GONE_TYPED])
    typed = late.form("/questions/new")
    assert (typed["label"], typed["help"].strip()) == ("Proposal, in a page", "Say why.")
    assert late.submit("/questions/new", button="Save question").status == 200
    assert [label for section in labels(draft) for label in section if "page" in label] == ["Proposal, in a page"]
    assert admin.get(path).status == 404, "who opens it finds nothing"


def test_so_does_one_whose_section_went_with_it_and_a_section(admin: PageClient, draft: Form) -> None:
    first, last = draft.sections[0], draft.sections[-1]
    question = last.questions[0]
    paths = f"/admin/questions/{question.id}", f"/admin/sections/{last.id}", f"/admin/sections/{last.id}/questions/new"
    pages = [admin.get(path) for path in paths]
    admin.get(f"/admin/sections/{last.id}/remove").submit("/remove")
    lost = pages[0].submit(paths[0], button="Save question", label="Still wanted")
    assert (lost.status, lost.errors) == (409, [GONE_TYPED])
    assert lost.form(f"/sections/{first.id}/questions/new")["label"] == "Still wanted"
    lost = pages[2].submit(paths[2], button="Save question", label="Added late")
    assert lost.form(f"/sections/{first.id}/questions/new")["label"] == "Added late"
    lost = pages[1].submit(paths[1], button="Save section", title="Documents, again")
    assert (lost.status, lost.errors) == (409, [GONE_TYPED])
    assert lost.form("/sections/new")["title"] == "Documents, again"
    lost.submit("/sections/new", button="Save section")
    db.session.expire_all()
    assert [section.title for section in db.session.get_one(Form, draft.id).sections][-1] == "Documents, again"


def test_whoever_may_not_edit_the_form_is_told_of_nothing(client: PageClient, admin: PageClient, draft: Form) -> None:
    proposal = question_of(draft, "proposal")
    path = f"/admin/questions/{proposal.id}"
    page = admin.get(path)
    sent = {key: value for key, value in page.form(path).items() if key != "csrf_token"}
    admin.get(f"{path}/remove").submit("/remove")
    assert admin.post(path, sent).status == 409
    client.sign_in(make.coordinator(make.unit()))
    for changed in (sent, sent | {"form-id": "0"}, sent | {"form-id": "x"}, sent | {"form-id": str(draft.id + 10**6)}):
        refused = client.post(path, changed)
        assert (refused.status, "Proposal" in refused.text) == (404, False)


def test_what_is_not_public_yet_is_known_by_its_key_not_its_words(admin: PageClient, draft: Form) -> None:
    title = question_of(draft, "title")
    twin = Question(
        key="twin", kind="short_text", label=title.label, position=9, settings={}, section_id=title.section_id
    )
    db.session.add(twin)
    db.session.commit()
    page = admin.get(f"/admin/cycles/{draft.cycle_id}/form")
    marked = page.all("//*[@data-question][.//*[contains(., 'Not public yet')]]/@data-question")
    assert marked == [str(twin.id)]
