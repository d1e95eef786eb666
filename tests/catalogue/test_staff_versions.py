"""Versions of a form: compared in words, copied from another listing, put in another order by dragging."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import Person
from portal.catalogue import form_actions, removals, staff_queries
from portal.catalogue.differences import compare, in_words
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.form_order import read_order
from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from tests import factories as make
from tests.catalogue.counting import count_queries
from tests.page_client import PageClient


@pytest.fixture
def cycle(context: None) -> Cycle:
    return make.cycle(make.opportunity(title="Winickoff Scholars"), name="2027")


@pytest.fixture
def coordinator(cycle: Cycle) -> Person:
    return make.coordinator(cycle.opportunity)


@pytest.fixture
def staff(client: PageClient, coordinator: Person) -> PageClient:
    return client.sign_in(coordinator)


def draft_of(cycle: Cycle) -> Form:
    form = form_actions.new_form_version(cycle, by=None)
    db.session.commit()
    return form


def find(form: Form, key: str) -> Question:
    return next(question for question in form.questions if question.key == key)


def order_of(form: Form) -> list[tuple[str, list[str]]]:
    db.session.expire_all()
    return [(s.title, [q.key for q in s.questions]) for s in db.session.get_one(Form, form.id).sections]


def last_event() -> Event:
    return db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(1)).one()


# ---- comparing


def test_two_versions_are_compared_in_words(staff: PageClient, cycle: Cycle, coordinator: Person) -> None:
    assert staff.get(f"/admin/cycles/{cycle.id}/form/compare").status == 404
    form = draft_of(cycle)
    title = find(form, "title")
    form_actions.update_question(
        title, by=coordinator, label="Title of the project", help="Ten words.", required=False, for_reviewers=False,
        settings={"max_chars": 80},
    )  # fmt: skip
    form_actions.update_question(find(form, "cv"), by=coordinator, settings={"types": ["pdf"], "max_bytes": 5242880})
    removals.remove_question(find(form, "proposal"), by=coordinator)
    form_actions.update_section(form.sections[1], by=coordinator, title="Your files", intro="Upload them here.")
    section = form_actions.add_section(form, by=coordinator, title="Last words")
    form_actions.add_question(
        section, by=coordinator, kind="choose_one", label="Where?", required=False, settings={"choices": ["A", "B"]}
    )
    db.session.commit()
    db.session.expire_all()
    page = staff.get(f"/admin/cycles/{cycle.id}/form").click("Compare versions")
    assert page.all("//ul[@class='rows']/li") == [
        "Your files Section Title Was: Documents Now: Your files Text above the questions Was: Nothing "
        "Now: Upload them here. Changed",
        "Last words Section Added",
        "Title of the project Question in “About the project” Question Was: Project title Now: Title of the project "
        "Help Was: Nothing Now: Ten words. Most characters Was: Nothing Now: 80 Must be answered Was: Yes Now: No "
        "Reviewers can see the answer Was: Yes Now: No Changed",
        "Your CV Question in “Your files” Kinds of files Was: Nothing Now: PDF Largest file, in MB Was: Nothing "
        "Now: 5 MB Changed",
        "Where? Question in “Last words” Answer type Is: Choose one Choices Is: A; B Reviewers can see the answer "
        "Is: Yes Added",
        "What do you want to do? Question in “About the project” Removed",
    ]
    back = staff.get(f"/admin/cycles/{cycle.id}/form/compare?old=2&new=1")
    assert back.one("//h2[starts-with(., 'From')]") == "From version 1 to version 2"
    same = staff.get(f"/admin/cycles/{cycle.id}/form/compare?old=1&new=1")
    assert "These two versions do not differ." in same.text
    for wrong in ("old=3", "old=0", "new=99999999999999999999", "old=-1"):
        assert staff.get(f"/admin/cycles/{cycle.id}/form/compare?{wrong}").status == 404


def test_the_builder_says_what_is_not_public_yet(staff: PageClient, cycle: Cycle, coordinator: Person) -> None:
    path, ready = f"/admin/cycles/{cycle.id}/form", "//section[@aria-labelledby='ready']"
    mark = "//div[contains(@class, 'q')][.//*[contains(@class, 'status')]]//b"
    assert "not public yet" not in staff.get(path).text
    form = draft_of(cycle)
    assert "Nothing differs from the version people have." in staff.get(path).one(ready)
    form_actions.update_question(find(form, "title"), by=coordinator, label="Title of the project")
    db.session.commit()
    page = staff.get(path)
    assert "One change is not public yet. Read it" in page.one(ready)
    assert page.all(mark) == ["Title of the project"]
    form_actions.add_question(form.sections[0], by=None, kind="yes_no", label="Will you teach?")
    removals.remove_question(find(form, "proposal"), by=coordinator)
    db.session.commit()
    page = staff.get(path)
    assert "Three changes are not public yet. Read them" in page.one(ready)
    assert page.all(mark) == ["Title of the project", "Will you teach?"]
    assert "Three things differ." in page.click("Read them").text
    assert staff.get(f"{path}?version=1").all(mark) == []
    page = staff.get(path).submit(button="Publish version 2")
    assert "not public yet" not in page.text


def test_moves_are_the_fewest_that_explain_the_order(cycle: Cycle, coordinator: Person) -> None:
    sections = [("One", [{"key": key, "kind": "date", "label": key} for key in "abcdef"]), ("Two", [])]
    old = make.published_form(make.cycle(form=False), sections[:1])
    form = form_actions.new_form_version(old.cycle, by=None)
    second = form_actions.add_section(form, by=None, title="Two")
    for _ in range(5):
        form_actions.move_question(find(form, "a"), by=coordinator, up=False)
    db.session.flush()
    assert [(d.what, d.label) for d in compare(old, form)] == [("Added", "Two"), ("Moved", "a")]
    form_actions.move_question(find(form, "a"), by=coordinator, up=False)
    db.session.refresh(second)
    found = compare(old, form)
    assert [(d.what, d.label, d.place) for d in found] == [("Added", "Two", ""), ("Moved", "a", "Two")]
    assert [(c.what, c.before, c.after) for c in found[1].changes] == [("Section", "One", "Two")]
    form_actions.move_section(second, by=coordinator, up=True)
    assert [d.label for d in compare(old, form) if d.noun == "section" and d.what == "Moved"] == []


def made_up(keys: list[list[str]]) -> Form:
    form = Form(number=1, state=Publication.DRAFT)
    for n, row in enumerate(keys):
        section = Section(id=id(row), position=n, title=f"S{n}", intro="")
        section.questions = [
            Question(
                key=key, kind="date", label=key, help="", settings={}, required=True, for_reviewers=True,
                identifies=False, in_queue=False, condition={}, profile_field="",
            )
            for key in row
        ]  # fmt: skip
        form.sections.append(section)
    return form


KEYS = st.permutations("abcdefgh").flatmap(
    lambda keys: st.lists(st.integers(0, 8), min_size=0, max_size=3).map(
        lambda cuts: [keys[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 8], strict=True)]
    )
)


@given(KEYS, KEYS, st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_any_two_forms_differ_by_what_they_do_not_share(
    one: list[Any], other: list[Any], gone: set[str], missing: set[str]
) -> None:
    old = made_up([[key for key in row if key not in missing] for row in one])
    new = made_up([[key for key in row if key not in gone] for row in other])
    before, after = ({q.key for q in form.questions} for form in (old, new))
    found = [d for d in compare(old, new) if d.noun == "question"]
    assert {d.label for d in found if d.what == "Added"} == after - before
    assert {d.label for d in found if d.what == "Removed"} == before - after
    assert {d.label for d in found if d.what == "Moved"} <= before & after
    assert compare(old, old) == []


def test_settings_read_as_words() -> None:
    assert in_words({"most_rows": 5, "columns": [{"label": "Year", "kind": "date"}], "note": ""}) == (
        "most rows 5, columns label Year, kind date, note Nothing"
    )
    assert [in_words(value) for value in (None, [], {}, True, 1.5)] == ["Nothing", "Nothing", "Nothing", "Yes", "1.5"]


# ---- copying


def test_a_form_is_copied_from_another_listing(staff: PageClient, cycle: Cycle, coordinator: Person) -> None:
    other = make.cycle(make.opportunity(cycle.opportunity.unit, title="Global Scholars"), name="2026")
    make.membership(coordinator, make.Role.COORDINATOR, opportunity=other.opportunity)
    hidden = make.cycle(make.opportunity(title="Not mine"))
    newer = form_actions.new_form_version(other, by=None)
    form_actions.add_question(newer.sections[0], by=None, kind="date", label="Only in the draft")
    empty = make.cycle(cycle.opportunity, form=False, name="2028", state=Publication.DRAFT)
    db.session.commit()
    page = staff.get(f"/admin/cycles/{empty.id}/form").click("Copy from another cycle")
    assert page.all("//select[@name='cycle']/option") == ["Global Scholars, 2026", "Winickoff Scholars, 2027"]
    page = page.submit(button="Copy the form", cycle=str(other.id))
    assert page.flashes == [
        "The form of Global Scholars, 2026 is copied. It is a draft here. Change what differs, then publish it."
    ]
    made = staff_queries.newest_form(empty)
    assert made is not None
    assert (made.number, made.state) == (1, Publication.DRAFT)
    assert [q.key for q in made.questions] == ["title", "proposal", "cv"]
    assert last_event().facts == {"source": "Global Scholars, 2026", "version": 1}
    there = f"/admin/cycles/{empty.id}/form/copy"
    wrong = staff.get(there).submit(button="Copy the form", cycle=str(hidden.id), replace="y")
    assert (wrong.status, wrong.errors) == (422, ["Choose one of the list."])
    kept = staff.get(there).submit(button="Copy the form", cycle=str(cycle.id))
    assert kept.errors == ["Tick this to replace the draft, or keep it and go back."]
    form_actions.add_question(made.sections[0], by=None, kind="date", label="Mine")
    db.session.commit()
    assert staff.get(there).submit(button="Copy the form", cycle=str(cycle.id), replace="y").status == 200
    assert order_of(made) == [("About the project", ["title", "proposal"]), ("Documents", ["cv"])]


def test_a_copy_onto_a_public_form_is_a_new_draft(staff: PageClient, cycle: Cycle, coordinator: Person) -> None:
    other = make.cycle(cycle.opportunity, name="2026", form=False)
    make.published_form(other, [("Only", [{"key": "only", "kind": "date", "label": "When?"}])])
    db.session.commit()
    staff.get(f"/admin/cycles/{cycle.id}/form/copy").submit(button="Copy the form", cycle=str(other.id))
    newest = staff_queries.newest_form(cycle)
    assert newest is not None
    assert (newest.number, [q.key for q in newest.questions]) == (2, ["only"])


def test_there_may_be_nothing_to_copy(client: PageClient) -> None:
    cycle = make.cycle(form=False, state=Publication.DRAFT)
    client.sign_in(make.coordinator(cycle.opportunity))
    assert "No other cycle that you manage has a form yet." in client.get(f"/admin/cycles/{cycle.id}/form/copy").text


# ---- order


def tokens(form: Form) -> list[str]:
    return [t for s in form.sections for t in (f"s{s.id}", *(f"q{q.id}" for q in s.questions))]


def test_a_new_order_is_kept(staff: PageClient, cycle: Cycle) -> None:
    form = draft_of(cycle)
    first, title, proposal, second, cv = tokens(form)
    page = staff.get(f"/admin/cycles/{cycle.id}/form")
    assert page.all("//@data-order") == [f"/admin/forms/{form.id}/order"]
    order = " ".join((second, proposal, cv, first, title))
    answer = staff.post(f"/admin/forms/{form.id}/order", {"order": order})
    assert answer.status == 303
    assert order_of(form) == [("Documents", ["proposal", "cv"]), ("About the project", ["title"])]
    assert (last_event().verb, last_event().facts) == ("form.reordered", {"moved": ["What do you want to do?"]})
    n = db.session.scalar(sa.select(sa.func.count()).select_from(Event))
    staff.post(f"/admin/forms/{form.id}/order", {"order": order})
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Event)) == n
    staff.post(f"/admin/forms/{form.id}/order", {"order": " ".join((second, first, cv, proposal, title))})
    assert order_of(form) == [("Documents", []), ("About the project", ["cv", "proposal", "title"])]


@pytest.mark.parametrize("drop", ["", "s0", "q1 s2", "x3", "s1.5", "s" + "9" * 30])
def test_an_order_that_is_none_changes_nothing(staff: PageClient, cycle: Cycle, drop: str) -> None:
    form = draft_of(cycle)
    before = order_of(form)
    answer = staff.post(f"/admin/forms/{form.id}/order", {"order": drop})
    assert answer.status in {400, 409}
    assert order_of(form) == before


def test_an_order_of_another_moment_or_another_form_changes_nothing(
    staff: PageClient, cycle: Cycle, coordinator: Person
) -> None:
    form = draft_of(cycle)
    row = tokens(form)
    foreign = make.published_form(make.cycle(form=False))
    for wrong in (row[:-1], [*row, row[-1]], [*row[:-1], f"q{foreign.questions[0].id}"], [*row, "s999999"]):
        answer = staff.post(f"/admin/forms/{form.id}/order", {"order": " ".join(wrong)})
        assert answer.status == 409
        assert "Someone else changed this form at the same time." in answer.text
    published = cycle.id
    form_actions.publish_form(form, by=coordinator)
    db.session.commit()
    assert staff.post(f"/admin/forms/{form.id}/order", {"order": " ".join(reversed(row))}).status in {400, 409}
    assert staff.post(f"/admin/forms/{form.id}/order", {"order": " ".join(row)}).status == 409
    page = staff.get(f"/admin/cycles/{published}/form")
    assert page.all("//@data-order") == []


@given(st.text(max_size=40))
def test_any_text_is_an_order_or_refused(text: str) -> None:
    try:
        found = read_order(text)
    except ValueError:
        return
    again = " ".join(t for s, qs in found for t in (f"s{s}", *(f"q{q}" for q in qs)))
    assert read_order(again) == found


def test_strangers_find_none_of_these_pages(client: PageClient, cycle: Cycle) -> None:
    form = draft_of(cycle)
    client.sign_in(make.coordinator(make.opportunity()))
    for there in ("compare", "copy"):
        assert client.get(f"/admin/cycles/{cycle.id}/form/{there}").status == 404
    assert client.post(f"/admin/forms/{form.id}/order", {"order": " ".join(tokens(form))}).status == 404


def test_these_pages_cost_the_same_for_any_form(staff: PageClient, cycle: Cycle) -> None:
    form = draft_of(cycle)
    costs: list[int] = []
    for upto in (1, 40):
        for n in range(len(form.sections[0].questions), upto):
            form_actions.add_question(form.sections[0], by=None, kind="short_text", label=f"Question {n}")
        if upto > 1:
            for n in range(20):
                make.cycle(cycle.opportunity, name=f"More {n}")
        db.session.commit()
        for there in (f"/admin/cycles/{cycle.id}/form/compare", f"/admin/cycles/{cycle.id}/form/copy"):
            staff.get(there)  # what a process and a session read once
            db.session.expire_all()
            with count_queries() as counted:
                assert staff.get(there).status == 200
            costs.append(counted.n)
        row = " ".join(tokens(form))
        db.session.expire_all()
        with count_queries() as counted:
            staff.post(f"/admin/forms/{form.id}/order", {"order": row})
        costs.append(counted.n)
        db.session.refresh(form)
    assert costs[:3] == costs[3:]
    assert max(costs) <= 12, costs


def test_a_question_never_passes_the_one_it_depends_on(staff: PageClient, cycle: Cycle) -> None:
    form = draft_of(cycle)
    section = form.sections[0]
    asked = form_actions.add_question(section, by=None, kind="yes_no", label="Will you teach?", key="teach")
    then = form_actions.add_question(
        section, by=None, kind="short_text", label="Whom?", key="whom", condition={"key": "teach", "values": ["yes"]}
    )
    db.session.commit()
    db.session.expire_all()
    before = order_of(form)
    row = tokens(db.session.get_one(Form, form.id))
    first, second = row.index(f"q{asked.id}"), row.index(f"q{then.id}")
    row[first], row[second] = row[second], row[first]
    page = staff.post(f"/admin/forms/{form.id}/order", {"order": " ".join(row)})
    assert (page.status, page.errors) == (
        409, ["Keep “Will you teach?” before “Whom?”, which is shown only after a certain answer to it."],
    )  # fmt: skip
    assert order_of(form) == before
    assert page.all("//@data-order")
