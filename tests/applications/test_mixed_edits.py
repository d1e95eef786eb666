"""An invitation that goes on while the time for everything else ends: the deadline passes, or review starts."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.accounts.models import Person
from portal.applications import actions, jobs
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import complete_now, name_of, pdf, section_path
from tests.applications.test_later_stages import PLACE, SCHEDULE, invited
from tests.page_client import Page, PageClient

pytestmark = pytest.mark.usefixtures("in_december")
AFTER = "2026-12-12T15:00:00+00:00"


@pytest.fixture
def cycle(context: None) -> Cycle:
    """Open for another day, and what was submitted can be changed meanwhile."""
    opens_at, closes_at = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 10, 5, tzinfo=UTC)
    made = factories.cycle(form=False, opens_at=opens_at, closes_at=closes_at)
    factories.published_form(made, [*factories.DEFAULT_QUESTIONS, SCHEDULE], later=["Schedule"])
    return made


@pytest.fixture
def staff(cycle: Cycle) -> Person:
    return factories.coordinator(cycle.opportunity)


@pytest.fixture
def submitted(cycle: Cycle, staff: Person) -> Application:
    """With an invitation that ends after the deadline."""
    made = factories.application(cycle, factories.person())
    complete_now(made)
    db.session.flush()
    actions.submit(made, by=made.person, now=now() - timedelta(days=3))
    invited(made, staff)
    return made


def changed(client: PageClient, application: Application) -> Page:
    """A title and a file that were changed while everything could be."""
    client.sign_in(application.person).post(f"/applications/{application.id}/edit")
    client.get(section_path(application)).submit(button="Save", **{name_of(application, "title"): "Another title"})
    factories.document(application, content=pdf(3), filename="newer.pdf")
    db.session.commit()
    return client.get(f"/applications/{application.id}")


def standing(application: Application) -> tuple[str, list[str]]:
    db.session.expire_all()
    files = [each.filename for each in application.documents if application.stands(each)]
    return application.values["title"], files


def submit(client: PageClient, application: Application) -> None:
    page = client.get(section_path(application, PLACE))
    page.submit(button="Save", **{name_of(application, "half_day"): "Tuesday"})
    client.get(f"/applications/{application.id}/check").submit(button="Submit")


def test_both_dates_are_told(client: PageClient, submitted: Application) -> None:
    page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}")
    assert "Invited to complete Please send it. You can complete 1 section until Sun, Dec 20, 5:00 pm ET." in page.text
    assert "You can change your application until Thu, Dec 10, 12:00 am ET" in page.text
    page = changed(client, submitted)
    assert "Complete and submit it by Sun, Dec 20, 5:00 pm ET." in page.text
    assert "What you change in other sections you must submit by Thu, Dec 10, 12:00 am ET." in page.text


def test_in_time_all_of_it_is_submitted(client: PageClient, submitted: Application) -> None:
    changed(client, submitted)
    submit(client, submitted)
    assert standing(submitted)[0] == "Another title"
    assert submitted.values["half_day"] == "Tuesday"


@pytest.mark.parametrize("with_job", [False, True])
def test_after_the_deadline_only_what_was_asked_for_is(
    client: PageClient, submitted: Application, with_job: bool
) -> None:
    before = standing(submitted)
    changed(client, submitted)
    assert standing(submitted) != before
    with time_machine.travel(AFTER, tick=False):
        client.sign_in(submitted.person)
        if with_job:
            jobs.drop_late_edits(0)
            assert standing(submitted) == before
            assert submitted.editing_since is not None
            jobs.drop_late_edits(0)
        submit(client, submitted)
        assert standing(submitted) == before
        assert (submitted.values["half_day"], submitted.editing_since) == ("Tuesday", None)


def test_nor_once_review_has_started(client: PageClient, submitted: Application, staff: Person) -> None:
    before = standing(submitted)
    changed(client, submitted)
    actions.move(submitted, Status.PANEL, by=staff, now=now())
    db.session.commit()
    submit(client, submitted)
    assert standing(submitted) == before
    assert submitted.values["half_day"] == "Tuesday"


def test_an_invitation_that_has_lapsed_is_none(client: PageClient, submitted: Application) -> None:
    with time_machine.travel("2026-12-09T16:00:00+00:00", tick=False):
        db.session.execute(
            db.text("UPDATE change_request SET due_at = :at"), {"at": datetime(2026, 12, 9, 15, 30, tzinfo=UTC)}
        )
        page = client.sign_in(submitted.person).get(f"/applications/{submitted.id}")
    assert "Invited to complete" not in page.text
    assert "Change your application" in page.all("//main//button")
