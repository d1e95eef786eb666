"""Drafts follow their form to a new version: answers stay, their owner is told once, a save under way is not lost."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import Person
from portal.applications import carrying
from portal.applications.jobs import carry_drafts, carry_stragglers
from portal.applications.models import Answer, Application
from portal.applications.status import Status
from portal.catalogue import form_actions, removals, staff_queries
from portal.catalogue.form_models import Form, Question
from portal.catalogue.frozen import FrozenQuestion
from portal.catalogue.models import Cycle
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import complete_now, new_version, pdf
from tests.catalogue.counting import count_queries
from tests.page_client import PageClient


def section_of(form: Form, place: int = 0) -> str:
    return f"/sections/{form.sections[place].id}"


def name(form: Form, key: str) -> str:
    return next(f"q{question.id}" for question in form.questions if question.key == key)


def publish(form: Form, by: Person) -> None:
    form_actions.publish_form(form, by=by)
    db.session.commit()


def find(form: Form, key: str) -> Question:
    return next(question for question in form.questions if question.key == key)


@pytest.fixture
def admin(context: None) -> Person:
    return factories.admin()


def mails() -> list[Message]:
    query = sa.select(Message).where(Message.template == "application_form_changed").order_by(Message.id)
    return list(db.session.scalars(query))


def changed(cycle: Cycle, admin: Person) -> Form:
    """A second version: the title is worded anew and moved, the proposal is gone, a question is new."""
    form = new_version(cycle, admin)
    title = find(form, "title")
    form_actions.update_question(title, by=admin, label="Title of your project", settings={"max_chars": 80})
    removals.remove_question(find(form, "proposal"), by=admin)
    form_actions.add_question(form.sections[0], by=admin, kind="yes_no", label="Does your chief know?", key="chief")
    for _ in range(2):
        form_actions.move_question(title, by=admin, up=False)
    publish(form, admin)
    return form


def test_a_draft_moves_with_its_answers_and_files_and_its_owner_is_told(
    client: PageClient, draft: Application, person: Person, admin: Person
) -> None:
    complete_now(draft)
    db.session.commit()
    old, form = draft.form, changed(draft.cycle, admin)
    client.sign_in(person)
    assert "The form has changed" not in client.get(f"/applications/{draft.id}").text
    jobs = db.session.scalars(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'applications.carry_drafts'")
    ).all()
    assert jobs == [{"cycle_id": draft.cycle_id}]
    carry_drafts(draft.cycle_id)
    carry_drafts(draft.cycle_id)
    db.session.expire_all()
    assert (draft.form_id, draft.known_form_id, draft.title) == (form.id, old.id, "Waiting-room stories")
    assert draft.values == {"title": "Waiting-room stories", "proposal": "Listen to long-term patients."}
    page = client.get(f"/applications/{draft.id}")
    told = [
        "Changed: “Title of your project” (it read “Project title”; most characters: Nothing → 80).",
        "In another place: “Title of your project”, now under “Documents”.",
        "New question: “Does your chief know?”.",
        "No longer asked: “What do you want to do?”. What you wrote there is no longer part of your application.",
    ]
    assert sorted(page.all("//section[@aria-labelledby='changes']//li")) == sorted(told)
    check = client.get(f"/applications/{draft.id}/check").text
    assert "Waiting-room stories" in check
    assert "okafor-lind-cv.pdf" in check
    assert "Listen to long-term patients." not in check
    mail = mails()
    assert [(m.to_address, m.thing_id) for m in mail] == [(person.email, draft.id)]
    assert all(f"- {line}" in mail[0].text_body for line in told)
    page = page.submit(button="I have read this")
    assert "The form has changed" not in page.text
    assert draft.known_form_id is None
    of_draft = sa.select(Event.verb).where(Event.thing_type == "application", Event.thing_id == draft.id)
    verbs = list(db.session.scalars(of_draft.order_by(Event.id)))
    assert verbs == ["application.form_moved", "application.changes_read"]


def test_until_it_is_read_one_mail_is_enough_and_changes_add_up(
    client: PageClient, draft: Application, person: Person, admin: Person
) -> None:
    changed(draft.cycle, admin)
    carry_drafts(draft.cycle_id)
    third = new_version(draft.cycle, admin)
    removals.remove_section(third.sections[0], by=admin)
    publish(third, admin)
    carry_drafts(draft.cycle_id)
    client.sign_in(person)
    page = client.get(f"/applications/{draft.id}")
    assert "Does your chief know?" not in page.text
    assert "Title of your project" in page.text
    assert len(mails()) == 1
    page.submit(button="I have read this")
    fourth = new_version(draft.cycle, admin)
    form_actions.add_question(fourth.sections[0], by=admin, kind="date", label="When would you start?")
    publish(fourth, admin)
    carry_drafts(draft.cycle_id)
    assert client.get(f"/applications/{draft.id}").all("//section[@aria-labelledby='changes']//li") == [
        "New question: “When would you start?”."
    ]
    assert len(mails()) == 2


def test_what_is_handed_in_closed_or_a_test(admin: Person, context: None) -> None:
    cycle = factories.cycle()
    submitted = factories.application(cycle, status=Status.SUBMITTED)
    withdrawn = factories.application(cycle, status=Status.WITHDRAWN, submitted_at=None, reference=None)
    test = factories.application(cycle, is_test=True)
    draft = factories.application(cycle)
    other = factories.application()
    cycle.closes_at = now() - timedelta(days=1)
    db.session.commit()
    form = changed(cycle, admin)
    assert carrying.drafts_in(cycle.id) == (1, 1)
    carry_drafts(cycle.id)
    assert carrying.drafts_in(cycle.id) == (1, 0)
    db.session.expire_all()
    moved = [one.form_id == form.id for one in (submitted, withdrawn, test, draft, other)]
    assert moved == [False, False, False, True, False]
    assert mails() == []


def test_a_straggler_is_found_by_the_clock(draft: Application, admin: Person) -> None:
    form = changed(draft.cycle, admin)
    late = factories.application(draft.cycle, form=db.session.get_one(Form, draft.form_id))
    db.session.commit()
    carry_stragglers(0)
    db.session.expire_all()
    assert [draft.form_id, late.form_id] == [form.id, form.id]


def test_more_drafts_than_one_batch(draft: Application, admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "AT_ONCE", 2)
    for _ in range(4):
        factories.application(draft.cycle)
    changed(draft.cycle, admin)
    carry_drafts(draft.cycle_id)
    assert carrying.drafts_in(draft.cycle_id) == (5, 0)
    assert len(mails()) == 5


def test_one_fault_leaves_the_others_moved_and_is_made_good(
    draft: Application, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = factories.application(draft.cycle)
    form = changed(draft.cycle, admin)
    write = carrying.write

    def failing(template: str, **context: Any) -> Any:
        if context["about"].id == second.id:
            raise RuntimeError("no such template")
        return write(template, **context)

    monkeypatch.setattr(carrying, "write", failing)
    with pytest.raises(RuntimeError):
        carry_drafts(draft.cycle_id)
    db.session.expire_all()
    assert (draft.form_id == form.id, second.form_id == form.id) == (True, False)
    monkeypatch.undo()
    carry_drafts(draft.cycle_id)
    db.session.expire_all()
    assert second.form_id == form.id
    assert len(mails()) == 2


def test_a_tab_with_the_old_version_saves_what_is_still_asked_and_keeps_the_rest(
    client: PageClient, draft: Application, person: Person, admin: Person
) -> None:
    client.sign_in(person)
    old = draft.form
    tab = client.get(f"/applications/{draft.id}{section_of(old)}")
    form = changed(draft.cycle, admin)
    carry_drafts(draft.cycle_id)
    typed = {name(old, "title"): "Stories", name(old, "proposal"): "Listen, then act."}
    page = tab.submit(button="Save and continue", **typed)
    assert page.path == f"/applications/{draft.id}"
    assert page.flashes == ["Saved. The form has changed since you opened that page. What changed stands below."]
    assert "The form has changed" in page.text
    db.session.expire_all()
    assert draft.values == {"title": "Stories", "proposal": "Listen, then act."}
    assert draft.title == "Stories"
    again = client.get(f"/applications/{draft.id}{section_of(old)}").follow()
    assert again.path == f"/applications/{draft.id}/sections/{find(form, 'title').section_id}"
    assert client.get(f"/applications/{draft.id}/sections/{2**40}").status == 404
    elsewhere = factories.cycle()
    foreign = staff_queries.newest_form(elsewhere)
    assert foreign is not None
    assert client.get(f"/applications/{draft.id}{section_of(foreign)}").status == 404
    assert client.post(f"/applications/{draft.id}{section_of(foreign)}").status == 404


def test_a_file_of_an_old_tab_is_kept(client: PageClient, draft: Application, person: Person, admin: Person) -> None:
    from io import BytesIO

    old = draft.form
    changed(draft.cycle, admin)
    carry_drafts(draft.cycle_id)
    client.sign_in(person)
    for content in (pdf(), b"not a pdf"):
        page = client.post(
            f"/applications/{draft.id}{section_of(old, 1)}",
            {name(old, "cv"): (BytesIO(content), "cv.pdf"), "seen": ""},
            multipart=True,
        ).follow()
    db.session.expire_all()
    assert [(d.question_key, d.filename) for d in draft.documents] == [("cv", "cv.pdf")]
    assert len(page.flashes) == 2
    assert "cv.pdf" in page.flashes[1]


def test_an_old_tab_does_not_overwrite_a_newer_one(
    client: PageClient, draft: Application, person: Person, admin: Person
) -> None:
    client.sign_in(person)
    old = draft.form
    tab = client.get(f"/applications/{draft.id}{section_of(old)}")
    form = changed(draft.cycle, admin)
    carry_drafts(draft.cycle_id)
    now_there = f"/applications/{draft.id}/sections/{find(form, 'title').section_id}"
    client.get(now_there).submit(button="Save and continue", **{name(form, "title"): "Newer"})
    page = tab.submit(button="Save and continue", **{name(old, "title"): "Older", name(old, "proposal"): "Kept"})
    assert page.status == 409
    db.session.expire_all()
    assert draft.values == {"title": "Newer", "proposal": "Kept"}
    assert page.submit(button="Keep the chosen answers").status == 200
    db.session.expire_all()
    assert draft.values["title"] == "Older"
    tab.submit(button="Save and continue", **{name(old, "title"): "Third"}).submit(
        button="Keep the chosen answers", **{f"keep-{name(form, 'title')}": "theirs"}
    )
    db.session.expire_all()
    assert draft.values["title"] == "Older"


@pytest.mark.parametrize(
    ("was", "becomes", "value", "after"),
    [
        ("short_text", "long_text", "Two words", "Two words"),
        ("long_text", "short_text", "Two\nlines", "Two lines"),
        ("short_text", "number", "1,250", 1250),
        ("short_text", "number", "a few", "a few"),
        ("number", "short_text", 12, "12"),
        ("short_text", "yes_no", "yes", True),
        ("yes_no", "short_text", True, "yes"),
        ("choose_one", "choose_several", "A", ["A"]),
        ("choose_several", "choose_one", ["A", "B"], "A; B"),
        ("choose_several", "choose_one", ["A"], "A"),
    ],
)
def test_an_answer_is_read_anew_where_the_kind_of_its_question_changed(
    admin: Person, context: None, was: str, becomes: str, value: Any, after: Any
) -> None:
    settings = {"choices": ["A", "B"]} if "choose" in was + becomes else {}
    cycle = factories.cycle(form=False)
    asked = [{"key": "it", "kind": was, "label": "It", "settings": settings}]
    factories.published_form(cycle, [("Part", asked)])
    draft = factories.application(cycle, answers={"it": value})
    form = new_version(cycle, admin)
    form_actions.update_question(find(form, "it"), by=admin, kind=becomes, settings=settings)
    publish(form, admin)
    carry_drafts(cycle.id)
    db.session.expire_all()
    assert draft.values == {"it": after}


def test_a_question_that_becomes_a_file_keeps_the_words_unseen(admin: Person, context: None) -> None:
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, [("Part", [{"key": "cv", "kind": "short_text", "label": "Your CV"}])])
    draft = factories.application(cycle, answers={"cv": "See my page"})
    form = new_version(cycle, admin)
    form_actions.update_question(find(form, "cv"), by=admin, kind="file", settings={})
    publish(form, admin)
    carry_drafts(cycle.id)
    db.session.expire_all()
    assert draft.values == {"cv": "See my page"}


@given(st.dictionaries(st.from_regex(r"(keep-)?q[0-9]{1,4}(-[a-z0-9-]{0,8})?", fullmatch=True), st.text(max_size=5)))
def test_old_names_become_todays_and_nothing_else_changes(sent: dict[str, str]) -> None:
    question = FrozenQuestion(7, 1, "title", "short_text", "T", "", True, {}, True, False, False, {}, "")
    section = carrying.FrozenSection(1, "S", "", False, (question,))
    old = carrying.Former(section, {"q3": "q7"}, [], 1)
    found = old.fields({name: [value] for name, value in sent.items()} | {"seen": ["3:ab 30:cd 7:ef"]})
    assert found.pop("seen") == ["7:ab 30:cd 7:ef"]
    assert not {n for n in found if n.removeprefix("keep-").split("-")[0] == "q3"}
    assert {n for n in sent if n.removeprefix("keep-").split("-")[0] not in {"q3", "q7"}} <= found.keys()


def test_the_builder_shows_how_many_still_move(client: PageClient, draft: Application, admin: Person) -> None:
    second = factories.application(draft.cycle)
    client.sign_in(admin)
    there = f"/admin/cycles/{draft.cycle_id}/form"
    client.get(there).submit(button="Make a new version")
    form = staff_queries.newest_form(draft.cycle)
    assert form is not None
    page = client.get(there)
    assert "2 people have drafts. They keep their answers, and we tell them what changed." in page.text
    page = page.submit(button="Publish version 2")
    assert "2 drafts of 2 still to go." in page.text
    carrying.carry(second.id, now=now())
    db.session.commit()
    assert "1 draft of 2 still to go." in client.get(there).text
    carry_drafts(draft.cycle_id)
    assert "still to go" not in client.get(there).text


def test_moving_a_draft_costs_the_same_whatever_it_holds(draft: Application, admin: Person) -> None:
    first, second = factories.application(draft.cycle), factories.application(draft.cycle)
    complete_now(second)
    second.answers += [Answer(question_key=f"old_{n}", value="x", saved_at=now()) for n in range(40)]
    changed(draft.cycle, admin)
    assert carrying.carry(first.id, now=now())  # reads both versions, which this process keeps from now on
    db.session.commit()
    costs = []
    for each in (draft, second):
        with count_queries() as counted:
            assert carrying.carry(each.id, now=now())
        db.session.commit()
        costs.append(counted.n)
    assert costs[0] == costs[1] <= 14
