"""Sections asked later, in the builder and on the pages that anybody reads before they apply."""

from typing import Any

import pytest
import sqlalchemy as sa

from portal.accounts.models import Person
from portal.catalogue import conditions, form_actions, staff_queries
from portal.catalogue.copies import copy_cycle
from portal.catalogue.differences import compare
from portal.catalogue.form_models import Form, Section
from portal.catalogue.form_order import reorder
from portal.catalogue.frozen import frozen
from portal.catalogue.models import Cycle
from portal.catalogue.readiness import form_checks, gaps
from portal.catalogue.refusals import NotReady, Refused
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from portal.endorsements.facts import covered_parts
from portal.endorsements.forms import PlanForm
from tests import factories as make
from tests.page_client import PageClient

LATER = "Asked later, only of those invited"
LICENSED: dict[str, Any] = {"key": "licensed", "kind": "yes_no", "label": "Do you hold a license?"}


@pytest.fixture
def cycle(context: None) -> Cycle:
    return make.cycle(make.opportunity(title="Winickoff Scholars", slug="winickoff"), name="2027")


@pytest.fixture
def coordinator(cycle: Cycle) -> Person:
    return make.coordinator(cycle.opportunity)


@pytest.fixture
def form(cycle: Cycle) -> Form:
    """A draft of the second version: “About the project” and “Documents”."""
    made = form_actions.new_form_version(cycle, by=None)
    db.session.commit()
    return made


def path(form: Form) -> str:
    return f"/admin/cycles/{form.cycle_id}/form"


def later(section: Section, by: Person, *, is_so: bool = True) -> Section:
    made = form_actions.update_section(section, by=by, on_invitation=is_so)
    db.session.commit()
    return made


# the builder


def test_a_box_in_the_form_of_a_section(client: PageClient, form: Form, coordinator: Person) -> None:
    documents = form.sections[1]
    page = client.sign_in(coordinator).get(f"/admin/sections/{documents.id}")
    assert page.all("//label[@for='on_invitation']") == [LATER]
    assert "on_invitation" not in page.form(button="Save section")
    shown = page.submit(button="Save section", on_invitation="y")
    assert shown.one(f"//h2[@id='section-{documents.id}']") == "Section 2: Documents Asked later"
    assert "Documents 1 question, asked later" in shown.text
    db.session.expire_all()
    assert [section.on_invitation for section in form.sections] == [False, True]
    event = db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert event.facts["changes"] == {"on_invitation": [False, True]}
    again = client.get(f"/admin/sections/{documents.id}")
    assert again.form(button="Save section")["on_invitation"] == "y"
    again.submit(button="Save section", on_invitation=None)
    db.session.expire_all()
    assert not documents.on_invitation
    page = client.get(f"/admin/forms/{form.id}/sections/new")
    page.submit(button="Save section", title="Report at the end", on_invitation="y")
    db.session.expire_all()
    assert [(section.title, section.on_invitation) for section in form.sections][2] == ("Report at the end", True)


def test_somebody_else_ticked_it_meanwhile(client: PageClient, form: Form, coordinator: Person) -> None:
    page = client.sign_in(coordinator).get(f"/admin/sections/{form.sections[1].id}")
    later(form.sections[1], coordinator)
    conflict = page.submit(button="Save section", title="Your files", follow=False)
    assert conflict.status == 409
    assert LATER in conflict.text


def test_it_goes_where_the_form_goes(form: Form, coordinator: Person) -> None:
    later(form.sections[1], coordinator)
    form_actions.publish_form(form, by=coordinator)
    db.session.commit()
    assert [section.on_invitation for section in frozen(form).sections] == [False, True]
    with pytest.raises(sa.exc.DBAPIError), db.session.begin_nested():  # frozen with the rest
        db.session.execute(sa.update(Section).where(Section.form_id == form.id).values(on_invitation=False))
    other = make.cycle(form.cycle.opportunity, form=False)
    copied = form_actions.copy_form_from(other, source=form, by=coordinator)
    whole = db.session.get_one(Cycle, form.cycle_id)
    cloned = staff_queries.newest_form(copy_cycle(whole, to=whole.opportunity))
    version = form_actions.new_form_version(whole, by=coordinator)
    for each in (copied, cloned, version):
        assert each is not None
        assert [(section.title, section.on_invitation) for section in each.sections][1] == ("Documents", True)


def test_two_versions_tell_when_a_section_is_asked(client: PageClient, form: Form, coordinator: Person) -> None:
    later(form.sections[1], coordinator)
    page = client.sign_in(coordinator).get(f"{path(form)}/compare")
    assert f"Documents Section {LATER} Was: No Now: Yes" in page.text
    report = form_actions.add_section(form, by=coordinator, title="Report", on_invitation=True)
    form_actions.add_question(report, by=coordinator, kind="short_text", label="What came of it?", required=False)
    old = staff_queries.form_version(form.cycle, 1)
    found = {(one.what, one.label): one for one in compare(old, form)}
    assert found["Added", "Report"].asked_later
    assert found["Added", "What came of it?"].asked_later
    assert found["Changed", "Documents"].asked_later
    back = {(one.what, one.label): one.asked_later for one in compare(form, old)}
    assert back["Changed", "Documents"] is False
    assert {one.asked_later for one in compare(old, old)} == set()


# what cannot be published


def test_a_form_of_which_nothing_is_asked_at_once(form: Form, coordinator: Person) -> None:
    for section in form.sections:
        later(section, coordinator)
    words = "Ask at least one section at once. All are asked later, so there is nothing to apply with."
    assert words in gaps(form_checks(form))
    with pytest.raises(NotReady):
        form_actions.publish_form(form, by=coordinator)
    later(form.sections[0], coordinator, is_so=False)
    assert gaps(form_checks(form)) == []


