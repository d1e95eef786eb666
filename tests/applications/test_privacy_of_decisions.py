"""A decision is private until its letter has gone: nothing that an applicant sees may differ by one."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from lxml import html
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import actions, change_requests, jobs, revision_actions
from portal.applications.models import Application
from portal.applications.refusals import WrongStep
from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db
from portal.letters.status import State
from portal.messaging.models import Message
from portal.privacy.own_data import everything
from portal.selection import actions as selection
from portal.selection.letters import Text
from portal.selection.models import Decision
from portal.selection.status import Outcome
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.letters import factories as letters
from tests.page_client import PageClient

pytestmark = pytest.mark.usefixtures("in_december")
S = Status


@pytest.fixture
def application(context: None) -> Application:
    """Submitted before the deadline, which has passed."""
    cycle = factories.cycle(
        opens_at=datetime(2026, 11, 1, tzinfo=UTC), closes_at=datetime(2026, 12, 8, 5, tzinfo=UTC)
    )  # fmt: skip
    made = factories.application(cycle, factories.person())
    complete_now(made)
    letters.plan(cycle, due_at=now() + timedelta(days=9), shown_after_review=True)
    for state in (State.ASKED, State.RECEIVED, State.DECLINED):
        asked = letters.request(made, f"Tobias {state.value}", state=state, waived=False)
        if state is State.RECEIVED:
            letters.letter(asked)
    db.session.flush()
    return actions.submit(made, by=made.person, now=now() - timedelta(days=3))


@pytest.fixture
def staff(application: Application) -> Person:
    return factories.coordinator(application.cycle.opportunity)


def advance(application: Application, *path: Status, by: Person) -> None:
    for place, target in enumerate(path):
        actions.move(application, target, by=by, now=now() - timedelta(days=2) + timedelta(hours=place))
    db.session.commit()


def decide(application: Application, outcome: Outcome, *, by: Person) -> Decision:
    made = selection.decide(
        application, outcome=outcome, letter=Text("Your application", "Dear {given_name}"), version=0, by=by, now=now()
    )
    db.session.commit()
    return made


def release(application: Application, decision: Decision, *, by: Person) -> None:
    selection.release(application, version=decision.version, by=by, now=now())
    db.session.commit()


def ask(application: Application, *, by: Person) -> None:
    change_requests.ask(
        application, section_ids=[application.form.sections[0].id], reason="Name the site",
        due_at=now() + timedelta(days=5), by=by, now=now() - timedelta(days=1),
    )  # fmt: skip
    db.session.commit()


def seen_by_applicant(client: PageClient, application: Application) -> dict[str, str]:
    """All pages of the application that links lead to, and the listing's, without what differs each time."""
    paths = ["/applications", f"/applications/{application.id}", f"/opportunities/{application.cycle.opportunity.slug}"]
    found: dict[str, str] = {"copy": str(everything(application.person))}
    client.sign_in(application.person)
    for path in paths:
        page = client.get(path)
        if not page.is_html:
            continue
        tree = html.fromstring(page.response.get_data(as_text=True))
        for token in tree.xpath("//input[@name='csrf_token' or @name='once']"):
            token.attrib.clear()
        found[path] = f"{page.status} {html.tostring(tree, encoding='unicode')}"
        own = f"/applications/{application.id}/"
        paths += [link for link in page.all("//main//a/@href") if link.startswith(own) and link not in paths]
    assert len(found) > 5
    return found


@pytest.mark.parametrize("is_asked", [False, True])
@pytest.mark.parametrize("is_editing", [False, True])
def test_a_recorded_decision_changes_no_page(
    client: PageClient, application: Application, staff: Person, is_asked: bool, is_editing: bool
) -> None:
    advance(application, S.ELIGIBLE, S.PANEL, by=staff)
    if is_asked:
        ask(application, by=staff)
    if is_asked and is_editing:
        revision_actions.reopen(application, by=application.person, now=now())
        db.session.commit()
    before = seen_by_applicant(client, application)
    decision = decide(application, Outcome.OFFER, by=staff)
    jobs.drop_late_edits(timestamp=0)
    assert seen_by_applicant(client, application) == before
    selection.take_back(application, by=staff, now=now())
    db.session.commit()
    assert seen_by_applicant(client, application) == before
    release(application, decide(application, Outcome.OFFER, by=staff), by=staff)
    assert seen_by_applicant(client, application) != before
    assert decision is not None


