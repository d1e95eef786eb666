"""Sections asked later, after an offer, under a private decision, in a team, in a test, and in a newer form."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from portal.accounts.models import Person
from portal.applications import actions, carrying, change_requests, jobs, revision_actions
from portal.applications.models import Answer, Application
from portal.applications.revision_models import ChangeRequest
from portal.applications.rules import unlocked
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.team_models import Access
from portal.catalogue import form_actions
from portal.catalogue.form_models import Form, Section
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.selection.status import Outcome
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.applications.test_privacy_of_decisions import advance, decide, release, seen_by_applicant
from tests.letters import factories as letters
from tests.page_client import PageClient

pytestmark = pytest.mark.usefixtures("in_december")
SCHEDULE: tuple[str, list[dict[str, Any]]] = (
    "Schedule", [{"key": "half_day", "kind": "short_text", "label": "Which half-day?"}],
)  # fmt: skip
PLACE = 2  # of the schedule, in the form
DUE = datetime(2026, 12, 20, 22, tzinfo=UTC)
DATES: dict[str, Any] = {
    "opens_at": datetime(2026, 11, 1, tzinfo=UTC),
    "closes_at": datetime(2026, 12, 8, 5, tzinfo=UTC),
}


@pytest.fixture
def cycle(context: None) -> Cycle:
    made = factories.cycle(form=False, **DATES)
    factories.published_form(made, [*factories.DEFAULT_QUESTIONS, SCHEDULE], later=["Schedule"])
    return made


@pytest.fixture
def staff(cycle: Cycle) -> Person:
    return factories.coordinator(cycle.opportunity)


@pytest.fixture
def submitted(cycle: Cycle) -> Application:
    made = factories.application(cycle, factories.person())
    complete_now(made)
    db.session.flush()
    return actions.submit(made, by=made.person, now=now() - timedelta(days=3))


def invited(application: Application, by: Person) -> ChangeRequest:
    ids = [section.id for section in application.form.sections if section.on_invitation]
    made = change_requests.invite(
        application, section_ids=ids, reason="Please send it.", due_at=DUE, by=by, now=now() - timedelta(hours=1)
    )
    db.session.commit()
    return made


def offered(application: Application, by: Person) -> Application:
    advance(application, Status.ELIGIBLE, Status.PANEL, by=by)
    release(application, decide(application, Outcome.OFFER, by=by), by=by)
    return application


# after an offer, and under a decision


def test_whoever_was_offered_a_place_is_invited(client: PageClient, submitted: Application, staff: Person) -> None:
    offered(submitted, staff)
    page = client.sign_in(staff).get(f"/manage/applications/{submitted.id}").click("Invite to complete")
    assert page.one("//h1") == "Invite to complete"
    assert "Ask for changes" not in page.text
    assert page.form("/invitation")["later"] == str(submitted.form.sections[PLACE].id)  # the only one is chosen
    page.submit("/invitation", words="Please send it.", invited_until="2026-12-20T17:00")
    client.sign_in(submitted.person)
    [todo] = client.get("/applications").all("//section[@aria-labelledby='todo']//a")
    assert todo == f"Complete your {submitted.cycle.opportunity.title} application"
    tasks = client.get(f"/applications/{submitted.id}").submit("/edit", button="Complete your application")
    assert [each for each in tasks.all("//ol//a") if each != "Check your answers and submit"] == ["Schedule"]
    assert client.get(section_path(submitted)).status == 409
    client.get(section_path(submitted, PLACE)).submit(
        button="Save and go", **{name_of(submitted, "half_day"): "Tuesday morning"}
    )
    check = client.get(f"/applications/{submitted.id}/check")
    assert "decision" not in check.text
    check.submit(button="Submit")
    assert (submitted.status, submitted.values["half_day"]) == (Status.OFFERED, "Tuesday morning")
    again = client.sign_in(staff).get(f"/manage/applications/{submitted.id}/changes")
    assert "Schedule (submitted before)" in again.text
    again.submit("/invitation", words="The week has changed.", invited_until="2026-12-20T17:00")
    client.sign_in(submitted.person).post(f"/applications/{submitted.id}/edit")
    same = client.get(f"/applications/{submitted.id}/check")
    assert same.errors == ["Nothing differs from what you submitted. Change something, or drop the changes."]


@pytest.mark.parametrize("outcome", [Outcome.OFFER, Outcome.WAITLIST, Outcome.DECLINE])
@pytest.mark.parametrize("begun", [False, True])
def test_a_private_decision_shows_in_no_invitation(
    client: PageClient, submitted: Application, staff: Person, outcome: Outcome, begun: bool
) -> None:
    advance(submitted, Status.ELIGIBLE, Status.PANEL, by=staff)
    idle = seen_by_applicant(client, submitted)
    assert "Asked later, only of those invited: Schedule" in idle[f"/applications/{submitted.id}"]
    request = invited(submitted, staff)
    if begun:
        revision_actions.reopen(submitted, by=submitted.person, now=now())
        db.session.commit()
    before = seen_by_applicant(client, submitted)
    assert before != idle
    decision = decide(submitted, outcome, by=staff)
    jobs.drop_late_edits(timestamp=0)
    assert seen_by_applicant(client, submitted) == before
    assert request.section_ids[0] in unlocked(submitted.person, submitted, now())
    release(submitted, decision, by=staff)  # the letter ends it: who has an offer is invited anew
    assert (request.cancelled_at, submitted.editing_since) == (now(), None)
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}")
    assert ("Asked later, only of those invited" in page.text) is (outcome is Outcome.OFFER)


def test_no_invitation_while_a_decision_is_private(client: PageClient, submitted: Application, staff: Person) -> None:
    advance(submitted, Status.PANEL, by=staff)
    bare = seen_by_applicant(client, submitted)
    decide(submitted, Outcome.OFFER, by=staff)
    assert client.sign_in(staff).get(f"/manage/applications/{submitted.id}/changes").status == 409
    assert client.post(f"/manage/applications/{submitted.id}/invitation").status == 409
    assert seen_by_applicant(client, submitted) == bare


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.DRAFT}))
def test_where_an_invitation_can_be_answered(cycle: Cycle, staff: Person, status: Status) -> None:
    made = factories.application(cycle, factories.person(), status=status)
    ids = [section.id for section in made.form.sections if section.on_invitation]
    row = ChangeRequest(
        application_id=made.id, section_ids=ids, is_invitation=True, reason="Why", due_at=DUE, asked_by=staff,
        asked_at=now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    db.session.expire(made)
    told = {Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL, Status.DECIDED, Status.OFFERED}
    found = unlocked(made.person, made, now())
    assert found.sections == frozenset(ids if status in told and not found.everything else ())
    assert not unlocked(made.person, made, DUE + timedelta(minutes=made.cycle.grace_minutes))


def test_letters_that_never_came_keep_nobody_with_an_offer_from_it(
    client: PageClient, submitted: Application, staff: Person
) -> None:
    letters.plan(submitted.cycle, wanted=2)
    offered(submitted, staff)
    invited(submitted, staff)
    revision_actions.reopen(submitted, by=submitted.person, now=now())
    submitted.answers.append(Answer(question_key="half_day", value="Monday", saved_at=now()))
    db.session.commit()
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}/check")
    assert page.errors == []
    assert page.submit(button="Submit").flashes[0].startswith("Submitted.")


# teams


@pytest.mark.parametrize(("access", "status"), [(Access.EDIT, 200), (Access.COMMENT, 409), (Access.VIEW, 409)])
def test_a_member_fills_it_in_and_the_lead_submits(
    client: PageClient, submitted: Application, staff: Person, access: Access, status: int
) -> None:
    submitted.cycle.takes_teams, submitted.cycle.team_min, submitted.cycle.team_max = True, 1, 4
    member = factories.member(submitted, factories.person("Ren", "Nakagawa"), access).person
    assert member is not None
    path = section_path(submitted, PLACE)
    assert client.sign_in(member).get(path).status == 409
    invited(submitted, staff)
    client.sign_in(submitted.person).post(f"/applications/{submitted.id}/edit")
    page = client.sign_in(member).get(path)
    assert page.status == status
    if status == 200:
        page.submit(button="Save and go", **{name_of(submitted, "half_day"): "Friday"})
        assert submitted.values["half_day"] == "Friday"
    assert client.post(f"/applications/{submitted.id}/submit").status == 403


# a test of the form


def test_who_tries_the_form_invites_themselves(client: PageClient, cycle: Cycle, staff: Person) -> None:
    form = db.session.scalars(sa.select(Form).where(Form.cycle_id == cycle.id)).one()
    client.sign_in(staff).post(f"/manage/forms/{form.id}/test-applications")
    made = db.session.scalars(sa.select(Application).where(Application.is_test)).one()
    complete_now(made)
    db.session.commit()
    assert client.post(f"/manage/applications/{made.id}/invite-myself").status in {403, 404}  # a draft yet
    page = client.get(f"/applications/{made.id}/check").submit(button="Submit application")
    assert "Asked later: Schedule." in page.text
    page = page.submit("/invite-myself", button="Invite myself")
    assert page.flashes == ["You are invited. The mail that an applicant gets went to you."]
    mail = db.session.scalars(sa.select(Message).where(Message.template == "invited_to_complete")).one()
    assert (mail.to_address, mail.subject[:5]) == (staff.email, "Test:")
    assert client.post(f"/manage/applications/{made.id}/invite-myself").status == 409
    page.submit("/edit", button="Complete your application")
    client.get(section_path(made, PLACE)).submit(button="Save and go", **{name_of(made, "half_day"): "Monday"})
    done = client.get(f"/applications/{made.id}/check").submit(button="Submit")
    assert done.flashes[0].startswith("Submitted. What you completed")
    other = factories.coordinator(cycle.opportunity)
    assert client.sign_in(other).post(f"/manage/applications/{made.id}/invite-myself").status == 404


def test_nobody_invites_themselves_in_earnest(client: PageClient, submitted: Application) -> None:
    path = f"/manage/applications/{submitted.id}/invite-myself"
    for who in (submitted.person, factories.admin(), factories.coordinator(submitted.cycle.opportunity)):
        assert client.sign_in(who).post(path).status in {403, 404}


# a newer form


def version(cycle: Cycle, by: Person, **later: bool) -> Form:
    """The next version of a form, in which sections of these titles are asked later, or at once."""
    whole = db.session.get_one(Cycle, cycle.id, options=[sa.orm.joinedload(Cycle.opportunity)], populate_existing=True)
    made = form_actions.new_form_version(whole, by=by)
    for section in made.sections:
        if section.title in later:
            form_actions.update_section(section, by=by, on_invitation=later[section.title])
    db.session.commit()
    form_actions.publish_form(made, by=by)
    db.session.commit()
    jobs.carry_drafts(cycle.id)
    db.session.expire_all()
    return made


@pytest.fixture
def draft(context: None, person: Person) -> Application:
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, [*factories.DEFAULT_QUESTIONS, SCHEDULE])
    made = factories.application(cycle, person, answers={"half_day": "Tuesday"})
    complete_now(made)
    db.session.commit()
    return made


def test_a_section_that_becomes_one_is_told_and_keeps_its_answers(client: PageClient, draft: Application) -> None:
    admin, old = factories.admin(), section_path(draft, PLACE)
    tab = client.sign_in(draft.person).get(old).form(button="Save and go")
    version(draft.cycle, admin, Schedule=True)
    told = list(carrying.told_lines(draft))
    assert told == [f"Asked at another time: “Schedule”.{carrying.LATER_NOW}"]
    page = client.get(f"/applications/{draft.id}")
    assert told[0] in page.text
    assert "“Schedule” is asked later" in client.get(old).follow().text
    stale = client.post(old, tab | {next(name for name in tab if name.startswith("q")): "Friday"})
    assert stale.status == 409
    assert "“Schedule” is asked later" in stale.text
    assert draft.values["half_day"] == "Tuesday"
    assert [part.section.title for part in sheet(draft)] == ["About the project", "Documents"]
    version(draft.cycle, admin, Schedule=False)
    assert [part.section.title for part in sheet(draft)][PLACE] == "Schedule"
    assert list(carrying.told_lines(draft)) == []  # as they last knew it


def test_it_is_asked_at_once_again(client: PageClient, draft: Application) -> None:
    admin = factories.admin()
    version(draft.cycle, admin, Schedule=True)
    client.sign_in(draft.person).get(f"/applications/{draft.id}").submit(button="I have read this")
    version(draft.cycle, admin, Schedule=False)
    [line] = carrying.told_lines(draft)
    assert line == "Asked at another time: “Schedule”. It is asked at once now, and is part of what you submit."
    assert "Tuesday" in client.get(f"/applications/{draft.id}/check").text


def test_what_was_written_there_is_not_submitted(client: PageClient, draft: Application) -> None:
    version(draft.cycle, factories.admin(), Schedule=True)
    client.sign_in(draft.person).get(f"/applications/{draft.id}/check").submit(button="Submit application")
    assert "half_day" not in draft.values
    assert draft.status is Status.SUBMITTED


def test_an_old_tab_of_two_times_saves_what_is_asked_at_once(client: PageClient, draft: Application) -> None:
    admin, old = factories.admin(), section_path(draft)
    tab = client.sign_in(draft.person).get(old).form(button="Save and go")
    whole = db.session.get_one(Cycle, draft.cycle_id, options=[sa.orm.joinedload(Cycle.opportunity)])
    form = form_actions.new_form_version(whole, by=admin)
    later = form_actions.add_section(form, by=admin, title="Later", on_invitation=True)
    proposal = next(question for question in form.questions if question.key == "proposal")
    proposal.section = db.session.get_one(Section, later.id)
    db.session.commit()
    form_actions.publish_form(form, by=admin)
    db.session.commit()
    title, words = name_of(draft, "title"), name_of(draft, "proposal")
    jobs.carry_drafts(draft.cycle_id)
    db.session.expire_all()
    page = client.post(old, tab | {title: "New title", words: "New words"}).follow()
    assert draft.values["title"] == "New title"
    assert draft.values["proposal"] == "Listen to long-term patients."
    assert any("“What do you want to do?” is asked later" in words for words in page.flashes)
    moved = next(line for line in carrying.told_lines(draft) if "proposal" in line or "What do you want" in line)
    assert moved == f"In another place: “What do you want to do?”, now under “Later”.{carrying.LATER_NOW}"
