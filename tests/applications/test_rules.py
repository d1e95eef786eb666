"""Who may see and do what, and when: the silent grace, daylight saving, and the pages that say no."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from portal.accounts.models import Person
from portal.accounts.setup import Visitor
from portal.applications import queries, rules
from portal.applications.models import Application
from portal.applications.status import STEPS, By, Status
from portal.applications.team_models import Access
from portal.catalogue.status import Publication
from portal.core.access import can
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import section_path
from tests.page_client import PageClient

EASTERN = ZoneInfo("America/New_York")


def test_visible_to_agrees_with_the_rule(context: None) -> None:
    unit = factories.unit()
    here, there = factories.opportunity(unit), factories.opportunity()
    people = [
        Visitor(),
        factories.person("Ada", "Nwosu"),
        factories.admin(),
        factories.coordinator(unit),
        factories.coordinator(here),
        factories.coordinator(there),
        factories.reviewer(here),
    ]
    things = [
        factories.application(factories.cycle(listing), factories.person(), status=status)
        for listing in (here, there)
        for status in Status
    ]
    things += [factories.application(factories.cycle(here), owner, status=status)
               for owner in people[1:] for status in (Status.DRAFT, Status.SUBMITTED)]  # fmt: skip
    things.append(
        factories.application(factories.cycle(here), status=Status.WITHDRAWN, reference=None, submitted_at=None)
    )
    for access in Access:
        for member, left in ((people[1], False), (people[2], True), (people[3], False), (people[4], True)):
            for status in (Status.DRAFT, Status.SUBMITTED):
                things.append(factories.application(factories.cycle(here), factories.person(), status=status))
                factories.member(things[-1], member, access, left=left)
                factories.member(things[-1])
    seen = {}
    for number, user in enumerate(people):
        visible = set(db.session.scalars(queries.visible_to(user)))
        assert visible == {thing for thing in things if can(user, "application.read", thing)}
        seen[number] = len(visible)
    assert seen[0] == 0
    assert seen[1] == 2 + 6
    assert 0 < seen[5] < seen[4] <= seen[3] < seen[2] < len(things)


@pytest.mark.parametrize(
    ("zone_now", "is_open_new", "is_open_draft"),
    [
        ("2026-12-07 23:58:59", True, True),
        ("2026-12-07 23:59:00", False, True),
        ("2026-12-08 00:13:59", False, True),
        ("2026-12-08 00:14:00", False, False),
    ],
)
def test_grace_is_silent_and_for_drafts(person: Person, zone_now: str, is_open_new: bool, is_open_draft: bool) -> None:
    closes = datetime(2026, 12, 7, 23, 59, tzinfo=EASTERN)
    cycle = factories.cycle(closes_at=closes, opens_at=closes - timedelta(days=40))
    draft = factories.application(cycle, person)
    moment = datetime.fromisoformat(zone_now).replace(tzinfo=EASTERN).astimezone(UTC)
    assert rules.is_open(person, cycle, moment) is is_open_new
    assert rules.is_open(person, draft, moment) is is_open_draft
    assert rules.is_open(factories.person(), draft, moment) is is_open_new


@pytest.mark.parametrize(
    ("closes", "utc"),
    [  # the nights on which clocks change: the deadline is the wall clock's
        (datetime(2026, 11, 1, 23, 59, tzinfo=EASTERN), "2026-11-02T04:59:00+00:00"),
        (datetime(2027, 3, 14, 23, 59, tzinfo=EASTERN), "2027-03-15T03:59:00+00:00"),
    ],
)
def test_deadlines_on_the_nights_that_clocks_change(
    client: PageClient, person: Person, closes: datetime, utc: str
) -> None:
    cycle = factories.cycle(closes_at=closes, opens_at=closes - timedelta(days=20))
    draft = factories.application(cycle, person)
    edge = datetime.fromisoformat(utc)
    assert rules.is_open(person, cycle, edge - timedelta(seconds=1))
    assert not rules.is_open(person, cycle, edge)
    with time_machine.travel(edge - timedelta(hours=30), tick=False):
        page = client.sign_in(person).get(f"/applications/{draft.id}")
        assert "30 hours left" in page.text
        assert "Closes at 11:59 pm ET" in page.text


def test_rolling_and_hidden_cycles(person: Person) -> None:
    rolling = factories.cycle(closes_at=None)
    assert rules.is_open(person, rolling, now() + timedelta(days=4000))
    rolling.opportunity.state = Publication.ARCHIVED
    assert not rules.is_open(person, rolling, now())
    assert not rules.is_open(person, factories.cycle(state=Publication.ARCHIVED), now())
    assert not rules.is_open(person, factories.cycle(opens_at=now() + timedelta(days=1)), now())


# pages that say no


def test_not_open_yet(client: PageClient, person: Person) -> None:
    with time_machine.travel("2026-11-23T12:00:00+00:00", tick=False):
        opens = datetime(2026, 12, 1, 14, tzinfo=UTC)
        cycle = factories.cycle(opens_at=opens, closes_at=opens + timedelta(days=30))
        page = client.sign_in(person).get(f"/applications/start/{cycle.id}")
        assert (page.status, page.one("//h1")) == (403, "Not open yet")
        assert f"{cycle.opportunity.title} opens on Tue, Dec 1, 9:00 am ET." in page.text
        assert client.post(f"/applications/start/{cycle.id}").status == 403
    assert db.session.query(Application).count() == 0


def test_closed(client: PageClient, person: Person) -> None:
    with time_machine.travel("2026-12-09T12:00:00+00:00", tick=False):
        cycle = factories.cycle(closes_at=datetime(2026, 12, 8, 4, 59, tzinfo=UTC))
        page = client.sign_in(person).post(f"/applications/start/{cycle.id}")
        assert (page.status, page.one("//h1")) == (403, "Applications have closed")
        assert "closed on Mon, Dec 7, 11:59 pm ET. Look at the listing" in page.text


def test_a_draft_of_a_closed_cycle_can_be_read_but_not_changed(client: PageClient, complete: Application) -> None:
    client.sign_in(complete.person)
    assert client.get(section_path(complete)).status == 200
    complete.cycle.closes_at = now() - timedelta(days=1)
    db.session.commit()
    page = client.get(f"/applications/{complete.id}")
    assert "This draft was not submitted. You can read it and copy from it." in page.text
    assert "Waiting-room stories" in page.text
    for path in (section_path(complete), f"/applications/{complete.id}/check"):
        refused = client.get(path)
        assert (refused.status, refused.one("//h1")) == (403, "Applications have closed")
        assert "Your draft stays here" in refused.text
    assert client.post(f"/applications/{complete.id}/submit").status == 403
    assert complete.status is Status.DRAFT
    assert "Draft, closed" in client.get("/applications").text


def test_already_applied_and_withdrawn(client: PageClient, person: Person) -> None:
    cycle = factories.cycle()
    application = factories.application(cycle, person, status=Status.SUBMITTED)
    client.sign_in(person)
    for call in (client.get, client.post):
        page = call(f"/applications/start/{cycle.id}")
        assert (page.status, page.one("//h1")) == (409, "You have applied already")
        assert "Parts of it can be changed until" in page.text
        assert page.click("Open your application").path == f"/applications/{application.id}"
    assert client.get(section_path(application)).status == 409
    cycle.edits_until_deadline = False
    db.session.commit()
    page = client.post(f"/applications/start/{cycle.id}")
    assert "Write to Ines Calloway-Brandt at scholars@example.org if something in it must change." in page.text
    withdrawn = factories.cycle()
    factories.application(withdrawn, person, status=Status.WITHDRAWN)
    db.session.commit()
    page = client.post(f"/applications/start/{withdrawn.id}")
    assert (page.status, page.one("//h1")) == (409, "You withdrew this application")


def test_a_cycle_without_a_form(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(form=False)
    page = client.sign_in(person).post(f"/applications/start/{cycle.id}")
    assert (page.status, page.one("//h1")) == (409, "There is no form to fill in yet")


def test_unknown_hidden_and_foreign_things_answer_404(client: PageClient, complete: Application) -> None:
    document = complete.documents[0]
    hidden = factories.cycle(state=Publication.DRAFT)
    paths = [
        f"/applications/{complete.id}",
        f"/applications/{complete.id}/check",
        f"/applications/{complete.id}/withdraw",
        f"/applications/{complete.id}/delete",
        section_path(complete),
        f"/applications/{complete.id}/documents/{document.id}",
    ]
    client.sign_in(complete.person)
    assert [client.get(path).status for path in paths] == [200] * 6
    assert client.get("/applications/999999").status == 404
    assert client.get(f"/applications/{complete.id}/sections/999999").status == 404
    assert client.get(f"/applications/start/{hidden.id}").status == 404
    assert client.get("/applications/start/999999").status == 404
    strangers = [
        factories.person("Ada", "Nwosu"),
        factories.coordinator(complete.cycle.opportunity),
        factories.reviewer(complete.cycle.opportunity),
        factories.admin(),
    ]
    for stranger in strangers:
        client.sign_in(stranger)
        assert [client.get(path).status for path in paths] == [404] * 6
        for path in (
            section_path(complete),
            f"/applications/{complete.id}/submit",
            f"/applications/{complete.id}/delete",
        ):
            assert client.post(path).status == 404


def test_visitors_are_asked_to_sign_in(client: PageClient, complete: Application) -> None:
    client.sign_out()
    for path in ("/applications", f"/applications/{complete.id}", section_path(complete), "/applications/999999"):
        page = client.get(path)
        assert page.status in {302, 303}
        assert "/login" in page.location


def test_withdraw_rule_follows_the_table(person: Person) -> None:
    out = {step.source for step in STEPS if step.target is Status.WITHDRAWN and step.by is By.APPLICANT}
    for status in Status:
        application = factories.application(by=person, status=status)
        assert bool(can(person, "application.withdraw", application)) is (status in out)
        assert can(factories.person("Ada", "Nwosu"), "application.withdraw", application) is False
    assert {step.target for step in rules.applicant_steps(factories.application(by=person))} == {
        Status.SUBMITTED,
        Status.WITHDRAWN,
    }