def test_who_may_apply_is_not_asked_later(form: Form, coordinator: Person) -> None:
    values = LICENSED | {"settings": {"eligible": ["Yes"], "why_not": "The program is for those with a license"}}
    form_actions.add_question(form.sections[1], by=coordinator, **values)
    assert gaps(form_checks(form)) == []
    later(form.sections[1], coordinator)
    assert gaps(form_checks(form)) == [
        "Move “Do you hold a license?” to a section that is asked at once: it decides who may apply."
    ]


# conditions


def depending(form: Form, by: Person) -> None:
    """A question of the second section depends on one of the first."""
    form_actions.add_question(form.sections[0], by=by, **LICENSED)
    condition = {"key": "licensed", "values": ["yes"]}
    form_actions.add_question(
        form.sections[1], by=by, kind="short_text", label="Its number", key="number", condition=condition
    )
    db.session.commit()


def test_what_is_asked_at_once_depends_on_nothing_asked_later(
    client: PageClient, form: Form, coordinator: Person
) -> None:
    depending(form, coordinator)
    later(form.sections[1], coordinator)  # what is asked later may depend on what is asked at once
    later(form.sections[1], coordinator, is_so=False)
    page = client.sign_in(coordinator).get(f"/admin/sections/{form.sections[0].id}")
    refused = page.submit(button="Save section", on_invitation="y", follow=False)
    assert refused.status == 422
    [why] = refused.errors
    assert why == (
        "Ask “Do you hold a license?” at once too, or choose again when “Its number” is shown: "
        "what is asked at once cannot depend on what is asked later."
    )
    db.session.expire_all()
    assert not form.sections[0].on_invitation
    with pytest.raises(Refused, match="at once"):
        later(form.sections[0], coordinator)
    later(form.sections[1], coordinator)
    later(form.sections[0], coordinator)  # both later: they are asked together
    with pytest.raises(Refused, match="at once"):
        later(form.sections[1], coordinator, is_so=False)


def test_no_move_makes_it_so(form: Form, coordinator: Person) -> None:
    depending(form, coordinator)
    third = form_actions.add_section(form, by=coordinator, title="Later", on_invitation=True)
    db.session.commit()
    first, second = form.sections[:2]
    ids = {question.key: question.id for question in form.questions}
    order = [
        (first.id, [ids["title"], ids["proposal"]]), (third.id, [ids["licensed"]]),
        (second.id, [ids["cv"], ids["number"]]),
    ]  # fmt: skip
    with pytest.raises(Refused, match="at once"):
        reorder(form, order, by=coordinator)
    form.sections[1].on_invitation = True
    db.session.commit()
    assert reorder(form, order, by=coordinator)


def test_published_all_the_same_it_is_found(form: Form, coordinator: Person) -> None:
    depending(form, coordinator)
    form.sections[0].on_invitation = True
    db.session.commit()
    assert list(conditions.condition_problems(form.questions, conditions.asked_later(form))) == ["number"]
    assert any("cannot depend on what is asked later" in sentence for sentence in gaps(form_checks(form)))


def test_only_what_can_be_chosen_is_offered(client: PageClient, form: Form, coordinator: Person) -> None:
    form_actions.add_question(form.sections[0], by=coordinator, **LICENSED)
    db.session.commit()
    client.sign_in(coordinator)
    new = f"/admin/sections/{form.sections[1].id}/questions/new"
    assert "Do you hold a license?" in client.get(new).one("//main")
    later(form.sections[0], coordinator)
    assert 'name="shown_if"' not in client.get(new).response.get_data(as_text=True)
    later(form.sections[1], coordinator)
    assert 'name="shown_if"' in client.get(new).response.get_data(as_text=True)


# what anybody reads, and what is endorsed


@pytest.fixture
def public(context: None) -> Cycle:
    made = make.cycle(make.opportunity(title="Winickoff Scholars", slug="winickoff"), form=False, name="2027")
    plan: tuple[str, list[dict[str, Any]]] = (
        "Schedule", [{"key": "plan", "kind": "file", "label": "The plan"}],
    )  # fmt: skip
    make.published_form(made, [plan, *make.DEFAULT_QUESTIONS], later=["Schedule"])
    return made


def test_people_know_before_they_apply(client: PageClient, public: Cycle) -> None:
    page = client.get("/opportunities/winickoff/questions")
    assert page.all("//main//h2") == ["1. About the project", "2. Documents", LATER]
    assert page.all("//main//h3") == ["3. Schedule"]
    assert "3 questions in 2 sections." in page.text
    assert "1 more question is asked later, only of those invited." in page.text
    assert "The plan" in page.text
    listing = client.get("/opportunities/winickoff")
    assert "You apply here, in two short sections." in listing.text
    assert "Asked later, only of those we invite to complete it: Schedule." in listing.text
    before = listing.one("//div[contains(@class, 'panel')][h2='Before you start']")
    assert "Your CV" in before
    assert "The plan" not in before


def test_an_endorsement_never_covers_it(client: PageClient, public: Cycle) -> None:
    form = db.session.scalars(sa.select(Form).where(Form.state == Publication.PUBLISHED)).one()
    with client.app.test_request_context():
        plan = PlanForm()
        plan.offer(form, [])
    assert [choice.label for choice in plan.sections.choices] == ["About the project", "Documents"]
    made = make.application(public, answers={"title": "Stories"})
    made.given_section_ids = [form.sections[0].id]
    assert [part.section.title for part in covered_parts(made)] == ["About the project", "Documents"]
