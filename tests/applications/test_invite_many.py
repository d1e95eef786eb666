"""Inviting several applicants at once, out of the queue."""

import pytest
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import change_requests
from portal.applications.models import Application
from portal.applications.revision_models import ChangeRequest
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.applications.test_later_stages import DUE, SCHEDULE
from tests.page_client import Page, PageClient

pytestmark = pytest.mark.usefixtures("in_december")


@pytest.fixture
def cycle(context: None) -> Cycle:
    made = factories.cycle(form=False)
    factories.published_form(made, [*factories.DEFAULT_QUESTIONS, SCHEDULE], later=["Schedule"])
    return made


@pytest.fixture
def staff(client: PageClient, cycle: Cycle) -> Person:
    who = factories.coordinator(cycle.opportunity)
    client.sign_in(who)
    return who


def apply(cycle: Cycle, *statuses: Status) -> list[Application]:
    found = [factories.application(cycle, factories.person(), status=status) for status in statuses]
    db.session.commit()
    return found


def check(client: PageClient, cycle: Cycle, chosen: list[Application]) -> Page:
    ids = "&".join(f"id={one.id}" for one in chosen)
    return client.get(f"/manage/cycles/{cycle.id}/invitations?{ids}")


def invitations() -> list[ChangeRequest]:
    return list(db.session.scalars(select(ChangeRequest).where(ChangeRequest.is_invitation)))


def test_those_who_can_be_are_invited(client: PageClient, cycle: Cycle, staff: Person) -> None:
    chosen = apply(cycle, Status.SUBMITTED, Status.OFFERED, Status.NOT_SELECTED, Status.ELIGIBLE)
    ids = [cycle_section.id for cycle_section in chosen[0].form.sections if cycle_section.on_invitation]
    change_requests.invite(chosen[3], section_ids=ids, reason="Before", due_at=DUE, by=staff, now=now())
    queue = client.get(f"/manage/cycles/{cycle.id}")
    assert f"/manage/cycles/{cycle.id}/invitations" in queue.all("//button/@formaction")
    page = check(client, cycle, chosen)
    assert page.all("//section[@aria-labelledby='able']//h2") == ["2 people can be invited"]
    kept = page.one("//section[@aria-labelledby='unable']")
    assert "2 people will not be written to" in kept
    assert "asked until Sun, Dec 20, 5:00 pm ET" in kept
    empty = page.submit(button="Invite 2 people", follow=False, words="", invited_until="")
    assert (empty.status, len(empty.errors)) == (422, 2)
    late = page.submit(button="Invite", follow=False, words="Please.", invited_until="2026-12-01T17:00")
    assert (late.status, late.errors) == (422, ["Choose a time that is still to come."])
    assert len(invitations()) == 1
    done = page.submit(button="Invite 2 people", words="Please.", invited_until="2026-12-20T17:00")
    assert done.flashes == ["2 people invited. We wrote to each of them."]
    assert {one.application_id for one in invitations()} == {chosen[0].id, chosen[1].id, chosen[3].id}
    mails = db.session.scalars(select(Message).where(Message.template == "invited_to_complete")).all()
    assert len(mails) == 3
    again = page.submit(button="Invite 2 people", follow=False, words="Please.", invited_until="2026-12-20T17:00")
    assert again.follow().flashes == ["0 people invited. 2 people were not written to."]
    assert len(invitations()) == 3


def test_as_many_queries_for_any_number(client: PageClient, cycle: Cycle, staff: Person) -> None:
    """The client counts them on each page that it reads."""
    page = check(client, cycle, apply(cycle, *[Status.SUBMITTED] * 30))
    assert "30 people can be invited" in page.text


def test_nobody_chosen_and_nobody_else(client: PageClient, cycle: Cycle, staff: Person) -> None:
    path = f"/manage/cycles/{cycle.id}/invitations"
    assert "No application is chosen" in client.get(path).text
    assert client.post(path).status == 400
    other = apply(factories.cycle(), Status.SUBMITTED)
    assert "No application is chosen" in check(client, cycle, other).text
    stranger = factories.coordinator(factories.opportunity())
    for who in (factories.person(), factories.reviewer(cycle.opportunity), stranger):
        client.sign_in(who)
        assert {client.get(path).status, client.post(path).status} <= {403, 404}


def test_no_button_where_nothing_is_asked_later(client: PageClient, context: None) -> None:
    cycle = factories.cycle()
    apply(cycle, Status.SUBMITTED)
    queue = client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}")
    assert "Move to another stage" in queue.text
    assert "Invite to complete" not in queue.text