def test_deciding_again_leaves_people_on_the_wait_list(
    client: PageClient, application: Application, staff: Person
) -> None:
    advance(application, S.PANEL, by=staff)
    ask(application, by=staff)
    release(application, decide(application, Outcome.WAITLIST, by=staff), by=staff)
    with time_machine.travel("2026-12-11T15:00:00+00:00", tick=False):
        before = seen_by_applicant(client, application)
        page = before[f"/applications/{application.id}"]
        assert "On the wait-list" in page
        assert "Read your letter" in page
        assert "Name the site" not in page  # the letter ended the request
        again = decide(application, Outcome.OFFER, by=staff)
        assert application.status is S.DECIDED
        assert seen_by_applicant(client, application) == before
        selection.take_back(application, by=staff, now=now())
        db.session.commit()
        assert application.status is S.PANEL
        assert seen_by_applicant(client, application) == before
        assert again is not None
        actions.move(application, S.IN_REVIEW, by=staff, now=now())
        assert application.shown is S.IN_REVIEW  # reading it anew is no secret


def test_what_was_asked_for_is_submitted_while_a_decision_is_private(
    client: PageClient, application: Application, staff: Person
) -> None:
    advance(application, S.PANEL, by=staff)
    ask(application, by=staff)
    decision = decide(application, Outcome.DECLINE, by=staff)
    client.sign_in(application.person)
    client.get(f"/applications/{application.id}").submit("/edit", button="Make the changes")
    client.get(section_path(application)).submit(button="Save and go", **{name_of(application, "title"): "Chelsea"})
    client.get(f"/applications/{application.id}/check").submit(button="Submit the changes")
    assert application.values["title"] == "Chelsea"
    mail = db.session.scalars(select(Message).where(Message.template == "changes_submitted")).one()
    assert "A decision is recorded already, and its letter has not gone." in mail.text_body
    assert "A decision is recorded already, and its letter has not gone." in mail.html_body
    assert decision.outcome is Outcome.DECLINE


def test_staff_give_more_time_and_take_back_after_deciding_but_ask_nothing_new(
    client: PageClient, application: Application, staff: Person
) -> None:
    advance(application, S.PANEL, by=staff)
    ask(application, by=staff)
    decide(application, Outcome.OFFER, by=staff)
    page = client.sign_in(staff).get(f"/manage/applications/{application.id}").click("Give more time or take it back")
    assert "A decision is recorded, so nothing new can be asked for." in page.text
    assert page.all("//main//form//button") == ["Give more time and send email", "Take the request back and send email"]
    page.submit("/more-time", button="Give more time", more_until="2026-12-20T17:00")
    request = application.change_request
    assert request is not None
    assert request.due_at == datetime(2026, 12, 20, 22, tzinfo=UTC)
    with pytest.raises(WrongStep):
        ask(application, by=staff)
    db.session.rollback()
    page = client.get(f"/manage/applications/{application.id}/changes")
    page.submit("/cancel", button="Take the request back")
    assert client.get(f"/manage/applications/{application.id}/changes").status == 409


def test_a_letter_ends_the_request_and_drops_what_was_not_submitted(
    client: PageClient, application: Application, staff: Person
) -> None:
    advance(application, S.PANEL, by=staff)
    ask(application, by=staff)
    request = application.change_request
    assert request is not None
    revision_actions.reopen(application, by=application.person, now=now())
    db.session.commit()
    client.sign_in(application.person)
    client.get(section_path(application)).submit(button="Save and go", **{name_of(application, "title"): "Late"})
    assert application.values["title"] == "Late"
    release(application, decide(application, Outcome.DECLINE, by=staff), by=staff)
    assert application.values["title"] == "Waiting-room stories"
    assert application.editing_since is None
    assert request.cancelled_at == now()
    assert client.get(section_path(application)).status == 409
    with time_machine.travel("2026-12-30T15:00:00+00:00", tick=False):
        page = client.sign_in(application.person).get(f"/applications/{application.id}")
        assert "asked for changes" not in page.text
