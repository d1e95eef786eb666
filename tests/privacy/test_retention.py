"""What ended is deleted when the time of its listing is over, unless it is held; it leaves a line that names nobody."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from portal.accounts.models import Person
from portal.applications.jobs import delete_files, sweep_removed
from portal.applications.models import Answer, Application, Document
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core import storage
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.actions import write
from portal.messaging.models import Message
from portal.privacy import actions, jobs
from portal.privacy.models import LegalHold, Purge
from portal.self_identification.models import SelfIdAnswer
from tests import factories
from tests.page_client import PageClient
from tests.queries import count_queries

YEAR = timedelta(days=365)


@pytest.fixture
def cycle(context: None) -> Cycle:
    """A cycle that closed three years ago, of a listing that keeps files for two years."""
    made = factories.cycle(opens_at=now() - 4 * YEAR, closes_at=now() - 3 * YEAR)
    assert made.opportunity.retention_months == 24
    return made


def ended(cycle: Cycle, status: Status, *, ago: timedelta = 3 * YEAR, **fields: object) -> Application:
    """An application of somebody, that came to this status so long ago."""
    return factories.application(cycle, factories.person(), status=status, changed_at=now() - ago, **fields)


def left() -> set[int]:
    return set(db.session.scalars(sa.select(Application.id)))


@pytest.mark.parametrize("status", list(Status))
def test_what_ended_goes_and_what_has_not_stays(cycle: Cycle, status: Status) -> None:
    application = ended(cycle, status)
    assert actions.purge(now()) == (status in {Status.NOT_SELECTED, Status.WITHDRAWN, Status.DRAFT})
    assert (application.id in left()) == (status not in {Status.NOT_SELECTED, Status.WITHDRAWN, Status.DRAFT})


@pytest.mark.parametrize(("days", "goes"), [(-1, False), (1, True)])
def test_the_time_is_that_of_the_listing(cycle: Cycle, days: int, goes: bool) -> None:
    cycle.opportunity.retention_months = 12
    db.session.flush()
    moment = now()
    a_year_ago = moment.replace(year=moment.year - 1, day=min(moment.day, 28)) - timedelta(
        days=days + 3 if goes else -3
    )
    application = ended(cycle, Status.NOT_SELECTED, ago=moment - a_year_ago)
    assert (actions.purge(moment) == 1) == goes
    assert (application.id not in left()) == goes


def test_a_draft_is_kept_from_the_deadline_on_and_from_ones_own_where_that_is_later(cycle: Cycle) -> None:
    plain, extended = ended(cycle, Status.DRAFT, ago=4 * YEAR), ended(cycle, Status.DRAFT, ago=4 * YEAR)
    by = factories.coordinator(cycle.opportunity)
    db.session.execute(
        sa.text(
            "INSERT INTO extension (cycle_id, person_id, until, reason, granted_by_id, granted_at)"
            " VALUES (:cycle, :person, :until, 'Ill', :by, :at)"
        ),
        {"cycle": cycle.id, "person": extended.person_id, "until": now() - YEAR, "by": by.id, "at": now() - 2 * YEAR},
    )
    assert actions.purge(now()) == 1
    assert left() == {extended.id}
    assert plain.id not in left()


def test_everything_of_it_goes_and_a_line_stays(cycle: Cycle) -> None:
    application = ended(cycle, Status.NOT_SELECTED, answers={"title": "Marker of a title"})
    document = factories.document(application)
    write(
        "invitation", to=application.person, about=application, invited_by="Ines", link="http://x/", valid_words="a day"
    )
    key, reference, person_id = document.storage_key, application.reference, application.person_id
    assert storage.exists(key)
    jobs.purge.func(timestamp=0)
    for table in (Application, Answer, Document, Message, SelfIdAnswer):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0, table
    [line] = db.session.scalars(sa.select(Purge))
    assert (line.reference, line.status, line.facts, line.cycle_id) == (
        reference,
        "not_selected",
        {"files": 1},
        cycle.id,
    )
    delete_files.func(keys=waiting_keys())
    assert not storage.exists(key)
    assert db.session.get(Person, person_id) is not None  # the account is its owner's
    assert db.session.scalars(sa.select(Event.verb).where(Event.verb == "application.purged")).all() != []


def waiting_keys() -> list[str]:
    rows = db.session.scalars(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'applications.delete_files'")
    )
    return [key for args in rows for key in args["keys"]]


def test_the_log_only_grows(cycle: Cycle) -> None:
    ended(cycle, Status.WITHDRAWN)
    actions.purge(now())
    with pytest.raises(ProgrammingError, match="append-only"), db.session.begin_nested():
        db.session.execute(sa.delete(Purge))


def test_a_hold_keeps_files_that_the_owner_takes_out_of_a_draft(cycle: Cycle) -> None:
    draft, other = factories.application(cycle), factories.application(factories.cycle())
    kept, gone = factories.document(draft), factories.document(other)
    hold = actions.place_hold(draft, reason="Letter of counsel", by=factories.admin(), now=now())
    kept.removed_at = gone.removed_at = now() - timedelta(days=2)
    db.session.flush()
    keys = [kept.storage_key, gone.storage_key]
    sweep_removed.func(timestamp=0)
    assert [storage.exists(key) for key in keys] == [True, False]
    actions.lift_hold(hold, by=factories.admin(), now=now())
    sweep_removed.func(timestamp=0)
    assert [storage.exists(key) for key in keys] == [False, False]
    assert db.session.scalars(sa.select(Document)).all() == []


@pytest.mark.parametrize("of", ["cycle", "person", "application"])
def test_a_hold_keeps_it_until_it_is_lifted(cycle: Cycle, of: str) -> None:
    application, other = ended(cycle, Status.NOT_SELECTED), ended(factories.cycle(**dates(cycle)), Status.WITHDRAWN)
    thing = {"cycle": cycle, "person": application.person, "application": application}[of]
    by = factories.admin()
    hold = actions.place_hold(thing, reason="Letter of counsel", by=by, now=now())
    with pytest.raises(actions.AlreadyHeld):
        actions.place_hold(thing, reason="Again", by=by, now=now())
    assert actions.purge(now()) == 1
    assert left() == {application.id}
    assert other.id not in left()
    actions.lift_hold(hold, by=by, now=now())
    assert actions.purge(now()) == 1
    assert left() == set()


def dates(cycle: Cycle) -> dict[str, datetime | None]:
    return {"opens_at": cycle.opens_at, "closes_at": cycle.closes_at}


def test_mail_that_no_application_takes_along_goes_after_a_year(cycle: Cycle) -> None:
    """Mail about an application goes with it; what told others that a request had ended names the applicant too."""
    held_cycle, held_person = factories.cycle(), factories.person()
    with_hold = ended(factories.cycle(**dates(cycle)), Status.WITHDRAWN)
    for thing in (held_cycle, held_person, with_hold):
        actions.place_hold(thing, reason="Letter of counsel", by=factories.admin(), now=now())
    told = {"invited_by": "Ines", "link": "http://x/", "valid_words": "a day"}

    def mail(about: Any = None, to: Any = ("Ada", "ada@example.org"), ago: timedelta = YEAR + timedelta(days=1)) -> int:
        made = write("invitation", to=to, about=about, **told)
        made.created_at = now() - ago
        db.session.flush()
        return made.id

    application = ended(cycle, Status.OFFERED)
    stays = {
        mail(application), mail(held_cycle), mail(with_hold.cycle), mail(to=held_person),
        mail(cycle, ago=YEAR - timedelta(days=1)),
    }  # fmt: skip
    goes = {mail(), mail(cycle), mail(to=application.person), mail(factories.person())}
    jobs.forget_old_mail.func(timestamp=0)
    assert set(db.session.scalars(sa.select(Message.id))) == stays
    assert not stays & goes


def test_it_goes_on_until_nothing_is_over(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    for _ in range(5):
        ended(cycle, Status.WITHDRAWN)
    jobs.purge.func(timestamp=0)
    assert left() == set()
    assert db.session.scalar(sa.select(sa.func.count(Purge.id))) == 5


def test_the_page_says_what_comes_what_is_held_and_what_went(client: PageClient, cycle: Cycle) -> None:
    first = ended(cycle, Status.NOT_SELECTED)
    ended(cycle, Status.DRAFT)
    client.sign_in(factories.admin())
    page = client.get("/admin/settings").click("Retention")
    assert page.all("(//table)[1]//tr[td]/*")[:2] == [str(cycle), "2"]
    wrong = page.submit(button="Place a hold", name="WIN-99-9999", reason="")
    assert (wrong.status, wrong.errors) == (422, ["Write why it is held."])
    wrong = page.submit(button="Place a hold", name="WIN-99-9999", reason="Counsel")
    assert wrong.errors == ["Check this: no application, cycle or person is called so."]
    assert wrong.form("/holds")["name"] == "WIN-99-9999"
    page = wrong.submit(button="Place a hold", name=str(first.reference).lower(), reason="Counsel")
    assert page.flashes == [f"{first.reference} is held. Nothing of it is deleted until you lift the hold."]
    assert page.all("(//table)[1]//tr[td]/*")[1::2][:2] == ["1", "1"]
    again = page.submit(button="Place a hold", name=first.reference, reason="Counsel")
    assert (again.status, again.errors) == (409, ["A hold stands on this already. See the list."])
    for name in (cycle.code, first.person.email):
        page = page.submit(button="Place a hold", name=name, reason="Counsel")
    assert db.session.scalar(sa.select(sa.func.count(LegalHold.id))) == 3
    for _ in range(3):
        page = page.submit("/lift")
        assert page.flashes == ["The hold is lifted. What is over is deleted with the next run, early in the morning."]
    jobs.purge.func(timestamp=0)
    page = client.get("/admin/retention")
    assert "Nothing is deleted in the next 30 days." in page.text
    assert set(page.all("//table//th[@scope='row']")) == {first.reference, "Draft"}


def test_only_admins_see_to_it(client: PageClient, cycle: Cycle) -> None:
    client.sign_in(factories.admin())
    assert client.get("/admin/retention").status == 200
    client.sign_in(factories.coordinator(cycle.opportunity))
    assert client.get("/admin/retention").status == 404
    assert client.post("/admin/retention/holds", {"name": cycle.code, "reason": "x"}).status == 404


def test_the_listing_says_how_long(client: PageClient, cycle: Cycle) -> None:
    client.sign_in(factories.admin())
    address = f"/admin/opportunities/{cycle.opportunity_id}"
    client.get(address).submit(button="Save listing", retention_months="60")
    assert db.session.scalar(sa.select(type(cycle.opportunity).retention_months)) == 60
    assert client.get(address).submit(button="Save listing", retention_months="7").status == 422


def test_the_page_asks_a_fixed_number_of_questions(client: PageClient, context: None) -> None:
    client.sign_in(factories.admin())

    def asked(n: int) -> int:
        for _ in range(n):
            made = factories.cycle(opens_at=now() - 4 * YEAR, closes_at=now() - 3 * YEAR)
            actions.place_hold(ended(made, Status.WITHDRAWN), reason="x", by=factories.admin(), now=now())
            ended(made, Status.DRAFT)
        actions.purge(now())
        for made in db.session.scalars(sa.select(Cycle)):
            ended(made, Status.WITHDRAWN)
        db.session.commit()
        client.get("/admin/retention")
        with count_queries(client.app) as queries:
            assert client.get("/admin/retention").status == 200
        return len(queries)

    assert asked(1) == asked(6)
